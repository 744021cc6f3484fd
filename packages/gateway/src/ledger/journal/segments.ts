/**
 * Segments of the journal: `journal/NNNNNNNNNN.seg`, numbered from 1 without gaps. Each begins with 64 bytes that say
 * how to read it and where the previous segment ends, so that the torn tail of a killed process is never read again.
 */
import { randomFillSync } from 'node:crypto'
import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { codeOf } from '../../errors.ts'

export const preambleBytes = 64
export const markerBytes = 8
/** A segment is full when it has at least this many bytes; its last group may exceed them. */
export const segmentBytesMax = 64 * 1024 * 1024

const magic = Buffer.from('GHJRNL1\n', 'latin1')
const checksumAt = preambleBytes - 4

export interface Preamble {
  readonly marker: Buffer
  readonly number: number
  /** The previous segment and how much of it is valid; 0 and 0 for the first. */
  readonly previousNumber: number
  readonly previousBytes: number
  readonly createdAtMs: number
}

export function segmentPath(directory: string, number: number): string {
  return join(directory, `${String(number).padStart(10, '0')}.seg`)
}

/** Numbers of the segments that exist, ascending. */
export function segmentNumbers(directory: string): number[] {
  return readdirSync(directory)
    .flatMap(name => (/^\d{10}\.seg$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .sort((a, b) => a - b)
}

export function newMarker(): Buffer {
  return randomFillSync(Buffer.alloc(markerBytes))
}

export function encodePreamble(preamble: Preamble): Buffer {
  const bytes = Buffer.alloc(preambleBytes)
  magic.copy(bytes, 0)
  preamble.marker.copy(bytes, 8)
  bytes.writeUInt32LE(preamble.number, 16)
  bytes.writeUInt32LE(preamble.previousNumber, 20)
  bytes.writeDoubleLE(preamble.previousBytes, 24)
  bytes.writeDoubleLE(preamble.createdAtMs, 32)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, checksumAt)), checksumAt)
  return bytes
}

/** Null when the bytes are not a whole preamble. */
export function decodePreamble(bytes: Buffer): Preamble | null {
  if (bytes.byteLength < preambleBytes || !bytes.subarray(0, 8).equals(magic)) return null
  if (bytes.readUInt32LE(checksumAt) !== crc32(bytes.subarray(0, checksumAt))) return null
  return {
    marker: Buffer.from(bytes.subarray(8, 16)),
    number: bytes.readUInt32LE(16),
    previousNumber: bytes.readUInt32LE(20),
    previousBytes: bytes.readDoubleLE(24),
    createdAtMs: bytes.readDoubleLE(32),
  }
}

/**
 * The preamble of a segment, null when it does not exist or is damaged.
 * @throws the system's error when it exists and cannot be opened or read.
 */
export function readPreamble(directory: string, number: number): Preamble | null {
  let file: number
  try {
    file = openSync(segmentPath(directory, number), 'r')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
  try {
    const bytes = Buffer.alloc(preambleBytes)
    const read = readSync(file, bytes, 0, preambleBytes, 0)
    return decodePreamble(bytes.subarray(0, read))
  } finally {
    closeSync(file)
  }
}

/** After a clock was set back, a segment would otherwise get entries until the clock has caught up. */
export function isOld(ageMs: number, segmentMsMax: number): boolean {
  return ageMs >= segmentMsMax || ageMs < -60_000
}

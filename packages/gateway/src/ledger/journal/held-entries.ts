import { crc32 } from 'node:zlib'
import type { Direction } from '../index.ts'
import { flag } from './fields.ts'
import { at, frameHeadBytes, frameKind } from './frame.ts'
import { readId } from './ids.ts'

/** Losses while the disk rejected writes. */
export interface JournalLosses {
  /** Bytes of bodies that were dropped because the memory for waiting entries was full. */
  bodyBytes: number
  /** Exchanges that were never opened and for which there was no room. */
  records: number
}

/** Entries that wait in memory, in order, until the disk accepts writes again. */
export class HeldEntries {
  readonly #bytesMax: number
  readonly #losses: JournalLosses
  #frames: Buffer[] = []
  #bytes = 0

  constructor(bytesMax: number, losses: JournalLosses) {
    this.#bytesMax = bytesMax
    this.#losses = losses
  }

  get count(): number {
    return this.#frames.length
  }
  get bytes(): number {
    return this.#bytes
  }
  get frames(): readonly Buffer[] {
    return this.#frames
  }

  /** Takes all entries out. */
  takeAll(): readonly Buffer[] {
    const frames = this.#frames
    this.#frames = []
    this.#bytes = 0
    return frames
  }

  /** Drops the first `count` entries. */
  forget(count: number): void {
    for (const frame of this.#frames.splice(0, count)) this.#bytes -= frame.byteLength
  }

  /**
   * Keeps one entry, or as much of it as there is room for: the end of an opened exchange is always kept, bodies may be
   * dropped.
   */
  add(frame: Buffer): void {
    if (this.#bytes + frame.byteLength <= this.#bytesMax) {
      this.#push(frame)
      return
    }
    const bodyBytes = frame.readUInt32LE(at.bodyBytes)
    const closed = frame.readUInt8(at.kind) === frameKind.closed
    this.#losses.bodyBytes += bodyBytes
    if (!closed) return
    const neverOpened = (frame.readUInt8(at.flags) & flag.carriesOpened) !== 0
    if (neverOpened) this.#losses.records += 1
    else this.#push(withoutBody(frame))
  }

  /** Bodies of the entries of one exchange. */
  bodiesOf(id: string, direction: Direction): Buffer[] {
    const kind = direction === 'request' ? frameKind.requestBytes : frameKind.responseBytes
    const mine = this.#frames.filter(frame => frame.readUInt8(at.kind) === kind && readId(frame, at.id) === id)
    return mine.map(frame => frame.subarray(frameHeadBytes + frame.readUInt32LE(at.metaBytes)))
  }

  #push(frame: Buffer): void {
    this.#frames.push(frame)
    this.#bytes += frame.byteLength
  }
}

function withoutBody(frame: Buffer): Buffer {
  const bare = Buffer.from(frame.subarray(0, frameHeadBytes + frame.readUInt32LE(at.metaBytes)))
  bare.writeUInt32LE(0, at.bodyCrc)
  bare.writeUInt32LE(0, at.bodyBytes)
  bare.writeUInt32LE(0, at.requestBytes)
  bare.writeUInt32LE(crc32(bare.subarray(at.bodyCrc)), at.headCrc)
  return bare
}

/**
 * Entries of a group that could not be written, each in a buffer of its own. Leaves out the exchanges that the group
 * opens: their `open` rejects, so they do not reach a backend.
 */
export function entriesToKeep(parts: readonly Uint8Array[]): Buffer[] {
  const bytes = Buffer.concat(parts)
  const kept: Buffer[] = []
  const refused = new Set<string>()
  for (let from = 0; from < bytes.byteLength; ) {
    const size = frameHeadBytes + bytes.readUInt32LE(from + at.metaBytes) + bytes.readUInt32LE(from + at.bodyBytes)
    const kind = bytes.readUInt8(from + at.kind)
    const id = bytes.toString('latin1', from + at.id, from + at.id + 16)
    if (kind === frameKind.opened) refused.add(id)
    if (!refused.has(id) || kind === frameKind.closed) kept.push(Buffer.from(bytes.subarray(from, from + size)))
    from += size
  }
  return kept
}

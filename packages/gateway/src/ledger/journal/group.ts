import { crc32 } from 'node:zlib'
import type { LedgerError } from '../index.ts'
import { formatVersion } from './fields.ts'
import { at, type FrameKind, frameHeadBytes } from './frame.ts'
import { notAnId, writeId } from './ids.ts'
import type { MetadataBlock } from './metadata.ts'

const chunkBytes = 256 * 1024
/**
 * Bodies up to this size are copied after their metadata: one copy of 1 KB costs 0.1 µs, a further buffer in `writev`
 * 0.4 µs and a further checksum call 0.2 µs (bench/ledger.ts).
 */
const copiedBytesMax = 16 * 1024

interface Chunk {
  readonly bytes: Buffer
  readonly view: DataView
}

/** Buffers that groups are built in, kept for the next group. */
export class ChunkPool {
  readonly #free: Chunk[] = []
  take(bytesMin: number): Chunk {
    if (bytesMin <= chunkBytes) {
      const chunk = this.#free.pop()
      if (chunk !== undefined) return chunk
    }
    const bytes = Buffer.allocUnsafeSlow(Math.max(bytesMin, chunkBytes))
    return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) }
  }
  give(chunks: readonly Chunk[]): void {
    for (const chunk of chunks) {
      if (chunk.bytes.byteLength === chunkBytes && this.#free.length < 16) this.#free.push(chunk)
    }
  }
}

export interface FrameFacts {
  readonly kind: FrameKind
  readonly id: string
  readonly flags: number
  readonly writtenAtMs: number
  /** Bytes at the front of `body` that belong to the request. */
  readonly requestBytes: number
}

/** Entries that are written together. They share one promise. */
export class EntryGroup {
  readonly written: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: LedgerError) => void
  readonly parts: Uint8Array[] = []
  bytes = 0
  readonly #pool: ChunkPool
  /** Marker of the segment that the group is made for. */
  readonly marker: Buffer
  readonly #chunks: Chunk[] = []
  #chunk: Chunk
  /** First byte of the current chunk that is in no part yet, and its first free byte. */
  #from = 0
  #to = 0

  constructor(pool: ChunkPool, marker: Buffer) {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.written = promise
    this.resolve = resolve
    this.reject = reject
    this.#pool = pool
    this.marker = marker
    this.#chunk = pool.take(0)
    this.#chunks.push(this.#chunk)
  }

  /** Appends one entry. Throws, with nothing appended, when the id is not a UUID. */
  append(facts: FrameFacts, metadata: readonly MetadataBlock[], body: readonly Uint8Array[]): void {
    const bodyBytes = sizeOf(body)
    const copied = bodyBytes <= copiedBytesMax
    let needed = frameHeadBytes + (copied ? bodyBytes : 0)
    for (const block of metadata) needed += block.bytesMax
    this.#reserve(needed)
    const { bytes, view } = this.#chunk
    const start = this.#to
    // Checked before anything is counted, so that a wrong id leaves nothing.
    if (!writeId(facts.id, bytes, start + at.id)) throw notAnId(facts.id)
    let end = start + frameHeadBytes
    for (const block of metadata) end = block.write(bytes, view, end)
    const metaEnd = end
    let bodyCrc = 0
    if (copied) {
      for (const part of body) {
        bytes.set(part, end)
        end += part.byteLength
      }
      if (bodyBytes > 0) bodyCrc = crc32(bytes.subarray(metaEnd, end))
    } else {
      for (const part of body) bodyCrc = crc32(part, bodyCrc)
    }
    this.marker.copy(bytes, start)
    view.setUint32(start + at.bodyCrc, bodyCrc, true)
    view.setUint32(start + at.metaBytes, metaEnd - start - frameHeadBytes, true)
    view.setUint32(start + at.bodyBytes, bodyBytes, true)
    view.setUint32(start + at.requestBytes, facts.requestBytes, true)
    view.setUint8(start + at.kind, facts.kind)
    view.setUint8(start + at.flags, facts.flags)
    view.setUint16(start + at.version, formatVersion, true)
    view.setFloat64(start + at.writtenAtMs, facts.writtenAtMs, true)
    view.setUint32(start + at.headCrc, crc32(bytes.subarray(start + at.bodyCrc, metaEnd)), true)
    this.#to = end
    this.bytes += metaEnd - start + bodyBytes
    if (!copied) this.#refer(body)
  }

  /** The buffers to write, in order. Nothing may be appended after it. */
  sealed(): readonly Uint8Array[] {
    this.#seal()
    return this.parts
  }

  /** Returns the buffers to the pool. To be called once nothing reads them any more. */
  release(): void {
    this.#pool.give(this.#chunks)
    this.#chunks.length = 0
    this.parts.length = 0
  }

  #refer(body: readonly Uint8Array[]): void {
    this.#seal()
    for (const part of body) if (part.byteLength > 0) this.parts.push(part)
  }
  #seal(): void {
    if (this.#to > this.#from) this.parts.push(this.#chunk.bytes.subarray(this.#from, this.#to))
    this.#from = this.#to
  }
  #reserve(needed: number): void {
    if (this.#chunk.bytes.byteLength - this.#to >= needed) return
    this.#seal()
    this.#chunk = this.#pool.take(needed)
    this.#chunks.push(this.#chunk)
    this.#from = 0
    this.#to = 0
  }
}

export function sizeOf(parts: readonly Uint8Array[]): number {
  let bytes = 0
  for (const part of parts) bytes += part.byteLength
  return bytes
}

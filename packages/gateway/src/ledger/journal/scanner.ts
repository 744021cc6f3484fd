import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { at, frameBodyBytesMax, frameHeadBytes, frameKind, frameMetaBytesMax } from './frame.ts'
import { decodePreamble, markerBytes, preambleBytes, segmentPath } from './segments.ts'
import { newerKind } from './version.ts'

/**
 * Bytes per read: one system call per 80 exchanges with bodies of 1 KB, and still in the processor's cache when they
 * are scanned.
 */
const windowBytes = 256 * 1024

/** A stretch of bytes that is not an entry. */
export interface Damage {
  readonly segment: number
  readonly offset: number
  readonly bytes: number
}

interface Marker {
  readonly bytes: Buffer
  readonly low: number
  readonly high: number
}
const markerOf = (bytes: Buffer): Marker => ({ bytes, low: bytes.readUInt32LE(0), high: bytes.readUInt32LE(4) })

/**
 * Walks over the entries of one segment. After `next` returned true, the fields describe the entry; `window` and `view`
 * hold its head and metadata until the following `next`. Bodies are read only on request.
 */
export class SegmentScanner {
  readonly segment: number
  window: Buffer<ArrayBufferLike> = Buffer.alloc(0)
  view: DataView = new DataView(new ArrayBuffer(0))
  /** Offset of the entry in the segment. */
  offset = preambleBytes
  /** Offset after the last entry, or after what was skipped. */
  end = preambleBytes
  kind = 0
  flags = 0
  /** Format of its metadata, a key of `formats`. */
  version = 0
  /** Position of the entry's head, and of its metadata's end, inside `window`. */
  headAt = 0
  metaEnd = 0
  bodyBytes = 0
  requestBytes = 0
  /** Stretches that were skipped since the scanner was made. */
  readonly damage: Damage[] = []
  readonly #file: number
  #marker: Marker | null = null
  /** Offset of the first byte of `window`, and how many of its bytes are filled. */
  #windowFrom = 0
  #filled = 0
  #memory: Buffer

  /** Throws the error of `open` when the segment cannot be opened. */
  constructor(directory: string, segment: number, from = preambleBytes, windowSize = windowBytes) {
    this.segment = segment
    this.#file = openSync(segmentPath(directory, segment), 'r')
    this.#memory = Buffer.allocUnsafeSlow(windowSize)
    this.end = Math.max(from, preambleBytes)
  }

  close(): void {
    closeSync(this.#file)
  }

  /** Bytes that the file has now. */
  get fileBytes(): number {
    return fstatSync(this.#file).size
  }

  /**
   * Goes to the next entry that ends at or before `limit`. False when there is none; `end` is then the offset at which
   * reading can continue later, which is also where a torn tail begins.
   * @throws LedgerError `ledger_directory` for an entry of a kind that only a later version knows.
   */
  next(limit: number): boolean {
    // Less than a head is a torn tail, or not written yet.
    if (limit - this.end < frameHeadBytes) return false
    return this.#accept(this.end, limit) || this.#resync(limit)
  }

  /** The body of the current entry, read from the file; null when its checksum is wrong. */
  body(): Buffer | null {
    return this.#readBody(this.offset + this.metaEnd - this.headAt, this.bodyBytes, this.headAt)
  }

  /** True when the whole entry at `offset` can be read; used to fetch an entry that was seen before. */
  seek(offset: number): boolean {
    return this.#accept(offset, this.fileBytes)
  }

  #readBody(from: number, bytes: number, headAt: number): Buffer | null {
    const expected = this.view.getUint32(headAt + at.bodyCrc, true)
    const body = Buffer.allocUnsafeSlow(bytes)
    // What the window has already need not be read again.
    const windowAt = from - this.#windowFrom
    let filled = windowAt < this.#filled ? this.window.copy(body, 0, windowAt, this.#filled) : 0
    while (filled < bytes) {
      const read = readSync(this.#file, body, filled, bytes - filled, from + filled)
      if (read === 0) return null
      filled += read
    }
    return crc32(body) === expected ? body : null
  }

  #accept(offset: number, limit: number): boolean {
    if (offset + frameHeadBytes > limit) return false
    const marker = this.#markerOf()
    if (marker === null || !this.#hold(offset, frameHeadBytes, limit)) return false
    let headAt = offset - this.#windowFrom
    if (!this.#startsWith(marker, headAt)) return false
    const metaBytes = this.view.getUint32(headAt + at.metaBytes, true)
    const bodyBytes = this.view.getUint32(headAt + at.bodyBytes, true)
    const requestBytes = this.view.getUint32(headAt + at.requestBytes, true)
    const total = frameHeadBytes + metaBytes + bodyBytes
    if (metaBytes > frameMetaBytesMax || bodyBytes > frameBodyBytesMax || requestBytes > bodyBytes) return false
    if (offset + total > limit || !this.#hold(offset, frameHeadBytes + metaBytes, limit)) return false
    headAt = offset - this.#windowFrom
    const metaEnd = headAt + frameHeadBytes + metaBytes
    const expected = this.view.getUint32(headAt + at.headCrc, true)
    if (crc32(this.window.subarray(headAt + at.bodyCrc, metaEnd)) !== expected) return false
    const kind = this.view.getUint8(headAt + at.kind)
    const version = this.view.getUint16(headAt + at.version, true)
    // The checksum is right, so this is an entry and no damage: skipping it would lose what a later version recorded.
    if (kind < frameKind.opened || kind > frameKind.closed) throw newerKind(kind, version)
    this.kind = kind
    this.flags = this.view.getUint8(headAt + at.flags)
    this.version = version
    this.headAt = headAt
    this.metaEnd = metaEnd
    this.bodyBytes = bodyBytes
    this.requestBytes = requestBytes
    this.offset = offset
    this.end = offset + total
    return true
  }

  #startsWith(marker: Marker, headAt: number): boolean {
    const { view } = this
    return view.getUint32(headAt, true) === marker.low && view.getUint32(headAt + 4, true) === marker.high
  }

  /**
   * Looks for the next entry after damage. If there is none before `limit`, the rest is a torn tail and stays unread.
   */
  #resync(limit: number): boolean {
    const marker = this.#markerOf()
    if (marker === null) return false
    const damagedFrom = this.end
    let from = damagedFrom + 1
    while (from + frameHeadBytes <= limit) {
      if (!this.#hold(from, frameHeadBytes, limit)) return false
      const found = this.window.indexOf(marker.bytes, from - this.#windowFrom)
      // The last bytes of the window may be the beginning of a marker.
      if (found === -1 || found + markerBytes > this.#filled) {
        from = Math.max(from + 1, this.#windowFrom + this.#filled - markerBytes + 1)
        continue
      }
      const candidate = this.#windowFrom + found
      if (this.#accept(candidate, limit)) {
        this.damage.push({ segment: this.segment, offset: damagedFrom, bytes: candidate - damagedFrom })
        return true
      }
      from = candidate + 1
    }
    return false
  }

  /** Makes `window` hold `bytes` bytes from `offset`. */
  #hold(offset: number, bytes: number, limit: number): boolean {
    const from = offset - this.#windowFrom
    if (from >= 0 && from + bytes <= this.#filled) return true
    if (bytes > this.#memory.byteLength) this.#memory = Buffer.allocUnsafeSlow(bytes)
    const wanted = Math.min(this.#memory.byteLength, limit - offset)
    let filled = 0
    while (filled < wanted) {
      const read = readSync(this.#file, this.#memory, filled, wanted - filled, offset + filled)
      if (read === 0) break
      filled += read
    }
    this.#windowFrom = offset
    this.#filled = filled
    this.window = this.#memory.subarray(0, filled)
    this.view = new DataView(this.#memory.buffer, this.#memory.byteOffset, filled)
    return filled >= bytes
  }

  #markerOf(): Marker | null {
    if (this.#marker !== null) return this.#marker
    const bytes = Buffer.alloc(preambleBytes + markerBytes)
    const read = readSync(this.#file, bytes, 0, bytes.byteLength, 0)
    const preamble = decodePreamble(bytes.subarray(0, Math.min(read, preambleBytes)))
    if (preamble !== null) this.#marker = markerOf(preamble.marker)
    // With a damaged preamble the segment can still be read: the first entry repeats the marker.
    else if (read === bytes.byteLength) this.#marker = markerOf(bytes.subarray(preambleBytes))
    return this.#marker
  }
}

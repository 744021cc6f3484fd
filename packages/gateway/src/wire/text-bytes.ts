/**
 * Checks texts of a JSON document (RFC 8259 section 7), four bytes at a time: every reader must read them the same way.
 */
import { jsonBytes } from './json-bytes.ts'
import { JsonScanError } from './json-scan.ts'

const { backslash, quote } = jsonBytes

const letterU = 0x75

/** Keys and most values are shorter: a byte loop over them is done before a wider one has begun. */
const nearBytes = 24

/** 1 for a byte that may follow a backslash, 2 for the u of four hexadecimal digits. */
const escapes = new Uint8Array(256)
for (const letter of '"\\/bfnrt') escapes[letter.charCodeAt(0)] = 1
escapes[letterU] = 2

const hexDigits = new Uint8Array(256)
for (const digit of '0123456789abcdefABCDEF') hexDigits[digit.charCodeAt(0)] = 1

/** Checks the texts of one document. */
export class TextBytes {
  readonly #bytes: Buffer
  readonly #end: number
  /** The same bytes as 32-bit numbers, from `#wordsAt` on, the first aligned offset. */
  readonly #words: Int32Array
  readonly #wordsAt: number
  /** True when the document has no backslash: each text ends at the next quote. */
  readonly #isPlain: boolean
  /** Start and result of the last search for a quote. The scan pauses and continues many times within a long text. */
  #searchedFrom = 0
  #close = -1

  constructor(bytes: Buffer, end: number) {
    this.#bytes = bytes
    this.#end = end
    this.#wordsAt = -bytes.byteOffset & 3
    const count = Math.max(0, end - this.#wordsAt) >> 2
    this.#words = count === 0 ? noWords : new Int32Array(bytes.buffer, bytes.byteOffset + this.#wordsAt, count)
    this.#isPlain = !bytes.subarray(0, end).includes(backslash)
  }

  /**
   * @param from Within a text, not within an escape.
   * @param to Where the scan may pause in a long text.
   * @returns the offset after the closing quote; when it paused before, the complement (`~`) of the offset at which to
   *   continue.
   * @throws JsonScanError malformed for a control character, an invalid escape, or a missing end.
   */
  skip(from: number, to: number): number {
    const bytes = this.#bytes
    const near = Math.min(this.#end, from + nearBytes)
    let at = from
    while (at < near) {
      const byte = bytes[at] as number
      if (byte === quote) return at + 1
      if (byte === backslash) at = this.#escape(at)
      else if (byte < 0x20) throw new JsonScanError('malformed', at)
      else at += 1
    }
    return this.#isPlain ? this.#plain(at, to) : this.#escaped(at, to)
  }

  #plain(from: number, to: number): number {
    if (from < this.#searchedFrom || from > this.#close) {
      this.#searchedFrom = from
      this.#close = this.#bytes.indexOf(quote, from)
    }
    const close = this.#close
    if (close === -1 || close >= this.#end) throw new JsonScanError('malformed', this.#end)
    const stop = Math.min(close, Math.max(to, from + 4))
    this.#refuseControls(from, stop)
    return stop === close ? close + 1 : ~stop
  }

  #refuseControls(from: number, stop: number): void {
    const bytes = this.#bytes
    const words = this.#words
    let at = from
    for (; at < stop && ((at - this.#wordsAt) & 3) !== 0; at += 1) this.#refuseControl(at)
    const last = (stop - this.#wordsAt) >> 2
    let word = (at - this.#wordsAt) >> 2
    // A byte below 0x20 borrows from its highest bit, which is not set in the byte itself.
    for (; word + 4 <= last; word += 4) {
      const a = words[word] as number
      const b = words[word + 1] as number
      const c = words[word + 2] as number
      const d = words[word + 3] as number
      const found =
        ((a - 0x20202020) & ~a) | ((b - 0x20202020) & ~b) | ((c - 0x20202020) & ~c) | ((d - 0x20202020) & ~d)
      if ((found & 0x80808080) !== 0) break
    }
    for (at = Math.max(at, this.#wordsAt + word * 4); at < stop; at += 1) {
      if ((bytes[at] as number) < 0x20) throw new JsonScanError('malformed', at)
    }
  }

  #refuseControl(at: number): void {
    if ((this.#bytes[at] as number) < 0x20) throw new JsonScanError('malformed', at)
  }

  #escaped(from: number, to: number): number {
    const bytes = this.#bytes
    const words = this.#words
    const wordsAt = this.#wordsAt
    let at = from
    for (;;) {
      if (((at - wordsAt) & 3) === 0) {
        let word = (at - wordsAt) >> 2
        const last = Math.min(words.length, (to - wordsAt) >> 2)
        for (; word < last; word += 1) {
          const x = words[word] as number
          const q = x ^ 0x22222222
          const s = x ^ 0x5c5c5c5c
          const found = ((x - 0x20202020) & ~x) | ((q - 0x01010101) & ~q) | ((s - 0x01010101) & ~s)
          if ((found & 0x80808080) !== 0) break
        }
        at = Math.max(at, wordsAt + word * 4)
      }
      // Checked at any alignment: a text of escapes alone may never reach an aligned offset.
      if (at >= to && at < this.#end) return ~at
      if (at >= this.#end) throw new JsonScanError('malformed', this.#end)
      const byte = bytes[at] as number
      if (byte === quote) return at + 1
      if (byte === backslash) at = this.#escape(at)
      else if (byte < 0x20) throw new JsonScanError('malformed', at)
      else at += 1
    }
  }

  /** @returns the offset after the escape. */
  #escape(at: number): number {
    const bytes = this.#bytes
    const kind = at + 1 < this.#end ? escapes[bytes[at + 1] as number] : 0
    if (kind === 1) return at + 2
    if (kind !== 2 || at + 6 > this.#end) throw new JsonScanError('malformed', at)
    for (let digit = at + 2; digit < at + 6; digit += 1) {
      if (hexDigits[bytes[digit] as number] !== 1) throw new JsonScanError('malformed', at)
    }
    return at + 6
  }
}

const noWords = new Int32Array(0)

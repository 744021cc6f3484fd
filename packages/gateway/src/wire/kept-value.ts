/** One value of a JSON document that comes piece by piece. It is copied as it comes. */

/** A value that is longer without its long texts is not kept and counts as missing. Bytes. */
const valueBytesMax = 4_194_304
const noBytes: Buffer = Buffer.alloc(0)
const emptyText = Buffer.from('""')

/** A value without its long texts. */
export class KeptValue {
  #bytes: Buffer = noBytes
  #length = 0
  /** Offset of the first byte that is not copied yet. */
  #from: number
  /** Length before the current text; -1 outside of texts. */
  #textAt = -1
  #textLength = 0
  /** True while the rest of a long text is skipped. */
  #inLongText = false
  #isTooLong = false
  readonly #textBytesMax: number

  constructor(at: number, textMax: number) {
    this.#from = at
    this.#textBytesMax = textMax
  }

  begin(from: number): void {
    this.#from = from
  }

  /** Copies up to `to`. */
  take(bytes: Buffer, to: number): void {
    const from = this.#from
    this.#from = to
    if (to <= from || this.#isTooLong) return
    if (this.#textAt !== -1) {
      this.#textLength += to - from
      if (this.#textLength > this.#textBytesMax) {
        this.#inLongText = true
        this.#length = this.#textAt
      }
    }
    if (!this.#inLongText) this.#append(bytes, from, to)
  }

  textBegins(bytes: Buffer, at: number): void {
    this.take(bytes, at)
    this.#textAt = this.#length
    this.#textLength = 0
  }

  textEnds(bytes: Buffer, end: number): void {
    this.take(bytes, end)
    if (this.#inLongText) this.#append(emptyText, 0, emptyText.length)
    this.#inLongText = false
    this.#textAt = -1
  }

  /** Undefined when it is not JSON, or too long. */
  parsed(bytes: Buffer, end: number): unknown {
    this.take(bytes, end)
    if (this.#isTooLong) return undefined
    try {
      return JSON.parse(this.#bytes.toString('utf8', 0, this.#length)) as unknown
    } catch {
      return undefined
    }
  }

  #append(bytes: Buffer, from: number, to: number): void {
    const length = this.#length + to - from
    if (length > valueBytesMax) {
      this.#isTooLong = true
      this.#bytes = noBytes
      return
    }
    if (length > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(256, length * 2))
      this.#bytes.copy(grown, 0, 0, this.#length)
      this.#bytes = grown
    }
    bytes.copy(this.#bytes, this.#length, from, to)
    this.#length = length
  }
}

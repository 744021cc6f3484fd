/** Cuts texts so that each piece takes a bounded number of bytes as JSON in UTF-8. */

/** Most bytes that one code point takes within a JSON string: `\u0001`, and half a surrogate pair. */
export const codePointBytesMax = 6

/** A piece of one of several texts: the text's number, and UTF-16 code units from one to the other. */
export interface Piece {
  readonly text: number
  readonly from: number
  readonly to: number
}

/**
 * Cuts texts into parts of consecutive pieces. A piece ends between two code points, never within a surrogate pair.
 */
export class TextCutter {
  /** The pieces of each part; at least one part. */
  readonly parts: Piece[][] = [[]]
  readonly #roomOf: (part: number) => number
  #room: number
  #text = 0
  #length = 0

  /**
   * @param roomOf bytes that the pieces of a part may have together, by its number from 0. At least `codePointBytesMax`
   *   from the second part on; the first may have none.
   */
  constructor(roomOf: (part: number) => number) {
    this.#roomOf = roomOf
    this.#room = roomOf(0)
  }

  /**
   * Adds what comes next of a text, which must not end within a surrogate pair.
   * @param number of the text; the texts come one after the other.
   */
  add(number: number, chunk: string): void {
    if (number !== this.#text) this.#length = 0
    this.#text = number
    let from = 0
    while (from < chunk.length) {
      const { to, bytes } = fitting(chunk, from, this.#room)
      if (to > from) this.#extend(this.#length + from, this.#length + to)
      this.#room -= bytes
      from = to
      if (from === chunk.length) break
      this.#room = this.#roomOf(this.parts.length)
      this.parts.push([])
    }
    this.#length += chunk.length
  }

  #extend(from: number, to: number): void {
    const pieces = this.parts.at(-1)
    const last = pieces?.at(-1)
    if (last?.text === this.#text && last.to === from) pieces?.splice(-1, 1, { ...last, to })
    else pieces?.push({ text: this.#text, from, to })
  }
}

/** How far a text fits into this many bytes. */
function fitting(text: string, from: number, room: number): { readonly to: number; readonly bytes: number } {
  let to = from
  let bytes = 0
  while (to < text.length) {
    const unit = text.charCodeAt(to)
    const isPair = isHigh(unit) && isLow(text.charCodeAt(to + 1))
    const more = isPair ? 4 : jsonBytes(unit)
    if (bytes + more > room) break
    bytes += more
    to += isPair ? 2 : 1
  }
  return { to, bytes }
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff

/** Bytes of a code unit outside of pairs as `JSON.stringify` writes it. */
function jsonBytes(unit: number): number {
  if (unit < 0x20) return shortEscapes.has(unit) ? 2 : 6
  if (unit === 0x22 || unit === 0x5c) return 2
  if (unit < 0x80) return 1
  if (unit < 0x800) return 2
  // Half a pair has no form in UTF-8 and is escaped.
  return unit >= 0xd800 && unit <= 0xdfff ? 6 : 3
}

/** `\b \t \n \f \r`. */
const shortEscapes: ReadonlySet<number> = new Set([0x08, 0x09, 0x0a, 0x0c, 0x0d])

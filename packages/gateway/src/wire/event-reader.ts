/**
 * Reads one server-sent event (WHATWG HTML, section 9.2.6) whose bytes come piece by piece, of any size. It finds the
 * wanted members of the JSON object in its lines of data; comments and other fields may come between these lines.
 */
import { Members, type MembersOptions } from './members.ts'

const lineFeed = 0x0a
const carriageReturn = 0x0d
const colon = 0x3a
const space = 0x20
const dataField = Buffer.from('data')

type LinePart = 'field' | 'colon' | 'data' | 'skipped'

export class EventReader {
  readonly #members: Members
  readonly #passes: boolean
  #place: LinePart = 'field'
  /** Bytes of the field's name that match `data` so far; -1 after a mismatch. */
  #agreed = 0
  #lineIsEmpty = true
  /** True when the last byte was a CR: an LF after it ends the same line. */
  #afterReturn = false
  /** Number of lines of data. */
  #lines = 0
  /** True once the blank line has come. */
  ended = false

  constructor(options: MembersOptions) {
    this.#members = new Members(options)
    this.#passes = options.removed !== null
  }

  /** Members of the event's object so far; null when there is no line of data. */
  get found(): Readonly<Record<string, unknown>> | null {
    return this.#lines === 0 ? null : this.#members.found
  }

  /** True when the data are one whole object. */
  get isObject(): boolean {
    return this.#members.ended && !this.#members.broken
  }

  passed(): Buffer[] {
    return this.#members.passed()
  }

  rest(): Buffer[] {
    return this.#members.rest()
  }

  /** Reads the next bytes. @returns the offset after the blank line that ends the event; -1 while it has not come. */
  push(bytes: Buffer, from: number, to: number): number {
    let at = from
    /** Bytes that are not data are passed on in one piece. */
    let frame = from
    while (at < to) {
      const byte = bytes[at] as number
      if (this.#place === 'data') {
        this.#between(bytes, frame, at)
        const end = lineEnd(bytes, at, to)
        this.#members.push(bytes, at, end)
        frame = end
        at = end
        if (at < to) this.#place = 'skipped'
        continue
      }
      if (byte === lineFeed && this.#afterReturn) {
        this.#afterReturn = false
        at += 1
        continue
      }
      this.#afterReturn = byte === carriageReturn
      if (byte === lineFeed || byte === carriageReturn) {
        at += 1
        if (this.#lineIsEmpty) return this.#end(bytes, frame, at, to)
        this.#endLine()
      } else at = this.#inLine(bytes, byte, at, to)
    }
    this.#between(bytes, frame, to)
    return -1
  }

  #inLine(bytes: Buffer, byte: number, at: number, to: number): number {
    this.#lineIsEmpty = false
    switch (this.#place) {
      case 'field':
        if (this.#agreed < dataField.length && byte === dataField[this.#agreed]) this.#agreed += 1
        else if (this.#agreed === dataField.length && byte === colon) {
          this.#place = 'colon'
          this.#lines += 1
        } else this.#place = 'skipped'
        return at + 1
      case 'colon':
        this.#place = 'data'
        return byte === space ? at + 1 : at
      default:
        return lineEnd(bytes, at, to)
    }
  }

  #endLine(): void {
    this.#place = 'field'
    this.#agreed = 0
    this.#lineIsEmpty = true
  }

  #end(bytes: Buffer, frame: number, at: number, to: number): number {
    // The LF of a CRLF belongs to the blank line; if it comes with the next bytes, the caller handles it.
    const end = bytes[at - 1] === carriageReturn && at < to && bytes[at] === lineFeed ? at + 1 : at
    this.#between(bytes, frame, end)
    this.ended = true
    return end
  }

  #between(bytes: Buffer, from: number, to: number): void {
    if (this.#passes && to > from) this.#members.between(bytes.subarray(from, to))
  }
}

/** Offset of the next LF or CR, `to` when there is none. */
export function lineEnd(bytes: Buffer, from: number, to: number): number {
  const feed = bytes.indexOf(lineFeed, from)
  const end = feed === -1 || feed > to ? to : feed
  // A CR is searched only up to the end of the line.
  const back = bytes.subarray(from, end).indexOf(carriageReturn)
  return back === -1 ? end : from + back
}

/**
 * Finds members of a JSON document's outermost object without building the document. The gateway must read a handful of
 * members (`model`, `stream`, `usage`) of bodies that may be megabytes, must change one of them without touching any
 * other byte, and must notice what `JSON.parse` hides: a key that is there twice, of which the backend may use the
 * other one.
 * Grammar: RFC 8259. Values are skipped by brackets and strings and not validated: the backend refuses what is
 * malformed inside. In requests, though, bytes that are never allowed outside of texts (comments) are malformed,
 * because another reader might skip them.
 */
import { isSpace, jsonBytes, unescaped } from './json-bytes.ts'
import type { Sliced } from './slices.ts'

const { backslash, braceClose, braceOpen, bracketClose, bracketOpen, colon, comma, quote } = jsonBytes

export interface MemberRange {
  /** Offset of the key's opening quote. */
  readonly keyStart: number
  readonly valueStart: number
  /** Offset after the value's last byte. */
  readonly valueEnd: number
}

export type ScanFault =
  | 'not_an_object'
  | 'malformed'
  | 'too_deep'
  | 'duplicate_key'
  | 'too_many'
  | 'key_variant'
  | 'not_utf8'

export interface Scan {
  /** Offset after the opening brace. */
  readonly openEnd: number
  readonly empty: boolean
  readonly members: ReadonlyMap<string, MemberRange>
}

export class JsonScanError extends Error {
  readonly fault: ScanFault
  /** Byte offset. */
  readonly offset: number
  /** The key of `duplicate_key`; of `key_variant`, as it is written; of `too_many`, what there is too much of. */
  readonly key: string | null
  /** For `too_many`: how many are allowed. */
  readonly most: number
  /** For `key_variant`: the key that a lenient reader would take it for. */
  readonly meant: string
  constructor(fault: ScanFault, offset: number, key: string | null = null, most = 0, meant = '') {
    super(`${fault} at byte ${offset}`)
    this.name = 'JsonScanError'
    this.fault = fault
    this.offset = offset
    this.key = key
    this.most = most
    this.meant = meant
  }
}

/** Longest run of space, and longest number or literal. */
const spaceBytesMax = 65_536
const scalarBytesMax = 4_096

/** Deepest nesting that is read. Far beyond what any request needs, far below what hurts a parser. */
export const depthMax = 128

/** Most parts of one document; beyond them the scan ends with `too_many`. */
export interface ScanCaps {
  /** Members of the outermost object. */
  readonly members: number
  /** Keys, texts, lists and objects, of all levels together. */
  readonly parts: number
}

/** No operation has 100 members; a million tokens of a long conversation with tools are some 50,000 parts. */
export const requestCaps: ScanCaps = { members: 1_000, parts: 500_000 }

/**
 * @param wanted Keys to report; each may occur only once, however it is escaped.
 * @throws JsonScanError when the bytes are no object, break off, nest deeper than `depthMax`, or repeat a wanted key.
 */
export function scanObject(bytes: Buffer, wanted: ReadonlySet<string>, start = 0, end = bytes.length): Scan {
  const scanner = new ObjectScanner(bytes, wanted, null, start, end)
  scanner.advance(end)
  return scanner.result()
}

/** Position of a scanner: before a key, within one, within a text or a nested value, or after the object. */
type Phase = 'key' | 'in_key' | 'in_text' | 'in_nested' | 'done'

/** `scanObject` piece by piece: `advance` scans up to about an offset and can be called again. */
export class ObjectScanner implements Sliced<Scan> {
  readonly #bytes: Buffer
  readonly #end: number
  readonly #wanted: ReadonlySet<string>
  readonly #caps: ScanCaps | null
  readonly #openEnd: number
  readonly #empty: boolean
  readonly #members = new Map<string, MemberRange>()
  #phase: Phase
  #at: number
  #keyStart = 0
  #keyEnd = 0
  #valueStart = 0
  /** Depth of the nested value; the outermost object is 1. */
  #depth = 1
  /** True when the scan paused within a text of the nested value. */
  #inText = false
  #membersSeen = 0
  #partsSeen = 0

  /** @throws JsonScanError not_an_object, malformed */
  constructor(bytes: Buffer, wanted: ReadonlySet<string>, caps: ScanCaps | null, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#wanted = wanted
    this.#caps = caps
    this.#end = end
    let at = skipSpace(bytes, start, end)
    // A byte order mark is not JSON, but editors write it and backends take it.
    if (bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) at = skipSpace(bytes, at + 3, end)
    if (at >= end || bytes[at] !== braceOpen) throw new JsonScanError('not_an_object', at)
    this.#openEnd = at + 1
    at = skipSpace(bytes, at + 1, end)
    this.#empty = at < end && bytes[at] === braceClose
    if (this.#empty) requireEnd(bytes, at + 1, end)
    this.#phase = this.#empty ? 'done' : 'key'
    this.#at = at
  }

  /** @throws JsonScanError */
  advance(bytes: number): boolean {
    const to = this.#at + bytes
    while (this.#phase !== 'done' && this.#step(to));
    return this.#phase === 'done'
  }

  /** Only after `advance` has returned true. */
  result(): Scan {
    if (this.#phase !== 'done') throw new JsonScanError('malformed', this.#at)
    return { openEnd: this.#openEnd, empty: this.#empty, members: this.#members }
  }

  /** @returns false when it has reached `to`. */
  #step(to: number): boolean {
    const bytes = this.#bytes
    const end = this.#end
    switch (this.#phase) {
      case 'key':
        if (this.#at >= end || bytes[this.#at] !== quote) throw new JsonScanError('malformed', this.#at)
        if (this.#at >= to && to < end) return false
        this.#keyStart = this.#at
        this.#at += 1
        this.#phase = 'in_key'
        return true
      case 'in_key':
        return this.#text(to) && this.#value(this.#at)
      case 'in_text':
        return this.#text(to) && this.#member(this.#at)
      case 'in_nested':
        return this.#nested(to) && this.#member(this.#at)
      default:
        return false
    }
  }

  /** Reads after a key: its colon, and a value that is neither a text nor nested. */
  #value(keyEnd: number): true {
    const bytes = this.#bytes
    const end = this.#end
    this.#keyEnd = keyEnd
    const at = skipSpace(bytes, keyEnd, end)
    if (at >= end || bytes[at] !== colon) throw new JsonScanError('malformed', at)
    const from = skipSpace(bytes, at + 1, end)
    if (from >= end) throw new JsonScanError('malformed', from)
    this.#valueStart = from
    const first = bytes[from] as number
    if (first === quote) {
      this.#at = from + 1
      this.#phase = 'in_text'
      return true
    }
    if (first === braceOpen || first === bracketOpen) {
      this.#at = from
      this.#depth = 1
      this.#phase = 'in_nested'
      return true
    }
    let behind = from
    const most = Math.min(end, from + scalarBytesMax)
    while (behind < most && isScalar(bytes[behind] as number)) behind += 1
    if (behind === from || behind - from === scalarBytesMax) throw new JsonScanError('malformed', from)
    return this.#member(behind)
  }

  /** A member has ended: it is recorded, and the next byte is checked. */
  #member(valueEnd: number): true {
    const bytes = this.#bytes
    const end = this.#end
    this.#membersSeen += 1
    if (this.#caps !== null && this.#membersSeen > this.#caps.members) {
      throw new JsonScanError('too_many', this.#keyStart, 'members at its outermost level', this.#caps.members)
    }
    const key = keyText(bytes, this.#keyStart, this.#keyEnd)
    if (this.#wanted.has(key)) {
      if (this.#members.has(key)) throw new JsonScanError('duplicate_key', this.#keyStart, key)
      this.#members.set(key, { keyStart: this.#keyStart, valueStart: this.#valueStart, valueEnd })
    }
    const at = skipSpace(bytes, valueEnd, end)
    const byte = at < end ? bytes[at] : -1
    if (byte === braceClose) {
      requireEnd(bytes, at + 1, end)
      this.#phase = 'done'
      return true
    }
    if (byte !== comma) throw new JsonScanError('malformed', at)
    this.#at = skipSpace(bytes, at + 1, end)
    this.#phase = 'key'
    return true
  }

  /** @returns true once it is after the closing quote of the text. */
  #text(to: number): boolean {
    const behind = skipTextUntil(this.#bytes, this.#at, to, this.#end)
    this.#at = behind < 0 ? ~behind : behind
    return behind >= 0
  }

  /** @returns true once it is after the closing bracket of the value. */
  #nested(to: number): boolean {
    const bytes = this.#bytes
    const end = this.#end
    const stop = Math.min(to, end)
    // Answers are read as far as possible: they hold what was billed.
    const isRequest = this.#caps !== null
    let at = this.#at
    let depth = this.#depth
    if (this.#inText) {
      if (!this.#text(to)) return false
      this.#inText = false
      at = this.#at
    }
    while (at < stop) {
      const byte = bytes[at] as number
      if (byte === quote) {
        this.#countPart(at)
        const behind = skipTextUntil(bytes, at + 1, to, end)
        if (behind < 0) {
          this.#inText = true
          this.#at = ~behind
          this.#depth = depth
          return false
        }
        at = behind
        continue
      }
      if (byte === braceOpen || byte === bracketOpen) {
        this.#countPart(at)
        depth += 1
        if (depth > depthMax) throw new JsonScanError('too_deep', at)
      } else if (byte === braceClose || byte === bracketClose) {
        depth -= 1
        if (depth === 1) {
          this.#at = at + 1
          return true
        }
      } else if (isRequest && !outsideTexts[byte]) throw new JsonScanError('malformed', at)
      at += 1
    }
    if (at >= end) throw new JsonScanError('malformed', this.#valueStart)
    this.#at = at
    this.#depth = depth
    return false
  }

  #countPart(at: number): void {
    this.#partsSeen += 1
    if (this.#caps !== null && this.#partsSeen > this.#caps.parts) throw tooManyParts(at, this.#caps)
  }
}

/** The member's value, parsed. @throws JsonScanError when it is not JSON. */
export function memberValue(bytes: Buffer, range: MemberRange): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', range.valueStart, range.valueEnd)) as unknown
  } catch {
    throw new JsonScanError('malformed', range.valueStart)
  }
}

/**
 * The ranges that remain of a document when one member is taken out together with its comma.
 * @returns [end of the first part, start of the second part], offsets into `bytes`.
 */
export function withoutMember(bytes: Buffer, scan: Scan, range: MemberRange, end: number): [number, number] {
  const after = skipSpace(bytes, range.valueEnd, end)
  if (bytes[after] === comma) return [range.keyStart, skipSpace(bytes, after + 1, end)]
  let before = range.keyStart - 1
  while (before > scan.openEnd && isSpace(bytes[before] as number)) before -= 1
  return [bytes[before] === comma ? before : range.keyStart, range.valueEnd]
}

function requireEnd(bytes: Buffer, from: number, end: number): void {
  const at = skipSpace(bytes, from, end)
  if (at < end) throw new JsonScanError('malformed', at)
}

/**
 * @throws JsonScanError malformed for a longer run of space than any document has: the scan could not pause within it.
 */
export function skipSpace(bytes: Buffer, from: number, end: number): number {
  const most = Math.min(end, from + spaceBytesMax)
  let at = from
  while (at < most && isSpace(bytes[at] as number)) at += 1
  if (at - from === spaceBytesMax) throw new JsonScanError('malformed', at)
  return at
}

/** Keys and most values are shorter; for them a loop is faster than the call of a native search. */
const shortString = 24

/**
 * Skips to the offset after the closing quote of a text, or at least to `to` in a text with many escaped quotes. Long
 * texts are searched natively and cost next to nothing.
 * @param from Within the text, but not between a backslash and the character that it escapes.
 * @returns the offset after the quote; when it paused before the end, the complement (`~`) of the offset at which to
 *   continue.
 */
export function skipTextUntil(bytes: Buffer, from: number, to: number, end: number): number {
  const near = Math.min(end, from + shortString)
  let at = from
  for (; at < near; at += 1) {
    const byte = bytes[at]
    if (byte === quote) return at + 1
    if (byte === backslash) at += 1
  }
  // All characters and escapes before `at` are whole, so backslashes are counted from here on.
  const whole = at
  for (;;) {
    const close = bytes.indexOf(quote, at)
    if (close === -1 || close >= end) throw new JsonScanError('malformed', from - 1)
    let slashes = 0
    while (close - 1 - slashes >= whole && bytes[close - 1 - slashes] === backslash) slashes += 1
    if (slashes % 2 === 0) return close + 1
    at = close + 1
    if (at > to) return ~at
  }
}

/** True for bytes of numbers, true, false and null. */
function isScalar(byte: number): boolean {
  return byte !== comma && byte !== braceClose && byte !== bracketClose && !isSpace(byte)
}

export function tooManyParts(at: number, caps = requestCaps): JsonScanError {
  return new JsonScanError('too_many', at, 'keys, texts, lists and objects in all', caps.parts)
}

/** Bytes that are allowed outside of texts and brackets: those of numbers, literals, separators and space. */
export const outsideTexts: readonly boolean[] = Array.from({ length: 256 }, (_, byte) =>
  /[\t\n\r A-Za-z0-9+\-.,:]/.test(String.fromCharCode(byte)),
)

function keyText(bytes: Buffer, keyStart: number, keyEnd: number): string {
  const text = unescaped(bytes.toString('utf8', keyStart + 1, keyEnd - 1))
  if (text === null) throw new JsonScanError('malformed', keyStart)
  return text
}

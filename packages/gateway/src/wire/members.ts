/**
 * Reads a few members of a JSON object whose bytes come piece by piece, and keeps nothing else of it: an answer may
 * carry images of many megabytes beside its usage. On request it also passes the bytes on without one of the members.
 * Other values are skipped by brackets and strings, as in `json-scan.ts`, and not validated. Grammar: RFC 8259.
 */
import { isSpace, jsonBytes, unescaped } from './json-bytes.ts'
import { KeptValue } from './kept-value.ts'
import { PassedBytes } from './passed-bytes.ts'

const { backslash, braceClose, braceOpen, bracketClose, bracketOpen, colon, comma, quote } = jsonBytes

/** A longer key cannot be a wanted one. Bytes. */
const keyBytesMax = 256
/** A longer text in a wanted value reads as an empty one. Bytes. */
const textBytesMax = 1_048_576
/** The same in `choices`, where only the finish reasons are wanted. Bytes. */
const choiceTextBytesMax = 1_024

/** Token that may come next, apart from white space, in an object whose members are read. */
type NextToken = 'open' | 'key' | 'colon' | 'value' | 'comma' | 'nothing'

export interface MembersOptions {
  /** Keys of the outermost object to report. */
  readonly wanted: ReadonlySet<string>
  /**
   * A wanted key whose object is searched with the same list; its value is then a record of the wanted members. Null
   * for none.
   */
  readonly inner: string | null
  /** A key of the outermost object that is left out of the bytes that pass. Null where no bytes pass. */
  readonly removed: string | null
}

const noBytes: Buffer = Buffer.alloc(0)

export class Members {
  /** Members read so far. When a key is there twice, the later value counts, as with `JSON.parse`. */
  readonly found: Record<string, unknown> = {}
  /** True after the object was closed. */
  ended = false
  /** True when the bytes are no object, or are malformed at a place that matters. Members found before stay. */
  broken = false
  readonly #options: MembersOptions
  readonly #passed: PassedBytes | null
  #expected: NextToken = 'open'
  /** Brackets that are open. */
  #depth = 0
  /** 2 inside of `inner`, else 1: the depth at which members are read. */
  #looked = 1
  #inString = false
  #isKey = false
  /** True when the last piece of a string ended with a backslash that escapes the next byte. */
  #escaped = false
  #key: Buffer = noBytes
  #name: string | null = null
  /** True within a scalar at this depth: a scalar has no end of its own. */
  #inScalar = false
  /** The wanted value that is being read. */
  #value: KeptValue | null = null

  constructor(options: MembersOptions) {
    this.#options = options
    this.#passed = options.removed === null ? null : new PassedBytes()
  }

  /** Takes the bytes that pass so far; at most the beginning of one member is held back. */
  passed(): Buffer[] {
    return this.#passed?.take() ?? []
  }

  /** Takes the bytes that are still held back, of an object that broke off. */
  rest(): Buffer[] {
    this.#passed?.release(noBytes, 0)
    return this.passed()
  }

  /** Bytes between two pieces of the object, which are no part of it. They always pass. */
  between(bytes: Buffer): void {
    this.#passed?.between(bytes)
  }

  /**
   * Reads the next bytes of the object, from `from` to `to`, split anywhere. Where bytes pass, the buffer must not
   * change later.
   */
  push(bytes: Buffer, from: number, to: number): void {
    this.#passed?.begin(from)
    this.#value?.begin(from)
    let at = from
    while (at < to && !this.broken) {
      if (this.#inString) at = this.#text(bytes, at, to)
      else if (this.#depth > this.#looked) at = this.#skip(bytes, at, to)
      else at = this.#step(bytes, at)
    }
    this.#value?.take(bytes, to)
    this.#passed?.end(bytes, to)
  }

  /** Reads one byte outside of strings, in an object whose members are read. */
  #step(bytes: Buffer, at: number): number {
    const byte = bytes[at] as number
    if (this.#inScalar) {
      if (byte !== comma && byte !== braceClose && byte !== bracketClose && !isSpace(byte)) return at + 1
      this.#inScalar = false
      this.#valueEnds(bytes, at)
    }
    if (isSpace(byte)) return at + 1
    switch (this.#expected) {
      case 'open':
        // A byte order mark is not JSON, but clients read past it.
        if (byte === 0xef || byte === 0xbb || byte === 0xbf) return at + 1
        if (byte !== braceOpen) return this.#fail(bytes, at)
        this.#depth = 1
        this.#expected = 'key'
        return at + 1
      case 'key':
        if (byte === braceClose) return this.#close(bytes, at)
        if (byte !== quote) return this.#fail(bytes, at)
        this.#isKey = true
        this.#key = noBytes
        this.#inString = true
        if (this.#depth === 1) this.#passed?.atKey(bytes, at)
        return at + 1
      case 'colon':
        if (byte !== colon) return this.#fail(bytes, at)
        this.#expected = 'value'
        return at + 1
      case 'value':
        return this.#valueBegins(bytes, at, byte)
      case 'comma':
        if (byte === braceClose) return this.#close(bytes, at)
        if (byte !== comma) return this.#fail(bytes, at)
        this.#expected = 'key'
        if (this.#depth === 1) this.#passed?.atComma(bytes, at)
        return at + 1
      case 'nothing':
        return this.#fail(bytes, at)
      default:
        return this.#expected satisfies never
    }
  }

  #fail(bytes: Buffer, at: number): number {
    this.broken = true
    this.#passed?.release(bytes, at)
    return at
  }

  #valueBegins(bytes: Buffer, at: number, byte: number): number {
    const { wanted, inner, removed } = this.#options
    const name = this.#name
    if (this.#depth === 1) {
      if (name !== null && name === removed) this.#passed?.drop()
      else this.#passed?.release(bytes, at)
    }
    if (byte === braceOpen && this.#depth === 1 && name === inner && name !== null) {
      this.#depth = 2
      this.#looked = 2
      this.#expected = 'key'
      this.found[name] = {}
      return at + 1
    }
    if (name !== null && wanted.has(name))
      this.#value = new KeptValue(at, name === 'choices' ? choiceTextBytesMax : textBytesMax)
    this.#expected = 'comma'
    if (byte === quote) {
      this.#isKey = false
      this.#inString = true
      this.#value?.textBegins(bytes, at)
    } else if (byte === braceOpen || byte === bracketOpen) {
      this.#depth += 1
    } else if (byte === comma || byte === braceClose || byte === bracketClose || byte === colon) {
      return this.#fail(bytes, at)
    } else {
      this.#inScalar = true
    }
    return at + 1
  }

  /** The value has ended before `end`. */
  #valueEnds(bytes: Buffer, end: number): void {
    const kept = this.#value
    if (kept !== null) {
      this.#value = null
      const value = kept.parsed(bytes, end)
      if (value !== undefined) this.#record()[this.#name ?? ''] = value
    }
    if (this.#depth === 1) this.#passed?.valueEnds(end)
  }

  #record(): Record<string, unknown> {
    const { inner } = this.#options
    return this.#looked === 2 && inner !== null ? (this.found[inner] as Record<string, unknown>) : this.found
  }

  /** The object whose members are read is closed. */
  #close(bytes: Buffer, at: number): number {
    if (this.#looked === 2) {
      this.#looked = 1
      this.#depth = 1
      this.#expected = 'comma'
      this.#name = null
      this.#passed?.valueEnds(at + 1)
      return at + 1
    }
    this.#passed?.release(bytes, at)
    this.#depth = 0
    this.#expected = 'nothing'
    this.ended = true
    return at + 1
  }

  /**
   * Reads within a string, to the offset after its end or to the end of the bytes. Long texts are searched natively.
   */
  #text(bytes: Buffer, from: number, to: number): number {
    let at = from
    if (this.#escaped) {
      this.#escaped = false
      at += 1
    }
    // All characters and escapes before `at` are whole, so backslashes are counted from here on.
    const whole = at
    for (;;) {
      const found = at < to ? bytes.indexOf(quote, at) : -1
      const close = found === -1 || found >= to ? to : found
      let slashes = 0
      while (close - 1 - slashes >= whole && bytes[close - 1 - slashes] === backslash) slashes += 1
      if (close === to) {
        this.#escaped = slashes % 2 === 1
        this.#keyBytes(bytes, from, to)
        return to
      }
      if (slashes % 2 === 0) return this.#textEnds(bytes, from, close)
      at = close + 1
    }
  }

  #keyBytes(bytes: Buffer, from: number, to: number): void {
    if (!this.#isKey || this.#key.length > keyBytesMax) return
    this.#key = Buffer.concat([this.#key, bytes.subarray(from, to)])
  }

  /** @param close Offset of the closing quote. */
  #textEnds(bytes: Buffer, from: number, close: number): number {
    this.#inString = false
    const end = close + 1
    if (this.#isKey) {
      this.#keyBytes(bytes, from, close)
      this.#isKey = false
      this.#name = keyName(this.#key)
      this.#expected = 'colon'
      return end
    }
    this.#value?.textEnds(bytes, end)
    if (this.#depth === this.#looked) this.#valueEnds(bytes, end)
    return end
  }

  /** Skips within a nested value. */
  #skip(bytes: Buffer, from: number, to: number): number {
    for (let at = from; at < to; at += 1) {
      const byte = bytes[at] as number
      if (byte === quote) {
        this.#isKey = false
        this.#inString = true
        this.#value?.textBegins(bytes, at)
        return at + 1
      }
      if (byte === braceOpen || byte === bracketOpen) this.#depth += 1
      else if (byte === braceClose || byte === bracketClose) {
        this.#depth -= 1
        if (this.#depth > this.#looked) continue
        this.#valueEnds(bytes, at + 1)
        return at + 1
      }
    }
    return to
  }
}

/** Null for a key that is too long or malformed: it cannot be a wanted one. */
function keyName(key: Buffer): string | null {
  return key.length > keyBytesMax ? null : unescaped(key.toString())
}

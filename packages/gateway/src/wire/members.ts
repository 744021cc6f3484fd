/**
 * Reads a few members of a JSON object whose bytes come one piece after the other, and keeps nothing else of it: an answer may carry images of
 * many megabytes beside its usage. Where asked, it also passes the bytes on without one of the members.
 * Values that are not wanted are skipped by brackets and strings, as `json-scan.ts` does, and not validated. Grammar: RFC 8259.
 */

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const comma = 0x2c
const braceOpen = 0x7b
const braceClose = 0x7d
const bracketOpen = 0x5b
const bracketClose = 0x5d

/** A longer key is none that is wanted. Bytes. */
const keyBytesMax = 256
/** A longer text in a wanted value is left out: it reads as an empty one. Bytes. */
const textBytesMax = 1_048_576
/** The same in `choices`, of which the reasons for their end are wanted, and not what they say. */
const choiceTextBytesMax = 1_024
/** A wanted value that is longer without such texts is not kept: it then counts as missing. Bytes. */
const valueBytesMax = 4_194_304

/** What the next byte that is no white space may be, in an object whose members are looked at. */
type Expected = 'open' | 'key' | 'colon' | 'value' | 'comma' | 'nothing'

export interface MembersOptions {
  /** Keys of the outermost object to report. */
  readonly wanted: ReadonlySet<string>
  /** A wanted key whose object is looked into with the same list: it then is a record of its wanted members. Null for none. */
  readonly inner: string | null
  /** A key of the outermost object that is left out of what passes. Null where nothing is to pass. */
  readonly removed: string | null
}

export class Members {
  /** What was read so far. Of a key that stands twice it is the later value, as `JSON.parse` has it. */
  readonly found: Record<string, unknown> = {}
  /** True once the object was closed. */
  ended = false
  /** True when the bytes are no object, or malformed at a place that matters. What was found before stands. */
  broken = false
  readonly #options: MembersOptions
  readonly #passed: Passed | null
  #expected: Expected = 'open'
  /** Brackets that are open. */
  #depth = 0
  /** 2 inside of `inner`, else 1: the depth whose members are looked at. */
  #looked = 1
  #inString = false
  #isKey = false
  /** Backslashes at the end of the last piece of a string: true when the next byte is escaped. */
  #escaped = false
  #key: Buffer = noBytes
  #name: string | null = null
  /** The value under way at the depth that is looked at: a scalar has no end of its own. */
  #inScalar = false
  /** The wanted value under way. */
  #value: Kept | null = null

  constructor(options: MembersOptions) {
    this.#options = options
    this.#passed = options.removed === null ? null : new Passed()
  }

  /** What passes of the bytes pushed so far; at most the beginning of a member is held back. Empties it. */
  passed(): Buffer[] {
    return this.#passed?.take() ?? []
  }

  /** The bytes that are still held back: of an object that broke off. */
  rest(): Buffer[] {
    this.#passed?.release(noBytes, 0)
    return this.passed()
  }

  /** Bytes that are no part of the object, but stand between its pieces, and pass in any case. */
  between(bytes: Buffer): void {
    this.#passed?.between(bytes)
  }

  /** The next bytes of the object, `from` to `to`, split anywhere. The buffer must not change afterwards where something passes. */
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

  /** One byte outside of strings, in an object whose members are looked at. */
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
      this.#value = new Kept(at, name === 'choices' ? choiceTextBytesMax : textBytesMax)
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

  /** The value ends before `end`. */
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

  /** The object whose members are looked at is closed. */
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

  /** Inside of a string, to behind its end, or to the end of the bytes. Long texts are searched natively. */
  #text(bytes: Buffer, from: number, to: number): number {
    let at = from
    if (this.#escaped) {
      this.#escaped = false
      at += 1
    }
    // Here `at` stands behind whole characters and escapes, so that backslashes are counted from it on.
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

  /** @param close of the closing quote. */
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

  /** Inside of a nested value. */
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

const noBytes: Buffer = Buffer.alloc(0)

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/** Null for a key that is too long or malformed: it is none that is wanted. */
function keyName(key: Buffer): string | null {
  if (key.length > keyBytesMax) return null
  const raw = key.toString()
  if (!raw.includes('\\')) return raw
  try {
    return JSON.parse(`"${raw}"`) as string
  } catch {
    return null
  }
}

/** A wanted value, copied as it comes, without long texts. */
class Kept {
  #bytes: Buffer = noBytes
  #length = 0
  /** Where the bytes begin that are not copied yet. */
  #from: number
  /** Length before the text under way; -1 outside of texts. */
  #textAt = -1
  #textLength = 0
  /** True while the rest of a text is left out. */
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

const emptyText = Buffer.from('""')

/** More is not held: the member then stays. Bytes. */
const heldBytesMax = 65_536

/**
 * The bytes of an object without one of its members, and without the comma that goes with it. From each comma on (of the first member: from its
 * key on) the bytes are held until it is known whether the member stays.
 */
class Passed {
  #out: Buffer[] = []
  /** What is held, in order; pieces from between pass even when the member is dropped. */
  #held: { readonly bytes: Buffer; readonly between: boolean }[] = []
  #heldBytes = 0
  #state: 'passing' | 'held' | 'dropped' = 'passing'
  #from = 0
  /** True until a member has stayed: what is dropped before takes the comma behind it along. */
  #isFirst = true

  take(): Buffer[] {
    const out = this.#out
    this.#out = []
    return out
  }

  begin(from: number): void {
    this.#from = from
  }

  end(bytes: Buffer, to: number): void {
    this.#flush(bytes, to)
  }

  between(bytes: Buffer): void {
    if (this.#state === 'held') this.#held.push({ bytes, between: true })
    else this.#out.push(bytes)
  }

  atKey(bytes: Buffer, at: number): void {
    if (!this.#isFirst) return
    this.#flush(bytes, at)
    this.#state = 'held'
  }

  atComma(bytes: Buffer, at: number): void {
    if (this.#isFirst) return
    this.#flush(bytes, at)
    this.#state = 'held'
  }

  /** The member stays, or the object is over. */
  release(bytes: Buffer, at: number): void {
    this.#flush(bytes, at)
    for (const piece of this.#held) this.#out.push(piece.bytes)
    this.#held = []
    this.#heldBytes = 0
    this.#isFirst = false
    this.#state = 'passing'
  }

  /** The member goes. */
  drop(): void {
    if (this.#state !== 'held') return
    for (const piece of this.#held) if (piece.between) this.#out.push(piece.bytes)
    this.#held = []
    this.#heldBytes = 0
    this.#state = 'dropped'
  }

  valueEnds(end: number): void {
    if (this.#state !== 'dropped' || this.#isFirst) return
    this.#from = end
    this.#state = 'passing'
  }

  #flush(bytes: Buffer, to: number): void {
    const from = this.#from
    if (to <= from) return
    this.#from = to
    if (this.#state === 'dropped') return
    const piece = bytes.subarray(from, to)
    if (this.#state === 'passing') {
      this.#out.push(piece)
      return
    }
    this.#held.push({ bytes: piece, between: false })
    this.#heldBytes += piece.length
    if (this.#heldBytes > heldBytesMax) this.release(bytes, to)
  }
}

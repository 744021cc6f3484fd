/** Members of streamed events that carry a piece of an answer's text. */
const keys = ['content', 'delta', 'text', 'arguments', 'reasoning_content', 'refusal'].map(key => Buffer.from(key))

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const space = 0x20
const lineFeed = 0x0a

/** Bytes that grow. */
class Pieces {
  #bytes = Buffer.allocUnsafe(4_096)
  #length = 0

  push(source: Buffer, from: number, to: number): void {
    const length = this.#length + to - from
    if (length > this.#bytes.byteLength) {
      const larger = Buffer.allocUnsafe(2 * length)
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    if (to - from < 32)
      for (let at = from, end = this.#length; at < to; at++, end++) this.#bytes[end] = source[at] as number
    else source.copy(this.#bytes, this.#length, from, to)
    this.#length = length
  }

  take(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }
}

/**
 * The pieces of text in the events of a stream, joined for each member, as JSON has them: an answer that was streamed
 * word by word reads as a whole again. One pass over the bytes, because parsing every event of a day as JSON takes
 * several times as long. Answers of several choices in one stream come out in the order of their pieces.
 */
export function streamedTexts(stream: Buffer): Buffer[] {
  const found: (Pieces | undefined)[] = []
  const { byteLength } = stream
  for (let at = 0; at < byteLength; at++) {
    if (stream[at] !== quote) continue
    const start = at + 1
    at = endOfString(stream, start)
    const after = withoutSpaces(stream, at + 1)
    if (stream[after] !== colon) continue
    const key = keyAt(stream, start, at)
    const value = withoutSpaces(stream, after + 1)
    // Members of the same name may also be objects, lists or null.
    if (key === -1 || stream[value] !== quote) continue
    at = endOfString(stream, value + 1)
    if (at === value + 1) continue
    found[key] ??= new Pieces()
    found[key].push(stream, value + 1, at)
  }
  return found.flatMap(pieces => (pieces === undefined ? [] : [pieces.take()]))
}

/** Position of the quote that ends a JSON string. A line ends it too: no string of an event goes beyond its line. */
function endOfString(bytes: Buffer, from: number): number {
  let at = from
  for (; at < bytes.byteLength; at++) {
    const byte = bytes[at]
    if (byte === quote || byte === lineFeed) return at
    if (byte === backslash) at += 1
  }
  return at
}

function withoutSpaces(bytes: Buffer, from: number): number {
  let at = from
  while (bytes[at] === space) at += 1
  return at
}

/** Index of the key that is there; -1 for another one. */
function keyAt(bytes: Buffer, from: number, to: number): number {
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as Buffer
    if (key.byteLength === to - from && isAt(bytes, from, key)) return index
  }
  return -1
}

function isAt(bytes: Buffer, from: number, key: Buffer): boolean {
  for (let at = 0; at < key.byteLength; at++) if (bytes[from + at] !== key[at]) return false
  return true
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' }

/** A text without the escapes of JSON strings. What is no escape stays as it is. */
export function unescaped(text: string): string {
  if (!text.includes('\\')) return text
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (_, hex: string | undefined, one: string) =>
    hex === undefined ? (escapes[one] ?? one) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

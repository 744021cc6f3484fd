/**
 * Describes what to find in JSON: the keys that matter, by the object that holds them. A shape is made at boot; a scan
 * looks up each key in it.
 */
import { JsonScanError } from './json-scan.ts'

/** The keys to find in an object. Objects in lists, and in lists of lists, are searched like the list's own value. */
export interface ShapeSpec {
  /** By key: true reports the member; a shape also searches its value (`self`: the same shape). */
  readonly find: Readonly<Record<string, true | 'self' | Shape>>
  /** Keys whose values are not searched although `rest` would search them. */
  readonly leave?: readonly string[]
  /** For the values of all other keys: null searches none of them, `self` searches all of them with the same shape. */
  readonly rest?: Shape | 'self' | null
  /** True to report the objects themselves, and any value in their place in a list. */
  readonly each?: boolean
}

/** A key that matters. */
export interface ShapeEntry {
  readonly key: string
  /** Case folded. */
  readonly folded: string
  /** A bit that no other entry of the shape has. */
  readonly bit: number
  readonly reported: boolean
  readonly inside: Shape | null
}

/** Made once, at boot. */
export class Shape {
  readonly rest: Shape | null
  readonly each: boolean
  readonly #byHash = new Map<number, ShapeEntry>()
  readonly #byFolded = new Map<string, ShapeEntry>()

  constructor({ find, leave = [], rest = null, each = false }: ShapeSpec) {
    this.rest = rest === 'self' ? this : rest
    this.each = each
    // The value of a key that is only reported is searched like the values of other keys.
    const found = Object.entries(find).map(([key, inside]) => ({
      key,
      inside: inside === true ? this.rest : inside === 'self' ? this : inside,
      reported: true,
    }))
    const left = leave.map(key => ({ key, inside: null, reported: false }))
    for (const [at, one] of [...found, ...left].entries()) {
      const hash = hashOf(Buffer.from(one.key), 0, one.key.length)
      if (at > 31 || this.#byHash.has(hash)) throw new TypeError(`no place in a shape for ${one.key}`)
      const entry = { ...one, folded: fold(one.key), bit: 1 << at }
      this.#byHash.set(hash, entry)
      this.#byFolded.set(entry.folded, entry)
    }
  }

  /** The entry of a key without its quotes; null for a key that does not matter. @throws JsonScanError key_variant */
  entryOf(bytes: Buffer, from: number, to: number): ShapeEntry | null {
    if (to - from > keyBytesMax) return null
    const hash = hashOf(bytes, from, to)
    if (hash !== notPlain) {
      const entry = this.#byHash.get(hash)
      if (entry === undefined) return null
      const text = bytes.toString('latin1', from, to)
      if (text === entry.key) return entry
      return fold(text) === entry.folded && entry.reported ? refuseVariant(text, entry, from) : null
    }
    const text = JSON.parse(`"${bytes.toString('utf8', from, to)}"`) as string
    const entry = this.#byFolded.get(fold(text))
    if (entry === undefined || text === entry.key) return entry ?? null
    return entry.reported ? refuseVariant(text, entry, from) : null
  }
}

function refuseVariant(text: string, { key }: ShapeEntry, at: number): never {
  throw new JsonScanError('key_variant', at, text, 0, key)
}

/** Longest key that can matter, with every character escaped. */
const keyBytesMax = 256
/** A key with an escape or with non-ASCII characters is compared by its text. */
const notPlain = Number.MAX_SAFE_INTEGER

/** Hash of the key in any case; `notPlain` where the bytes are not the text. */
function hashOf(bytes: Buffer, from: number, to: number): number {
  let hash = 0
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] as number
    if (byte === 0x5c || byte >= 0x80) return notPlain
    hash = (Math.imul(hash, 31) + (byte | 0x20)) | 0
  }
  return hash
}

/** Upper case first: for letters such as ſ and K (Kelvin) only one of the two ways leads to the plain letter. */
export function fold(text: string): string {
  return text.toUpperCase().toLowerCase()
}

/**
 * What to find in JSON: keys that matter, by the object in which they stand. Made at boot; a scan asks it of each key.
 */
import { JsonScanError } from './json-scan.ts'

/** What to find in an object. Objects in lists, and in lists of lists, are looked at as the list's own value would be. */
export interface ShapeSpec {
  /** By key: true to report the member, or what to find in its value (`self`: the same); then the member is reported too. */
  readonly find: Readonly<Record<string, true | 'self' | Shape>>
  /** Keys whose values are not looked into although `rest` would. */
  readonly leave?: readonly string[]
  /** For the values of all other keys: null looks into none of them, `self` looks for the same in all of them. */
  readonly rest?: Shape | 'self' | null
  /** True to report the objects themselves, and what stands in a list in their place. */
  readonly each?: boolean
}

/** A key that matters. */
export interface Entry {
  readonly key: string
  /** Case folded. */
  readonly folded: string
  /** A bit of its own within the shape. */
  readonly bit: number
  readonly reported: boolean
  readonly inside: Shape | null
}

/** Made once, at boot. */
export class Shape {
  readonly rest: Shape | null
  readonly each: boolean
  readonly #byHash = new Map<number, Entry>()
  readonly #byFolded = new Map<string, Entry>()

  constructor({ find, leave = [], rest = null, each = false }: ShapeSpec) {
    this.rest = rest === 'self' ? this : rest
    this.each = each
    // What is reported alone is looked into as the values of other keys are.
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
  entryOf(bytes: Buffer, from: number, to: number): Entry | null {
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

function refuseVariant(text: string, { key }: Entry, at: number): never {
  throw new JsonScanError('key_variant', at, text, 0, key)
}

/** No key that matters is longer, even with every character escaped. */
const keyBytesMax = 256
/** A key with an escape, or with more than ASCII, is compared by its text. */
const notPlain = Number.MAX_SAFE_INTEGER

/** Of the key in any case; `notPlain` where the bytes are not the text. */
function hashOf(bytes: Buffer, from: number, to: number): number {
  let hash = 0
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] as number
    if (byte === 0x5c || byte >= 0x80) return notPlain
    hash = (Math.imul(hash, 31) + (byte | 0x20)) | 0
  }
  return hash
}

/** Upper case first: of letters such as ſ and K (Kelvin) only one of the two ways leads to the plain one. */
export function fold(text: string): string {
  return text.toUpperCase().toLowerCase()
}

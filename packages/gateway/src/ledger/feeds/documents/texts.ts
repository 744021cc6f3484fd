/** The texts of a record's bodies, to be cut into parts: held in memory, or read from the journal when needed. */
import { createHash } from 'node:crypto'
import { codeOf } from '../../../errors.ts'
import type { Direction } from '../../index.ts'
import type { FeedColumn, ReadableBody } from '../forms.ts'
import type { RecordedExchange } from '../index.ts'
import { type Piece, TextCutter } from './cut.ts'
import { sha256 } from './part.ts'

export interface BodyTexts {
  /** Names of their columns, in the order of the columns. */
  readonly names: readonly string[]
  /** @param roomOf as of `TextCutter`. */
  cut(roomOf: (part: number) => number): CutTexts
  /** A function that returns the texts of pieces, which must be given in their order. */
  reader(): (piece: Piece) => string
}

export interface CutTexts {
  /** The pieces of each part; at least one part. */
  readonly parts: readonly (readonly Piece[])[]
  /** SHA-256 of all texts, one after the other, in UTF-8; hexadecimal. */
  readonly bodiesSha256: string
}

export class HeldTexts implements BodyTexts {
  readonly names: readonly string[]
  readonly #texts: readonly string[]

  constructor(names: readonly string[], texts: readonly string[]) {
    this.names = names
    this.#texts = texts
  }

  cut(roomOf: (part: number) => number): CutTexts {
    const cutter = new TextCutter(roomOf)
    for (const [number, text] of this.#texts.entries()) cutter.add(number, text)
    return { parts: cutter.parts, bodiesSha256: sha256(this.#texts) }
  }

  reader(): (piece: Piece) => string {
    return ({ text, from, to }) => (this.#texts[text] ?? '').slice(from, to)
  }
}

type Encoding = 'utf8' | 'base64'

/** Texts of bodies that are longer than the memory allows: an entry of the journal and a part of them are in memory. */
export class StreamedTexts implements BodyTexts {
  readonly names: readonly string[]
  /** Each with its encoding and an empty text; null for none. */
  readonly bodies: Readonly<Record<Direction, ReadableBody | null>>
  readonly #exchange: RecordedExchange
  readonly #directions: readonly Direction[]

  /** @throws LedgerError `ledger_corrupt`; errors of the system. */
  constructor(exchange: RecordedExchange, columns: readonly FeedColumn[]) {
    const long = columns.filter(({ isLong }) => isLong)
    this.#exchange = exchange
    this.names = long.map(({ name }) => name)
    this.#directions = long.flatMap(({ direction }) => direction ?? [])
    this.bodies = isThere(exchange)
      ? { request: this.#bodyOf('request'), response: this.#bodyOf('response') }
      : { request: null, response: null }
  }

  cut(roomOf: (part: number) => number): CutTexts {
    const cutter = new TextCutter(roomOf)
    const hash = createHash('sha256')
    for (const [number, direction] of this.#directions.entries()) {
      for (const chunk of this.#chunks(direction)) {
        cutter.add(number, chunk)
        hash.update(chunk)
      }
    }
    return { parts: cutter.parts, bodiesSha256: hash.digest('hex') }
  }

  reader(): (piece: Piece) => string {
    let number = -1
    let chunks: Iterator<string> = [][Symbol.iterator]()
    let held = ''
    return ({ text, from, to }) => {
      if (text !== number) {
        number = text
        held = ''
        chunks = this.#chunks(this.#directions[text] ?? 'request')[Symbol.iterator]()
      }
      while (held.length < to - from) {
        const next = chunks.next()
        if (next.done === true) throw new Error(`The bodies of ${this.#exchange.id} changed while they were read.`)
        held += next.value
      }
      const piece = held.slice(0, to - from)
      held = held.slice(to - from)
      return piece
    }
  }

  #bodyOf(direction: Direction): ReadableBody | null {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    let isEmpty = true
    let isText = true
    for (const piece of this.#exchange.bodyPieces(direction)) {
      isEmpty &&= piece.byteLength === 0
      isText &&= !piece.includes(0) && decodes(decoder, piece)
      if (!isText) break
    }
    if (isEmpty) return null
    isText &&= decodes(decoder, null)
    return { text: '', encoding: isText ? 'utf8' : 'base64' }
  }

  #chunks(direction: Direction): Iterable<string> {
    const encoding = this.bodies[direction]?.encoding
    return encoding === 'utf8' || encoding === 'base64' ? texted(this.#exchange.bodyPieces(direction), encoding) : []
  }
}

/** False for an exchange of which the journal has deleted a segment. */
function isThere(exchange: RecordedExchange): boolean {
  try {
    return exchange.readBodies(0) !== null
  } catch (error) {
    return codeOf(error) !== 'ENOENT'
  }
}

function decodes(decoder: InstanceType<typeof TextDecoder>, piece: Uint8Array | null): boolean {
  try {
    if (piece === null) decoder.decode()
    else decoder.decode(piece, { stream: true })
    return true
  } catch {
    return false
  }
}

/** The text in chunks that end between two code points. */
function* texted(pieces: Iterable<Uint8Array>, encoding: Encoding): Generator<string> {
  if (encoding === 'utf8') {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    for (const piece of pieces) yield decoder.decode(piece, { stream: true })
    yield decoder.decode()
    return
  }
  let rest = Buffer.alloc(0)
  for (const piece of pieces) {
    const bytes = Buffer.concat([rest, piece])
    // Three bytes are four characters; only the last ones may be fewer.
    const whole = bytes.byteLength - (bytes.byteLength % 3)
    yield bytes.toString('base64', 0, whole)
    rest = bytes.subarray(whole)
  }
  yield rest.toString('base64')
}

import type { Clock } from '../../../clock.ts'
import { type PartMembers, partMembersOf, type RecordDocument, sha256, textsOf } from './part.ts'

/** A record of which not all parts were read. */
export interface IncompleteRecord<Place> {
  readonly id: string
  readonly parts: number
  /** Numbers of the parts that are missing, at most the first hundred. */
  readonly missing: readonly number[]
  /** Where its first part was read: a reader that starts again must start there. */
  readonly from: Place
  readonly firstReadAtMs: number
}

export interface PartJoinerOptions<Place> {
  readonly clock: Clock
  /**
   * Bytes of pieces that wait for others. Default 256 MiB. Beyond it the oldest record is given up. A record that has
   * more than half of it alone is given out without its bodies, which are `omitted`.
   */
  readonly bytesMax?: number
  /** Milliseconds that pieces wait for others. Default one hour. */
  readonly waitMsMax?: number
  /** Called with a record that is given up. */
  readonly onGivenUp: (record: IncompleteRecord<Place>, reason: 'time' | 'memory') => void
  /** Called with a part whose checksum is wrong, or null for the whole; it is left out. */
  readonly onDamaged: (id: string, part: number | null) => void
}

interface Waiting<Place> extends Omit<IncompleteRecord<Place>, 'missing'> {
  readonly bodiesSha256: string
  readonly pieces: Map<number, RecordDocument>
  bytes: number
  /** True once its texts were dropped for their length. */
  isTooLong: boolean
}

/** Records whose parts were joined of late: later doubles of their parts are left out. */
const joinedMax = 10_000
const missingMax = 100

/**
 * Puts parts of records together, in whatever order they come and however often. Whole records pass. A record may come
 * again: the reader removes doubles by their ids.
 * @typeParam Place where a message was read, as an offset.
 */
export class PartJoiner<Place> {
  readonly #options: PartJoinerOptions<Place>
  readonly #bytesMax: number
  readonly #waitMsMax: number
  /** In the order of their first parts. */
  readonly #waiting = new Map<string, Waiting<Place>>()
  readonly #joined = new Set<string>()
  #bytes = 0

  constructor(options: PartJoinerOptions<Place>) {
    this.#options = options
    this.#bytesMax = options.bytesMax ?? 256 * 1_048_576
    this.#waitMsMax = options.waitMsMax ?? 3_600_000
  }

  /**
   * @returns the record, without the members of parts; null while parts are missing, and for a part that came before.
   * @throws UnreadableMessageError for a part without its numbers or checksums.
   */
  add(document: RecordDocument, place: Place): RecordDocument | null {
    this.expire()
    const members = partMembersOf(document)
    if (members === null) return document
    const key = `${document.id} ${members.parts} ${members.cut} ${members.bodiesSha256}`
    if (this.#joined.has(key)) return null
    const { part, partSha256 } = members
    const piece = withoutMembers(document)
    if (sha256(textsOf(piece).map(textIn)) !== partSha256) {
      this.#options.onDamaged(document.id, part)
      return null
    }
    const waiting = this.#waiting.get(key) ?? this.#begin(key, document.id, members, place)
    this.#keep(waiting, part, piece)
    if (waiting.pieces.size === waiting.parts) return this.#finish(key, waiting)
    this.#bound()
    return null
  }

  /** Gives up what has waited for too long. Also called by `add`. */
  expire(): void {
    const since = this.#options.clock() - this.#waitMsMax
    for (const [key, waiting] of this.#waiting) {
      if (waiting.firstReadAtMs > since) return
      this.#giveUp(key, waiting, 'time')
    }
  }

  /** Records whose parts are not all there yet, the oldest first. */
  *incomplete(): Generator<IncompleteRecord<Place>> {
    for (const waiting of this.#waiting.values()) yield incomplete(waiting)
  }

  /** Bytes of the pieces that wait for others. */
  get waitingBytes(): number {
    return this.#bytes
  }

  #begin(key: string, id: string, { parts, bodiesSha256 }: PartMembers, from: Place): Waiting<Place> {
    const firstReadAtMs = this.#options.clock()
    const nothing = { pieces: new Map<number, RecordDocument>(), bytes: 0, isTooLong: false }
    const waiting: Waiting<Place> = { id, parts, bodiesSha256, from, firstReadAtMs, ...nothing }
    this.#waiting.set(key, waiting)
    return waiting
  }

  #keep(waiting: Waiting<Place>, part: number, piece: RecordDocument): void {
    if (waiting.pieces.has(part)) return
    const kept = waiting.isTooLong ? withoutTexts(piece, part) : piece
    waiting.pieces.set(part, kept)
    this.#count(waiting, bytesOf(kept))
    if (waiting.isTooLong || waiting.bytes <= this.#bytesMax / 2) return
    waiting.isTooLong = true
    this.#count(waiting, -waiting.bytes)
    for (const [number, one] of waiting.pieces) {
      const figures = withoutTexts(one, number)
      waiting.pieces.set(number, figures)
      this.#count(waiting, bytesOf(figures))
    }
  }

  #count(waiting: Waiting<Place>, bytes: number): void {
    waiting.bytes += bytes
    this.#bytes += bytes
  }

  #bound(): void {
    for (const [key, waiting] of this.#waiting) {
      if (this.#bytes <= this.#bytesMax) return
      this.#giveUp(key, waiting, 'memory')
    }
  }

  #giveUp(key: string, waiting: Waiting<Place>, reason: 'time' | 'memory'): void {
    this.#forget(key, waiting)
    this.#options.onGivenUp(incomplete(waiting), reason)
  }

  #finish(key: string, waiting: Waiting<Place>): RecordDocument | null {
    this.#forget(key, waiting)
    this.#joined.add(key)
    const [oldest] = this.#joined
    if (this.#joined.size > joinedMax && oldest !== undefined) this.#joined.delete(oldest)
    const record = joined(waiting)
    if (record === null) this.#options.onDamaged(waiting.id, null)
    return record
  }

  #forget(key: string, waiting: Waiting<Place>): void {
    this.#waiting.delete(key)
    this.#bytes -= waiting.bytes
  }
}

function incomplete<Place>({ id, parts, from, firstReadAtMs, pieces }: Waiting<Place>): IncompleteRecord<Place> {
  const missing: number[] = []
  for (let part = 1; part <= parts && missing.length < missingMax; part += 1) if (!pieces.has(part)) missing.push(part)
  return { id, parts, missing, from, firstReadAtMs }
}

/** The record of all pieces; null where the whole does not have its checksum. */
function joined<Place>({ pieces, parts, bodiesSha256, isTooLong }: Waiting<Place>): RecordDocument | null {
  const first = pieces.get(1)
  if (first === undefined) return null
  if (isTooLong) return first
  const texts = new Map<string, string[]>()
  for (let part = 1; part <= parts; part += 1) {
    for (const [name, text] of textsOf(pieces.get(part) ?? first)) {
      const before = texts.get(name)
      if (before === undefined) texts.set(name, [text])
      else before.push(text)
    }
  }
  const whole = [...texts].map(([name, list]) => [name, list.join('')] as const)
  if (sha256(whole.map(textIn)) !== bodiesSha256) return null
  return { ...first, ...Object.fromEntries(whole) }
}

const textIn = ([, text]: readonly [string, string]): string => text

/** Bytes that the figures of a part count for, and a part of which only the number is kept. */
const figureBytes = 2_048
const numberBytes = 64

const numberAlone: RecordDocument = { id: '' }

/** A text of ASCII takes a byte for each character, any other is counted with two. */
function bytesOf(piece: RecordDocument): number {
  if (piece === numberAlone) return numberBytes
  return textsOf(piece).reduce((sum, [, text]) => {
    const isAscii = Buffer.byteLength(text) === text.length
    return sum + (isAscii ? 1 : 2) * text.length
  }, figureBytes)
}

/** The figures of the first part with its bodies marked as left out; of another part nothing but that it came. */
function withoutTexts(piece: RecordDocument, part: number): RecordDocument {
  if (part !== 1) return numberAlone
  const names = new Set(textsOf(piece).map(([name]) => name))
  const isEncoding = (name: string): boolean =>
    [...names].some(body => name === `${body}Encoding` || name === `${body}.encoding`)
  const left = Object.entries(piece).map(([name, value]) => {
    if (names.has(name)) return [name, null] as const
    return [name, isEncoding(name) ? 'omitted' : value] as const
  })
  return { ...piece, ...Object.fromEntries(left) }
}

function withoutMembers(document: RecordDocument): RecordDocument {
  const { part: _, parts: __, cut: ___, partSha256: ____, bodiesSha256: _____, ...rest } = document
  return rest as RecordDocument
}

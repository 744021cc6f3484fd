import { gzipSync } from 'node:zlib'
import { callerKey } from '../../../identity/caller.ts'
import type { Opened } from '../../record.ts'
import {
  columnsOf,
  type FedRecord,
  type FeedColumn,
  fedRecordOrReason,
  hasLongBodies,
  orReason,
  type RecordSettings,
} from '../forms.ts'
import type { RecordedExchange } from '../index.ts'
import { codePointBytesMax, type Piece } from './cut.ts'
import { partsMax, sha256 } from './part.ts'
import { type BodyTexts, HeldTexts, StreamedTexts } from './texts.ts'

/** One message of a transport: a record as one JSON object, or a numbered part of it. */
export interface RecordMessage {
  /** Id of the record, the same in all its parts. */
  readonly id: string
  /** Number of the part, from 1, and of all parts. 1 of 1 is a whole record. */
  readonly part: number
  readonly parts: number
  /**
   * Messages of one key stay in order: those of one caller and workload. 32 hexadecimal digits, because it is shown
   * where bodies are not.
   */
  readonly key: string
  readonly body: Buffer
  readonly contentType: 'application/json'
  readonly contentEncoding: 'gzip' | null
}

export interface MessageSettings extends RecordSettings {
  /** True to compress each message by itself. */
  readonly gzip: boolean
}

/** A record that a transport can never take. The message says why. */
export class UnsendableError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UnsendableError'
  }
}

/** Makes messages of records. A record whose JSON is longer than a message may be is cut into parts. */
export class MessageWriter {
  readonly #columns: readonly FeedColumn[]
  readonly #gzip: boolean
  readonly #hasBodies: boolean

  constructor({ form, columns, bodies, gzip }: MessageSettings) {
    this.#columns = columnsOf(form, columns, bodies)
    this.#gzip = gzip
    this.#hasBodies = this.#columns.some(({ isBody }) => isBody)
  }

  /**
   * The messages of a record, in the order of their parts, each made when it is taken: a long record is in memory once,
   * and one part of it. Bodies above `bodyBytesMax` are read piece by piece.
   * @param bytesMax bytes that the body of a message may have.
   * @throws UnsendableError when the record cannot be sent, now and later; errors of the system as they are. Taking a
   *   message throws where bodies changed since.
   */
  messages(exchange: RecordedExchange, bytesMax: number): Iterable<RecordMessage> {
    const room = this.#gzip ? beforeGzip(bytesMax) : bytesMax
    const documents = orReason(() => this.#documents(exchange, room))
    if (typeof documents === 'string') throw new UnsendableError(documents)
    return this.#made(exchange.id, orderingKey(exchange.opened), documents)
  }

  #documents(exchange: RecordedExchange, bytesMax: number): Documents {
    const columns = this.#columns
    const record = fedRecordOrReason(exchange, this.#hasBodies)
    if (typeof record === 'string') throw new UnsendableError(record)
    if (hasLongBodies(record)) {
      const texts = new StreamedTexts(exchange, columns)
      return documentsOf(cellsOf({ ...record, ...texts.bodies }, columns), columns, texts, bytesMax)
    }
    const cells = cellsOf(record, columns)
    const names = columns.filter(({ isLong }) => isLong).map(({ name }) => name)
    const texts = names.map(name => String(cells[name] ?? ''))
    const length = texts.reduce((sum, text) => sum + text.length, 0)
    const whole = length <= bytesMax ? JSON.stringify(cells) : null
    if (whole !== null && Buffer.byteLength(whole) <= bytesMax) return { parts: 1, document: () => whole }
    return documentsOf(cells, columns, new HeldTexts(names, texts), bytesMax)
  }

  *#made(id: string, key: string, { parts, document }: Documents): Generator<RecordMessage> {
    for (let part = 1; part <= parts; part += 1) {
      const text = document(part)
      yield {
        ...{ id, part, parts, key },
        body: this.#gzip ? gzipSync(text) : Buffer.from(text),
        contentType: 'application/json',
        contentEncoding: this.#gzip ? 'gzip' : null,
      }
    }
  }
}

/** The key of an exchange's caller and workload. Calls without a verified caller share one for each workload. */
export function orderingKey(opened: Opened): string {
  const { callerKind: kind, callerTenantId, callerObjectId, callerAppId: appId, workload } = opened
  const caller =
    kind === null ? '' : callerKey({ kind, tenantId: callerTenantId ?? '', objectId: callerObjectId ?? '', appId })
  return sha256([`${caller}\n${workload ?? ''}`]).slice(0, 32)
}

/** Bytes of which gzip makes at most `bytesMax`, if it can compress nothing (`compressBound` of zlib). */
const beforeGzip = (bytesMax: number): number => bytesMax - (bytesMax >>> 12) - (bytesMax >>> 14) - 64

/** The JSON texts of a record's parts. */
interface Documents {
  readonly parts: number
  /** @param part from 1, in their order. */
  document(part: number): string
}

type Cells = Readonly<Record<string, unknown>>

const cellsOf = (record: FedRecord, columns: readonly FeedColumn[]): Cells =>
  Object.fromEntries(columns.map(column => [column.name, column.cell(record)]))

/**
 * Part 1 has every column; the others have what every part needs: the id, the encodings of bodies, the numbers and
 * checksums. Each has its pieces of the texts. docs/data-explorer.md describes them.
 */
function documentsOf(cells: Cells, columns: readonly FeedColumn[], texts: BodyTexts, bytesMax: number): Documents {
  const anySha256 = '0'.repeat(64)
  const numbers = {
    part: partsMax,
    parts: partsMax,
    cut: nameOfCut([]),
    partSha256: anySha256,
    bodiesSha256: anySha256,
  }
  const roomBeside = (beside: Cells): number => bytesMax - Buffer.byteLength(JSON.stringify({ ...beside, ...numbers }))
  const noTexts: Cells = Object.fromEntries(texts.names.map(name => [name, cells[name] === null ? null : '']))
  const first: Cells = { ...cells, ...noTexts }
  const repeats = columns.filter(({ name, isBody, isLong }) => name === 'id' || (isBody && !isLong))
  const others: Cells = Object.fromEntries(repeats.map(({ name }) => [name, cells[name]]))
  const [firstRoom, room] = [roomBeside(first), roomBeside({ ...others, ...noTexts })]
  if (firstRoom < 0 || room < codePointBytesMax) {
    const least = bytesMax - Math.min(firstRoom, room - codePointBytesMax)
    throw new UnsendableError(`The record needs messages of ${least} bytes at least, and one may have ${bytesMax}.`)
  }
  const { parts: cut, bodiesSha256 } = texts.cut(part => (part === 0 ? firstRoom : room))
  if (cut.length > partsMax)
    throw new UnsendableError(`The record needs ${cut.length} messages of ${bytesMax} bytes; ${partsMax} are the most.`)
  const common = { parts: cut.length, cut: nameOfCut(cut), bodiesSha256 }
  const textOf = texts.reader()
  return {
    parts: cut.length,
    document(part) {
      const pieces = (cut[part - 1] ?? []).map(piece => [texts.names[piece.text] ?? '', textOf(piece)] as const)
      const members = { part, ...common, partSha256: sha256(pieces.map(textIn)) }
      const own = cut.length === 1 ? {} : members
      return JSON.stringify({ ...(part === 1 ? first : others), ...own, ...Object.fromEntries(pieces) })
    },
  }
}

const nameOfCut = (cut: readonly (readonly Piece[])[]): string => sha256([JSON.stringify(cut)]).slice(0, 16)
const textIn = ([, text]: readonly [string, string]): string => text

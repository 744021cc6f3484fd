import { gzipSync } from 'node:zlib'
import { callerKey } from '../../../identity/caller.ts'
import type { Opened } from '../../record.ts'
import { columnsOf, type FeedColumn, fedRecordOrReason, type RecordSettings } from '../forms.ts'
import type { RecordedExchange } from '../index.ts'
import { codePointBytesMax, cutTexts, type Piece } from './cut.ts'
import { partsMax, sha256 } from './part.ts'

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
   * and one part of it.
   * @param bytesMax bytes that the body of a message may have.
   * @throws UnsendableError when the record cannot be sent, now and later; errors of the system as they are.
   */
  messages(exchange: RecordedExchange, bytesMax: number): Iterable<RecordMessage> {
    const record = fedRecordOrReason(exchange, this.#hasBodies)
    if (typeof record === 'string') throw new UnsendableError(record)
    const cells = Object.fromEntries(this.#columns.map(column => [column.name, column.cell(record)]))
    const documents = documentsOf(cells, this.#columns, this.#gzip ? beforeGzip(bytesMax) : bytesMax)
    return this.#made(exchange.id, orderingKey(exchange.opened), documents)
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
  /** @param part from 1. */
  document(part: number): string
}

type Cells = Readonly<Record<string, unknown>>

/**
 * Part 1 has every column; the others have what every part needs: the id, the encodings of bodies, the numbers and
 * checksums. Each has its pieces of the texts. docs/data-explorer.md describes them.
 */
function documentsOf(cells: Cells, columns: readonly FeedColumn[], bytesMax: number): Documents {
  const textNames = columns.filter(({ isLong }) => isLong).map(({ name }) => name)
  const texts = textNames.map(name => String(cells[name] ?? ''))
  const length = texts.reduce((sum, text) => sum + text.length, 0)
  const whole = length <= bytesMax ? JSON.stringify(cells) : null
  if (whole !== null && Buffer.byteLength(whole) <= bytesMax) return { parts: 1, document: () => whole }

  const bodiesSha256 = sha256(texts)
  const numbers = { part: partsMax, parts: partsMax, cut: nameOfCut([]), partSha256: bodiesSha256, bodiesSha256 }
  const roomBeside = (beside: Cells): number => bytesMax - Buffer.byteLength(JSON.stringify({ ...beside, ...numbers }))
  const noTexts: Cells = Object.fromEntries(textNames.map(name => [name, cells[name] === null ? null : '']))
  const first: Cells = { ...cells, ...noTexts }
  const repeats = columns.filter(({ name, isBody, isLong }) => name === 'id' || (isBody && !isLong))
  const others: Cells = Object.fromEntries(repeats.map(({ name }) => [name, cells[name]]))
  const [firstRoom, room] = [roomBeside(first), roomBeside({ ...others, ...noTexts })]
  if (firstRoom < 0 || room < codePointBytesMax) {
    const least = bytesMax - Math.min(firstRoom, room - codePointBytesMax)
    throw new UnsendableError(`The record needs messages of ${least} bytes at least, and one may have ${bytesMax}.`)
  }
  const cut = cutTexts(texts, part => (part === 0 ? firstRoom : room))
  if (cut.length > partsMax)
    throw new UnsendableError(`The record needs ${cut.length} messages of ${bytesMax} bytes; ${partsMax} are the most.`)
  const common = { parts: cut.length, cut: nameOfCut(cut), bodiesSha256 }
  return {
    parts: cut.length,
    document(part) {
      const pieces = (cut[part - 1] ?? []).map(piece => pieceOf(piece, textNames, texts))
      const own = { part, ...common, partSha256: sha256(pieces.map(textIn)) }
      return JSON.stringify({ ...(part === 1 ? first : others), ...own, ...Object.fromEntries(pieces) })
    },
  }
}

const nameOfCut = (cut: readonly (readonly Piece[])[]): string => sha256([JSON.stringify(cut)]).slice(0, 16)

const textIn = ([, text]: readonly [string, string]): string => text

const pieceOf = ({ text, from, to }: Piece, names: readonly string[], texts: readonly string[]) =>
  [names[text] ?? '', (texts[text] ?? '').slice(from, to)] as const

/** The forms of a record that feeds send, derived from the table of fields (../fields.ts). */
import { isUtf8 } from 'node:buffer'
import { codeOf } from '../../errors.ts'
import { genAiOperations } from '../../wire/genai.ts'
import type { FieldKind } from '../field.ts'
import { type Field, type FieldName, shownFields } from '../fields.ts'
import type { Direction } from '../index.ts'
import { BodiesTooLongError } from '../journal/bodies.ts'
import { memberReader } from '../makers.ts'
import { rowOfHalves } from '../read-fields.ts'
import type { RecordRow } from '../record.ts'
import type { RecordedExchange } from './index.ts'

/**
 * `gatehouse`: every field of the record under its own name. `gen_ai`: the names of OpenTelemetry. `apim`: eight
 * columns that tables and dashboards of API Management's `log-to-eventhub` samples use, and `id`.
 */
export const feedForms = ['gatehouse', 'gen_ai', 'apim'] as const
export type FeedForm = (typeof feedForms)[number]

/** What a feed sends of a record, as settings of every kind have it. */
export interface RecordSettings {
  readonly form: FeedForm
  readonly bodies: boolean
  /** Names of the columns, besides `id`; null for all of the form. */
  readonly columns: readonly string[] | null
}

export type CellType = 'text' | 'whole' | 'real' | 'flag' | 'json'
export type Cell = string | number | boolean | null | readonly unknown[]

/**
 * A body as text. `base64` for bytes that are not UTF-8 or contain a NUL: audio, images, archives. `omitted` where the
 * bodies of a record are longer than `bodyBytesMax`.
 */
export interface ReadableBody {
  readonly text: string | null
  readonly encoding: 'utf8' | 'base64' | 'omitted'
}

/**
 * Most bytes that both bodies of a record may have together to be in memory, a few times while the record is written.
 * Longer ones go in parts where a transport has parts, and are left out elsewhere.
 */
export const bodyBytesMax = 64 * 1_048_576

const omitted: ReadableBody = { text: null, encoding: 'omitted' }

/** What the cells of a record are made from. */
export interface FedRecord {
  readonly row: RecordRow
  readonly request: ReadableBody | null
  readonly response: ReadableBody | null
}

/** True where the bodies of the record are longer than `bodyBytesMax`, so that they were not read. */
export const hasLongBodies = ({ request }: FedRecord): boolean => request === omitted

export interface FeedColumn {
  readonly name: string
  readonly type: CellType
  /** True where the column needs the bodies. */
  readonly isBody: boolean
  /** True for the texts of bodies, which have no bound: transports with a limit cut them. */
  readonly isLong: boolean
  /** Whose text or encoding it is; null for columns of figures. */
  readonly direction: Direction | null
  cell(record: FedRecord): Cell
}

const cellTypes: Readonly<Record<FieldKind, CellType>> = {
  id: 'text',
  name: 'text',
  text: 'text',
  deployments: 'json',
  attempts: 'json',
  flag: 'flag',
  timeMs: 'real',
  durationMs: 'real',
  status: 'whole',
  tokens: 'whole',
  count: 'whole',
  bytes: 'whole',
  nano: 'whole',
}

/** The columns of a form, in their order. @param names only these and `id`; null for all. */
export function columnsOf(form: FeedForm, names: readonly string[] | null, withBodies: boolean): FeedColumn[] {
  return columnsByForm[form].filter(
    ({ name, isBody }) => (withBodies || !isBody) && (names === null || name === 'id' || names.includes(name)),
  )
}

/** Names of all columns of a form. */
export function columnNames(form: FeedForm): readonly string[] {
  return columnsByForm[form].map(({ name }) => name)
}

/** A cell that needs no bodies, as the record has it: its texts are not made readable. */
type RowCell = (row: RecordRow) => Cell

const rowColumn = (name: string, type: CellType, cell: RowCell): FeedColumn => ({
  ...{ name, type, isBody: false, isLong: false, direction: null },
  cell: ({ row }) => readable(cell(row)),
})

/** Texts of clients and backends may hold what is no text elsewhere: half a surrogate pair, or a NUL. */
function readable(cell: Cell): Cell {
  if (typeof cell === 'string') return readableText(cell)
  return Array.isArray(cell) ? cell.map(readableItem) : cell
}

/** The text without halves of surrogate pairs and without NULs. */
export const readableText = (text: string): string =>
  text.isWellFormed() && !text.includes('\0') ? text : text.toWellFormed().replaceAll('\0', '\ufffd')

/** An item of a list: a text, or an object with texts. */
function readableItem(item: unknown): unknown {
  if (typeof item === 'string') return readableText(item)
  if (typeof item !== 'object' || item === null) return item
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, readableItem(value)]))
}

const fieldCell = (field: Field): RowCell => memberReader(field) as RowCell

const textColumn = (name: string, direction: Direction): FeedColumn => ({
  ...{ name, type: 'text', isBody: true, isLong: true, direction },
  cell: record => record[direction]?.text ?? null,
})
const encodingColumn = (name: string, direction: Direction): FeedColumn => ({
  ...{ name, type: 'text', isBody: true, isLong: false, direction },
  cell: record => record[direction]?.encoding ?? null,
})
const bodyColumns = (request: string, response: string, encoding: string): FeedColumn[] => [
  textColumn(request, 'request'),
  encodingColumn(request + encoding, 'request'),
  textColumn(response, 'response'),
  encodingColumn(response + encoding, 'response'),
]

const ownColumns: readonly FeedColumn[] = [
  ...shownFields.map(field => rowColumn(field.name, cellTypes[field.kind], fieldCell(field))),
  ...bodyColumns('requestBody', 'responseBody', 'Encoding'),
]

/** The operation as the conventions name it; its own name where they have none. */
export const genAiOperation = (operation: string | null): string | null =>
  genAiOperations.get(operation ?? '') ?? operation

/** Cells whose form in the conventions is another one than the record's. */
const changedCells: Partial<Record<FieldName, { readonly type: CellType; readonly cell: RowCell }>> = {
  operation: { type: 'text', cell: ({ operation }) => genAiOperation(operation) },
  finishReason: { type: 'json', cell: ({ finishReason }) => (finishReason === null ? null : [finishReason]) },
  // The conventions count in seconds.
  durationMs: { type: 'real', cell: ({ durationMs }) => durationMs / 1_000 },
  timeToFirstByteMs: {
    type: 'real',
    cell: ({ timeToFirstByteMs: ms }) => (ms === null ? null : ms / 1_000),
  },
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)

/** The fields of a record under their names in OpenTelemetry. */
export const genAiCells: readonly { readonly name: string; readonly type: CellType; readonly cell: RowCell }[] =
  shownFields.map(field => {
    // One name in every form: receivers remove doubles by it.
    const name = field.name === 'id' ? 'id' : (field.otel ?? `gatehouse.${snakeCase(field.name)}`)
    const { type, cell } = changedCells[field.name] ?? { type: cellTypes[field.kind], cell: fieldCell(field) }
    return { name, type, cell }
  })

const genAiColumns: readonly FeedColumn[] = [
  ...genAiCells.map(({ name, type, cell }) => rowColumn(name, type, cell)),
  // Not `gen_ai.input.messages`: that has a schema of its own, and these are the bytes that passed.
  ...bodyColumns('gatehouse.request.body', 'gatehouse.response.body', '.encoding'),
]

const apimColumns: readonly FeedColumn[] = [
  rowColumn('id', 'text', ({ id }) => id),
  rowColumn('completion_tokens', 'whole', ({ usage }) => usage.completionTokens),
  rowColumn('prompt_tokens', 'whole', ({ usage }) => usage.promptTokens),
  rowColumn('total_tokens', 'whole', ({ usage }) => usage.totalTokens),
  rowColumn('WorkloadIdentifier', 'text', ({ workload }) => workload),
  rowColumn('Backend', 'text', ({ target }) => target),
  rowColumn('User', 'text', ({ callerName, callerAppId }) => callerName ?? callerAppId),
  textColumn('FullRequestBody', 'request'),
  textColumn('FullResponseBody', 'response'),
]

const columnsByForm: Readonly<Record<FeedForm, readonly FeedColumn[]>> = {
  gatehouse: ownColumns,
  gen_ai: genAiColumns,
  apim: apimColumns,
}

/** Names of the columns that have the texts of bodies, in whatever form. */
export const longColumnNames: ReadonlySet<string> = new Set(
  Object.values(columnsByForm)
    .flat()
    .filter(({ isLong }) => isLong)
    .map(({ name }) => name),
)

/** A body as text; null when there is none. */
export function readableBody(parts: readonly Uint8Array[]): ReadableBody | null {
  const bytes = parts.length === 1 && parts[0] !== undefined ? Buffer.from(parts[0]) : Buffer.concat(parts)
  if (bytes.byteLength === 0) return null
  const isText = isUtf8(bytes) && !bytes.includes(0)
  return isText
    ? { text: bytes.toString('utf8'), encoding: 'utf8' }
    : { text: bytes.toString('base64'), encoding: 'base64' }
}

/** @throws LedgerError `ledger_corrupt` when the bodies are not as they were written. */
function fedRecord(exchange: RecordedExchange, withBodies: boolean): FedRecord {
  const row = rowOfHalves(exchange.opened, exchange.closed)
  if (!withBodies) return { row, request: null, response: null }
  try {
    const bodies = exchange.readBodies(bodyBytesMax)
    if (bodies === null) return { row, request: null, response: null }
    return { row, request: readableBody(bodies.request), response: readableBody(bodies.response) }
  } catch (error) {
    if (error instanceof BodiesTooLongError) return { row, request: omitted, response: omitted }
    throw error
  }
}

/**
 * The record, or why it can never be made. Bodies above `bodyBytesMax` are `omitted`.
 * @throws as `orReason`.
 */
export function fedRecordOrReason(exchange: RecordedExchange, withBodies: boolean): FedRecord | string {
  return orReason(() => fedRecord(exchange, withBodies))
}

/**
 * What the work makes of a record, or why it can never be made: every try would end the same.
 * @throws what may be over at the next try: errors of the system, and a lack of memory.
 */
export function orReason<T extends object>(work: () => T): T | string {
  try {
    return work()
  } catch (error) {
    if (mayPass(error)) throw error
    return error instanceof Error ? error.message : String(error)
  }
}

function mayPass(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  // V8 throws a RangeError without a code when an array buffer finds no memory.
  return (
    'syscall' in error || codeOf(error) === 'ERR_MEMORY_ALLOCATION_FAILED' || /allocation failed/.test(error.message)
  )
}

import { type ColumnKind, kinds } from '../field.ts'
import type { Field } from '../fields.ts'
import {
  closedNames,
  closedNumbers,
  closedTexts,
  fieldsOf,
  hasFlag,
  openedNames,
  openedNumbers,
  openedTexts,
} from '../journal/fields.ts'
import { at } from '../journal/frame.ts'
import { readId, timeOfId } from '../journal/ids.ts'
import { absent, type BlockView } from '../journal/metadata.ts'
import type { OpenExchange } from '../journal/pairing.ts'
import type { JournalPosition } from '../journal/position.ts'
import type { SegmentScanner } from '../journal/scanner.ts'
import type { CodedNames } from './name-blocks.ts'
import { objectHash } from './object-hash.ts'
import type { OpeningFacts } from './opening.ts'
import type { RowBatch } from './row-batch.ts'
import { indexOf, indexOfOwn } from './schema.ts'

const own = {
  sequence: indexOfOwn('sequence'),
  startHour: indexOfOwn('start_hour'),
  startDay: indexOfOwn('start_day'),
  startMonth: indexOfOwn('start_month'),
  callerKey: indexOfOwn('caller_key'),
  openedAt: indexOfOwn('opened_at'),
  closedAt: indexOfOwn('closed_at'),
  parts: indexOfOwn('parts'),
  unnamed: indexOfOwn('unnamed'),
  objectHash: indexOfOwn('object_hash'),
} as const

/** A value's way from a journal block to its column. */
interface Move {
  /** Position in its list. */
  readonly from: number
  /** Index of its column. */
  readonly to: number
}
const movesOf = (fields: readonly Field[], kind: ColumnKind): readonly Move[] =>
  fields.flatMap((field, from) => (kinds[field.kind].column === kind ? [{ from, to: indexOf(field) }] : []))

const reals = movesOf(closedNumbers, 'real')
const wholes = movesOf(closedNumbers, 'whole')
const longs = movesOf(closedNumbers, 'long')
const openedWholes = movesOf(openedNumbers, 'whole')
const openedLongs = movesOf(openedNumbers, 'long')
const openedTextMoves = movesOf(openedTexts, 'text')
const closedTextMoves = movesOf(closedTexts, 'text')
const flagColumns = fieldsOf('opened', 'flags').map(field => ({ field, to: indexOf(field) }))

const startedAt = openedNumbers.findIndex(({ name }) => name === 'startedAtMs')
const startedColumn = movesOf(openedNumbers, 'real').find(({ from }) => from === startedAt)?.to ?? -1
const openedReals = movesOf(openedNumbers, 'real').filter(({ from }) => from !== startedAt)
const objectIdAt = closedTexts.findIndex(({ name }) => name === 'objectId')
/** Column of the id. */
const idColumn = 0

/** Columns of a block's names, in their order; a field of both halves has the same column in each. */
const openedColumns = openedNames.map(indexOf)
const closedColumns = closedNames.map(indexOf)
/** Names of both halves: their positions in each, and their column. */
const corrected = closedColumns.flatMap((to, closedAt) => {
  const openedAt = openedColumns.indexOf(to)
  return openedAt === -1 ? [] : [{ closedAt, openedAt, to }]
})
/** Names of an exchange whose opening entry was lost. */
const noOpenedCodes = openedColumns.map(() => 0)

const hourMs = 3_600_000
const dayMs = 24 * hourMs

export interface EndedExchange {
  /** The entry that closes it, with its block read. */
  readonly entry: SegmentScanner
  readonly block: BlockView
  readonly names: CodedNames
  readonly exchange: OpenExchange<OpeningFacts>
  readonly position: JournalPosition
  readonly sequence: number
}

/** Writes one exchange as the batch's next row. */
export function writeRow(batch: RowBatch, ended: EndedExchange): void {
  const { entry, exchange } = ended
  batch.id(idColumn, entry.window, entry.headAt + at.id)
  batch.long(own.sequence, ended.sequence)
  writeOpening(batch, exchange.opening)
  writeStart(batch, ended)
  writeNames(batch, ended)
  writeNumbers(batch, ended)
  writeTexts(batch, ended)
  batch.long(own.openedAt, exchange.openedAt)
  batch.long(own.closedAt, ended.position)
  batch.text(own.parts, exchange.parts === null ? null : JSON.stringify(exchange.parts))
  batch.rows += 1
}

/** Numbers, texts and flags of the opening half; nulls where it was lost. */
function writeOpening(batch: RowBatch, opening: OpeningFacts | null): void {
  const numbers = opening?.numbers ?? nothing
  for (const { from, to } of openedReals) batch.real(to, numbers[from] ?? Number.NaN)
  for (const { from, to } of openedWholes) batch.whole(to, numbers[from] ?? Number.NaN)
  for (const { from, to } of openedLongs) batch.long(to, numbers[from] ?? Number.NaN)
  for (const { from, to } of openedTextMoves) batch.text(to, opening?.texts[from] ?? null)
  for (const { field, to } of flagColumns) batch.flag(to, opening !== null && hasFlag(opening.flags, field))
}
const nothing: readonly number[] = []

function writeStart(batch: RowBatch, { entry, exchange }: EndedExchange): void {
  let startedAtMs = exchange.opening?.numbers[startedAt] ?? Number.NaN
  if (Number.isNaN(startedAtMs)) {
    // The opening entry was lost to damage. The id still shows when the exchange began.
    startedAtMs = timeOfId(readId(entry.window, entry.headAt + at.id))
  }
  batch.real(startedColumn, startedAtMs)
  batch.whole(own.startHour, Math.floor(startedAtMs / hourMs))
  const day = Math.floor(startedAtMs / dayMs)
  batch.whole(own.startDay, day)
  batch.whole(own.startMonth, monthOf(day))
}

function writeNumbers(batch: RowBatch, { entry, block }: EndedExchange): void {
  const { view } = entry
  for (const { from, to } of reals) batch.real(to, block.number(view, from))
  for (const { from, to } of wholes) batch.whole(to, block.number(view, from))
  for (const { from, to } of longs) batch.long(to, block.number(view, from))
}

/** Months since January 1970. @param day days since its first. By arithmetic, because a Date per row costs 0.3 µs. */
function monthOf(day: number): number {
  // Years that begin in March have their leap day at the end; eras of 400 of them have the same number of days.
  const shifted = day + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  return (era * 400 + yearOfEra - 1_970) * 12 + monthFromMarch + 2
}

function writeNames(batch: RowBatch, { names, exchange: { opening } }: EndedExchange): void {
  const { codes } = names
  const openedCodes = opening?.names.codes ?? noOpenedCodes
  batch.names(openedColumns, openedCodes)
  batch.name(own.callerKey, opening?.names.callerKey ?? 0)
  batch.names(closedColumns, codes)
  // The end corrects the beginning. Where it names no instance, none was reached and the first choice remains.
  for (const { closedAt, openedAt, to } of corrected) {
    if (codes[closedAt] === 0) batch.name(to, openedCodes[openedAt] ?? 0)
  }
  const unnamed = names.unnamed ?? opening?.names.unnamed ?? null
  batch.text(own.unnamed, unnamed === null ? null : JSON.stringify({ ...opening?.names.unnamed, ...names.unnamed }))
}

function writeTexts(batch: RowBatch, { entry, block }: EndedExchange): void {
  const { view, window } = entry
  const texts = window.toString('utf8', block.textsAt, block.endAt)
  let start = 0
  for (const { from, to } of closedTextMoves) {
    const units = from < block.shape.texts ? view.getUint16(block.textLengthsAt + from * 2, true) : absent
    const end = units === absent ? start : start + units
    const text = units === absent ? null : texts.slice(start, end)
    batch.text(to, text)
    if (from === objectIdAt) batch.whole(own.objectHash, text === null ? Number.NaN : objectHash(text))
    start = end
  }
}

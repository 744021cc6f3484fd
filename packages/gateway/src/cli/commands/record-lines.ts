/**
 * Records as lines of a table. Columns, titles and places come from the table of fields (ledger/fields.ts).
 */
import type { FieldKind, ListColumn } from '../../ledger/field.ts'
import { type Field, type FieldName, shownFields } from '../../ledger/fields.ts'
import { valueIn } from '../../ledger/read-fields.ts'
import type { RecordRow } from '../../ledger/record.ts'
import { callerKeyOf } from '../../ledger/record-csv.ts'
import { column as amounts, type MoneyColumn } from '../terminal/money.ts'
import { endsOfIds, type Shorten, timesOfDay } from '../terminal/shorter.ts'
import { figure, type TableColumn } from '../terminal/table.ts'
import { instant } from '../terminal/times.ts'

/** Cells that show more than the value of their field. */
const cells: Partial<Record<FieldName, (row: RecordRow, costs: MoneyColumn) => string | null>> = {
  callerName: row => row.callerName ?? callerKeyOf(row),
  outcomeCode: row => row.outcomeCode ?? row.outcome,
  costNano: costCell,
}

/** Shorter forms for a narrow terminal. */
const shortened: Partial<Record<FieldKind, Shorten>> = { id: endsOfIds, timeMs: timesOfDay }

interface RecordColumn extends TableColumn {
  readonly cell: (row: RecordRow, costs: MoneyColumn) => string
}

/** On 80 columns: time, end of the id, caller, outcome; and workload and status where names are short. */
const columns: readonly RecordColumn[] = shownFields
  .flatMap(field => (field.list === undefined ? [] : [{ field, list: field.list }]))
  .sort((a, b) => a.list.at - b.list.at)
  .map(({ field, list }) => columnOf(field, list))

function columnOf(field: Field, { at: _, ...column }: ListColumn): RecordColumn {
  const cell = cells[field.name] ?? (row => shortText(field, valueIn(row, field)))
  const shorten = shortened[field.kind]
  return { ...column, ...(shorten === undefined ? {} : { shorten }), cell: (row, costs) => cell(row, costs) ?? '-' }
}

/** Layout for pages: widths follow from the rows. */
export const recordColumns: readonly TableColumn[] = columns.map(({ least: _, ...column }) => column)
/** Layout for rows that arrive one by one: widths are fixed before. */
export const tailColumns: readonly TableColumn[] = columns

/** Cells of rows that are known together. */
export function recordCells(rows: readonly RecordRow[]): string[][] {
  return cellsOf(rows, amounts(rows.flatMap(({ cost }) => (cost === null ? [] : [cost.nano]))))
}

/** Cells of rows that arrive one by one: costs are in millionths, as those of later rows may need them. */
export function tailCells(rows: readonly RecordRow[]): string[][] {
  return cellsOf(rows, amounts([1]))
}

function cellsOf(rows: readonly RecordRow[], costs: MoneyColumn): string[][] {
  return rows.map(row => columns.map(column => column.cell(row, costs)))
}

const figures: ReadonlySet<FieldKind> = new Set<FieldKind>(['durationMs', 'tokens', 'count', 'bytes', 'nano'])

/** The value of a field without its unit; null where it has none. */
export function shortText({ kind }: Field, value: unknown): string | null {
  if (kind === 'timeMs' && typeof value === 'number') return instant(value)
  if (figures.has(kind) && typeof value === 'number') return figure(value)
  if (Array.isArray(value)) return value.join(', ') || null
  return value === null || value === undefined ? null : String(value)
}

/** Null where nothing was billed; `?` where tokens were and their model has no price. */
export function costText(row: RecordRow): string | null {
  return costCell(row, amounts(row.cost === null ? [] : [row.cost.nano]))
}

function costCell({ cost, usage }: RecordRow, costs: MoneyColumn): string | null {
  if (cost !== null) return `${costs.text(cost.nano)} ${cost.currency}`
  return usage.totalTokens ? '?' : null
}

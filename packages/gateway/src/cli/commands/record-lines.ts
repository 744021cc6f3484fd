/**
 * Records as lines of a table. Columns, titles and places come from the table of fields (ledger/fields.ts).
 */
import type { FieldKind, ListColumn } from '../../ledger/field.ts'
import { type Field, type FieldName, shownFields } from '../../ledger/fields.ts'
import { valueIn } from '../../ledger/read-fields.ts'
import type { RecordRow } from '../../ledger/record.ts'
import { callerKeyOf } from '../../ledger/record-csv.ts'
import { money } from '../terminal/money.ts'
import { figure, instant, type TableColumn } from '../terminal/table.ts'

/** Cells that show more than the value of their field. */
const cells: Partial<Record<FieldName, (row: RecordRow) => string | null>> = {
  callerName: row => row.callerName ?? callerKeyOf(row),
  outcomeCode: row => row.outcomeCode ?? row.outcome,
  costNano: costText,
}

interface RecordColumn extends TableColumn {
  readonly cell: (row: RecordRow) => string
}

/**
 * On 80 columns: id, workload, status, outcome, tokens. Records come in the order of time, so the time may leave before
 * them.
 */
const columns: readonly RecordColumn[] = shownFields
  .flatMap(field => (field.list === undefined ? [] : [{ field, list: field.list }]))
  .sort((a, b) => a.list.at - b.list.at)
  .map(({ field, list }) => columnOf(field, list))

function columnOf(field: Field, { at: _, ...column }: ListColumn): RecordColumn {
  const cell = cells[field.name] ?? (row => shortText(field, valueIn(row, field)))
  return { ...column, cell: row => cell(row) ?? '-' }
}

/** Layout for pages: widths follow from the rows. */
export const recordColumns: readonly TableColumn[] = columns.map(({ least: _, ...column }) => column)
/** Layout for rows that arrive one by one: widths are fixed before. */
export const tailColumns: readonly TableColumn[] = columns

export function recordCells(row: RecordRow): string[] {
  return columns.map(column => column.cell(row))
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
export function costText({ cost, usage }: RecordRow): string | null {
  if (cost !== null) return `${money(cost.nano)} ${cost.currency}`
  return usage.totalTokens ? '?' : null
}

/** Records as lines of CSV. Columns and their places come from the table of fields (fields.ts). */
import { type CsvCell, csvLine, exactAmount } from '../csv.ts'
import { callerKey } from '../identity/caller.ts'
import type { FieldKind } from './field.ts'
import { type Field, shownFields } from './fields.ts'
import { valueIn } from './read-fields.ts'
import type { RecordRow } from './record.ts'

/** The immutable key of the caller of a record, null when none was verified. */
export function callerKeyOf(row: RecordRow): string | null {
  const { callerKind: kind, callerTenantId: tenantId, callerObjectId: objectId, callerAppId: appId } = row
  return kind === null || tenantId === null || objectId === null ? null : callerKey({ kind, tenantId, objectId, appId })
}

interface CsvColumn {
  readonly at: number
  readonly title: string
  readonly cell: (row: RecordRow) => CsvCell
}

/** Ends of names of fields that a cell has in another unit: times as ISO 8601, amounts in the currency itself. */
const units: Partial<Record<FieldKind, RegExp>> = { timeMs: /AtMs$/, nano: /Nano$/ }

const csvColumns: readonly CsvColumn[] = [
  // Made of several fields; the only column that is not a field itself.
  { at: 8, title: 'callerKey', cell: callerKeyOf },
  ...shownFields.flatMap(field => (field.csv === undefined ? [] : [csvColumnOf(field, field.csv)])),
].sort((a, b) => a.at - b.at)

function csvColumnOf(field: Field, at: number): CsvColumn {
  const title = field.name.replace(units[field.kind] ?? '', '')
  return { at, title, cell: row => csvCell(field, valueIn(row, field)) }
}

function csvCell({ kind }: Field, value: unknown): CsvCell {
  if (kind === 'timeMs' && typeof value === 'number') return new Date(value).toISOString()
  if (kind === 'nano' && typeof value === 'number') return exactAmount(value)
  // Attempts are counted: a cell has no room for them.
  if (Array.isArray(value)) return kind === 'attempts' ? value.length : value.join(' ')
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  return null
}

export const recordCsvHead = csvLine(csvColumns.map(({ title }) => title))

export function recordCsv(row: RecordRow): string {
  return csvLine(csvColumns.map(({ cell }) => cell(row)))
}

/**
 * The tables of the store. `records` has a column for each field of a record (../fields.ts) and the store's own. Values
 * that repeat are numbers of `names`, one dictionary per `dictionary`: reports then group by integers, and loading
 * writes integers in bulk instead of strings one by one (0.05 instead of 0.4 µs each, bench/ledger.ts). The view
 * `exchanges` shows the names for people with a SQL client.
 */
import { type ColumnKind, kinds } from '../field.ts'
import { type Field, type FieldName, fieldRows } from '../fields.ts'
import { formatVersion } from '../journal/fields.ts'

export interface Column {
  readonly name: string
  readonly kind: ColumnKind
  /** Dictionary of a `name`. Columns of one dictionary share their numbers. */
  readonly dictionary: string
  /** Version of the journal's format that has the column first. */
  readonly since: number
}

const sqlTypes = {
  id: 'UUID NOT NULL',
  sequence: 'BIGINT NOT NULL',
  name: 'INTEGER NOT NULL',
  real: 'DOUBLE',
  whole: 'INTEGER',
  long: 'BIGINT NOT NULL',
  flag: 'BOOLEAN NOT NULL',
  text: 'VARCHAR',
} as const satisfies Record<ColumnKind, string>

/** Columns that are no field of a record: for questions, and for finding the bodies in the journal. */
const ownColumns = {
  // In the order of loading, without gaps: a tail asks by it.
  sequence: { kind: 'sequence', since: 1, at: 1 },
  // Hour, day and month of the start, UTC, counted from 1970. A report over a million rows by day takes 65 ms with a
  // column, 135 ms without.
  start_hour: { kind: 'whole', since: 1, at: 6 },
  start_day: { kind: 'whole', since: 1, at: 7 },
  start_month: { kind: 'whole', since: 1, at: 8 },
  // Kind, tenant and object or application id in one, as `callerKey` makes it.
  caller_key: { kind: 'name', since: 1, at: 11 },
  // Positions of the entry that opened the exchange and of the one that closed it, and a JSON list of those between
  // them.
  opened_at: { kind: 'long', since: 1, at: 49 },
  closed_at: { kind: 'long', since: 1, at: 50 },
  parts: { kind: 'text', since: 1, at: 51 },
  // JSON of the names that found no room in their dictionary.
  unnamed: { kind: 'text', since: 1, at: 52 },
  // The hash finds an object among a million others in 10 ms, their ids alone in 70.
  object_hash: { kind: 'whole', since: 2, at: 61 },
} as const satisfies Record<string, { readonly kind: ColumnKind; readonly since: number; readonly at: number }>
export type OwnColumn = keyof typeof ownColumns

export function columnNameOf(field: FieldName | 'callerKey'): string {
  return snakeCase(field)
}
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}

/** In the order of the table, which is that of the positions. */
export const recordColumns: readonly Column[] = columnsInOrder()

function columnsInOrder(): readonly Column[] {
  const columns: Column[] = []
  for (const [name, { kind, since, at }] of Object.entries(ownColumns))
    columns[at] = { name, kind, dictionary: name, since }
  for (const field of fieldRows) {
    if (field.column === undefined) continue
    const name = columnNameOf(field.name)
    const { dictionary = field.name, kind, since = 1 } = field
    columns[field.column] = { name, kind: kinds[kind].column, dictionary: snakeCase(dictionary), since }
  }
  return columns
}

const indexByName: ReadonlyMap<string, number> = new Map(recordColumns.map(({ name }, index) => [name, index]))

/** Index of a column that is no field. */
export function indexOfOwn(name: OwnColumn): number {
  return ownColumns[name].at
}

/** Index of a field's column. Throws for a field that is stored nowhere. */
export function indexOf({ name }: Field): number {
  const index = indexByName.get(columnNameOf(name))
  if (index === undefined) throw new RangeError(`The field ${name} has no column.`)
  return index
}

/** Dictionary of a field whose column has names. */
export function dictionaryOf(field: Field): string {
  return recordColumns[indexOf(field)]?.dictionary ?? ''
}

/** The columns that a format brought. */
const columnsSince = (format: number): readonly Column[] => recordColumns.filter(({ since }) => since === format)
/** The columns that a format has. */
const columnsUntil = (format: number): readonly Column[] => recordColumns.filter(({ since }) => since <= format)

const createRecords = `CREATE TABLE records (${columnsSince(1)
  .map(c => `${c.name} ${sqlTypes[c.kind]}`)
  .join(', ')})`

/** DuckDB adds no columns with NOT NULL. Older records have the default: 0 is the name, or the cost, of none. */
const addColumn = ({ name, kind }: Column): string => {
  const type = sqlTypes[kind].replace(' NOT NULL', '')
  const none = kind === 'name' || kind === 'long' ? ' DEFAULT 0' : ''
  return `ALTER TABLE records ADD COLUMN ${name} ${type}${none}`
}

/** Every record with its names as text. */
const exchangesOf = (columns: readonly Column[]): string =>
  `CREATE VIEW exchanges AS SELECT ${columns
    .map(column =>
      column.kind === 'name'
        ? `(SELECT text FROM names n WHERE n.dictionary = '${column.dictionary}' AND n.code = r.${column.name}) AS ${column.name}`
        : `r.${column.name}`,
    )
    .join(', ')} FROM records r`

/** Refusals of calls whose workload or deployment was not authorised. */
const refusedNames = [
  'workload_missing',
  'workload_unknown',
  'caller_not_bound',
  'caller_unbound',
  'caller_groups_overage',
  'target_unknown',
  'target_not_allowed',
  'deployment_not_allowed',
]
  .map(code => `'${code}'`)
  .join(', ')

/**
 * Removes names that unauthenticated clients wrote into addresses from the records, unless a call that was not refused
 * has the name too. `path` keeps the address. Names that no record has are deleted.
 */
const withoutStrangersNames = (column: string): string =>
  `UPDATE records SET ${column} = 0 WHERE ${column} <> 0
     AND (caller_key = 0 OR outcome_code IN (SELECT code FROM names WHERE dictionary = 'outcome_code' AND text IN (${refusedNames})))
     AND ${column} NOT IN (SELECT ${column} FROM records
       WHERE outcome NOT IN (SELECT code FROM names WHERE dictionary = 'outcome' AND text = 'refused'))`
const withoutUnused = (dictionary: string, columns: readonly string[]): string =>
  `DELETE FROM names WHERE dictionary = '${dictionary}'
     AND code NOT IN (${columns.map(column => `SELECT ${column} FROM records WHERE ${column} IS NOT NULL`).join(' UNION ')})`

/** Brings the columns of a format. */
const addColumns = (format: number): readonly string[] => [
  'DROP VIEW exchanges',
  ...columnsSince(format).map(addColumn),
  exchangesOf(columnsUntil(format)),
]
/** Newest format that the migrations below name. Each later one has a migration of its own after them. */
const formatNamed = 4

/** Each list is one version of the schema, run once, in order. What is here is never changed, only added to. */
export const migrations: readonly (readonly string[])[] = [
  [
    createRecords,
    'CREATE TABLE names (dictionary VARCHAR NOT NULL, code INTEGER NOT NULL, text VARCHAR NOT NULL)',
    exchangesOf(columnsUntil(1)),
    // One row. Positions are as in journal/position.ts. Exchanges that ended before `loaded` are loaded; reading begins
    // at `low`, to know what is open.
    'CREATE TABLE journal_cursor (loaded BIGINT NOT NULL, low BIGINT NOT NULL, sequence BIGINT NOT NULL, damaged_bytes BIGINT NOT NULL)',
    'INSERT INTO journal_cursor VALUES (0, 0, 0, 0)',
  ],
  addColumns(2),
  addColumns(3),
  [
    ...['workload', 'target', 'deployment', 'requested_model'].map(withoutStrangersNames),
    withoutUnused('workload', ['workload']),
    withoutUnused('target', ['target']),
    withoutUnused('deployment', ['deployment', 'served_deployment', 'spilled_from']),
    withoutUnused('model', ['requested_model', 'served_model']),
  ],
  addColumns(4),
  [
    // One row: how the rollups were made (rollups.ts). They follow from the records, so they are made, and made anew,
    // where their definition is another one.
    'CREATE TABLE rollup_definition (definition VARCHAR NOT NULL)',
    "INSERT INTO rollup_definition VALUES ('')",
  ],
  [
    // Files of archives.ts, and the owners of objects that their records name: looking through all files would take
    // seconds.
    'CREATE TABLE archives (file VARCHAR NOT NULL, day INTEGER NOT NULL, records BIGINT NOT NULL, bytes BIGINT NOT NULL, first_id UUID NOT NULL, last_id UUID NOT NULL, format INTEGER NOT NULL, checksum BIGINT NOT NULL)',
    'CREATE TABLE archived_objects (day INTEGER NOT NULL, object_hash INTEGER NOT NULL, object_id VARCHAR NOT NULL, workload INTEGER NOT NULL, instance INTEGER NOT NULL, id UUID NOT NULL)',
  ],
  ...Array.from({ length: formatVersion - formatNamed }, (_, index) => addColumns(formatNamed + 1 + index)),
]

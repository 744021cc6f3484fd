/**
 * The tables of the store. `records` has one column per field of a record's row. Values that repeat are numbers of `names`, one dictionary per
 * `dictionary`: reports then group by integers, and loading writes integers in bulk instead of strings one by one (0.05 instead of
 * 0.4 µs each, bench/ledger.ts). The view `exchanges` shows the names for people with a SQL client.
 */

/** How a column is stored and filled. `name` 0 is null. */
export type ColumnKind = 'id' | 'sequence' | 'name' | 'real' | 'whole' | 'long' | 'flag' | 'text'

export interface Column {
  readonly name: string
  readonly kind: ColumnKind
  /** Of a `name`: columns of one dictionary share their numbers. */
  readonly dictionary: string
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

const of = (kind: ColumnKind, ...names: readonly string[]): Column[] =>
  names.map(name => ({ name, kind, dictionary: name }))

const model = (name: string): Column => ({ name, kind: 'name', dictionary: 'model' })
const deployment = (name: string): Column => ({ name, kind: 'name', dictionary: 'deployment' })

/** The table as the first version of the schema makes it. */
const firstColumns: readonly Column[] = [
  ...of('id', 'id'),
  // In the order of loading, without gaps: what a tail asks by.
  ...of('sequence', 'sequence'),
  ...of('real', 'started_at_ms', 'sent_at_ms', 'first_byte_at_ms', 'ended_at_ms'),
  // Of the start, UTC, since the epoch: a report over a million rows by day takes 65 ms with a column for it and 135 ms without.
  ...of('whole', 'start_hour', 'start_day', 'start_month'),
  ...of('flag', 'demonstration', 'stream'),
  // Kind, tenant and object or application id in one, as `callerKey` makes it.
  ...of('name', 'caller_key', 'caller_kind', 'caller_tenant_id', 'caller_object_id', 'caller_app_id', 'caller_name'),
  ...of('name', 'workload', 'target', 'instance', 'region', 'deployment'),
  model('requested_model'),
  model('served_model'),
  ...of('name', 'api_version', 'operation', 'method', 'user_agent', 'request_content_type', 'response_content_type'),
  ...of('name', 'path', 'client_address'),
  ...of('name', 'outcome', 'outcome_code', 'usage_source', 'finish_reason'),
  ...of('whole', 'status', 'prompt_tokens', 'completion_tokens', 'total_tokens', 'cached_tokens', 'reasoning_tokens'),
  ...of('whole', 'audio_prompt_tokens', 'audio_completion_tokens'),
  ...of('long', 'request_bytes', 'response_bytes'),
  // One attempt on the record's own instance, with its status, is its duration alone; other attempts are JSON.
  ...of('real', 'only_attempt_ms'),
  ...of('text', 'backend_request_id', 'attempts'),
  // Where the journal holds the bodies: the entry that opened and the one that closed, and a JSON list of those between them.
  ...of('long', 'opened_at', 'closed_at'),
  ...of('text', 'parts'),
  // JSON of the names that found no room in their dictionary.
  ...of('text', 'unnamed'),
]

const columnsOfVersion2: readonly Column[] = [
  // 0 without a cost; `currency` and `price` are null then.
  ...of('long', 'cost_nano'),
  ...of('name', 'currency', 'price'),
  ...of('whole', 'reserved_tokens'),
  ...of('real', 'waited_ms'),
  deployment('served_deployment'),
  deployment('spilled_from'),
  // The hash finds an object among a million others in 10 ms, their ids alone in 70.
  ...of('text', 'object_id'),
  ...of('whole', 'object_hash'),
  ...of('text', 'copy_of'),
  ...of('name', 'copy_kind'),
]

const columnsOfVersion3: readonly Column[] = [
  // JSON; null where there are none.
  ...of('text', 'tool_deployments'),
  ...of('name', 'service_tier'),
  // Null for records of before: each stands for one call.
  ...of('whole', 'summed_calls'),
  ...of('whole', 'image_prompt_tokens', 'image_completion_tokens'),
]

/** In the order of the table. A new column goes to the end and gets a migration. */
export const recordColumns: readonly Column[] = [...firstColumns, ...columnsOfVersion2, ...columnsOfVersion3]

export const columnIndex: ReadonlyMap<string, number> = new Map(
  recordColumns.map((column, index) => [column.name, index]),
)

const createRecords = `CREATE TABLE records (${firstColumns.map(c => `${c.name} ${sqlTypes[c.kind]}`).join(', ')})`

/** DuckDB adds no columns with NOT NULL. Records of before have the default: 0 is the name, or the cost, of none. */
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

/** Where a call ends whose workload or deployment nobody has allowed. */
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
 * Names that strangers wrote into addresses go from the records, unless a call that was not refused has the name too. What they wrote stays in
 * `path`. Names that no record has are deleted.
 */
const withoutStrangersNames = (column: string): string =>
  `UPDATE records SET ${column} = 0 WHERE ${column} <> 0
     AND (caller_key = 0 OR outcome_code IN (SELECT code FROM names WHERE dictionary = 'outcome_code' AND text IN (${refusedNames})))
     AND ${column} NOT IN (SELECT ${column} FROM records
       WHERE outcome NOT IN (SELECT code FROM names WHERE dictionary = 'outcome' AND text = 'refused'))`
const withoutUnused = (dictionary: string, columns: readonly string[]): string =>
  `DELETE FROM names WHERE dictionary = '${dictionary}'
     AND code NOT IN (${columns.map(column => `SELECT ${column} FROM records WHERE ${column} IS NOT NULL`).join(' UNION ')})`

/** Each list is one version of the schema, run once, in order. What stands here is never changed, only added to. */
export const migrations: readonly (readonly string[])[] = [
  [
    createRecords,
    'CREATE TABLE names (dictionary VARCHAR NOT NULL, code INTEGER NOT NULL, text VARCHAR NOT NULL)',
    exchangesOf(firstColumns),
    // One row, its places as journal/position.ts numbers them: ends before `loaded` are loaded, and reading must begin at `low` to know what is open.
    'CREATE TABLE journal_cursor (loaded BIGINT NOT NULL, low BIGINT NOT NULL, sequence BIGINT NOT NULL, damaged_bytes BIGINT NOT NULL)',
    'INSERT INTO journal_cursor VALUES (0, 0, 0, 0)',
  ],
  ['DROP VIEW exchanges', ...columnsOfVersion2.map(addColumn), exchangesOf([...firstColumns, ...columnsOfVersion2])],
  ['DROP VIEW exchanges', ...columnsOfVersion3.map(addColumn), exchangesOf(recordColumns)],
  [
    ...['workload', 'target', 'deployment', 'requested_model'].map(withoutStrangersNames),
    withoutUnused('workload', ['workload']),
    withoutUnused('target', ['target']),
    withoutUnused('deployment', ['deployment', 'served_deployment', 'spilled_from']),
    withoutUnused('model', ['requested_model', 'served_model']),
  ],
]

/** The table `records` as questions see it: its columns, from the table of the record's fields, and what each means. */

import { kinds } from '../field.ts'
import { type Field, shownFields } from '../fields.ts'
import { columnNameOf, dictionaryOf } from '../store/schema.ts'

export interface QueryColumn {
  readonly name: string
  /** Type in DuckDB's words. */
  readonly type: string
  readonly description: string
  /** All values that there are; empty where they are open. */
  readonly values: readonly string[]
  /** SQL of the value in a row `r` of the store's table. */
  readonly sql: string
}

export interface QueryTable {
  readonly name: string
  readonly description: string
  readonly columns: readonly QueryColumn[]
}

/** In SQL of columns: the table that has the names, a column for each dictionary. */
export const textsTable = '@texts'

/** Text of a name's number. 0 is null; a name without a number is in the row itself. */
function nameSql(column: string, dictionary: string, field: string): string {
  const unnamed = `json_extract_string(r.unnamed, '$.${field}')`
  return `CASE WHEN r.${column} = -1 THEN ${unnamed} ELSE (SELECT ${dictionary} FROM ${textsTable})[r.${column} + 1] END`
}

const timeSql = (column: string): string => `make_timestamp((round(r.${column} * 1000))::BIGINT)`

/** A column of a field that the store has. */
function storedSql(field: Field): Pick<QueryColumn, 'name' | 'type' | 'sql'> {
  const name = columnNameOf(field.name)
  switch (kinds[field.kind].column) {
    case 'id':
      return { name, type: 'UUID', sql: `r.${name}` }
    case 'name':
      return { name, type: 'VARCHAR', sql: nameSql(name, dictionaryOf(field), field.name) }
    case 'real':
      if (field.kind === 'timeMs') return { name: name.replace(/_ms$/, ''), type: 'TIMESTAMP', sql: timeSql(name) }
      return { name, type: 'DOUBLE', sql: `r.${name}` }
    case 'whole':
      return { name, type: 'INTEGER', sql: field.unknown === 1 ? `coalesce(r.${name}, 1)` : `r.${name}` }
    case 'long':
      // The store has 0 where there is no price.
      if (field.kind === 'nano')
        return { name, type: 'BIGINT', sql: `CASE WHEN r.currency = 0 THEN NULL ELSE r.${name} END` }
      return { name, type: 'BIGINT', sql: `r.${name}` }
    case 'flag':
      return { name, type: 'BOOLEAN', sql: `r.${name}` }
    default:
      return { name, type: 'VARCHAR', sql: `r.${name}` }
  }
}

const attemptsSql = `CASE WHEN r.attempts IS NOT NULL THEN r.attempts
  WHEN r.only_attempt_ms IS NULL OR r.instance = 0 THEN '[]'
  ELSE json_array(json_object('instance', ${nameSql('instance', 'instance', 'instance')}, 'status', r.status, 'durationMs', r.only_attempt_ms, 'error', NULL))::VARCHAR END`

/** What differs from the rule. */
const special: Readonly<Partial<Record<Field['name'], Partial<QueryColumn>>>> = {
  durationMs: { name: 'duration_ms', type: 'DOUBLE', sql: 'greatest(0, r.ended_at_ms - r.started_at_ms)' },
  timeToFirstByteMs: {
    ...{ name: 'time_to_first_byte_ms', type: 'DOUBLE' },
    sql: 'CASE WHEN r.sent_at_ms IS NULL OR r.first_byte_at_ms IS NULL THEN NULL ELSE greatest(0, r.first_byte_at_ms - r.sent_at_ms) END',
  },
  attempts: { sql: attemptsSql, description: 'Each try, as JSON: instance, status, durationMs, error.' },
  toolDeployments: {
    sql: "coalesce(r.tool_deployments, '[]')",
    description: 'Deployments that the request names besides its own, as a list in JSON.',
  },
  summedCalls: {
    name: 'calls',
    description: 'Calls that the record stands for: 1, but for sums of refused calls. Count calls with sum(calls).',
  },
}

function columnOf(field: Field): QueryColumn {
  const stored = field.column === undefined ? { name: '', type: '', sql: '' } : storedSql(field)
  const description = field.description.replace('Milliseconds since the epoch.', 'UTC.')
  return { ...stored, description, values: field.values ?? [], ...special[field.name] }
}

const own: Readonly<Partial<Record<Field['name'], readonly QueryColumn[]>>> = {
  callerName: [
    {
      ...{ name: 'caller_key', type: 'VARCHAR', sql: nameSql('caller_key', 'caller_key', 'callerKey'), values: [] },
      description: 'Caller in one: `user:TENANT/OBJECT` or `app:TENANT/APPLICATION`. Group by it, show `caller_name`.',
    },
  ],
  servedModel: [
    {
      ...{ name: 'model', type: 'VARCHAR', values: [] },
      sql: `CASE WHEN r.served_model <> 0 THEN ${nameSql('served_model', 'model', 'servedModel')} ELSE ${nameSql('requested_model', 'model', 'requestedModel')} END`,
      description: 'Model that reports group by: `served_model`, else `requested_model`.',
    },
  ],
  costNano: [
    {
      ...{ name: 'cost', type: 'DECIMAL(38,9)', values: [] },
      sql: 'CASE WHEN r.currency = 0 THEN NULL ELSE (r.cost_nano::DECIMAL(28,0) * 0.000000001::DECIMAL(10,9))::DECIMAL(38,9) END',
      description:
        'Cost in the currency of `currency`, exact. Null where no tokens were billed or the model has no price.',
    },
  ],
}

const columns: readonly QueryColumn[] = shownFields.flatMap(field => [...(own[field.name] ?? []), columnOf(field)])

export const recordsTable: QueryTable = {
  name: 'records',
  description: 'One row for each call in the ledger, also of archived days. Times are UTC.',
  columns,
}

const body = (name: string, description: string): QueryColumn => ({
  ...{ name, type: 'VARCHAR', description, values: [], sql: name },
})

/** Only for a question that names a workload and a day, of whoever may read bodies. */
export const bodiesTable: QueryTable = {
  name: 'bodies',
  description:
    'Bodies of the workload and the day that the query names, newest records first, as many as there is room for. Join it by `id`.',
  columns: [
    { ...body('id', 'Id of the record.'), type: 'UUID' },
    body('request', 'Body of the request; null where it is not UTF-8, or where there is none.'),
    body('response', 'Body of the answer as it passed, of a stream its raw events.'),
    body('answer', 'What the answer says, put together as JSON, also of a stream; null above 4 MiB.'),
  ],
}

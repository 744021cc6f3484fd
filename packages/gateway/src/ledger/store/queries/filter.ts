import type { DuckDBValue } from '@duckdb/node-api'
import { groupedFields, type RecordFilter } from '../../reports.ts'
import type { Dictionaries } from '../names.ts'
import { objectHash } from '../object-hash.ts'
import { modelSql } from '../rollups.ts'
import { columnNameOf } from '../schema.ts'

/** Conditions of a query with their values, as `$1`, `$2`, ... */
export class Conditions {
  readonly values: DuckDBValue[]
  readonly #conditions: string[] = []

  /** @param values of conditions before these in the same statement; those of this one are added to it. */
  constructor(values: DuckDBValue[] = []) {
    this.values = values
  }

  /** `sql` holds `?` where the value goes. */
  add(sql: string, value: DuckDBValue): void {
    this.values.push(value)
    this.#conditions.push(sql.replace('?', `$${this.values.length}`))
  }

  /** A copy, to which conditions can be added without changing this one. */
  copy(): Conditions {
    const copy = new Conditions([...this.values])
    copy.#conditions.push(...this.#conditions)
    return copy
  }

  /** Makes the query match nothing. */
  addNever(): void {
    this.#conditions.push('false')
  }

  addAny(sql: readonly string[]): void {
    this.#conditions.push(sql.length === 0 ? 'false' : `(${sql.join(' OR ')})`)
  }

  /** `WHERE ...`, or nothing. */
  get where(): string {
    return this.#conditions.length === 0 ? '' : `WHERE ${this.#conditions.join(' AND ')}`
  }
}

/** The filter without what only rows can answer, because rollups do not have it. */
export function withoutRowFilters(filter: RecordFilter): RecordFilter {
  const { copyOf: _, objectId: __, tokensOver: ___, costOverNano: ____, durationOverMs: _____, ...rest } = filter
  return rest
}

/** True for a filter that only rows can answer. */
export function needsRows(filter: RecordFilter): boolean {
  const { copyOf, objectId, tokensOver, costOverNano, durationOverMs } = filter
  return [copyOf, objectId, tokensOver, costOverNano, durationOverMs].some(value => value !== undefined)
}

/** @param model SQL of a record's model. @param values as of `Conditions`. */
export function conditionsOf(
  filter: RecordFilter,
  names: Dictionaries,
  model: string = modelSql,
  values: DuckDBValue[] = [],
): Conditions {
  const conditions = new Conditions(values)
  if (filter.fromMs !== undefined) conditions.add('started_at_ms >= ?', filter.fromMs)
  if (filter.toMs !== undefined) conditions.add('started_at_ms < ?', filter.toMs)
  if (filter.status !== undefined) conditions.add('status = ?', Math.trunc(filter.status))
  const named = (sql: string, dictionary: string, text: string | undefined): void => {
    if (text === undefined) return
    const code = names.find(dictionary, text)
    if (code === null) conditions.addNever()
    else conditions.add(`${sql} = ?`, code)
  }
  for (const field of groupedFields) named(columnNameOf(field), columnNameOf(field), filter[field])
  if (filter.workloads !== undefined) addWorkloads(conditions, names, filter.workloads)
  named(model, 'model', filter.model)
  named('caller_key', 'caller_key', filter.callerKey)
  named('outcome_code', 'outcome_code', filter.outcomeCode)
  if (filter.copyKind === 'none') conditions.add('copy_kind = ?', 0)
  else named('copy_kind', 'copy_kind', filter.copyKind)
  if (filter.copyOf !== undefined) conditions.add('copy_of = ?', filter.copyOf)
  if (filter.objectId !== undefined) {
    conditions.add('object_hash = ?', objectHash(filter.objectId))
    conditions.add('object_id = ?', filter.objectId)
  }
  if (filter.tokensOver !== undefined) conditions.add('total_tokens > ?', filter.tokensOver)
  if (filter.costOverNano !== undefined) conditions.add('cost_nano > ?', filter.costOverNano)
  if (filter.durationOverMs !== undefined) {
    conditions.add('ended_at_ms - started_at_ms > ?', filter.durationOverMs)
  }
  if (filter.caller !== undefined) addCaller(conditions, names, filter.caller)
  return conditions
}

function addWorkloads(conditions: Conditions, names: Dictionaries, workloads: readonly string[]): void {
  const column = columnNameOf('workload')
  const found = workloads.flatMap(workload => {
    const code = names.find(column, workload)
    return code === null ? [] : [`${column} = ${code}`]
  })
  conditions.addAny(found)
}

/**
 * A caller is found by key, object id or display name. Numbers of dictionaries do not come from clients, so the SQL may
 * contain them.
 */
function addCaller(conditions: Conditions, names: Dictionaries, caller: string): void {
  const found = (['caller_key', 'caller_object_id', 'caller_name'] as const).flatMap(column => {
    const code = names.find(column, caller)
    return code === null ? [] : [`${column} = ${code}`]
  })
  conditions.addAny(found)
}

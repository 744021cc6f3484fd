import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import { isEventStream } from '../../../wire/media-types.ts'
import { QuestionError } from '../../index.ts'
import type { HoldFilter } from '../../privacy/index.ts'
import type { SearchQuery } from '../../search/index.ts'
import { type BodyPlaces, placeNumbers } from '../../search/places.ts'
import { ofDays, readArchives, rowsSource } from '../archives.ts'
import { heldSql } from '../held.ts'
import type { Dictionaries } from '../names.ts'
import { inSnapshot } from '../transaction.ts'
import { conditionsOf } from './filter.ts'

/** Most records of one answer; a search ends by its time before it has read as many. */
const placesMax = 25_000

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * Where the journal has the bodies of a workload's records, newest first.
 * @param holds whose records show their bodies for as long as they are there. @param directory of the archives.
 */
export async function bodyPlaces(
  connection: DuckDBConnection,
  names: Dictionaries,
  { workload, fromMs, toMs, caller, before }: SearchQuery,
  holds: readonly HoldFilter[],
  directory: string,
): Promise<BodyPlaces> {
  if (names.find('workload', workload) === null) {
    throw new QuestionError(
      'There is no such workload: neither the configuration nor a record has it. gatehouse usage --by workload lists those that have records.',
    )
  }
  const conditions = conditionsOf({ workload, fromMs, toMs, ...(caller === undefined ? {} : { caller }) }, names)
  if (before !== undefined) {
    if (!uuid.test(before)) throw new QuestionError('before must be the id of a record, as an earlier search gave it.')
    conditions.add('id < ?::UUID', before)
  }
  const { where, values } = conditions
  return inSnapshot(connection, async () => {
    // Records in archives have no bodies any more, and the answer counts them.
    const source = rowsSource(directory, ofDays(await readArchives(connection), fromMs, toMs))
    const counted = await connection.runAndReadAll(`SELECT count(*) FROM ${source} ${where}`, values)
    const found = await connection.runAndReadAll(
      `SELECT id::VARCHAR, opened_at, closed_at, started_at_ms, coalesce(request_bytes, 0) + coalesce(response_bytes, 0), stream, response_content_type, operation, caller_key, caller_name, parts, unnamed, ${heldSql(holds, names)}
       FROM ${source} ${where} ORDER BY id DESC LIMIT ${placesMax}`,
      values,
    )
    return packed(found.getRows(), Number(counted.getRows()[0]?.[0] ?? 0), names)
  })
}

function packed(rows: readonly (readonly DuckDBValue[])[], records: number, names: Dictionaries): BodyPlaces {
  const numbers = new Float64Array(rows.length * placeNumbers.length)
  const parts = new Map<number, string>()
  const operations = new Numbered<string>()
  const callers = new Numbered<BodyPlaces['callers'][number]>()
  const ids: string[] = []
  for (const [index, row] of rows.entries()) {
    const [id, openedAt, closedAt, startedAtMs, bodyBytes, stream, contentType, operation, ...rest] = row
    const [callerKey, callerName, between, unnamed, isHeld] = rest
    const isStream = stream === true || isEventStream(names.textOf('response_content_type', Number(contentType)))
    ids.push(String(id))
    if (typeof between === 'string') parts.set(index, between)
    const other = typeof unnamed === 'string' ? (JSON.parse(unnamed) as Partial<Record<string, string>>) : {}
    const operationNumber = operations.of(`${operation}`, () => names.textOf('operation', Number(operation)) ?? '')
    const callerNumber = callers.of(`${callerKey} ${callerName} ${other.callerName ?? ''}`, () => ({
      key: names.textOf('caller_key', Number(callerKey)),
      name: names.textOf('caller_name', Number(callerName)) ?? other.callerName ?? null,
    }))
    numbers.set(
      [
        ...[openedAt, closedAt, startedAtMs, bodyBytes].map(Number),
        ...[isStream ? 1 : 0, isHeld === true ? 1 : 0, operationNumber, callerNumber],
      ],
      index * placeNumbers.length,
    )
  }
  return { numbers, ids: ids.join(''), parts, operations: operations.values, callers: callers.values, records }
}

/** A list of values without repetitions. */
class Numbered<T> {
  readonly values: T[] = []
  readonly #numbers = new Map<string, number>()

  /** Index of the value of a key, which is made for the first one. */
  of(key: string, value: () => T): number {
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const number = this.values.push(value()) - 1
    this.#numbers.set(key, number)
    return number
  }
}

import { setImmediate as turn } from 'node:timers/promises'
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api'
import { isEventStream } from '../../../wire/media-types.ts'
import { LedgerError, QuestionError } from '../../index.ts'
import { BodiesTooLongError, BodyReader, type JournalBodies } from '../../journal/bodies.ts'
import type { FoundText, SearchPage, SearchQuery } from '../../reports.ts'
import type { Dictionaries } from '../names.ts'
import { conditionsOf } from '../queries/filter.ts'
import { Needle } from './needle.ts'

const dayMs = 86_400_000
const textUnitsMax = 512
const limitDefault = 50
const limitMax = 1_000
/** Longest time of one search; its answer then says where the next one goes on. Milliseconds. */
const searchMsMax = 5_000
/** Longest work in one piece: the thread also loads, and answers other questions. Milliseconds. */
const sliceMsMax = 20
/** Bodies of a record that are longer together are left out and counted. They would be in memory whole. */
const bodyBytesMax = 32 * 1_048_576
/** Records of one search. */
const placesMax = 200_000

/** A record whose bodies may be read. */
interface Place {
  readonly id: string
  readonly startedAtMs: number
  readonly caller: string | null
  readonly openedAt: number
  readonly closedAt: number
  readonly parts: readonly number[]
  readonly isStream: boolean
}

/**
 * Searches the bodies of one workload's day, newest first, by reading them. There is no index: one would copy what
 * people wrote into a second place and cost every call, and a day of one workload is read in a second.
 * @param purgedBeforeMs bodies of exchanges that began earlier are not shown.
 */
export async function search(
  connection: DuckDBConnection,
  names: Dictionaries,
  journal: string,
  query: SearchQuery,
  purgedBeforeMs: number,
): Promise<SearchPage> {
  const { text, limit = limitDefault, ignoreCase = false } = query
  checkQuery(query)
  const places = await placesOf(connection, names, query, purgedBeforeMs)
  const needle = new Needle(text, ignoreCase)
  const reader = new BodyReader(journal)
  const found: FoundText[] = []
  const until = performance.now() + searchMsMax
  let [searched, skipped, sliceUntil] = [0, 0, performance.now() + sliceMsMax]
  try {
    for (const place of places) {
      const now = performance.now()
      const isFull = found.length === limit || now > until
      if (isFull) return { found, searched, skipped, next: places[searched + skipped - 1]?.id ?? null }
      if (now > sliceUntil) {
        await turn()
        sliceUntil = performance.now() + sliceMsMax
      }
      const match = matchIn(reader, place, needle)
      if (match === 'unreadable') skipped += 1
      else searched += 1
      if (match !== null && match !== 'unreadable') found.push(match)
    }
    return { found, searched, skipped, next: places.length === placesMax ? (places.at(-1)?.id ?? null) : null }
  } finally {
    reader.close()
  }
}

function checkQuery({ text, limit = limitDefault, dayMs: day }: SearchQuery): void {
  if (text.trim() === '' || text.length > textUnitsMax) {
    throw new QuestionError(`text must have 1 to ${textUnitsMax} characters, not only spaces.`)
  }
  if (!Number.isInteger(limit) || limit < 1 || limit > limitMax) {
    throw new QuestionError(`limit must be a whole number from 1 to ${limitMax}.`)
  }
  if (!Number.isInteger(day / dayMs)) throw new QuestionError('The day must begin at midnight, UTC.')
}

async function placesOf(
  connection: DuckDBConnection,
  names: Dictionaries,
  { workload, dayMs: fromMs, caller, before }: SearchQuery,
  purgedBeforeMs: number,
): Promise<readonly Place[]> {
  const filter = { workload, fromMs: Math.max(fromMs, purgedBeforeMs), toMs: fromMs + dayMs }
  const conditions = conditionsOf({ ...filter, ...(caller === undefined ? {} : { caller }) }, names)
  if (before !== undefined) conditions.add('id < ?::UUID', before)
  // Members of a day, not of all time: sorting them is quick.
  const result = await connection.runAndReadAll(
    `SELECT id::VARCHAR, started_at_ms, caller_name, caller_key, opened_at, closed_at, parts,
       response_content_type
     FROM records ${conditions.where} ORDER BY id DESC LIMIT ${placesMax}`,
    conditions.values,
  )
  return result.getRows().map(cells => placeOf(cells, names))
}

function placeOf(cells: readonly DuckDBValue[], names: Dictionaries): Place {
  const [id, startedAtMs, callerName, callerKey, openedAt, closedAt, parts, contentType] = cells
  return {
    id: String(id),
    startedAtMs: Number(startedAtMs),
    caller: names.textOf('caller_name', Number(callerName)) ?? names.textOf('caller_key', Number(callerKey)),
    openedAt: Number(openedAt),
    closedAt: Number(closedAt),
    parts: typeof parts === 'string' ? (JSON.parse(parts) as number[]) : [],
    isStream: isEventStream(names.textOf('response_content_type', Number(contentType))),
  }
}

function matchIn(reader: BodyReader, place: Place, needle: Needle): FoundText | null | 'unreadable' {
  const bodies = bodiesOf(reader, place)
  if (bodies === null || bodies === 'unreadable') return bodies
  const { id, startedAtMs, caller } = place
  // The pieces of a body are joined before they are searched: a character may be cut between two.
  const inRequest = needle.find(joined(bodies.request), false)
  if (inRequest !== null) return { id, startedAtMs, caller, part: 'request', excerpt: inRequest }
  const inResponse = needle.find(joined(bodies.response), place.isStream)
  return inResponse === null ? null : { id, startedAtMs, caller, part: 'response', excerpt: inResponse }
}

/** Bodies that are damaged or too long do not end the search of the others. */
function bodiesOf(reader: BodyReader, place: Place): JournalBodies | null | 'unreadable' {
  try {
    return reader.read(place, place.id, bodyBytesMax)
  } catch (error) {
    const isKnown =
      error instanceof BodiesTooLongError || (error instanceof LedgerError && error.code === 'ledger_corrupt')
    if (isKnown) return 'unreadable'
    throw error
  }
}

function joined(parts: readonly Buffer[]): Buffer {
  const [only] = parts
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)
}

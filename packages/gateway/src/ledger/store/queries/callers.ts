import { type DuckDBConnection, DuckDBListValue, type DuckDBValue } from '@duckdb/node-api'
import { QuestionError } from '../../index.ts'
import type { CallerFigures, CallerOrder, CallersPage, CallersQuery } from '../../people.ts'
import { readArchives } from '../archives.ts'
import type { Dictionaries } from '../names.ts'
import { inSnapshot } from '../transaction.ts'
import { type FigureColumns, figureColumns } from './figures.ts'
import { sumsOf } from './sums.ts'
import { callerNameSql } from './usage.ts'

/** Most callers of a question; each is a line of a report. */
const callersMax = 20_000
const limitMax = 1_000

/**
 * Everybody who called, a page at a time. A page begins after the last caller of the one before by what it is ordered
 * by, so that none is shown twice or left out while nobody calls.
 * @param directory of the archives.
 */
export async function callers(
  connection: DuckDBConnection,
  names: Dictionaries,
  query: CallersQuery,
  directory: string,
): Promise<CallersPage> {
  const { order, limit, after, search, kind } = query
  if (!Number.isInteger(limit) || limit < 1 || limit > limitMax) {
    throw new QuestionError(`limit must be a whole number from 1 to ${limitMax}, not ${limit}.`)
  }
  const begin = after === undefined ? null : placeIn(after)
  const all = await inSnapshot(connection, async () =>
    allCallers(connection, names, query, { directory, files: await readArchives(connection) }),
  )
  const wanted = search?.toLowerCase() ?? ''
  const fitting = all
    .filter(caller => kind === undefined || caller.kind === kind)
    .filter(({ name, key }) => name.toLowerCase().includes(wanted) || key.includes(wanted))
    .map(caller => ({ caller, place: placeOf(caller, order) }))
    .sort((one, other) => compare(one.place, other.place))
  const rest = begin === null ? fitting : fitting.filter(({ place }) => compare(place, begin) > 0)
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  return {
    callers: page.map(({ caller }) => caller),
    found: fitting.length,
    next: last === undefined || rest.length <= limit ? null : textOf(last.place),
  }
}

async function allCallers(
  connection: DuckDBConnection,
  names: Dictionaries,
  query: CallersQuery,
  archives: Parameters<typeof sumsOf>[2],
): Promise<readonly CallerFigures[]> {
  const sums = sumsOf(query, names, archives)
  const figures = figureColumns(names)
  const own = ['caller_key', callerNameSql, 'max(newest_ms)', 'list(DISTINCT workload)']
  const found = await connection.runAndReadAll(
    `SELECT ${[...own, ...figures.sql].join(', ')} FROM (${sums.sql}) WHERE caller_key <> 0
     GROUP BY caller_key LIMIT ${callersMax + 1}`,
    sums.values,
  )
  if (found.currentRowCount > callersMax) {
    throw new QuestionError(`More than ${callersMax} callers called then. Ask for a shorter time, or for one workload.`)
  }
  return found.getRows().flatMap(cells => callerOf(cells, figures, names) ?? [])
}

function callerOf(
  [code, name, newestMs, workloads, ...cells]: readonly DuckDBValue[],
  figures: FigureColumns,
  names: Dictionaries,
): CallerFigures | null {
  const key = names.groupOf('caller_key', Number(code))
  if (key === null) return null
  return {
    key,
    name: names.textOf('caller_name', Number(name ?? 0)) ?? key,
    kind: key.startsWith('user:') ? 'user' : key.startsWith('app:') ? 'application' : null,
    workloads: namesIn(workloads ?? null, names),
    lastCallAtMs: Number(newestMs),
    ...figures.read(cells),
  }
}

function namesIn(codes: DuckDBValue, names: Dictionaries): readonly string[] {
  if (!(codes instanceof DuckDBListValue)) return []
  return codes.items.flatMap(code => names.groupOf('workload', Number(code)) ?? []).sort()
}

/** Where a caller is in an order: by its value, then by its key. */
type Place = readonly [value: number | string, key: string]

function placeOf(caller: CallerFigures, order: CallerOrder): Place {
  return [values[order](caller), caller.key]
}

/** Lower values come first. */
const values: Readonly<Record<CallerOrder, (caller: CallerFigures) => number | string>> = {
  tokens: ({ totalTokens }) => -totalTokens,
  calls: ({ calls }) => -calls,
  cost: ({ costs }) => -(costs[0]?.nano ?? 0),
  failed: ({ failed }) => -failed,
  refused: ({ refused }) => -refused,
  last: ({ lastCallAtMs }) => -lastCallAtMs,
  name: ({ name }) => name.toLowerCase(),
}

function compare([one, oneKey]: Place, [other, otherKey]: Place): number {
  if (one !== other) return one < other ? -1 : 1
  return oneKey === otherKey ? 0 : oneKey < otherKey ? -1 : 1
}

function textOf(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url')
}

function placeIn(text: string): Place {
  try {
    const place: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    if (Array.isArray(place) && place.length === 2) {
      const [value, key]: readonly unknown[] = place
      if ((typeof value === 'number' || typeof value === 'string') && typeof key === 'string') return [value, key]
    }
  } catch {
    // It is no JSON: the same as a place in another form.
  }
  throw new QuestionError('after must be the next of the page before.')
}

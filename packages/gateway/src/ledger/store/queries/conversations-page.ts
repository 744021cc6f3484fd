import type { DuckDBConnection } from '@duckdb/node-api'
import type { PageEntry } from '../../conversations/messages.ts'
import type { BodyPositions } from '../../journal/bodies.ts'
import type { RecordFilter } from '../../reports.ts'
import type { Dictionaries } from '../names.ts'
import { cursorOf, type Loaded, newestPage } from './list.ts'
import { inSql, rangeOf } from './newest.ts'
import type { ReadRow } from './rows.ts'

export interface PageQuery {
  readonly filter: RecordFilter
  readonly limit: number
  readonly before?: string
  /** Records that were loaded after this cursor are left out. Default: none are. */
  readonly upTo?: string
  /** Bodies of records that began earlier are left out, unless they are on legal hold. */
  readonly bodiesFromMs: number
}

export interface ConversationsPage {
  /** JSON text of a list of `PageEntry`. */
  readonly entries: Uint8Array
  /** To be passed as `before` for the next page; null at the end. */
  readonly next: string | null
  readonly upTo: string
}

/**
 * Records, newest first, with the places of their bodies in the journal.
 * @param held condition of records on legal hold, as `heldSql` gives it.
 * @param directory of the archives.
 */
export async function conversationsPage(
  connection: DuckDBConnection,
  names: Dictionaries,
  { filter, limit, before, upTo, bodiesFromMs }: PageQuery,
  { sequence }: Loaded,
  held: string,
  directory: string,
): Promise<ConversationsPage> {
  const loadedTo = upTo === undefined ? sequence : Math.min(sequence, cursorOf(upTo, 'upTo'))
  const query = { ...filter, limit, ...(before === undefined ? {} : { before }) }
  const { rows, more } = await newestPage(connection, names, query, loadedTo, directory)
  const places = await placesOf(connection, rows, `(started_at_ms >= ${Number(bodiesFromMs)} OR ${held})`)
  const entries: PageEntry[] = rows.map(({ row, sequence: at }) => ({ row, places: places.get(at) ?? null }))
  const last = rows.at(-1)
  return {
    entries: Buffer.from(JSON.stringify(entries)),
    next: more && last !== undefined ? last.row.id : null,
    upTo: String(loadedTo),
  }
}

/**
 * By sequence number. Records of archives have no bodies any more.
 * @param shown condition of records with bodies that may be shown.
 */
async function placesOf(
  connection: DuckDBConnection,
  rows: readonly ReadRow[],
  shown: string,
): Promise<ReadonlyMap<number, BodyPositions>> {
  if (rows.length === 0) return new Map()
  const where = inSql('sequence', rangeOf(rows.map(({ sequence }) => BigInt(sequence))))
  const found = await connection.runAndReadAll(
    `SELECT sequence, opened_at, closed_at, parts FROM records WHERE ${where} AND ${shown}`,
  )
  return new Map(
    found.getRows().map(([sequence, openedAt, closedAt, parts]) => [
      Number(sequence),
      {
        openedAt: Number(openedAt),
        closedAt: Number(closedAt),
        parts: typeof parts === 'string' ? (JSON.parse(parts) as number[]) : [],
      },
    ]),
  )
}

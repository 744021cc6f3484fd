import type { DuckDBConnection } from '@duckdb/node-api'
import { BodiesTooLongError, type BodyPositions, type JournalBodies, readBodies } from '../../journal/bodies.ts'
import type { HoldFilter } from '../../privacy/index.ts'
import type { Kept, KeptBodies, RecordBodies } from '../../record.ts'
import { heldSql } from '../held.ts'
import type { Dictionaries } from '../names.ts'

/** Bodies of exchanges that began before `purgedBeforeMs` are not shown, unless `holds`, legal holds, have them. */
export type WantedBodies = readonly [id: string, purgedBeforeMs: number, holds: readonly HoldFilter[]]

/** What the store knows of the bodies of an exchange. */
interface Place extends BodyPositions {
  readonly requestBytes: number
  readonly responseBytes: number
  readonly isPurged: boolean
}

/** Null when there is no such record. @param journal directory of the segments. */
export async function bodies(
  connection: DuckDBConnection,
  journal: string,
  names: Dictionaries,
  wanted: WantedBodies,
): Promise<RecordBodies | null> {
  const [id] = wanted
  const place = await placeOf(connection, names, wanted)
  if (place === null) return null
  const read = place.isPurged ? null : readBodies(journal, place, id)
  return {
    id,
    request: read === null ? null : captured(read.request, place.requestBytes),
    response: read === null ? null : captured(read.response, place.responseBytes),
  }
}

/** Longer bodies are there when they can be read this far, in bytes. */
const lookedAtMax = 1_048_576

/** As `bodies`, without the bytes. */
export async function keptBodies(
  connection: DuckDBConnection,
  journal: string,
  names: Dictionaries,
  wanted: WantedBodies,
): Promise<KeptBodies | null> {
  const place = await placeOf(connection, names, wanted)
  if (place === null) return null
  const read = place.isPurged ? null : readOrLong(journal, place, wanted[0])
  return {
    request: keptOf(read === 'long' ? 'long' : (read?.request ?? null), place.requestBytes),
    response: keptOf(read === 'long' ? 'long' : (read?.response ?? null), place.responseBytes),
  }
}

function readOrLong(journal: string, place: Place, id: string): JournalBodies | 'long' | null {
  try {
    return readBodies(journal, place, id, lookedAtMax)
  } catch (error) {
    if (error instanceof BodiesTooLongError) return 'long'
    throw error
  }
}

/** @param read null when a segment that held it is gone. */
function keptOf(read: readonly Buffer[] | 'long' | null, passedBytes: number): Kept {
  if (passedBytes === 0) return 'none'
  if (read === null) return 'purged'
  return read === 'long' || read.some(({ byteLength }) => byteLength > 0) ? 'kept' : 'not_captured'
}

async function placeOf(
  connection: DuckDBConnection,
  names: Dictionaries,
  [id, purgedBeforeMs, holds]: WantedBodies,
): Promise<Place | null> {
  const result = await connection.runAndReadAll(
    `SELECT opened_at, closed_at, parts, request_bytes, response_bytes, started_at_ms < $2 AND NOT ${heldSql(holds, names)}
     FROM records WHERE id = TRY_CAST($1 AS UUID) LIMIT 1`,
    [id, purgedBeforeMs],
  )
  const cells = result.getRows()[0]
  if (cells === undefined) return null
  const [openedAt, closedAt, parts, requestBytes, responseBytes, isPurged] = cells
  return {
    openedAt: Number(openedAt),
    closedAt: Number(closedAt),
    parts: parts === null || parts === undefined ? [] : (JSON.parse(String(parts)) as number[]),
    requestBytes: Number(requestBytes),
    responseBytes: Number(responseBytes),
    isPurged: isPurged === true,
  }
}

/** Null when bytes passed and none were kept: the workload captures figures only. */
function captured(parts: readonly Buffer[], passedBytes: number): Uint8Array | null {
  const joined = Buffer.concat(parts)
  if (joined.byteLength === 0 && passedBytes > 0) return null
  // A copy of its own memory: it is handed to another thread.
  return new Uint8Array(joined)
}

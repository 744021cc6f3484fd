import type { DuckDBConnection } from '@duckdb/node-api'
import { LedgerError } from '../../index.ts'
import { frameKind } from '../../journal/frame.ts'
import { offsetOf, type Place, segmentOf } from '../../journal/position.ts'
import { SegmentScanner } from '../../journal/scanner.ts'
import type { RecordBodies } from '../../record.ts'

/** Where the journal holds an exchange's bytes. A place of 0 is none. */
export interface BodyPlaces {
  readonly openedAt: Place
  /** Kind and place of each entry between the first and the last, one after the other. */
  readonly parts: readonly number[]
  readonly closedAt: Place
}

/** The bytes of an exchange. Null when a segment that held some of them is gone. */
export interface ReadBodies {
  readonly request: Buffer[]
  readonly response: Buffer[]
}

/** Enough for a head and ordinary metadata; bodies are read straight into their own memory. */
const windowBytes = 16 * 1024

/** Throws `ledger_corrupt` when bytes are there but not as they were written. */
export function readBodies(journal: string, places: BodyPlaces, id: string): ReadBodies | null {
  const request: Buffer[] = []
  const response: Buffer[] = []
  const reader = new EntryReader(journal, id)
  try {
    if (places.openedAt !== 0) request.push(reader.read(places.openedAt).body)
    for (let index = 0; index < places.parts.length; index += 2) {
      const { body } = reader.read(places.parts[index + 1] ?? 0)
      if (places.parts[index] === frameKind.requestBytes) request.push(body)
      else response.push(body)
    }
    if (places.closedAt !== 0) {
      const { body, requestBytes } = reader.read(places.closedAt)
      request.push(body.subarray(0, requestBytes))
      response.push(body.subarray(requestBytes))
    }
    return { request, response }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  } finally {
    reader.close()
  }
}

class EntryReader {
  readonly #journal: string
  readonly #id: string
  #scanner: SegmentScanner | null = null

  constructor(journal: string, id: string) {
    this.#journal = journal
    this.#id = id
  }

  read(place: Place): { readonly body: Buffer; readonly requestBytes: number } {
    const segment = segmentOf(place)
    if (this.#scanner?.segment !== segment) {
      this.close()
      this.#scanner = new SegmentScanner(this.#journal, segment, 0, windowBytes)
    }
    const scanner = this.#scanner
    const body = scanner?.seek(offsetOf(place)) ? scanner.body() : null
    if (scanner === null || body === null) {
      throw new LedgerError(
        'ledger_corrupt',
        `The journal no longer holds the bodies of ${this.#id} as they were written.`,
      )
    }
    return { body, requestBytes: scanner.requestBytes }
  }

  close(): void {
    this.#scanner?.close()
    this.#scanner = null
  }
}

/** Null when there is no such record. `purgedBeforeMs`: bodies of exchanges that began earlier are not shown any more. */
export async function bodies(
  connection: DuckDBConnection,
  journal: string,
  id: string,
  purgedBeforeMs: number,
): Promise<RecordBodies | null> {
  const result = await connection.runAndReadAll(
    'SELECT opened_at, closed_at, parts, started_at_ms, request_bytes, response_bytes FROM records WHERE id = TRY_CAST($1 AS UUID) LIMIT 1',
    [id],
  )
  const cells = result.getRows()[0]
  if (cells === undefined) return null
  const [openedAt, closedAt, parts, startedAtMs, requestBytes, responseBytes] = cells
  if (Number(startedAtMs) < purgedBeforeMs) return { id, request: null, response: null }
  const places: BodyPlaces = {
    openedAt: Number(openedAt),
    closedAt: Number(closedAt),
    parts: parts === null || parts === undefined ? [] : (JSON.parse(String(parts)) as number[]),
  }
  const read = readBodies(journal, places, id)
  return {
    id,
    request: read === null ? null : captured(read.request, Number(requestBytes)),
    response: read === null ? null : captured(read.response, Number(responseBytes)),
  }
}

/** Bytes passed and none were kept: the workload captures figures alone. */
function captured(parts: readonly Buffer[], passedBytes: number): Uint8Array | null {
  const joined = Buffer.concat(parts)
  if (joined.byteLength === 0 && passedBytes > 0) return null
  // A copy of its own memory: it is handed to another thread.
  return new Uint8Array(joined)
}

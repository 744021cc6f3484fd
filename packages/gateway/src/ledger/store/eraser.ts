/** What the store's thread does for an erasure: finds the exchanges, rewrites segments, rows and archives. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { LedgerError } from '../index.ts'
import { cutTails, type ErasedSegment, eraseSegment } from '../journal/erase-segment.ts'
import type { JournalPosition } from '../journal/position.ts'
import { segmentNumbers } from '../journal/segments.ts'
import { FoundExchanges, findInJournal } from '../privacy/find-exchanges.ts'
import type { ArchiveProof, EraseFilter, ErasePlan, LegalHold } from '../privacy/index.ts'
import { archivedSql, readArchives, rowsSource } from './archives.ts'
import { archivesToErase, type ErasedRows, erasedSql, eraseRows, filterSql, removeErasedFiles } from './erase-rows.ts'
import { heldSegments } from './held.ts'
import type { Dictionaries } from './names.ts'
import { inSnapshot } from './transaction.ts'
import { openId } from './unfinished.ts'

/** The store, as far as an erasure needs it. */
export interface ErasedStore {
  /** Directory of the segments, and that of the archives. */
  readonly journal: string
  readonly archives: string
  names(): Dictionaries
  /** A question that changes nothing. */
  read<T>(question: (connection: DuckDBConnection) => Promise<T>): Promise<T>
  /** Work that nothing is loaded during. */
  inTurn<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T>
  checkpoint(): Promise<void>
  /** Puts the store into a file of its own, and reads the names again. Called in turn. @returns its connection. */
  rewriteFile(): Promise<DuckDBConnection>
}

/** Figures of the records that an erasure selects. */
export interface ErasedFigures {
  readonly records: number
  readonly archived: number
  readonly archives: number
  readonly bodyBytes: number
  readonly firstMs: number | null
  readonly lastMs: number | null
  /** Records with an object that is still at its instance. */
  readonly objects: number
  /** Records that the filter selects and a legal hold too. */
  readonly heldRecords: number
  /** Newest name of the caller. */
  readonly name: string | null
  readonly segments: number
}

export interface FoundSegments {
  readonly segments: readonly number[]
  readonly damagedBytes: number
}

export class StoreEraser {
  readonly #store: ErasedStore
  /** Of the plan that was begun last. */
  #begun: { readonly plan: ErasePlan; readonly found: FoundExchanges } | null = null

  constructor(store: ErasedStore) {
    this.#store = store
  }

  /** @param to what ended before this position of the journal. */
  figures(filter: EraseFilter, to: JournalPosition, holds: readonly LegalHold[]): Promise<ErasedFigures> {
    const { journal, archives } = this.#store
    return this.#store.read(connection =>
      inSnapshot(connection, async () => {
        const names = this.#store.names()
        const [all, erased] = [filterSql({ filter, to }, names), erasedSql({ filter, to, holds }, names)]
        const files = await readArchives(connection)
        const rows = rowsSource(archives, files)
        const counted = await connection.runAndReadAll(
          `SELECT count(*) FILTER (${erased}), count(*) FILTER (NOT ${erased}),
             coalesce(sum(coalesce(request_bytes, 0) + coalesce(response_bytes, 0)) FILTER (${erased}), 0),
             min(started_at_ms) FILTER (${erased}), max(started_at_ms) FILTER (${erased}),
             count(object_id) FILTER (${erased}), arg_max(caller_name, started_at_ms) FILTER (caller_name > 0)
           FROM ${rows} WHERE ${all}`,
        )
        const [records, heldRecords, bodyBytes, firstMs, lastMs, objects, name] = counted.getRows()[0] ?? []
        const inTable = await connection.runAndReadAll(`SELECT count(*) FROM records WHERE ${erased}`)
        const present = new Set(segmentNumbers(journal))
        const segments = [...(await heldSegments(connection, erased))].filter(segment => present.has(segment))
        return {
          ...{ records: Number(records), archived: Number(records) - Number(inTable.getRows()[0]?.[0] ?? 0) },
          ...{ archives: await this.#archivesWith(connection, erased), heldRecords: Number(heldRecords) },
          ...{ bodyBytes: Number(bodyBytes), objects: Number(objects), segments: segments.length },
          ...{ firstMs: numberOrNull(firstMs), lastMs: numberOrNull(lastMs) },
          name: typeof name === 'number' ? names.textOf('caller_name', name) : null,
        }
      }),
    )
  }

  /** How many of the plan's records ended before each of these positions, which is how far feeds have read. */
  shipped(plan: ErasePlan, positions: readonly JournalPosition[]): Promise<readonly number[]> {
    return this.#store.read(async connection => {
      const rows = rowsSource(this.#store.archives, await readArchives(connection))
      const counts = positions.map(position => `count(*) FILTER (closed_at < ${position})`)
      if (counts.length === 0) return []
      const found = await connection.runAndReadAll(
        `SELECT ${counts.join(', ')} FROM ${rows} WHERE ${erasedSql(plan, this.#store.names())}`,
      )
      return (found.getRows()[0] ?? []).map(Number)
    })
  }

  /** Reads the journal for the exchanges of a plan. @returns the segments that have an entry of one. */
  async begin(plan: ErasePlan): Promise<FoundSegments> {
    const { journal } = this.#store
    const found = new FoundExchanges()
    const stored = await this.#store.read(connection =>
      connection.runAndReadAll(
        `SELECT id::VARCHAR FROM records WHERE ${erasedSql(plan, this.#store.names())} AND closed_at > 0`,
      ),
    )
    for (const [id] of stored.getRows()) found.add(openId(String(id)))
    await cutTails(journal, plan.to)
    await findInJournal(journal, plan, found)
    this.#begun = { plan, found }
    return { segments: found.segments, damagedBytes: found.damagedBytes }
  }

  /** Null where the segment has none of the plan's exchanges. */
  segment(planId: string, segment: number): Promise<ErasedSegment | null> {
    const begun = this.#begun
    if (begun?.plan.id !== planId) throw beginsAgain()
    const { found, plan } = begun
    return eraseSegment({ journal: this.#store.journal, segment, pseudonym: plan.pseudonym, selects: found.selects })
  }

  archives(plan: ErasePlan): Promise<readonly ArchiveProof[]> {
    return this.#store.inTurn(connection =>
      archivesToErase(connection, this.#store.archives, plan, this.#store.names()),
    )
  }

  /**
   * Erases rows, sums and names, writes the archives' new files, then the store itself into a new file, and removes the
   * archives' old files.
   */
  rows(plan: ErasePlan, files: readonly ArchiveProof[]): Promise<ErasedRows> {
    const { archives } = this.#store
    return this.#store.inTurn(async connection => {
      const erased = await eraseRows(connection, archives, plan, files, this.#store.names())
      await this.#store.checkpoint()
      const renewed = await this.#store.rewriteFile()
      await removeErasedFiles(renewed, archives, files)
      this.#begun = null
      return erased
    })
  }

  async #archivesWith(connection: DuckDBConnection, erased: string): Promise<number> {
    let archives = 0
    for (const file of await readArchives(connection)) {
      const rows = archivedSql(this.#store.archives, [file])
      const some = await connection.runAndReadAll(`SELECT 1 FROM (${rows}) WHERE ${erased} LIMIT 1`)
      archives += some.currentRowCount > 0 ? 1 : 0
    }
    return archives
  }
}

export function beginsAgain(): LedgerError {
  return new LedgerError('ledger_busy', 'The store was started again during the erasure, which begins again.')
}

function numberOrNull(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value)
}

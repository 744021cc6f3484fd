/**
 * Copies of the store for questions in SQL (../query/), which run in other processes: DuckDB lets no second process
 * open the file. A copy is of the file right after a checkpoint; what was loaded since then is written beside it for
 * each question, so that a question sees all that was recorded before it.
 */
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { codeOf } from '../../errors.ts'
import { LedgerError } from '../index.ts'
import type { SnapshotFiles } from '../query/messages.ts'
import { archivePath } from './archives.ts'
import { copyElsewhere } from './copy/index.ts'
import { databasePath, queryPath } from './database.ts'
import { recordColumns } from './schema.ts'
import { inSnapshot } from './transaction.ts'

/** Records that are written for a question one by one; with more of them, the store is copied again. */
const laterMax = 100_000
/** Time without a question after which the copy is deleted. */
const idleMs = 600_000

/** The store, as far as copies need it. */
export interface CopiedStore {
  /** Sequence number of the record that was loaded last. */
  loadedTo(): number
  /** Makes a checkpoint, and calls `then` before anything more is loaded. */
  checkpoint<T>(then: (loading: DuckDBConnection) => Promise<T>): Promise<T>
  read<T>(question: (connection: DuckDBConnection) => Promise<T>): Promise<T>
}

/** A copy of the file, and where it ends. */
interface Copy {
  readonly path: string
  readonly sequence: number
  /** Row of the newest name. */
  readonly names: number
  /** Questions that use it. */
  users: number
}

interface Lease {
  readonly copy: Copy
  readonly files: readonly string[]
}

export class QuerySnapshots {
  readonly #directory: string
  readonly #store: CopiedStore
  readonly #leases = new Map<number, Lease>()
  #current: Copy | null = null
  #making: Promise<Copy> | null = null
  #copying: Promise<unknown> = Promise.resolve()
  #numbers = 0
  #whenReleased: (() => void)[] = []
  #idle: NodeJS.Timeout | undefined

  /** @param directory of the ledger. Copies of an earlier process are deleted. */
  constructor(directory: string, store: CopiedStore) {
    this.#directory = directory
    this.#store = store
    rmSync(queryPath(directory), { recursive: true, force: true })
  }

  /** Resolves when the file is not being copied: a checkpoint would change what is copied. */
  get copied(): Promise<unknown> {
    return this.#copying
  }

  /** Rejects with `ledger_busy` where there is no room for a copy. */
  async take(): Promise<SnapshotFiles> {
    clearTimeout(this.#idle)
    for (;;) {
      const copy = await this.#copy()
      copy.users += 1
      this.#numbers += 1
      const number = this.#numbers
      const records = this.#path(`later-${number}-records.parquet`)
      const names = this.#path(`later-${number}-names.parquet`)
      this.#leases.set(number, { copy, files: [records, names] })
      try {
        await this.#store.read(connection => writeLater(connection, copy, { records, names }))
      } catch (error) {
        this.release(number)
        throw error
      }
      // Meanwhile records may have left the table for an archive that the copy does not know.
      if (copy === this.#current) {
        const archives = archivePath(this.#directory)
        return { number, store: copy.path, laterRecords: records, laterNames: names, archives }
      }
      this.release(number)
    }
  }

  /** To be called for each snapshot when its question has ended. */
  release(number: number): void {
    const lease = this.#leases.get(number)
    if (lease === undefined) return
    this.#leases.delete(number)
    for (const file of lease.files) rmSync(file, { force: true })
    lease.copy.users -= 1
    this.#deleteUnused(lease.copy)
    for (const go of this.#whenReleased.splice(0)) go()
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this.forget(), idleMs).unref()
  }

  /** To be called when records were deleted, archived or numbered anew: the next question gets a new copy. */
  forget(): void {
    const copy = this.#current
    this.#current = null
    if (copy !== null) this.#deleteUnused(copy)
  }

  /** As `forget`, and resolves when the questions that use a copy have ended: no file of one is left. */
  async forgetAll(): Promise<void> {
    await this.#making?.catch(() => {})
    this.forget()
    while (this.#leases.size > 0) await new Promise<void>(resolve => this.#whenReleased.push(resolve))
  }

  /** Deletes all files. No question is answered any more. */
  close(): void {
    clearTimeout(this.#idle)
    this.#current = null
    rmSync(queryPath(this.#directory), { recursive: true, force: true })
  }

  #copy(): Promise<Copy> {
    const current = this.#current
    if (current !== null && this.#store.loadedTo() - current.sequence <= laterMax) return Promise.resolve(current)
    this.#making ??= this.#make().finally(() => {
      this.#making = null
    })
    return this.#making
  }

  async #make(): Promise<Copy> {
    this.forget()
    await this.#requireRoom()
    mkdirSync(queryPath(this.#directory), { recursive: true, mode: 0o700 })
    this.#numbers += 1
    const path = this.#path(`store-${this.#numbers}.duckdb`)
    const copy = await this.#store.checkpoint(async loading => {
      const found = await loading.runAndReadAll('SELECT coalesce(max(rowid), -1) FROM names')
      const names = Number(found.getRows()[0]?.[0])
      // Loading goes on while the file is copied: only a checkpoint changes what a reader of the file finds.
      const copying = copyElsewhere({ from: databasePath(this.#directory), to: path })
      this.#copying = copying.catch(() => {})
      return { copying, made: { path, sequence: this.#store.loadedTo(), names, users: 0 } }
    })
    try {
      await copy.copying
    } catch (cause) {
      rmSync(path, { force: true })
      throw noRoomCodes.includes(codeOf(cause) ?? '') ? noRoom(cause) : notCopied(cause)
    }
    this.#current = copy.made
    return copy.made
  }

  /** A copy must not take the room that the journal needs. */
  async #requireRoom(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#directory)
    const { size } = statSync(databasePath(this.#directory))
    if (bavail * bsize < 3 * size) throw noRoom()
  }

  #deleteUnused(copy: Copy): void {
    if (copy !== this.#current && copy.users === 0 && existsSync(copy.path)) rmSync(copy.path, { force: true })
  }

  #path(name: string): string {
    return join(queryPath(this.#directory), name)
  }
}

const columns = recordColumns.map(({ name }) => name).join(', ')
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** Writes what a copy lacks. */
function writeLater(
  connection: DuckDBConnection,
  { sequence, names }: Copy,
  files: { readonly records: string; readonly names: string },
): Promise<void> {
  return inSnapshot(connection, async () => {
    const records = `SELECT ${columns} FROM records WHERE sequence > ${sequence}`
    await connection.run(`COPY (${records}) TO ${literal(files.records)} (FORMAT parquet)`)
    const later = `SELECT dictionary, code, text FROM names WHERE rowid > ${names}`
    await connection.run(`COPY (${later}) TO ${literal(files.names)} (FORMAT parquet)`)
  })
}

const noRoomCodes: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG']

function notCopied(cause: unknown): LedgerError {
  const message =
    'The store could not be copied, and queries run on a copy. Try again; if it lasts, ask a report instead.'
  return new LedgerError('ledger_busy', message, { cause })
}

function noRoom(cause?: unknown): LedgerError {
  const message =
    'The disk has no room for a copy of the store, on which queries run. Free some room in ledger.directory, or ask a report instead.'
  return new LedgerError('ledger_busy', message, { cause })
}

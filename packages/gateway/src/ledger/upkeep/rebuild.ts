import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { journalPath } from '../directory.ts'
import { LedgerError } from '../index.ts'
import { syncDirectory } from '../journal/files.ts'
import { endOfFiles, startOfFiles } from '../journal/follower.ts'
import type { JournalPosition } from '../journal/position.ts'
import { adoptArchive, archivedSql, archivePath, readArchives, unknownFiles } from '../store/archives.ts'
import { databasePath, openDatabase } from '../store/database.ts'
import { Loader } from '../store/loader.ts'
import { remakeHours } from '../store/rollups.ts'
import { recordColumns } from '../store/schema.ts'
import { inTransaction } from '../store/transaction.ts'
import { type DamagedArchive, damagedArchives } from './check-archives.ts'
import type { RebuiltStore } from './index.ts'
import { openReading } from './reading.ts'
import { whileStopped } from './stopped.ts'

/**
 * Makes the store of a stopped ledger anew: records and rollups from the journal, and the records that the journal no
 * longer has from the store as it was. That one stays in its place until the new one is whole.
 * @param withoutOld true goes on without a store or archives that cannot be read. Such archives stay beside the
 *   others, as `NAME.damaged`.
 * @throws LedgerError (as a rejection) `ledger_directory`, `ledger_in_use`; `ledger_corrupt` when the store or an
 *   archive cannot be read and `withoutOld` is false: the records that only it has would be lost.
 */
export function rebuildLedger(directory: string, withoutOld: boolean): Promise<RebuiltStore> {
  return whileStopped(directory, async path => {
    const beside = join(path, 'rebuild')
    rmSync(beside, { recursive: true, force: true })
    mkdirSync(beside, { mode: 0o700 })
    try {
      const rebuilt = await rebuildInto(path, beside, withoutOld)
      renameSync(databasePath(beside), databasePath(path))
      await syncDirectory(path)
      return rebuilt
    } finally {
      rmSync(beside, { recursive: true, force: true })
    }
  })
}

async function rebuildInto(path: string, beside: string, withoutOld: boolean): Promise<RebuiltStore> {
  const journal = journalPath(path)
  mkdirSync(journal, { recursive: true, mode: 0o700 })
  const start = startOfFiles(journal)
  const old = await readable(path)
  if (old.unreadable !== null && !withoutOld) {
    throw new LedgerError(
      'ledger_corrupt',
      `The store cannot be read (${old.unreadable}). Records that the journal no longer has would be lost.`,
    )
  }
  const archives = archivePath(path)
  const damaged = old.exists ? await damagedIn(path) : []
  leaveOut(archives, damaged, withoutOld)
  // A new store with its tables.
  ;(await openDatabase({ directory: beside, archives })).close()
  const leftOut = damaged.map(({ file }) => file)
  const before = old.exists ? await takeOver(path, beside, isOlderThan(start), leftOut) : 0
  const unknown = await adoptFiles(beside, archives, withoutOld)
  const { loaded, doubled } = await loadInto(beside, journal, archives)
  const after = old.exists ? await takeOverDamaged(path, beside) : { kept: 0, replaced: 0 }
  const again = after.kept > 0 ? (await loadInto(beside, journal, archives)).doubled : 0
  return {
    ...{ loaded: loaded - after.replaced, kept: before - doubled + after.kept - again, adopted: unknown.adopted },
    ...{ leftOut: [...leftOut, ...unknown.leftOut], unreadable: old.unreadable },
  }
}

async function damagedIn(path: string): Promise<readonly DamagedArchive[]> {
  const reading = await openReading({ ledger: path })
  try {
    return await damagedArchives(reading.connection, archivePath(path))
  } finally {
    reading.close()
  }
}

/** @throws LedgerError `ledger_corrupt` where there are some and they may not be left out. */
function leaveOut(archives: string, damaged: readonly DamagedArchive[], mayLeaveOut: boolean): void {
  const [first] = damaged
  if (first !== undefined && !mayLeaveOut) {
    throw new LedgerError(
      'ledger_corrupt',
      `${damaged.length} of the archives cannot be used (${first.fault}). Restore them from a backup; without them their records are lost.`,
    )
  }
  for (const { file } of damaged) {
    const path = join(archives, file)
    if (existsSync(path)) renameSync(path, `${path}.damaged`)
  }
}

/** Records of which the journal no longer has the end, or the beginning. */
function isOlderThan(start: JournalPosition): string {
  return `closed_at < ${start} OR (opened_at > 0 AND opened_at < ${start})`
}

/** Opens the store as it was once, which brings its tables up to date, and reads all of it. */
async function readable(path: string): Promise<{ readonly exists: boolean; readonly unreadable: string | null }> {
  if (!existsSync(databasePath(path))) return { exists: false, unreadable: null }
  try {
    const database = await openDatabase({ directory: path })
    try {
      await database.loading.run(`SELECT ${recordColumns.map(({ name }) => `max(${name})`).join(', ')} FROM records`)
      await database.checkpoint()
    } finally {
      database.close()
    }
    return { exists: true, unreadable: null }
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'ledger_in_use') throw error
    return { exists: false, unreadable: error instanceof Error ? error.message : String(error) }
  }
}

/**
 * Copies records of the old store into the new one. Names are copied first, so their numbers stay.
 * @param leftOut archives that the new store is not to know. @returns how many records.
 */
function takeOver(path: string, beside: string, condition: string, leftOut: readonly string[]): Promise<number> {
  return withBoth(path, beside, async connection => {
    await connection.run('INSERT INTO fresh.names FROM old.names o ANTI JOIN fresh.names f USING (dictionary, text)')
    for (const table of ['archives', 'archived_objects']) {
      await connection.run(
        `INSERT INTO fresh.${table} FROM old.${table} WHERE (SELECT count(*) FROM fresh.${table}) = 0`,
      )
    }
    for (const file of leftOut) await connection.run('DELETE FROM fresh.archives WHERE file = $1', [file])
    return copyRecords(connection, condition)
  })
}

/**
 * Copies what the journal has no more although it should, because its bytes are damaged: whole records, and those of
 * which it has lost the beginning. A record that has no end in the journal has no bodies any more.
 */
function takeOverDamaged(path: string, beside: string): Promise<{ readonly kept: number; readonly replaced: number }> {
  return withBoth(path, beside, async connection => {
    // Every call has a method: a row without one has lost its beginning.
    await connection.run(
      'CREATE TEMP TABLE halves AS SELECT id FROM fresh.records f JOIN old.records o USING (id) WHERE f.method = 0 AND o.method <> 0',
    )
    await connection.run('CREATE TEMP TABLE lost AS SELECT id FROM old.records o ANTI JOIN fresh.records f USING (id)')
    const { rowsChanged: replaced } = await connection.run('DELETE FROM fresh.records WHERE id IN (FROM halves)')
    const kept = await copyRecords(connection, 'id IN (FROM halves UNION ALL FROM lost)')
    await connection.run('UPDATE fresh.records SET opened_at = 0, closed_at = 0, parts = NULL WHERE id IN (FROM lost)')
    return { kept, replaced }
  })
}

/** With new sequence numbers after those that are there. The rollups are made anew at the next load. */
async function copyRecords(connection: DuckDBConnection, condition: string): Promise<number> {
  const [columns, values] = [recordColumns.map(({ name }) => name), recordColumns.map(takenValueOf)]
  const { rowsChanged } = await connection.run(
    `INSERT INTO fresh.records (${columns.join(', ')}) SELECT ${values.join(', ')} FROM old.records o WHERE ${condition} ORDER BY sequence`,
  )
  await connection.run('UPDATE fresh.journal_cursor SET sequence = sequence + $1', [rowsChanged])
  await connection.run("UPDATE fresh.rollup_definition SET definition = ''")
  return rowsChanged
}

/** Works in one transaction on the old store, which is only read, and the new one. */
async function withBoth<T>(
  path: string,
  beside: string,
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', temp_directory: join(beside, 'spill') })
  try {
    const connection = await instance.connect()
    const attach = (from: string, name: string, options: string): Promise<unknown> =>
      connection.run(`ATTACH '${databasePath(from).replaceAll("'", "''")}' AS ${name} (${options})`)
    await attach(path, 'old', 'READ_ONLY')
    // As the store itself is attached: without a write-ahead log, and not checkpointed within a commit.
    await attach(beside, 'fresh', 'RECOVERY_MODE no_wal_writes, ROW_GROUP_SIZE 30720, BLOCK_SIZE 65536')
    await connection.run('BEGIN')
    const result = await work(connection)
    await connection.run('COMMIT')
    await connection.run('CHECKPOINT fresh')
    connection.closeSync()
    return result
  } finally {
    instance.closeSync()
  }
}

function takenValueOf({ name }: { readonly name: string }): string {
  return name === 'sequence'
    ? '(SELECT sequence FROM fresh.journal_cursor) + row_number() OVER (ORDER BY sequence)'
    : name
}

interface Adopted {
  /** Records of archives that were taken over. */
  readonly adopted: number
  readonly leftOut: readonly string[]
}

/** Takes over archives that the old store did not know, or could not say. */
async function adoptFiles(beside: string, archives: string, withoutOld: boolean): Promise<Adopted> {
  const database = await openDatabase({ directory: beside, archives })
  try {
    let adopted = 0
    const leftOut: string[] = []
    for (const file of await unknownFiles(database.loading, archives)) {
      const fault = await unreadableBecause(database.loading, join(archives, file))
      if (fault === null) {
        adopted += await adoptArchive(database.loading, archives, file)
        continue
      }
      leaveOut(archives, [{ file, fault: `${file} cannot be read: ${fault}` }], withoutOld)
      leftOut.push(file)
    }
    await database.checkpoint()
    return { adopted, leftOut }
  } finally {
    database.close()
  }
}

/** Reads all of an archive. @returns why it cannot be read; null where it can. */
async function unreadableBecause(connection: DuckDBConnection, path: string): Promise<string | null> {
  try {
    const file = `read_parquet('${path.replaceAll("'", "''")}', hive_partitioning = false)`
    await connection.run(`SELECT bit_xor(hash(p)), min(id::UUID) FROM ${file} p`)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

interface Loaded {
  /** Records that were loaded and that no archive has. */
  readonly loaded: number
  /** Records that were there before and that archives have: they are deleted. */
  readonly doubled: number
}

async function loadInto(beside: string, journal: string, archives: string): Promise<Loaded> {
  const database = await openDatabase({ directory: beside, archives })
  try {
    const options = { connection: database.loading, journal, archives, onDamage: () => {}, names: {}, keepsNames: true }
    const loader = await Loader.start(options)
    const doubled = await leaveToArchives(database.loading, archives)
    const limit: JournalPosition = endOfFiles(journal)
    const loaded = await loader.load(limit)
    await loader.commitCursor()
    const archived = await leaveToArchives(database.loading, archives)
    await loader.mergeRollups()
    await database.checkpoint()
    loader.close()
    return { loaded: loaded - archived, doubled }
  } finally {
    database.close()
  }
}

/** Deletes the records that archives have too: the journal is kept for longer than their days. @returns how many. */
function leaveToArchives(connection: DuckDBConnection, archives: string): Promise<number> {
  return inTransaction(connection, async () => {
    const bounds = await connection.runAndReadAll('SELECT min(id)::VARCHAR, max(id)::VARCHAR FROM records')
    const [first, last] = bounds.getRows()[0] ?? []
    if (typeof first !== 'string' || typeof last !== 'string') return 0
    const files = (await readArchives(connection)).filter(({ firstId, lastId }) => firstId <= last && lastId >= first)
    if (files.length === 0) return 0
    const where = `WHERE id IN (SELECT id FROM (${archivedSql(archives, files)}))`
    const hours = await connection.runAndReadAll(`SELECT DISTINCT start_hour FROM records ${where}`)
    if (hours.currentRowCount === 0) return 0
    const { rowsChanged } = await connection.run(`DELETE FROM records ${where}`)
    await remakeHours(
      connection,
      archives,
      hours.getRows().map(([hour]) => Number(hour)),
    )
    return rowsChanged
  })
}

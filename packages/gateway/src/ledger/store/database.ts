import { chmodSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { LedgerError } from '../index.ts'
import { archivePath } from './archives.ts'
import { computedHere } from './computed-here.ts'
import { migrations } from './schema.ts'

/** The open database: one connection that loads, and one that reads for each call of `connect`. */
export interface Database {
  readonly loading: DuckDBConnection
  connect(): Promise<DuckDBConnection>
  checkpoint(): Promise<void>
  close(): void
}

export interface DatabaseOptions {
  /** The ledger's directory. */
  readonly directory: string
  /** Directory of the archives, whose files questions read. Default: that of the ledger. */
  readonly archives?: string
  /** Megabytes that DuckDB may use. Default 256. */
  readonly memoryMb?: number
}

/**
 * How the store's file is attached. Small row groups: a checkpoint rewrites the last, unfinished one, and with the
 * usual 122,880 rows that is more than the new rows. Small blocks: a checkpoint has one or more per column in memory,
 * which is 40 MB less than with the usual 256 KiB.
 */
export const attachOptions = 'RECOVERY_MODE no_wal_writes, ROW_GROUP_SIZE 30720, BLOCK_SIZE 65536'

/** Directory of the copies on which questions in SQL run. */
export function queryPath(directory: string): string {
  return join(directory, 'query')
}

export function databasePath(directory: string): string {
  return join(directory, 'ledger.duckdb')
}

/**
 * Opens the store and brings its schema up to date. Rejects with `ledger_in_use` when another process has it,
 * `ledger_corrupt` when DuckDB cannot read it, `ledger_directory` when the file cannot be opened.
 *
 * DuckDB's own write-ahead log is not used: the journal is one already, and the cursor is in the same checkpoint as the
 * rows. Rows that were loaded after the last checkpoint are loaded again after a crash. This saves 10 of 30 µs per
 * record (bench/ledger.ts).
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: `${options.memoryMb ?? 256}MB`,
    temp_directory: join(options.directory, 'spill'),
    // The store itself decides when to checkpoint: after one that fails, the file must be opened again, so none may
    // happen within a commit.
    checkpoint_threshold: '1TB',
    auto_checkpoint_skip_wal_threshold: '1000000000000',
    // A page reads all columns of its rows only. DuckDB does that for up to 50 rows unless told otherwise.
    late_materialization_max_rows: '1001',
    // DuckDB must not look up or download anything: the store is this one file.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  try {
    const loading = await instance.connect()
    await attach(loading, options.directory)
    await loading.run('USE ledger')
    const archives = options.archives ?? archivePath(options.directory)
    const open = [archives, queryPath(options.directory)].map(path => `'${path.replaceAll("'", "''")}/'`)
    await loading.run(`SET allowed_directories = [${open.join(', ')}]`)
    await loading.run('SET enable_external_access = false')
    await loading.run('SET lock_configuration = true')
    await migrate(loading)
    return {
      loading,
      async connect() {
        const connection = await instance.connect()
        await connection.run('USE ledger')
        return computedHere(connection)
      },
      async checkpoint() {
        await loading.run('CHECKPOINT ledger')
      },
      close() {
        loading.closeSync()
        instance.closeSync()
      },
    }
  } catch (error) {
    instance.closeSync()
    throw error
  }
}

async function attach(connection: DuckDBConnection, directory: string): Promise<void> {
  const path = databasePath(directory)
  try {
    const made = !existsSync(path)
    await connection.run(`ATTACH '${path.replaceAll("'", "''")}' AS ledger (${attachOptions})`)
    // By path: opening and closing the file here would release DuckDB's lock on it.
    if (made) chmodSync(path, 0o600)
  } catch (cause) {
    throw attachError(directory, cause)
  }
}

/** What it means that a store cannot be attached. */
export function attachError(directory: string, cause: unknown): LedgerError {
  const text = cause instanceof Error ? cause.message : String(cause)
  // Not `block`, of which DuckDB speaks where the file is damaged.
  if (/\block\b/i.test(text)) {
    const process = /PID (\d+)/.exec(text)?.[1]
    const who = process === undefined ? 'another process' : `process ${process}`
    return new LedgerError(
      'ledger_in_use',
      `The ledger in ${directory} is in use by ${who}. Stop it, or give this gateway a directory of its own (ledger.directory).`,
      { cause },
    )
  }
  if (/permission denied|read-only|cannot open file|no such file/i.test(text)) {
    return new LedgerError(
      'ledger_directory',
      `The store ${databasePath(directory)} cannot be opened for writing. Check its owner and mode.`,
      { cause },
    )
  }
  return new LedgerError(
    'ledger_corrupt',
    `The store ${databasePath(directory)} cannot be read. Move the file away: what the journal beside it still holds is loaded again.`,
    { cause },
  )
}

async function migrate(connection: DuckDBConnection): Promise<void> {
  await connection.run('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)')
  const found = (
    await connection.runAndReadAll('SELECT coalesce(max(version), 0)::INTEGER FROM schema_version')
  ).getRows()
  const version = Number(found[0]?.[0] ?? 0)
  if (version > migrations.length) {
    throw new LedgerError(
      'ledger_directory',
      `The ledger was written by a newer version (schema ${version}, this one knows ${migrations.length}). Run that version, or use another directory.`,
    )
  }
  if (version === migrations.length) return
  // A transaction each: DuckDB does not commit one that changes rows of a table and then its columns.
  for (const [index, statements] of migrations.slice(version).entries()) {
    await connection.run('BEGIN')
    for (const statement of statements) await connection.run(statement)
    await connection.run('INSERT INTO schema_version VALUES ($1)', [version + index + 1])
    await connection.run('COMMIT')
  }
  await connection.run('CHECKPOINT ledger')
}

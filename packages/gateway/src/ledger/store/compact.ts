/** Writes the store into a new file: one that is only changed keeps what was deleted, in blocks that are free. */
import { chmodSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { open, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { LedgerError } from '../index.ts'
import { attachOptions, databasePath, queryPath } from './database.ts'

/**
 * Copies every table as it is now, and nothing else. Nothing may be loaded meanwhile.
 * @param directory of the ledger.
 * @returns path of the new file, which is on the disk and not open.
 * @throws LedgerError `ledger_busy` where the disk has no room for it.
 */
export async function writeCompacted(connection: DuckDBConnection, directory: string): Promise<string> {
  await requireRoom(directory)
  mkdirSync(queryPath(directory), { recursive: true, mode: 0o700 })
  const path = join(queryPath(directory), 'compacted.duckdb')
  rmSync(path, { force: true })
  await connection.run(`ATTACH '${path.replaceAll("'", "''")}' AS fresh (${attachOptions})`)
  try {
    await connection.run('COPY FROM DATABASE ledger TO fresh')
    await connection.run('CHECKPOINT fresh')
  } finally {
    await connection.run('DETACH fresh')
  }
  chmodSync(path, 0o600)
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
  return path
}

/** The copy must not take the room that the journal needs. */
async function requireRoom(directory: string): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  const { size } = statSync(databasePath(directory))
  if (bavail * bsize >= 3 * size) return
  throw new LedgerError('ledger_busy', 'The disk has less than three times the room that the store takes.')
}

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { claimDirectory, journalPath, liveHolderOf, requireNotOpenHere } from '../directory.ts'
import { LedgerError } from '../index.ts'
import { databasePath } from '../store/database.ts'
import { openReading } from './reading.ts'

/**
 * Does something with a ledger that exists and that no process has open.
 * @throws LedgerError (as a rejection) `ledger_directory` when there is none, `ledger_in_use`.
 */
export async function whileStopped<T>(directory: string, work: (path: string) => Promise<T>): Promise<T> {
  const path = resolve(directory)
  const hasStore = existsSync(databasePath(path))
  if (!existsSync(journalPath(path)) && !hasStore) {
    throw new LedgerError('ledger_directory', `There is no ledger in ${path}: it has neither a journal nor a store.`)
  }
  // Before the store is opened: closing it would release the lock that this process has.
  requireNotOpenHere(path)
  if (hasStore) await requireUnlocked(path)
  else requireNoHolder(path)
  const unclaim = claimDirectory(path)
  try {
    return await work(path)
  } finally {
    unclaim()
  }
}

/** The store's lock shows the process that has it, and does not outlive it. */
async function requireUnlocked(path: string): Promise<void> {
  try {
    const reading = await openReading({ ledger: path })
    reading.close()
  } catch (error) {
    // A store that cannot be read is what a check and a rebuild are for.
    if (error instanceof LedgerError && error.code === 'ledger_in_use') throw error
  }
}

/** A ledger without a store has only the note of its process. */
function requireNoHolder(path: string): void {
  const pid = liveHolderOf(path)
  if (pid === null) return
  throw new LedgerError(
    'ledger_in_use',
    `The ledger in ${path} is in use by process ${pid}. Stop it; if that process is no gateway, remove owner.json there.`,
  )
}

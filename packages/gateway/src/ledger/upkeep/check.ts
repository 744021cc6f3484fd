import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { journalPath } from '../directory.ts'
import { holdsPath } from '../privacy/holds.ts'
import { databasePath } from '../store/database.ts'
import { checkCursors } from './check-cursors.ts'
import { checkRecords } from './check-records.ts'
import { checkSegments } from './check-segments.ts'
import type { CheckedPart } from './index.ts'
import { whileStopped } from './stopped.ts'

/**
 * Checks the parts of a stopped ledger, each by itself and against the others. It changes nothing.
 * @throws LedgerError (as a rejection) `ledger_directory`, `ledger_in_use`
 */
export function checkLedger(directory: string): Promise<readonly CheckedPart[]> {
  return whileStopped(directory, async path => {
    const journal = journalPath(path)
    const parts: CheckedPart[] = existsSync(journal) ? [checkSegments(journal, existsSync(holdsPath(path)))] : []
    if (existsSync(databasePath(path))) parts.push(...(await checkRecords(path)))
    else {
      const note = 'there is no store: the next start makes it from the journal, unless ledger.store is none'
      parts.push({ part: 'records', checked: 'no store', faults: [], notes: [note] })
    }
    if (existsSync(journal)) parts.push(checkCursors([join(path, 'cursors'), path], journal))
    return parts
  })
}

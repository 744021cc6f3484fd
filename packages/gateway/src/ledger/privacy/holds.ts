import { join } from 'node:path'
import { LedgerError, QuestionError } from '../index.ts'
import type { LegalHold, LegalHolds } from './index.ts'
import { readJson, writeJson } from './json-file.ts'

/** Most holds of a ledger: each is a condition of every look of retention. */
const holdsMax = 200

const noStore =
  'This gateway keeps its journal alone (ledger.store: none), and cannot keep records on legal hold. Set the hold on the collector (gatehouse collect).'

/** File of the legal holds. It stays, with an empty list, when the last hold is removed. */
export function holdsPath(directory: string): string {
  return join(directory, 'holds.json')
}

/**
 * The legal holds of a ledger, in a file.
 * @param directory of the ledger. @param hasStore false for a ledger that cannot tell which segments have held records:
 *   none can be set there.
 */
export function openHolds(directory: string, hasStore: boolean): LegalHolds {
  const path = holdsPath(directory)
  // One change after the other.
  let turn: Promise<unknown> = Promise.resolve()
  let holds: readonly LegalHold[] | null = null
  const list = (): readonly LegalHold[] => {
    holds ??= readJson<readonly LegalHold[]>(path) ?? []
    return holds
  }
  const change = <T>(work: () => Promise<T>): Promise<T> => {
    const changed = turn.then(work)
    turn = changed.catch(() => {})
    return changed
  }
  const write = async (next: readonly LegalHold[]): Promise<void> => {
    try {
      await writeJson(path, next)
    } catch (cause) {
      throw new LedgerError('ledger_unwritable', 'The legal holds cannot be written to the disk.', { cause })
    }
    holds = next
  }
  return {
    list,
    add: hold =>
      change(async () => {
        if (!hasStore) throw new LedgerError('ledger_without_store', noStore)
        const known = list()
        if (known.length >= holdsMax) {
          throw new QuestionError(`There are ${holdsMax} legal holds already. Remove one that is over.`)
        }
        await write([...known, hold])
      }),
    remove: id =>
      change(async () => {
        const found = list().find(hold => hold.id === id)
        if (found === undefined) return null
        await write(list().filter(hold => hold !== found))
        return found
      }),
  }
}

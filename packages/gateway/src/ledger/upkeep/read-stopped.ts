import { silentLog } from '../../log.ts'
import { Store } from '../store/store.ts'
import { whileStopped } from './stopped.ts'

/**
 * Opens the store of a stopped ledger for questions; loads what it does not have yet.
 * @throws LedgerError (as a rejection) as `whileStopped`.
 */
export function readStopped<T>(directory: string, work: (store: Store, path: string) => Promise<T>): Promise<T> {
  return whileStopped(directory, async path => {
    const store = await Store.open({ directory: path, names: {}, log: silentLog, loadTo: null })
    try {
      return await work(store, path)
    } finally {
      await store.close()
    }
  })
}

import type { Config } from '../config/schema/index.ts'
import { slotsIn } from '../ledger/slots.ts'

/** Directories of the ledgers of a configuration: where replicas share a volume, those of all of them. */
export async function ledgersOf({ directory, shared }: Config['ledger']): Promise<readonly string[]> {
  return shared ? slotsIn(directory).catch(() => []) : [directory]
}

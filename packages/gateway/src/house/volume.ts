/** Says at the start what may be lost, where the disk of the ledger goes with this replica. */
import { readFileSync, realpathSync } from 'node:fs'
import type { Config } from '../config/schema/index.ts'
import { isOnEmptyDir } from '../ledger/mounts.ts'
import type { Log } from '../log.ts'

/**
 * The line names the feeds, each with the seconds for which a record waits before it is sent: what is lost with the
 * replica while the receiver answers. Without a feed every record is.
 */
export function warnOfVolume({ ledger, feeds }: Config, log: Log): void {
  const known = ledger.ephemeral ? 'ledger.ephemeral' : onEmptyDir(ledger.directory) ? 'emptyDir' : null
  if (known === null) return
  const waits = Object.entries(feeds).map(([name, { batch }]) => [name, batch.time / 1_000])
  const lost = waits.length === 0 ? 'every record' : 'records that no feed has sent'
  log.warn(
    { directory: ledger.directory, knownFrom: known, lost, feedSeconds: Object.fromEntries(waits) },
    'ledger_ephemeral',
  )
}

function onEmptyDir(directory: string): boolean {
  try {
    return isOnEmptyDir(realpathSync(directory), readFileSync('/proc/self/mountinfo', 'utf8'))
  } catch {
    // Not on Linux, or a process that may not look.
    return false
  }
}

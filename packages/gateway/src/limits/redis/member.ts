import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** In the ledger's directory. */
const fileName = 'replica-id'
const idPattern = /^[0-9a-f-]{16,64}$/

/**
 * The name under which a ledger's figures are told to Redis. It goes with the ledger, not with the machine: a container that is started
 * anew has another host name, and would tell a second time what Redis knows.
 * @throws what the file system says, when the name cannot be kept.
 */
export function memberOf(directory: string, newId: () => string): string {
  const file = join(directory, fileName)
  const kept = readKept(file)
  if (kept !== null) return kept
  const id = newId()
  writeFileSync(file, `${id}\n`, { mode: 0o600 })
  return id
}

/** Null when there is none, or something else than a name. */
function readKept(file: string): string | null {
  try {
    const text = readFileSync(file, 'utf8').trim()
    return idPattern.test(text) ? text : null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

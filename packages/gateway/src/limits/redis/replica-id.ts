import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** In the ledger's directory. */
const fileName = 'replica-id'
const idPattern = /^[0-9a-f-]{16,64}$/

/**
 * The member name of this process in Redis. It belongs to the ledger, not to the machine: a container that is started
 * again has another host name, and would report to Redis a second time what Redis knows already.
 * @throws the error of the file system when the name cannot be stored.
 */
export function replicaIdOf(directory: string, newId: () => string): string {
  const file = join(directory, fileName)
  const stored = readStored(file)
  if (stored !== null) return stored
  const id = newId()
  writeFileSync(file, `${id}\n`, { mode: 0o600 })
  return id
}

/** Null when there is no file, or when it holds no name. */
function readStored(file: string): string | null {
  try {
    const text = readFileSync(file, 'utf8').trim()
    return idPattern.test(text) ? text : null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

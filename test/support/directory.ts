import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const made: string[] = []

/**
 * Makes a directory that is removed when the process of the test file ends. Not in a hook of the test: hooks run in the
 * order in which they were added, so the removal would come before what writes there is closed, and one that fails
 * keeps the others from running.
 * @param prefix of its name, after `gatehouse-`.
 */
export function temporaryDirectory(prefix: string): string {
  if (made.length === 0) process.once('exit', removeAll)
  const directory = mkdtempSync(join(tmpdir(), `gatehouse-${prefix}-`))
  made.push(directory)
  return directory
}

function removeAll(): void {
  // Processes that a test has killed may still end while it is removed.
  for (const directory of made) rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
}

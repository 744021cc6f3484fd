/** Files that a process was still writing when it died. Those of segments are the journal's to remove. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** A file that takes the place of another one has this end until it is whole. */
const unfinished = '.new'

/** Folders of a ledger in which files are written so; '' is the ledger's own, of which only the files count. */
const folders = ['', 'archive', 'cursors', 'erasures'] as const

/**
 * Removes them. They may have names and prompts of people who are erased later, and nothing else would find them: the
 * process after it may write other files.
 * @param directory of a ledger that this process alone has open, and in which it writes nothing yet.
 */
export function removeLeftovers(directory: string): void {
  for (const folder of folders) {
    const path = join(directory, folder)
    if (!existsSync(path)) continue
    for (const name of readdirSync(path, { recursive: folder !== '', encoding: 'utf8' })) {
      if (name.endsWith(unfinished)) rmSync(join(path, name), { force: true })
    }
  }
}

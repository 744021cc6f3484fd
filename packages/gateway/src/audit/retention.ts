/** Deletes segments whose entries are all older than what is kept, and says so in the trail. */
import { rm } from 'node:fs/promises'
import { linesOf, segmentPath, segmentsIn } from './files.ts'
import { LineFault, readLine } from './line.ts'

/** The newest segment of those to delete, and its last entry: the chain begins after it from then on. */
export interface Deleted {
  readonly segment: number
  readonly through: number
  readonly hash: string
}

/** @param fromMs entries that are older are not kept. @returns null where there is nothing to delete. */
export async function deletable(directory: string, fromMs: number): Promise<Deleted | null> {
  let found: Deleted | null = null
  // The newest segment is written, so it stays.
  for (const segment of (await segmentsIn(directory)).slice(0, -1)) {
    const line = (await linesOf(directory, segment)).lines.at(-1)
    if (line === undefined) continue
    try {
      const { seq, hash, time } = readLine(line)
      if (Date.parse(time) >= fromMs) break
      found = { segment, through: seq, hash }
    } catch (error) {
      // A broken chain is evidence, and stays.
      if (error instanceof LineFault) break
      throw error
    }
  }
  return found
}

export async function deleteThrough(directory: string, segment: number): Promise<void> {
  for (const one of await segmentsIn(directory)) {
    if (one <= segment) await rm(segmentPath(directory, one), { force: true })
  }
}

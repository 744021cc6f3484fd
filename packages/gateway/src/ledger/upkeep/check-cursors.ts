import { existsSync, readdirSync } from 'node:fs'
import type { Log } from '../../log.ts'
import { CursorFile } from '../journal/cursor-file.ts'
import { endOfFiles, startOfFiles } from '../journal/follower.ts'
import { type JournalPosition, offsetOf, segmentOf } from '../journal/position.ts'
import { SegmentScanner } from '../journal/scanner.ts'
import { preambleBytes, segmentNumbers } from '../journal/segments.ts'
import type { CheckedPart } from './index.ts'
import { counted } from './words.ts'

/**
 * Looks whether the cursors of feeds can be used and lie between two entries of this journal.
 * @param directories in which cursors are: that of the feeds, and that of the ledger for one without a store.
 */
export function checkCursors(directories: readonly string[], journal: string): CheckedPart {
  const cursors = directories.flatMap(directory =>
    consumersIn(directory).map(consumer => checkCursor(directory, journal, consumer)),
  )
  return {
    part: 'cursors',
    checked: counted(cursors.length, 'cursor'),
    faults: cursors.flatMap(({ faults }) => faults),
    notes: cursors.flatMap(({ notes }) => notes),
  }
}

function consumersIn(directory: string): string[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory).flatMap(name => /^(.+)\.journal\.json$/.exec(name)?.[1] ?? [])
}

function checkCursor(directory: string, journal: string, consumer: string): Pick<CheckedPart, 'faults' | 'notes'> {
  const faults: string[] = []
  const error = (fields: object): void => {
    faults.push(`the cursor of ${consumer} cannot be used: ${(fields as { readonly cause?: unknown }).cause}`)
  }
  const log: Log = { info: () => {}, warn: () => {}, error }
  const { takenTo, readFrom } = new CursorFile({ directory, journal, consumer, log }).position
  if (faults.length > 0) return { faults, notes: [] }
  if (readFrom > takenTo) faults.push(`${consumer} would read from after what it has taken`)
  if (takenTo > endOfFiles(journal)) faults.push(`the cursor of ${consumer} lies beyond the end of the journal`)
  else if (!isBetweenEntries(journal, takenTo)) faults.push(`the cursor of ${consumer} lies within an entry`)
  const gone = segmentOf(startOfFiles(journal)) - segmentOf(takenTo)
  const notes = takenTo > 0 && gone > 0 ? [`${consumer} has missed ${counted(gone, 'segment')} that are deleted`] : []
  return { faults, notes }
}

/** True where an entry begins, or where a segment ends: reading can go on there. */
function isBetweenEntries(journal: string, position: JournalPosition): boolean {
  const segment = segmentOf(position)
  if (position === 0 || offsetOf(position) <= preambleBytes || !segmentNumbers(journal).includes(segment)) return true
  const scanner = new SegmentScanner(journal, segment)
  try {
    if (scanner.seek(offsetOf(position))) return true
    while (scanner.end < offsetOf(position) && scanner.next(scanner.fileBytes)) {
      // Goes to the last entry before the position.
    }
    return scanner.end <= offsetOf(position)
  } finally {
    scanner.close()
  }
}

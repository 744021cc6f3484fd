import { statSync } from 'node:fs'
import { type JournalCursor, journalName } from '../journal/consumer.ts'
import { type JournalPosition, offsetOf, positionAt, segmentOf } from '../journal/position.ts'
import { preambleBytes, readPreamble, segmentNumbers, segmentPath } from '../journal/segments.ts'

/** Longest time that an exchange can be open (`gateway.timeouts.total`), in milliseconds. */
const openMsMax = 24 * 3_600_000

/** The cursor from which everything is read that ended at this time or later, with the beginnings of it. */
export function rewindCursor(journal: string, toMs: number): JournalCursor {
  const segments = segmentNumbers(journal)
  const takenTo = lastBegunBefore(journal, segments, toMs)
  const readFrom = lastBegunBefore(journal, segments, toMs - openMsMax)
  return { journal: journalName(journal), takenTo, readFrom: Math.min(takenTo, readFrom) }
}

/** Beginning of the last segment that is known to have begun before this time, else of the first segment. */
function lastBegunBefore(journal: string, segments: readonly number[], ms: number): JournalPosition {
  const found = segments.findLast(segment => (readPreamble(journal, segment)?.createdAtMs ?? ms) < ms) ?? segments[0]
  return found === undefined ? 0 : positionAt(found, preambleBytes)
}

/** Bytes of a journal between two positions. Segments that are gone count nothing. */
export function bytesBetween(journal: string, from: JournalPosition, to: JournalPosition): number {
  if (from >= to) return 0
  const [first, last] = [segmentOf(from), segmentOf(to)]
  if (first === last) return offsetOf(to) - offsetOf(from)
  const between = segmentNumbers(journal).filter(segment => segment >= first && segment < last)
  const whole = between.reduce((sum, segment) => sum + sizeOf(segmentPath(journal, segment)), 0)
  return Math.max(0, whole - (between.includes(first) ? offsetOf(from) : 0)) + offsetOf(to)
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

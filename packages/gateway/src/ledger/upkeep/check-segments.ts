import { statSync } from 'node:fs'
import { endOfFiles, Follower, startOfFiles } from '../journal/follower.ts'
import { offsetOf, segmentOf } from '../journal/position.ts'
import type { Damage } from '../journal/scanner.ts'
import { preambleBytes, readPreamble, segmentNumbers, segmentPath } from '../journal/segments.ts'
import type { CheckedPart } from './index.ts'
import { counted, few } from './words.ts'

/**
 * Reads every entry of the journal with its body, and compares both checksums.
 * @param hasHolds true where legal holds stand or stood: segments between held ones are then missing rightly.
 */
export function checkSegments(journal: string, hasHolds: boolean): CheckedPart {
  const faults: string[] = []
  const notes: string[] = []
  const numbers = segmentNumbers(journal)
  faults.push(...few(preambleFaults(journal, numbers), 'segments'))
  const gaps = few(gapsIn(numbers), 'gaps')
  if (hasHolds) notes.push(...gaps.map(gap => `${gap}: retention deletes what is between records on legal hold`))
  else faults.push(...gaps)
  const [first = 1] = numbers
  if (first > 1)
    notes.push(`the journal begins with segment ${first}: older ones were deleted for their age, or are lost`)
  const damage: Damage[] = []
  const wrongBodies: string[] = []
  let entries = 0
  let bytes = 0
  const end = endOfFiles(journal)
  const follower = new Follower(journal, startOfFiles(journal), one => damage.push(one))
  try {
    while (follower.next(end)) {
      const { entry } = follower
      entries += 1
      bytes += entry.end - entry.offset
      if (entry.bodyBytes > 0 && entry.body() === null) {
        wrongBodies.push(`the body at ${placeOf(entry.segment, entry.offset)} is not as it was written`)
      }
    }
    const torn = segmentOf(end) === segmentOf(follower.position) ? offsetOf(end) - offsetOf(follower.position) : 0
    if (torn > 0) notes.push(`the last segment ends with ${counted(torn, 'byte')} of an entry that was never finished`)
  } finally {
    follower.close()
  }
  const stretches = damage.map(
    one => `${counted(one.bytes, 'byte')} at ${placeOf(one.segment, one.offset)} are damaged`,
  )
  faults.push(...few(stretches, 'stretches'), ...few(wrongBodies, 'bodies'))
  const checked = [counted(numbers.length, 'segment'), counted(entries, 'entry', 'entries'), counted(bytes, 'byte')]
  return { part: 'segments', checked: checked.join(', '), faults, notes }
}

const placeOf = (segment: number, offset: number): string => `${offset} of segment ${segment}`

function preambleFaults(journal: string, numbers: readonly number[]): string[] {
  return numbers.flatMap(number => {
    const preamble = readPreamble(journal, number)
    if (preamble === null) return isEmpty(journal, number) ? [] : [`the beginning of segment ${number} is damaged`]
    return preamble.number === number ? [] : [`segment ${number} was written as segment ${preamble.number}`]
  })
}

function gapsIn(numbers: readonly number[]): string[] {
  return numbers.flatMap((number, at) => {
    const before = numbers[at - 1]
    return before !== undefined && before + 1 < number ? [`there is none between ${before} and ${number}`] : []
  })
}

/** True for a segment that a killed process had created and not written to, as its successor says. */
function isEmpty(journal: string, number: number): boolean {
  if (statSync(segmentPath(journal, number)).size >= preambleBytes) return false
  const successor = readPreamble(journal, number + 1)
  return successor?.previousNumber === number && successor.previousBytes <= preambleBytes
}

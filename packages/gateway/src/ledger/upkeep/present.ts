/** Positions of which the journal has the segment, in SQL. Where records are on legal hold, it has gaps. */
import { type JournalPosition, positionAt } from '../journal/position.ts'

/**
 * A condition in brackets, true for a position in one of these segments.
 * @param column with positions. @param numbers of the segments, ascending.
 */
export function presentSql(column: string, numbers: readonly number[]): string {
  const ranges = rangesOf(numbers).map(([from, to]) => `(${column} >= ${from} AND ${column} < ${to})`)
  return ranges.length === 0 ? '(false)' : `(${ranges.join(' OR ')})`
}

function rangesOf(numbers: readonly number[]): readonly (readonly [from: JournalPosition, to: JournalPosition])[] {
  const ranges: [JournalPosition, JournalPosition][] = []
  for (const number of numbers) {
    const last = ranges.at(-1)
    if (last?.[1] === positionAt(number, 0)) last[1] = positionAt(number + 1, 0)
    else ranges.push([positionAt(number, 0), positionAt(number + 1, 0)])
  }
  return ranges
}

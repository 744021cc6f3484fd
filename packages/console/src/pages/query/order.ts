import type { ResultColumn, Value } from './query.ts'
import { figureOf, isNumber, valueText } from './values.ts'

export interface Order {
  readonly column: number
  readonly isUp: boolean
}

type Row = readonly Value[]

/** Rows in the order of a column: numbers exactly by their size, all else by its text; nulls last. */
export function orderedRows(
  rows: readonly Row[],
  columns: readonly ResultColumn[],
  order: Order | null,
): readonly Row[] {
  const column = order === null ? undefined : columns[order.column]
  if (order === null || column === undefined) return rows
  const sign = order.isUp ? 1 : -1
  const compare = isNumber(column) ? compareNumbers : compareTexts
  return rows.toSorted((one, other) => {
    const [a = null, b = null] = [one[order.column], other[order.column]]
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1
    return sign * compare(a, b)
  })
}

function compareTexts(a: Value, b: Value): number {
  const [one, other] = [valueText(a), valueText(b)]
  return one === other ? 0 : one < other ? -1 : 1
}

const whole = /^-?\d+$/

/** Digits beyond those of a double count too. */
function compareNumbers(a: Value, b: Value): number {
  const [one, other] = [figureOf(a) ?? 0, figureOf(b) ?? 0]
  if (one !== other) return one < other ? -1 : 1
  const [left, right] = [valueText(a), valueText(b)]
  if (!whole.test(left) || !whole.test(right)) return 0
  const difference = BigInt(left) - BigInt(right)
  return difference === 0n ? 0 : difference < 0n ? -1 : 1
}

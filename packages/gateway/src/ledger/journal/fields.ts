/**
 * What a block of metadata holds, in order, from the table of fields (../fields.ts). Fields are positional: an
 * older format has the first fields of each list. Every entry of the journal names its format; a change of
 * any other kind needs a reader of its own.
 *
 * Positional fields instead of JSON: reading both halves of a record took 1.4 µs instead of 4.5 µs with JSON.parse, and
 * half the bytes (bench/ledger.ts).
 */
import { type JournalList, kinds } from '../field.ts'
import { type Field, fieldRows } from '../fields.ts'

/** How many fields of each list a block has. */
export interface BlockShape {
  readonly numbers: number
  readonly texts: number
  readonly names: number
}
export interface JournalFormat {
  readonly opened: BlockShape
  readonly closed: BlockShape
}
export type BlockHalf = keyof JournalFormat

/** Position of a field in the block of a half; undefined where that half does not have it. */
export function positionOf({ half, journal, closedJournal }: Field, block: BlockHalf): number | undefined {
  if (half === 'both') return block === 'opened' ? journal : closedJournal
  return half === block ? journal : undefined
}

/** The fields of a list of a block, by position. */
export function fieldsOf(block: BlockHalf, list: JournalList): readonly Field[] {
  const fields: Field[] = []
  for (const row of fieldRows) {
    const position = kinds[row.kind].list === list ? positionOf(row, block) : undefined
    if (position !== undefined) fields[position] = row
  }
  return fields
}

/** Values that repeat from exchange to exchange. */
export const openedNames: readonly Field[] = fieldsOf('opened', 'names')
export const closedNames: readonly Field[] = fieldsOf('closed', 'names')
/** Values that do not repeat. */
export const openedTexts: readonly Field[] = fieldsOf('opened', 'texts')
export const closedTexts: readonly Field[] = fieldsOf('closed', 'texts')
export const openedNumbers: readonly Field[] = fieldsOf('opened', 'numbers')
export const closedNumbers: readonly Field[] = fieldsOf('closed', 'numbers')

export const formatVersion: number = Math.max(...fieldRows.map(({ since }) => since ?? 0))

function formatOf(version: number): JournalFormat {
  const count = (fields: readonly Field[]): number => fields.filter(({ since }) => (since ?? 0) <= version).length
  return {
    opened: { numbers: count(openedNumbers), texts: count(openedTexts), names: count(openedNames) },
    closed: { numbers: count(closedNumbers), texts: count(closedTexts), names: count(closedNames) },
  }
}

/** By format version. What is missing in an older one is null. */
export const formats: Readonly<Record<number, JournalFormat | undefined>> = Object.fromEntries(
  Array.from({ length: formatVersion }, (_, index) => [index + 1, formatOf(index + 1)]),
)

/** What this version writes. */
export const { opened: openedShape, closed: closedShape } = formatOf(formatVersion)

/** Bit of a frame's flags that is no field: the entry holds both halves of the record. */
const carriesOpenedBit = 2
export const flag = { carriesOpened: 1 << carriesOpenedBit } as const

/** True where the flags of a frame say so of a field. */
export function hasFlag(flags: number, { journal }: Field): boolean {
  return (flags & (1 << (journal ?? carriesOpenedBit))) !== 0
}

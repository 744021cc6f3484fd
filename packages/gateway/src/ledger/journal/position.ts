/**
 * A position in a journal as one number, which orders as positions do: segment × 2^32 + offset. Exact up to two million
 * segments of any size. 0 is before everything. It means nothing without the journal that it belongs to
 * (`JournalCursor` names it).
 */
export type JournalPosition = number

const offsets = 0x1_0000_0000

export const positionAt = (segment: number, offset: number): JournalPosition => segment * offsets + offset
export const segmentOf = (position: JournalPosition): number => Math.floor(position / offsets)
export const offsetOf = (position: JournalPosition): number => position % offsets

import type { Position } from './segments.ts'

/** A position as one number, which orders as positions do: segment × 2^32 + offset. Exact up to two million segments of any size. */
export type Place = number

const offsets = 0x1_0000_0000

export const placeOf = (segment: number, offset: number): Place => segment * offsets + offset
export const segmentOf = (place: Place): number => Math.floor(place / offsets)
export const offsetOf = (place: Place): number => place % offsets
export const positionOf = (place: Place): Position => ({ segment: segmentOf(place), offset: offsetOf(place) })

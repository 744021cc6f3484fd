/** Moments as people read them, in one form everywhere; in UTC. */
import { spoken } from './durations.ts'

/** Milliseconds since the epoch -> `2026-11-23 14:05:09`, for a column with UTC in its title. */
export function instant(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')
}

/** `2026-11-23 14:05 UTC` */
export function minuteOf(atMs: number): string {
  return `${instant(atMs).slice(0, 16)} UTC`
}

/** `2026-11-23 14:05 UTC, in 59 min`; `..., 2 h ago` for what is over. */
export function expiry(atMs: number, nowMs: number): string {
  const distance = atMs >= nowMs ? `in ${spoken(atMs - nowMs)}` : `${spoken(nowMs - atMs)} ago`
  return `${minuteOf(atMs)}, ${distance}`
}

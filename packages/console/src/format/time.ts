/** Times in the zone that the viewer chose; durations. Milliseconds since the epoch throughout. */

/** `local` is the zone of the browser. */
export type Zone = 'local' | 'UTC'

function zoned(zone: Zone, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', zone === 'UTC' ? { ...options, timeZone: 'UTC' } : options)
}

/** `26 Nov, 14:03:22`. */
export function asMoment(ms: number, zone: Zone): string {
  return zoned(zone, {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).format(ms)
}

/** `26 Nov, 14:00`, for axes and ranges. */
export function asMinute(ms: number, zone: Zone): string {
  return zoned(zone, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }).format(ms)
}

/** The exact instant: `2026-11-26T14:03:22.123Z`. */
export function asInstant(ms: number): string {
  return new Date(ms).toISOString()
}

/** Both zones, for a hover. */
export function everyZone(ms: number): string {
  const local = zoned('local', { dateStyle: 'full', timeStyle: 'long' }).format(ms)
  return `${local}\n${asInstant(ms)}`
}

/** `340 ms`, `2.4 s`, `3 min 5 s`, `2 h 10 min`, `4 d`. */
export function asDuration(ms: number): string {
  if (ms < 1) return ms === 0 ? '0 ms' : '< 1 ms'
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`
  return `${Math.floor(seconds / 86_400)} d`
}

/** `5 s ago`, `in 3 min`. */
export function ago(ms: number, nowMs: number): string {
  const distance = Math.abs(nowMs - ms)
  if (distance < 1_500) return 'now'
  const [amount, unit] = largestUnit(distance)
  return ms <= nowMs ? `${amount} ${unit} ago` : `in ${amount} ${unit}`
}

function largestUnit(ms: number): readonly [number, string] {
  const seconds = Math.round(ms / 1_000)
  if (seconds < 60) return [seconds, 's']
  if (seconds < 3_600) return [Math.round(seconds / 60), 'min']
  if (seconds < 86_400) return [Math.round(seconds / 3_600), 'h']
  return [Math.round(seconds / 86_400), 'd']
}

/** When a backend says that trying again may help. */

type Headers = Readonly<Record<string, string | string[] | undefined>>

/**
 * `retry-after-ms`, or `Retry-After` as seconds or as a date (RFC 9110 section 10.2.3).
 * @returns milliseconds from now, never negative; null when it says nothing that can be read.
 */
export function retryAfterMs(headers: Headers, nowMs: number): number | null {
  const exact = numberOf(headers['retry-after-ms'])
  if (exact !== null) return exact
  const written = headers['retry-after']
  const seconds = numberOf(written)
  if (seconds !== null) return seconds * 1_000
  // A date has letters; everything else that `Date.parse` takes is no HTTP date.
  const atMs = typeof written === 'string' && /^[A-Za-z]{3,9}, /.test(written) ? Date.parse(written) : Number.NaN
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs)
}

/** Null for what is absent, repeated, negative, or no plain number. */
export function numberOf(value: string | string[] | undefined): number | null {
  if (typeof value !== 'string' || !/^\s*\d{1,15}(?:\.\d{1,6})?\s*$/.test(value)) return null
  return Number(value)
}

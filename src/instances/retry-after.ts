/** When a backend says that trying again may help. */

/** Far beyond any figure that makes sense. */
const numberMost = 1e15

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

/** Null for what is absent, repeated, negative, or no plain number. Without a pattern: it is asked several times for each answer. */
export function numberOf(value: string | string[] | undefined): number | null {
  if (typeof value !== 'string') return null
  const first = value.charCodeAt(0)
  // Signs, spaces and words are none; nor is the empty text, whose first character is NaN.
  if (!(first >= 0x30 && first <= 0x39)) return null
  const number = Number(value)
  return number <= numberMost ? number : null
}

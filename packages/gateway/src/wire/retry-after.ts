/** Reads when a backend says that a retry may help. */

/** Far beyond any sensible figure. */
const numberMost = 1e15

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>

/**
 * The longer of `retry-after-ms` and `Retry-After`, the latter in seconds or as a date (RFC 9110 section 10.2.3). Azure
 * has sent `retry-after: 1` with `retry-after-ms: 0`: the smaller one alone would not pause anything.
 * @returns milliseconds from now, never negative; null when neither can be read.
 */
export function retryAfterMs(headers: AnswerHeaders, nowMs: number): number | null {
  const exact = headers['retry-after-ms']
  const written = headers['retry-after']
  if (exact === undefined && written === undefined) return null
  const ms = longest(exact, numberOf)
  const whole = longest(written, text => secondsOrDate(text, nowMs))
  return ms === null || (whole !== null && whole > ms) ? whole : ms
}

/** The longest readable time of a repeated field. */
function longest(value: string | string[] | undefined, read: (text: string) => number | null): number | null {
  if (value === undefined) return null
  if (typeof value === 'string') return read(value)
  return value.reduce<number | null>((most, text) => {
    const one = read(text)
    return one === null || (most !== null && most > one) ? most : one
  }, null)
}

function secondsOrDate(text: string, nowMs: number): number | null {
  const seconds = numberOf(text)
  if (seconds !== null) return seconds * 1_000
  const atMs = dateMs(text)
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs)
}

/**
 * The three forms of RFC 9110 section 5.6.7; anything else that `Date.parse` accepts is no HTTP date. The last form
 * names no zone.
 */
function dateMs(text: string): number {
  if (/^[A-Za-z]{3,9}, /.test(text)) return Date.parse(text)
  return /^[A-Za-z]{3} [A-Za-z]{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$/.test(text) ? Date.parse(`${text} GMT`) : Number.NaN
}

/**
 * Null for a value that is absent, repeated, negative, or no plain number. It uses no pattern, because it runs several
 * times per answer.
 */
export function numberOf(value: string | string[] | undefined): number | null {
  if (typeof value !== 'string') return null
  const first = value.charCodeAt(0)
  // This rejects signs, spaces and words, and the empty text, whose first character is NaN.
  if (!(first >= 0x30 && first <= 0x39)) return null
  const number = Number(value)
  return number <= numberMost ? number : null
}

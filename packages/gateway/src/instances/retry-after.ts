/** When a backend says that trying again may help. */

/** Far beyond any figure that makes sense. */
const numberMost = 1e15

type Headers = Readonly<Record<string, string | string[] | undefined>>

/**
 * The longest of what `retry-after-ms` and `Retry-After` say, the latter as seconds or as a date (RFC 9110 section 10.2.3). Azure has
 * sent `retry-after: 1` with `retry-after-ms: 0`: the smaller one alone would keep nobody away.
 * @returns milliseconds from now, never negative; null when neither says anything that can be read.
 */
export function retryAfterMs(headers: Headers, nowMs: number): number | null {
  const exact = headers['retry-after-ms']
  const written = headers['retry-after']
  if (exact === undefined && written === undefined) return null
  const ms = longest(exact, numberOf)
  const whole = longest(written, text => secondsOrDate(text, nowMs))
  return ms === null || (whole !== null && whole > ms) ? whole : ms
}

/** Of a field that is repeated, the longest time that can be read. */
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

/** The three forms of RFC 9110 section 5.6.7; everything else that `Date.parse` takes is no HTTP date. The last form names no zone. */
function dateMs(text: string): number {
  if (/^[A-Za-z]{3,9}, /.test(text)) return Date.parse(text)
  return /^[A-Za-z]{3} [A-Za-z]{3} [ \d]\d \d\d:\d\d:\d\d \d{4}$/.test(text) ? Date.parse(`${text} GMT`) : Number.NaN
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

/** Shorter forms of whole columns, taken before other columns are hidden or names are cut. */

/** A shorter form that fits the texts of one column. */
export interface ShortForm {
  /** Null for a text that has no such form, or the same one as a text that was known. */
  readonly of: (text: string) => string | null
  /** What a reader must know of it, in a sentence; empty where nothing. */
  readonly note: string
}

/** Null where the column has no shorter form. @param texts all known ones. */
export type Shorten = (texts: readonly string[]) => ShortForm | null

const endLeast = 12

/** The ends of ids: at least 12 characters, and more where the ends of two ids are equal. */
export const endsOfIds: Shorten = texts => {
  const ids = [...new Set(texts)]
  const longest = ids.reduce((most, id) => Math.max(most, id.length), 0)
  let length = endLeast
  while (length < longest && new Set(ids.map(id => id.slice(-length))).size < ids.length) length += 1
  if (ids.length > 0 && length >= longest) return null
  const byEnd = new Map(ids.map(id => [id.slice(-length), id]))
  return {
    of(id) {
      const end = id.slice(-length)
      const known = byEnd.get(end)
      if (known !== undefined && known !== id) return null
      byEnd.set(end, id)
      return end
    },
    note: `Ids are cut to their last ${length} characters, which records show accepts.`,
  }
}

/** Rules without the beginning that those of `limits.rules` have. */
export const withoutRulesKey: Shorten = texts =>
  leavingOut(texts, text => text.replace(/^limits\.rules\./, ''), 'limits.rules. is left out of the names of rules.')

/** `120.00 USD/quarter` -> `120 USD/quarter` */
export const withoutZeroCents: Shorten = texts => leavingOut(texts, text => text.replace(/\.00(?= )/, ''), '')

/** Addresses without the domain that all of them have; names of applications stay as they are. */
export const withoutDomain: Shorten = texts => {
  const domains = new Set(texts.flatMap(text => /@.+$/.exec(text)?.[0] ?? []))
  const [domain] = domains
  if (domain === undefined || domains.size > 1) return null
  const shorter = (text: string): string => (text.endsWith(domain) ? text.slice(0, -domain.length) : text)
  return leavingOut(texts, shorter, `${domain} is left out of names.`)
}

function leavingOut(texts: readonly string[], shorter: (text: string) => string, note: string): ShortForm | null {
  const known = new Map(texts.map(text => [shorter(text), text]))
  if (known.size < new Set(texts).size || texts.every(text => shorter(text) === text)) return null
  return { of: text => ((known.get(shorter(text)) ?? text) === text ? shorter(text) : null), note }
}

/** Times of `instant`: `14:05:09` where all are of one day, `11-23 14:05:09` where all are of one year. */
export const timesOfDay: Shorten = texts => {
  const times = texts.filter(text => form.test(text))
  if (times.length < texts.length) return null
  for (const [length, note] of forms) {
    const shared = times[0]?.slice(0, length)
    if (shared === undefined || !times.every(text => text.startsWith(shared))) continue
    return { of: text => (text.startsWith(shared) ? text.slice(length) : null), note: note(shared.slice(0, -1)) }
  }
  return null
}

const form = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/
const forms = [
  [11, (day: string) => `Times are of ${day} (UTC).`],
  [5, (year: string) => `Times are of ${year} (UTC).`],
] as const

/**
 * Takes out of messages what variables and files have brought in. Rules quote values of the configuration, their own
 * and those of other places, and do not know where each came from; here everything passes.
 */
import type { Finding } from './document.ts'
import { formatPath, printable } from './messages.ts'

/** What an expression has inserted, and where from, as `env NAME`. */
export interface Inserted {
  readonly value: string
  readonly origin: string
}

/** Shorter values are in other words too; where they stand themselves they are hidden all the same. */
const lettersMin = 4

/** What says nothing of a value. */
const plainWords = /^(?:\(|nothing\b|an? (?:mapping|list|empty)|text of \d|another expression|the key )/

/** @param origins by path, for places whose value is an expression. */
export function hideInserted(
  findings: readonly Finding[],
  inserted: readonly Inserted[],
  origins: ReadonlyMap<string, string>,
): readonly Finding[] {
  if (inserted.length === 0) return findings
  const replaced = inserted
    .filter(({ value }) => value.length >= lettersMin)
    .flatMap(({ value, origin }) => spellings(value).map(spelling => ({ spelling, shown: shownAs(origin) })))
    .sort((one, other) => other.spelling.length - one.spelling.length)
  const hide = (text: string): string =>
    replaced.reduce((hidden, { spelling, shown }) => hidden.replaceAll(spelling, () => shown), text)
  return findings.map(finding => {
    const origin = origins.get(formatPath(finding.path))
    const isOwn = origin !== undefined && finding.code !== 'expression' && finding.seen !== null
    const seen = isOwn && !plainWords.test(finding.seen ?? '') ? shownAs(origin) : finding.seen
    return {
      ...finding,
      seen: seen === null ? null : hide(seen),
      expected: hide(finding.expected),
      nearest: finding.nearest === null || isOwn ? null : hide(finding.nearest),
    }
  })
}

const shownAs = (origin: string): string => `(from ${printable(origin)})`

/** As a message may have it: as it is, in lower case, escaped and cut, and each of its longer lines or parts. */
function spellings(value: string): readonly string[] {
  const cut = printable(value).replace(/…$/, '')
  const lines = value.split(/\s*\n\s*/)
  const all = [value, value.toLowerCase(), cut, cut.toLowerCase(), ...lines]
  return [...new Set(all)].filter(spelling => spelling.length >= lettersMin)
}

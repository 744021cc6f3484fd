/** What the record may have of the details of a refusal: more people read records than bodies. */

/** Text of the client's body, which may be anything, and the caller, whom the record has in fields of its own. */
const leftOut: ReadonlySet<string> = new Set(['caller', 'key', 'url'])
/** Details that a body or a header field may bring, and that are names where the client means no harm. */
const named: ReadonlySet<string> = new Set([
  ...['deployment', 'encoding', 'id', 'otherId', 'path', 'purpose', 'source', 'target', 'tier', 'tool', 'workload'],
])
/** With the words that the gateway itself adds to some names. */
const plainName = /^"?[A-Za-z0-9/][\w.:/%~-]{0,127}"?(?: \([a-z_]+\))?$|^without a type$/

/** @returns `…` for a detail of a refusal that does not belong into a record as it is. */
export function recordable(key: string, value: string): string {
  if (leftOut.has(key)) return '…'
  return named.has(key) && !plainName.test(value) ? '…' : value
}

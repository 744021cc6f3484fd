/** What differs between two records: field by field, and line by line in what was asked and answered. */
import { diffLines } from 'diff'
import { bytesOf, jsonOf, textOfBytes } from './bytes.ts'
import { turnsOfAnswer } from './conversation.ts'
import type { Bodies, RecordRow } from './query.ts'

export interface FieldApart {
  readonly name: string
  readonly one: string
  readonly other: string
}

/** Fields that differ between any two calls and say nothing, and one that is a table of its own. */
const leftOut: ReadonlySet<string> = new Set([
  ...['id', 'startedAtMs', 'sentAtMs', 'firstByteAtMs', 'endedAtMs', 'backendRequestId'],
  'attempts',
])

export function fieldsApart(one: RecordRow, other: RecordRow): readonly FieldApart[] {
  const [a, b] = [flat(one), flat(other)]
  return [...new Set([...a.keys(), ...b.keys()])].flatMap(name => {
    const [left = '–', right = '–'] = [a.get(name), b.get(name)]
    return left === right || leftOut.has(name) ? [] : [{ name, one: left, other: right }]
  })
}

/** `usage.promptTokens` and the like, as texts. */
function flat(row: RecordRow): Map<string, string> {
  const fields = new Map<string, string>()
  for (const [name, value] of Object.entries(row)) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [member, inner] of Object.entries(value)) fields.set(`${name}.${member}`, asText(inner))
    } else fields.set(name, asText(value))
  }
  return fields
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return '–'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Longer texts are compared by their beginning. */
export const comparedMax = 200_000

/** A request as people compare it: JSON in lines, anything else as it is. */
export function requestText({ request }: Bodies): string {
  if (request === null) return ''
  const text = textOfBytes(bytesOf(request.base64))
  const json = jsonOf(text)
  return (json === null ? text : JSON.stringify(json, null, 2)).slice(0, comparedMax)
}

/** An answer as people compare it: what was said; where nothing was, as a request. */
export function answerText({ response }: Bodies): string {
  if (response === null) return ''
  const said = turnsOfAnswer(response.assembled).flatMap(({ parts }) =>
    parts.map(part => ('text' in part ? part.text : JSON.stringify(part, null, 2))),
  )
  const text = said.length > 0 ? said.join('\n') : requestText({ request: response } as Bodies)
  return text.slice(0, comparedMax)
}

/** A line of the two texts side by side; null where one of them has none. */
export interface LinePair {
  readonly at: number
  readonly kind: 'same' | 'apart'
  readonly left: string | null
  readonly right: string | null
}

/** Lines that may differ before the search for the least difference is given up. */
const editsMax = 1_000

/** @returns null where the texts have too little in common to be compared. */
export function linePairs(one: string, other: string): readonly LinePair[] | null {
  const changes = diffLines(one, other, { maxEditLength: editsMax })
  if (changes === undefined) return null
  const pairs: Omit<LinePair, 'at'>[] = []
  let removed: string[] = []
  let added: string[] = []
  const flush = (): void => {
    for (let at = 0; at < Math.max(removed.length, added.length); at += 1) {
      pairs.push({ kind: 'apart', left: removed[at] ?? null, right: added[at] ?? null })
    }
    removed = []
    added = []
  }
  for (const change of changes) {
    const lines = change.value.replace(/\n$/, '').split('\n')
    if (change.removed) removed.push(...lines)
    else if (change.added) added.push(...lines)
    else {
      flush()
      pairs.push(...lines.map(line => ({ kind: 'same' as const, left: line, right: line })))
    }
  }
  flush()
  return pairs.map((pair, at) => ({ ...pair, at }))
}

const contextLines = 3

export type Shown = LinePair | { readonly kind: 'folded'; readonly at: number; readonly lines: number }

/** Long runs of equal lines are folded to a few around each difference. */
export function folded(pairs: readonly LinePair[]): readonly Shown[] {
  const isNear = pairs.map((_, at) =>
    pairs.slice(Math.max(0, at - contextLines), at + contextLines + 1).some(({ kind }) => kind === 'apart'),
  )
  const shown: Shown[] = []
  for (const [at, pair] of pairs.entries()) {
    const last = shown.at(-1)
    if (isNear[at] === true) shown.push(pair)
    else if (last?.kind === 'folded') shown[shown.length - 1] = { ...last, lines: last.lines + 1 }
    else shown.push({ kind: 'folded', at, lines: 1 })
  }
  return shown
}

/** Values that fit the schema, to put in the place of values that do not. */
import type { SchemaView } from '../json-schema.ts'

/** Two values for each place, so that what depends on the value can be told from what does not. */
export type Side = 'one' | 'other'

/** Part of every text that is made up here: a message that has it is about no value of the file. */
export const madeUpMark = 'unreadable-value'

export interface SampleParts {
  readonly side: Side
  /** Names that the file uses anywhere. A mapping of names that cannot be read may have any of them. */
  readonly names: readonly string[]
  /** The name to use in this sample. */
  readonly name?: string
}

/** @param views variants of the schema at one place. Undefined where nothing can be made up. */
export function sampleOf(views: readonly SchemaView[], parts: SampleParts): unknown {
  const view = parts.side === 'one' ? views[0] : views.at(-1)
  return view === undefined ? undefined : sample(view, parts)
}

function sample(view: SchemaView, parts: SampleParts): unknown {
  const isOne = parts.side === 'one'
  if (view.const !== undefined) return view.const
  if (view.anyOf !== undefined) return sampleOf(view.anyOf, parts)
  if (view.enum !== undefined) return isOne ? view.enum[0] : view.enum.at(-1)
  if (view.type === 'string') return textSample(view, parts)
  if (view.type === 'boolean') return !isOne
  if (view.type === 'integer' || view.type === 'number') {
    return isOne ? (view.minimum ?? 0) : (view.maximum ?? 1)
  }
  if (view.items !== undefined) return listSample(view.items, view.minItems ?? 0, parts)
  return mappingSample(view, parts)
}

const byTitle: Readonly<Record<string, readonly [one: string, other: string]>> = {
  GUID: ['aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa', 'bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb'],
  URL: [`https://${madeUpMark}-one.invalid`, `https://${madeUpMark}-other.invalid`],
  'ADDRESS:PORT': ['127.0.0.1:0', '127.0.0.2:0'],
  'ADDRESS/BITS': ['192.0.2.0/24', '198.51.100.0/24'],
  'amount of money': ['0.01 USD', '9000000 USD'],
}

/** A list that cannot be read may have every name. */
function listSample(items: SchemaView, least: number, parts: SampleParts): unknown[] {
  const { side, names } = parts
  if (side === 'one') return Array.from({ length: least }, () => sample(items, parts))
  return (names.length === 0 ? [madeUpMark] : names).map(name => sample(items, { ...parts, name }))
}

function textSample(view: SchemaView, { side, name }: SampleParts): string {
  const isOne = side === 'one'
  const isName = view.title === 'name' || (view.title === undefined && view.pattern === undefined)
  if (name !== undefined && isName && view.writeOnly !== true && view.format === undefined) return name
  const known = byTitle[view.title ?? '']
  if (known !== undefined) return known[isOne ? 0 : 1]
  if (view.title === 'duration') return view.range?.split(' .. ')[isOne ? 0 : 1] ?? '1s'
  if (view.format === 'date') return isOne ? '1970-01-01' : '2100-01-01'
  return isOne ? `${madeUpMark}-one` : `${madeUpMark}-other`
}

function mappingSample(view: SchemaView, parts: SampleParts): Record<string, unknown> {
  const { properties = {}, required = [], additionalProperties } = view
  if (typeof additionalProperties === 'object') {
    const names = parts.side === 'one' ? [] : parts.names
    return Object.fromEntries(names.map(name => [name, sample(additionalProperties, parts)]))
  }
  return Object.fromEntries(required.map(key => [key, sample(properties[key] ?? {}, parts)]))
}

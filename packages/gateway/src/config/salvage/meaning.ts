/** What a value of a wrong type or form most likely means. */
import type { Finding } from '../document.ts'
import type { SchemaView } from '../json-schema.ts'
import { isMapping } from './tree.ts'

/**
 * The value as the schema would have it, or undefined where nobody can know. Entries of a mapping that are null are
 * only known by name.
 */
export function readAs(
  value: unknown,
  { nearest }: Finding,
  { views, isName }: { readonly views: readonly SchemaView[]; isName(text: string): boolean },
): unknown {
  if (nearest !== null && (typeof value === 'string' || typeof value === 'number')) return asType(nearest, views)
  if (views.length > 0 && views.every(({ items }) => items !== undefined)) {
    // Any other text may be a secret in a wrong place, which no message must show.
    return isMapping(value) || (typeof value === 'string' && isName(value)) ? [value] : undefined
  }
  const isByName = views.some(({ additionalProperties }) => typeof additionalProperties === 'object')
  if (isByName && Array.isArray(value) && value.length > 0) return byName(value)
  const isKeyed = isByName || views.some(({ properties }) => properties !== undefined)
  return value === null && isKeyed ? {} : undefined
}

function asType(text: string, views: readonly SchemaView[]): unknown {
  const types = views.map(({ type }) => type)
  if (types.includes('integer') || types.includes('number')) return Number(text)
  return types.includes('boolean') ? text === 'true' : text
}

/** A list of names, or of mappings by name. */
function byName(items: readonly unknown[]): unknown {
  const entries = items.flatMap((item): [string, unknown][] => {
    if (typeof item === 'string') return [[item, null]]
    return isMapping(item) ? Object.entries(item) : [['', undefined]]
  })
  return entries.some(([name]) => name === '') ? undefined : Object.fromEntries(entries)
}

/** Forms of values in words and by example, from the schema: for messages and for `gatehouse config schema PATH`. */
import { stringify } from 'yaml'
import type { SchemaView } from './json-schema.ts'

/** What belongs in a place, with an example, as `a duration with a unit, as 30s`; null for a choice of forms. */
export function formOf(view: SchemaView): string | null {
  const kind = kindOf(view)
  if (kind === null) return null
  if (view.enum !== undefined || view.type === 'boolean') return kind
  const example = exampleOf(view)
  if (example === undefined || view.writeOnly === true) return kind
  if (isShare(view)) return `${kind}, as ${example} for ${Math.round(Number(example) * 1_000) / 10} %`
  return `${kind}, as ${exampleText(example)}`
}

/** In one line of YAML. */
export function exampleText(example: unknown): string {
  const options = { collectionStyle: 'flow', flowCollectionPadding: true, lineWidth: 0 } as const
  return stringify(example, options).trimEnd()
}

const kindsByTitle: Readonly<Record<string, string>> = {
  GUID: 'a GUID',
  URL: 'an http(s) URL',
  name: 'a name',
  duration: 'a duration with a unit',
  'amount of money': 'an amount with its currency',
  'ADDRESS:PORT': 'an address and a port',
  'ADDRESS/BITS': 'an address or a range of addresses',
}

function kindOf(view: SchemaView): string | null {
  if (view.anyOf !== undefined) return null
  if (view.enum !== undefined) return `one of: ${view.enum.map(String).join(', ')}`
  const known = kindsByTitle[view.title ?? '']
  if (known !== undefined) return known
  if (view.type === 'string') return 'text'
  if (view.type === 'boolean') return 'true or false'
  if (view.type === 'integer') return 'a whole number'
  if (isShare(view)) return `a share from ${view.minimum} to 1`
  if (view.type === 'number') return 'a number'
  if (view.items !== undefined) return 'a list'
  return typeof view.additionalProperties === 'object' ? 'a mapping of names' : 'a mapping'
}

/** A part of a whole; 1 is all of it. */
export function isShare(view: SchemaView): boolean {
  return view.type === 'number' && view.maximum === 1 && view.minimum !== undefined
}

const examplesByTitle: Readonly<Record<string, string>> = {
  GUID: '11111111-2222-3333-4444-555555555555',
  URL: 'https://contoso.openai.azure.com',
  name: 'hr-bot',
  duration: '30s',
  'amount of money': '500 USD',
  'ADDRESS:PORT': '0.0.0.0:8080',
  'ADDRESS/BITS': '10.0.2.0/24',
}

/** A value that fits, as plain data. Undefined where the schema has none. */
export function exampleOf(view: SchemaView): unknown {
  const [example] = view.examples ?? []
  if (example !== undefined) return example
  if (view.const !== undefined) return view.const
  if (view.writeOnly === true) return `\${env:NAME}`
  const { default: standard } = view
  if (standard !== undefined && standard !== '' && !isEmpty(standard)) return standard
  if (view.anyOf !== undefined) return view.anyOf.map(exampleOf).find(one => one !== undefined)
  if (view.enum !== undefined) return view.enum[0]
  const known = examplesByTitle[view.title ?? '']
  if (known !== undefined) return known
  if (view.type === 'boolean') return true
  if (view.type === 'integer' || view.type === 'number') return view.minimum
  if (view.items !== undefined) return listOf(exampleOf(view.items))
  return view.type === 'string' ? undefined : mappingExample(view)
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

function listOf(item: unknown): unknown {
  return item === undefined ? undefined : [item]
}

/** What must be there, or one key where nothing must. */
function mappingExample({ properties = {}, required = [], additionalProperties, propertyNames }: SchemaView): unknown {
  if (typeof additionalProperties === 'object') {
    const name = exampleOf(propertyNames ?? {})
    const entry = exampleOf(additionalProperties)
    return entry === undefined ? undefined : { [typeof name === 'string' ? name : 'hr-bot']: entry }
  }
  const keys = required.length > 0 ? required : Object.keys(properties).slice(0, 1)
  const members = keys.map(key => [key, exampleOf(properties[key] ?? {})] as const)
  return Object.fromEntries(members.filter(([, example]) => example !== undefined))
}

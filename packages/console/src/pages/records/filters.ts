/** Filters of records, as the address has them and as text: `workload:hr-bot outcome:failed caller:"Ada Lovelace"`. */
import type { Input } from '../../api/client.ts'
import type { Address } from '../../app/address.ts'

type Query = NonNullable<Input<'GET /api/v1/records'>['query']>

/** Names of filters in the address, in the order in which they are shown. */
export const filterNames = [
  'workload',
  'caller',
  'outcome',
  'outcomeCode',
  'status',
  'model',
  'deployment',
  'instance',
  'operation',
  'replica',
  'copyKind',
  'copyOf',
  'objectId',
] as const satisfies readonly (keyof Query)[]

export type FilterName = (typeof filterNames)[number]
export type Filters = Readonly<Partial<Record<FilterName, string>>>

/** Other names that people write. */
const aliases: Readonly<Record<string, FilterName>> = { code: 'outcomeCode', copy: 'copyKind', object: 'objectId' }

const outcomes = ['completed', 'refused', 'failed', 'aborted', 'interrupted'] as const
const copies = ['shadow', 'hedge', 'follow_up', 'none'] as const

export function filtersIn(address: Address): Filters {
  const given = filterNames.flatMap(name => {
    const value = address[name]
    return value === undefined || value === '' ? [] : [[name, value] as const]
  })
  return Object.fromEntries(given)
}

/** Filters as text; a value with blanks or quotes is between quotes. */
export function filterText(filters: Filters): string {
  return filterNames
    .flatMap(name => {
      const value = filters[name]
      return value === undefined ? [] : [`${name}:${quoted(value)}`]
    })
    .join(' ')
}

function quoted(value: string): string {
  return /[\s"]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value
}

/** What was written: filters, or what is wrong with it. */
export type ReadFilters =
  | { readonly filters: Filters }
  | { readonly wrong: 'word' | 'name' | 'value'; readonly word: string }

const wordForm = /(\w+):(?:"((?:[^"]|"")*)"|(\S*))|(\S+)/g

export function readFilters(text: string): ReadFilters {
  const filters: Partial<Record<FilterName, string>> = {}
  for (const [word, name = '', inQuotes, bare] of text.matchAll(wordForm)) {
    const known = aliases[name] ?? filterNames.find(one => one.toLowerCase() === name.toLowerCase())
    if (known === undefined) return { wrong: name === '' ? 'word' : 'name', word }
    const value = inQuotes?.replaceAll('""', '"') ?? bare ?? ''
    if (value === '') return { wrong: 'value', word }
    filters[known] = value
  }
  return { filters }
}

/** The filters as the management API takes them. It says itself what is wrong with a value. */
export function asQuery({ outcome, status, copyKind, ...texts }: Filters): Query {
  return {
    ...texts,
    // A value that is none of these goes along as it is: the answer says what is allowed.
    outcome: outcomes.find(name => name === outcome) ?? (outcome as undefined),
    copyKind: copies.find(name => name === copyKind) ?? (copyKind as undefined),
    status: status === undefined ? undefined : (status as unknown as number),
  }
}

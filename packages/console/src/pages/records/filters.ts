/**
 * Filters of records, as the address has them and as text:
 * `workload:hr-bot outcome:failed caller:"Ada Lovelace" tokens>5000 cost>0.1 duration>2s "parental leave"`.
 */
import type { Input } from '../../api/client.ts'
import type { Address } from '../../app/address.ts'
import { amountIn, amountNames, amountText } from './amounts.ts'

type Query = NonNullable<Input<'GET /api/v1/records'>['query']>

/** Names of filters with a value that a record has, in the order in which they are shown. */
export const valueNames = [
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

/** Names in the address. `text` is looked for in bodies, and is no filter of lists. */
export const filterNames = [...valueNames, ...amountNames, 'text'] as const

type ValueName = (typeof valueNames)[number]
export type FilterName = (typeof filterNames)[number]
export type Filters = Readonly<Partial<Record<FilterName, string>>>

/** Other names that people write. */
const aliases: Readonly<Record<string, ValueName>> = { code: 'outcomeCode', copy: 'copyKind', object: 'objectId' }

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
      return value === undefined ? [] : [partText(name, value)]
    })
    .join(' ')
}

/** One filter as it is written. */
export function partText(name: FilterName, value: string): string {
  if (name === 'text') return inQuotes(value)
  const isAmount = amountNames.find(one => one === name)
  return isAmount === undefined ? `${name}:${quoted(value)}` : amountText(isAmount, value)
}

function quoted(value: string): string {
  return /[\s"]/.test(value) ? inQuotes(value) : value
}

function inQuotes(value: string): string {
  return `"${value.replaceAll('"', '""')}"`
}

/** What was written: filters, or what is wrong with it. */
export type ReadFilters =
  | { readonly filters: Filters }
  | { readonly wrong: 'word' | 'name' | 'value' | 'amount'; readonly word: string }

/** A text in quotes; a name, a colon and a value; a name, a greater-than sign and an amount; or another word. */
const wordForm = /"((?:[^"]|"")*)"|(\w+):(?:"((?:[^"]|"")*)"|(\S*))|([a-zA-Z]+)>(\S*)|(\S+)/g

export function readFilters(text: string): ReadFilters {
  const filters: Partial<Record<FilterName, string>> = {}
  for (const [word, searched, name, inQuotes, bare = '', amount, over = ''] of text.matchAll(wordForm)) {
    const value = (inQuotes ?? bare).replaceAll('""', '"')
    const read =
      searched !== undefined
        ? searchedIn(searched.replaceAll('""', '"'))
        : amount !== undefined
          ? amountRead(amount, over)
          : valueRead(name ?? '', inQuotes === undefined ? bare : value)
    if (typeof read === 'string') return { wrong: read, word }
    filters[read.name] = read.value
  }
  return { filters }
}

type Read = { readonly name: FilterName; readonly value: string } | 'word' | 'name' | 'value' | 'amount'

function searchedIn(value: string): Read {
  return value === '' ? 'value' : { name: 'text', value }
}

function amountRead(written: string, over: string): Read {
  const name = amountNames.find(one => amountText(one, '0').startsWith(`${written.toLowerCase()}>`))
  if (name === undefined) return 'name'
  const value = amountIn(name, over)
  return value === null ? 'amount' : { name, value }
}

function valueRead(written: string, value: string): Read {
  if (written === '') return 'word'
  const name = aliases[written] ?? valueNames.find(one => one.toLowerCase() === written.toLowerCase())
  if (name === undefined) return 'name'
  return value === '' ? 'value' : { name, value }
}

/** The filters as the management API takes them. It says itself what is wrong with a value. */
export function asQuery({ text: _, outcome, status, copyKind, ...texts }: Filters): Query {
  const { tokensOver, costOverNano, durationOverMs, ...values } = texts
  // A value that is none of these goes along as it is: the answer says what is allowed.
  const asNumber = (value: string | undefined): number | undefined => value as number | undefined
  return {
    ...values,
    outcome: outcomes.find(name => name === outcome) ?? (outcome as undefined),
    copyKind: copies.find(name => name === copyKind) ?? (copyKind as undefined),
    status: asNumber(status),
    tokensOver: asNumber(tokensOver),
    costOverNano: asNumber(costOverNano),
    durationOverMs: asNumber(durationOverMs),
  }
}

/** The columns of Data Explorer's tables, from the table of the record's fields. */
import type { FieldKind } from '../../packages/gateway/src/ledger/field.ts'
import { type Field, shownFields } from '../../packages/gateway/src/ledger/fields.ts'

export type KustoType = 'string' | 'dynamic' | 'bool' | 'real' | 'int' | 'long' | 'datetime'

export interface KustoColumn {
  readonly name: string
  readonly type: KustoType
  readonly description: string
}

/** A column of `ExchangeRaw`, and the member of the line that fills it. */
export interface RawColumn extends KustoColumn {
  readonly member: string
}

/** A column of `Exchange`, and the expression over `ExchangeRaw` that computes it. */
export interface ExchangeColumn extends KustoColumn {
  readonly expression: string
}

const types: Readonly<Record<FieldKind, KustoType>> = {
  id: 'string',
  name: 'string',
  text: 'string',
  deployments: 'dynamic',
  attempts: 'dynamic',
  flag: 'bool',
  // Fractions of a millisecond are kept. A time becomes a `datetime` in `Exchange`.
  timeMs: 'real',
  durationMs: 'real',
  status: 'int',
  tokens: 'long',
  count: 'long',
  bytes: 'long',
  nano: 'long',
}

const capitalised = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1)

const rawColumn = (member: string, type: KustoType, description: string): RawColumn => ({
  ...{ name: capitalised(member), type, description },
  member,
})

/** What a line has besides the fields of the record. A line without `part` is a whole record. */
const partColumns: readonly RawColumn[] = [
  rawColumn('part', 'long', 'Number of the part, from 1. Empty where the line is the whole record.'),
  rawColumn('parts', 'long', 'Number of parts of the record.'),
  rawColumn('partSha256', 'string', 'SHA-256 of the two texts of this part, request then response, in hexadecimal.'),
  rawColumn('requestBody', 'string', 'Body of the request, or the piece of it that this part has.'),
  rawColumn('requestBodyEncoding', 'string', '`utf8`, `base64` for bytes that are no text, or `omitted`.'),
  rawColumn('responseBody', 'string', 'Body of the answer, or the piece of it that this part has.'),
  rawColumn('responseBodyEncoding', 'string', '`utf8`, `base64` for bytes that are no text, or `omitted`.'),
  rawColumn('cut', 'string', 'Name of the places where the record was cut: parts of one cut fit together.'),
  rawColumn('bodiesSha256', 'string', 'SHA-256 of both whole bodies, request then response, in hexadecimal.'),
]

/**
 * Fields by the version that has them first, then by their number in the store; those that are computed come last, by
 * name. `.create-merge` adds new columns at the end of a table, and the update policy needs the columns of `Exchange`
 * in the order of the table. So the place of a row in the table of fields must not decide.
 */
export function inOrderOfAge(fields: readonly Field[]): readonly Field[] {
  const sinceOf = ({ since = 1 }: Field): number => since
  const columnOf = ({ column = Number.MAX_SAFE_INTEGER }: Field): number => column
  return fields.toSorted(
    (a, b) => sinceOf(a) - sinceOf(b) || columnOf(a) - columnOf(b) || (a.name < b.name ? -1 : Number(a.name > b.name)),
  )
}

const fieldsByAge = inOrderOfAge(shownFields)

export const rawColumns: readonly RawColumn[] = [
  ...fieldsByAge.map(({ name, kind, description }) => rawColumn(name, types[kind], description)),
  ...partColumns,
]

export const exchangeColumns: readonly ExchangeColumn[] = fieldsByAge.map(({ name, kind, description }) => {
  const raw = capitalised(name)
  return kind === 'timeMs'
    ? {
        name: raw.replace(/Ms$/, ''),
        type: 'datetime',
        description: description.replace(' Milliseconds since the epoch.', ''),
        expression: `unixtime_milliseconds_todatetime(${raw})`,
      }
    : { name: raw, type: types[kind], description, expression: raw }
})

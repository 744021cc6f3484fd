/** Puts records together from the values that the journal and the store keep of them. */
import { type FieldGroup, groups, kinds } from './field.ts'
import { type Field, type FieldName, fieldRows, shownFields } from './fields.ts'
import { attemptsFrom, deploymentsFrom } from './journal/forms.ts'
import { timeOfId } from './journal/ids.ts'
import { recordMaker, rowMaker } from './makers.ts'
import type { Closed, Opened, RecordRow } from './record.ts'

/** A value as the journal and the store keep it; null where they have none. */
export type StoredValue = string | number | boolean | null
export type StoredValues = (field: Field) => StoredValue

const byName: ReadonlyMap<FieldName, Field> = new Map(fieldRows.map(field => [field.name, field]))
/** The row of a field. */
export function fieldOf(name: FieldName): Field {
  const field = byName.get(name)
  if (field === undefined) throw new RangeError(`The table of fields has no ${name}.`)
  return field
}

const fieldsOf = (...halves: readonly Field['half'][]): readonly Field[] =>
  shownFields.filter(({ half }) => halves.includes(half))

/** The fields of each half. */
export const openedFields = fieldsOf('opened', 'both')
export const closedFields = fieldsOf('closed', 'both')

const makeOpened = recordMaker(openedFields, fieldValue)
const makeClosed = recordMaker(closedFields, fieldValue)
const makeRow = recordMaker(shownFields, fieldValue)

export function openedFrom(values: StoredValues): Opened {
  return makeOpened(values) as unknown as Opened
}

/** A second half without the first one that it may carry. */
export function closedFrom(values: StoredValues): Closed {
  return makeClosed(values) as unknown as Closed
}

export function rowFrom(values: StoredValues): RecordRow {
  return makeRow(values) as unknown as RecordRow
}

/** The record of both halves: the end corrects the beginning, where it knows more. */
export const rowOfHalves = rowMaker(shownFields)

/** The first half of an exchange of which only the id is known. The id has the time of the beginning. */
export function unknownOpened(id: string): Opened {
  return { ...openedFrom(() => null), id, startedAtMs: timeOfId(id) }
}

/** The second half of an exchange of which only the id is known. */
export function unknownClosed(id: string): Closed {
  return { ...closedFrom(() => null), id }
}

function fieldValue(field: Field, values: StoredValues): unknown {
  if (field.kind === 'deployments') return deploymentsFrom(textOrNull(values(field)))
  if (field.kind === 'attempts') return attemptsOf(field, values)
  return values(field) ?? unknownOf(field)
}

/** What a record has of a field where nothing is known. */
export function unknownOf(field: Field): unknown {
  if (field.orNull === true || isOfNullableGroup(field)) return null
  return field.unknown ?? kinds[field.kind].unknown
}

function attemptsOf(field: Field, values: StoredValues): unknown {
  const stored = (name: FieldName): StoredValue => values(fieldOf(name))
  return attemptsFrom(textOrNull(values(field)), numberOrNull(stored('onlyAttemptMs')), {
    instance: textOrNull(stored('instance')),
    status: numberOrNull(stored('status')),
  })
}

function isOfNullableGroup({ path: [group, member] }: Field): boolean {
  return member !== undefined && groups[group as FieldGroup].orNull
}

const textOrNull = (value: StoredValue): string | null => (typeof value === 'string' ? value : null)
const numberOrNull = (value: StoredValue): number | null => (typeof value === 'number' ? value : null)

/** The value of a field in a record; null where its group is null. */
export function valueIn(record: RecordRow, { path: [name, member] }: Field): unknown {
  const value = (record as unknown as Readonly<Record<string, unknown>>)[name]
  return member === undefined ? value : ((value as Readonly<Record<string, unknown>> | null)?.[member] ?? null)
}

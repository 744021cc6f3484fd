/** Records made from the table of fields, for tests that walk it. */
import fc from 'fast-check'
import { newId } from './exchange.fixture.ts'
import { groups } from './field.ts'
import { type Field, shownFields } from './fields.ts'
import type { RecordRow } from './record.ts'

const dayMs = 86_400_000
const fromMs = Date.UTC(2026, 10, 1)

/** Begins with the field's name, so that no value is taken for another's. */
function textOf({ name }: Field): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...'abcXYZ019-_/.é株😀'), maxLength: 12 }).map(text => `${name}-${text}`)
}

function valuesOf(field: Field): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'id':
      return fc.constant(newId())
    case 'name':
      return field.values === undefined ? textOf(field) : fc.constantFrom(...field.values)
    case 'text':
      return textOf(field)
    case 'deployments':
      return fc.array(textOf(field), { minLength: 1, maxLength: 3 })
    case 'attempts':
      return fc.array(
        fc.record(
          {
            instance: textOf(field),
            status: fc.option(fc.integer({ min: 100, max: 599 })),
            durationMs: fc.nat(10_000),
            error: fc.option(textOf(field)),
          },
          { noNullPrototype: true },
        ),
        { minLength: 1, maxLength: 3 },
      )
    case 'flag':
      return fc.boolean()
    case 'timeMs':
      return fc.nat(20 * dayMs).map(ms => fromMs + ms)
    case 'durationMs':
      return fc.nat(1_000_000).map(eighths => eighths / 8)
    case 'status':
      return fc.integer({ min: 100, max: 599 })
    case 'tokens':
      return fc.nat(0x7fff_ffff)
    case 'count':
      return fc.integer({ min: 2, max: 1_000_000 })
    case 'bytes':
    case 'nano':
      return fc.maxSafeNat()
    default:
      return field.kind satisfies never
  }
}

/**
 * Records with any value in each field that is stored; their id is for the test to give. @param nulls false for records
 * in which no field is null.
 */
export function anyRecord(nulls: boolean): fc.Arbitrary<RecordRow> {
  const stored = shownFields.filter(({ half }) => half !== 'derived')
  const values = stored.map(field => {
    const value = valuesOf(field)
    return nulls && field.orNull === true ? fc.option(value, { freq: 2 }) : value
  })
  const nullGroups = Object.entries(groups).map(([name, { orNull }]) =>
    (nulls && orNull ? fc.boolean() : fc.constant(false)).map(isNull => (isNull ? name : '')),
  )
  return fc.tuple(fc.tuple(...values), fc.tuple(...nullGroups)).map(([made, empty]) => {
    const record: Record<string, unknown> = {}
    stored.forEach(({ path: [name, member] }, at) => {
      if (member === undefined) record[name] = made[at]
      else if (empty.includes(name)) record[name] = null
      else record[name] = { ...(record[name] as object), [member]: made[at] }
    })
    for (const field of shownFields) {
      if (field.compute !== undefined) record[field.name] = field.compute(record as never)
    }
    return record as unknown as RecordRow
  })
}

/** Records made from the table of fields, for tests that walk it. */
import fc from 'fast-check'
import { newId } from './exchange.fixture.ts'
import { groups } from './field.ts'
import { type Field, shownFields } from './fields.ts'
import type { RecordRow } from './record.ts'

const dayMs = 86_400_000
const fromMs = Date.UTC(2026, 10, 1)

/** What the texts and names of a field are made of. */
type TextsOf = (field: Field) => fc.Arbitrary<string>

/**
 * Texts that a terminal and CSV show as they are. Each begins with its field's name, so that no value is taken for
 * another's.
 */
const plainTexts: TextsOf = ({ name }) =>
  fc.string({ unit: fc.constantFrom(...'abcXYZ019-_/.é株😀'), maxLength: 12 }).map(text => `${name}-${text}`)

const anyUnits = fc.string({ unit: fc.nat(0xffff).map(unit => String.fromCharCode(unit)), maxLength: 40 })
/**
 * Texts that a client may send to break a reader: control characters, halves of surrogate pairs, and more than a field
 * keeps.
 */
export const hostileTexts: TextsOf = () =>
  fc.oneof(anyUnits, fc.constantFrom('', '\u0000', '\ud83d', '\ude00', '株式会社', '\ufeff', 'x'.repeat(70_000)))

function valuesOf(field: Field, textsOf: TextsOf): fc.Arbitrary<unknown> {
  const texts = textsOf(field)
  switch (field.kind) {
    case 'id':
      return fc.constant(newId())
    case 'name':
      return field.values === undefined ? texts : fc.constantFrom(...field.values)
    case 'text':
      return texts
    case 'deployments':
      return fc.array(texts, { minLength: 1, maxLength: 3 })
    case 'attempts':
      return fc.array(
        fc.record(
          {
            instance: texts,
            status: fc.option(fc.integer({ min: 100, max: 599 })),
            durationMs: fc.nat(10_000),
            error: fc.option(texts),
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
export function anyRecord(nulls: boolean, textsOf: TextsOf = plainTexts): fc.Arbitrary<RecordRow> {
  const stored = shownFields.filter(({ half }) => half !== 'derived')
  const values = stored.map(field => {
    const value = valuesOf(field, textsOf)
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

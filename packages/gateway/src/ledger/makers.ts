/**
 * Functions that make the objects of records, compiled once from the table of fields. Written member by member, an
 * object with so many members is a hash table for V8, which is slow to make, to copy and to read. With objects whose
 * members are all known beforehand, a feed of spans takes 60 µs of CPU for a record instead of 80. Names come from the
 * table alone.
 */
import { type FieldGroup, groups } from './field.ts'
import type { Field } from './fields.ts'
import type { Closed, Opened, RecordRow } from './record.ts'

/** A value of a field that is not computed from others. */
type Reading<Values> = (field: Field, values: Values) => unknown
/** A record as it was put together; its type is the caller's to know. */
type Made = Readonly<Record<string, unknown>>

/**
 * A function that makes an object with these fields, in their order; fields that are computed from others are computed
 * last.
 */
export function recordMaker<Values>(fields: readonly Field[], read: Reading<Values>): (values: Values) => Made {
  const valueText = (field: Field): string => `read(fields[${fields.indexOf(field)}], values)`
  return makerOf(fields, ['values'], valueText, { read })
}

/**
 * As `recordMaker`, with values that are written out.
 * @param parameters of the function. @param valueText a value in terms of the parameters and the constants.
 */
export function makerOf<F>(
  fields: readonly Field[],
  parameters: readonly string[],
  valueText: (field: Field) => string,
  constants: object,
): F {
  const source = `const record = ${membersOf(fields, valueText)}\n${computations(fields)}\n${nulls(fields)}\nreturn record`
  return compile(parameters, source, { fields, ...constants })
}

/**
 * A function that makes a row of the halves of a record: of what both halves know, the end corrects the beginning where
 * it knows more.
 */
export function rowMaker(fields: readonly Field[]): (opened: Opened, closed: Closed) => RecordRow {
  const half = (field: Field): string => {
    const name = JSON.stringify(field.path[0])
    if (field.half === 'both') return `closed[${name}] ?? opened[${name}]`
    return field.half === 'opened' ? `opened[${name}]` : `closed[${name}]`
  }
  const names = new Map(fields.map(field => [field.path[0], field.compute === undefined ? half(field) : 'null']))
  const members = [...names].map(([name, value]) => `${JSON.stringify(name)}: ${value}`)
  const source = `const record = { ${members.join(', ')} }\n${computations(fields)}\nreturn record`
  return compile(['opened', 'closed'], source, { fields })
}

/** A function that reads one field of a record; null where the record or its group does not have it. */
export function memberReader({ path }: Field): (row: RecordRow) => unknown {
  return compile(['row'], `return row${path.map(at).join('?.')} ?? null`, {})
}

function membersOf(fields: readonly Field[], valueText: (field: Field) => string): string {
  const members = new Map<string, string[] | string>()
  for (const field of fields) {
    const [name, member] = field.path
    const value = field.compute === undefined ? valueText(field) : 'null'
    if (member === undefined) members.set(name, value)
    else members.set(name, [...(members.get(name) ?? []), `${JSON.stringify(member)}: ${value}`])
  }
  const written = [...members].map(([name, value]) => {
    return `${JSON.stringify(name)}: ${typeof value === 'string' ? value : `{ ${value.join(', ')} }`}`
  })
  return `{ ${written.join(', ')} }`
}

function computations(fields: readonly Field[]): string {
  return [...fields.entries()]
    .filter(([, { compute }]) => compute !== undefined)
    .map(([index, { path }]) => `record${path.map(at).join('')} = fields[${index}].compute(record)`)
    .join('\n')
}

/** Groups that are null where one of their members is. */
function nulls(fields: readonly Field[]): string {
  const nullable = Map.groupBy(fields, ({ path: [name] }) => name)
  return [...nullable]
    .filter(([name]) => Object.hasOwn(groups, name) && groups[name as FieldGroup].orNull)
    .map(([name, ofGroup]) => {
      const tests = ofGroup.map(({ path }) => `record${path.map(at).join('')} === null`)
      return `if (${tests.join(' || ')}) record${at(name)} = null`
    })
    .join('\n')
}

const at = (name: string): string => `[${JSON.stringify(name)}]`

function compile<F>(parameters: readonly string[], source: string, constants: object): F {
  const inner = `return (${parameters.join(', ')}) => {\n${source}\n}`
  return new Function(...Object.keys(constants), `'use strict'\n${inner}`)(...Object.values(constants)) as F
}

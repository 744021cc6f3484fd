import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isRecord, listOf } from '../../json.ts'
import { closed } from './echoed-tools.ts'

const { schema } = fc.letrec(tie => ({
  schema: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom({ type: 'string' }, { type: 'number', description: 'a number' }, { $ref: '#/$defs/a' }),
    fc.record({ type: fc.constant('array'), items: tie('schema') }),
    fc.record({ anyOf: fc.array(tie('schema'), { maxLength: 3 }) }),
    fc.record({
      type: fc.constant('object'),
      properties: fc.dictionary(fc.constantFrom('a', 'b', 'required', 'properties'), tie('schema'), {
        noNullPrototype: true,
      }),
      required: fc.array(fc.constantFrom('a', 'b')),
    }),
  ),
}))

/** Every object in a schema, at any depth. */
function objectsIn(value: unknown): Record<string, unknown>[] {
  if (!isRecord(value)) return []
  const properties = isRecord(value.properties) ? value.properties : {}
  const inside = [...Object.values(properties), value.items, ...listOf(value.anyOf)].flatMap(objectsIn)
  return value.type === 'object' ? [value, ...inside] : inside
}

// A model that may leave out what its caller needs, or add what it does not know, breaks the caller's code.
test('S7 a closed schema has no optional and no other properties at any depth, and closing it again changes nothing', () => {
  fc.assert(
    fc.property(schema, given => {
      const strict = closed(given)
      for (const object of objectsIn(strict)) {
        assert.equal(object.additionalProperties, false)
        assert.deepEqual(object.required, Object.keys(isRecord(object.properties) ? object.properties : {}))
      }
      assert.equal(objectsIn(strict).length, objectsIn(given).length)
      assert.deepEqual(closed(strict), strict)
    }),
    { numRuns: 200 },
  )
})

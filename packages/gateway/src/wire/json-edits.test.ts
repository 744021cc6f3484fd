import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JsonEdits } from './json-edits.ts'
import { scanObject } from './json-scan.ts'

const wanted = new Set(['model', 'n'])
const keys = fc.oneof(fc.constantFrom('model', 'stream_options', 'ä"', '\\', '__proto__'), fc.string({ maxLength: 3 }))

// Another changed byte could change the prompt.
test('members are set whether or not they are there, and every other member is unchanged', () => {
  const documents = fc.dictionary(keys, fc.jsonValue())
  fc.assert(
    fc.property(documents, documents, fc.constantFrom(undefined, 1, '\t'), (document, changes, space) => {
      const body = Buffer.from(JSON.stringify(document, null, space))
      const scan = scanObject(body, new Set(Object.keys(changes)))
      const edits = new JsonEdits(body)
      for (const [key, value] of Object.entries(changes)) edits.set(scan, key, JSON.stringify(value))
      const expected: unknown = JSON.parse(JSON.stringify({ ...document, ...changes }))
      assert.deepEqual(JSON.parse(edits.applied().toString()), expected)
    }),
  )
})

test('ranges are replaced beside members, in any order, and all other bytes stay', () => {
  const text = '{ "a" : [1, "two" ,3], "model":"x" }'
  const body = Buffer.from(text)
  const at = text.indexOf('"two" ')
  const edits = new JsonEdits(body)
  edits.set(scanObject(body, wanted), 'model', '"y"')
  edits.set(scanObject(body, wanted), 'n', '2')
  edits.replace([{ start: at, end: at + 5, text: '"zwei"' }])
  assert.equal(edits.applied().toString(), '{"n":2, "a" : [1, "zwei" ,3], "model":"y" }')
})

// A body of megabytes is not copied to say the same.
test('changes that change nothing give the same body back', () => {
  const body = Buffer.from('{"model":"gpt-4o","messages":[]}')
  assert.equal(new JsonEdits(body).applied(), body)
  assert.equal(new JsonEdits(body).set(scanObject(body, wanted), 'model', '"gpt-4o"').applied(), body)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { traceContextOf, traceparentOf } from './trace-context.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const parentSpanId = '00f067aa0ba902b7'
const valid = `00-${traceId}-${parentSpanId}-01`

const digits = (length: number) =>
  fc
    .array(fc.nat(15), { minLength: length, maxLength: length })
    .map(all => all.map(digit => digit.toString(16)).join(''))
    .filter(text => /[^0]/.test(text))
const contexts = fc.record(
  { traceId: digits(32), parentSpanId: digits(16), flags: fc.nat(3) },
  { noNullPrototype: true },
)

test('the example of the specification is read', () => {
  assert.deepEqual(traceContextOf(valid), { traceId, parentSpanId, flags: 1 })
})

test('what is written is read again, with the new parent', () => {
  fc.assert(
    fc.property(contexts, digits(16), (context, parent) => {
      assert.deepEqual(traceContextOf(traceparentOf(context, parent)), { ...context, parentSpanId: parent })
    }),
  )
})

// Flags that nobody has defined yet must not be passed on as if this gateway knew what they mean.
test('flags that are not defined are cleared', () => {
  fc.assert(
    fc.property(contexts, fc.nat(255), (context, flags) => {
      const field = `00-${context.traceId}-${context.parentSpanId}-${flags.toString(16).padStart(2, '0')}`
      assert.deepEqual(traceContextOf(field), { ...context, flags: flags & 3 })
    }),
  )
})

test('a later version is read as far as this one knows it, and written as version 00', () => {
  const versions = fc.integer({ min: 1, max: 254 }).map(version => version.toString(16).padStart(2, '0'))
  const more = fc.constantFrom('', '-', '-what-the-future-brings', '-00-,=;')
  fc.assert(
    fc.property(contexts, versions, more, (context, version, rest) => {
      const flags = `0${context.flags}`
      const field = `${version}-${context.traceId}-${context.parentSpanId}-${flags}`
      assert.deepEqual(traceContextOf(field + rest), context)
      assert.equal(traceContextOf(`${field}.more`), null)
      assert.ok(traceparentOf(context, parentSpanId).startsWith('00-'))
    }),
  )
})

const malformed: readonly (readonly [what: string, field: unknown])[] = [
  ['none', undefined],
  ['an empty one', ''],
  ['a list', [valid]],
  ['two fields, as Node joins them', `${valid}, ${valid}`],
  ['version ff', `ff-${traceId}-${parentSpanId}-01`],
  ['a longer version 00', `${valid}-more`],
  ['upper case', valid.toUpperCase()],
  ['a trace of zeros', `00-${'0'.repeat(32)}-${parentSpanId}-01`],
  ['a parent of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
  ['a short trace', `00-${traceId.slice(1)}-${parentSpanId}-01`],
  ['other separators', valid.replaceAll('-', '_')],
  ['a line break at its end', `${valid}\n`],
  ['no flags', valid.slice(0, -3)],
]
for (const [what, field] of malformed) {
  test(`${what} is no trace context`, () => assert.equal(traceContextOf(field), null))
}

test('one character that does not belong there makes a field invalid', () => {
  fc.assert(
    fc.property(fc.nat(54), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
      const field = valid.slice(0, at) + character + valid.slice(at + 1)
      const isDigit = valid[at] !== '-' && /^[0-9a-f]$/.test(character)
      if (!isDigit && character !== valid[at]) assert.equal(traceContextOf(field), null)
    }),
  )
})

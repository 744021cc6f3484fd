import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import {
  depthMax,
  JsonScanError,
  memberValue,
  ObjectScanner,
  requestCaps,
  scanObject,
  withoutMember,
} from './json-scan.ts'

const keys = fc.constantFrom('model', 'stream', 'usage', 'x', 'a"b', 'é', '\\', '')
const documents = fc.dictionary(keys, fc.jsonValue({ maxDepth: 4 }), { maxKeys: 6 })
const indents = fc.constantFrom('', ' ', '\n\t  ')

function fault(text: string, wanted: readonly string[] = ['model']): string {
  try {
    scanObject(Buffer.from(text), new Set(wanted))
  } catch (error) {
    assert.ok(error instanceof JsonScanError)
    return error.fault
  }
  return 'none'
}

// The gateway authorises the model that it reads. If JSON.parse read another one, that model would get through.
test('a member of any document is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(documents, indents, (document, indent) => {
      const bytes = Buffer.from(JSON.stringify(document, null, indent))
      const scan = scanObject(bytes, new Set(Object.keys(document)))
      assert.deepEqual([...scan.members.keys()].sort(), Object.keys(document).sort())
      for (const [key, range] of scan.members) {
        assert.deepEqual(memberValue(bytes, range), JSON.parse(JSON.stringify(document[key] ?? null)))
      }
    }),
  )
})

// Streams get a member that their client did not ask for. The client must get the document without it.
test('taking a member out leaves the rest of the document as it was', () => {
  fc.assert(
    fc.property(documents, indents, keys, (document, indent, key) => {
      fc.pre(Object.hasOwn(document, key))
      const bytes = Buffer.from(JSON.stringify(document, null, indent))
      const scan = scanObject(bytes, new Set([key]))
      const range = scan.members.get(key)
      assert.ok(range)
      const [before, after] = withoutMember(bytes, scan, range, bytes.length)
      const rest = Buffer.concat([bytes.subarray(0, before), bytes.subarray(after)]).toString()
      const { [key]: _, ...expected } = document
      assert.deepEqual(JSON.parse(rest), JSON.parse(JSON.stringify(expected)))
    }),
  )
})

// The backend may use the other one: then the checked model is not the billed one.
test('a wanted key that is there twice is refused, also when it is escaped', () => {
  assert.equal(fault('{"model":"gpt-4o","model":"gpt-5"}'), 'duplicate_key')
  assert.equal(fault('{"model":"gpt-4o","mod\\u0065l":"gpt-5"}'), 'duplicate_key')
  assert.equal(fault('{"a":{"model":1},"model":2}'), 'none')
})

test('bytes that are no JSON object are refused, with their offset', () => {
  assert.equal(fault(''), 'not_an_object')
  assert.equal(fault('[1]'), 'not_an_object')
  assert.equal(fault('"{}"'), 'not_an_object')
  for (const text of ['{', '{"a"', '{"a":', '{"a":1', '{"a":1,}', '{"a":"b', '{} {}', '{"a":1}x', '{a:1}', '{"a" 1}']) {
    assert.equal(fault(text), 'malformed', text)
  }
})

// A million brackets in a megabyte are cheap to send, and overflow the stack of a recursive reader.
test('nesting is bounded', () => {
  const nested = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`
  assert.equal(fault(nested(depthMax - 1)), 'none')
  assert.equal(fault(nested(depthMax)), 'too_deep')
  assert.equal(fault(nested(1_000_000)), 'too_deep')
})

test('any bytes are read or refused, without a hang or another error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), bytes => {
      try {
        scanObject(Buffer.from(bytes), new Set(['a']))
      } catch (error) {
        assert.ok(error instanceof JsonScanError)
      }
    }),
  )
})

test('__proto__ is a key like any other', () => {
  const bytes = Buffer.from('{"__proto__":{"model":"x"},"model":"y"}')
  const scan = scanObject(bytes, new Set(['model', '__proto__']))
  assert.equal(scan.members.size, 2)
  const range = scan.members.get('model')
  assert.ok(range)
  assert.equal(memberValue(bytes, range), 'y')
  assert.equal(({} as Record<string, unknown>)['model'], undefined)
})

// A large body is read in pieces. If that gave another result, it could pass under another model.
test('H4 a document scanned in pieces of any size gives the same result as at once', () => {
  const read = (text: string, bytes: number): unknown => {
    const wanted = new Set(['model', 'x', 'a"b', '\\'])
    try {
      const scanner = new ObjectScanner(Buffer.from(text), wanted, requestCaps)
      while (!scanner.advance(bytes));
      return scanner.result()
    } catch (error) {
      assert.ok(error instanceof JsonScanError)
      return [error.fault, error.offset]
    }
  }
  const texts = fc.oneof(
    documents.map(document => JSON.stringify(document)),
    fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', 'a', '1', ' ', '/'), maxLength: 40 }),
    fc
      .string({ unit: fc.constantFrom('\\"', '\\\\', 'x', '"'), maxLength: 60 })
      .map(text => `{"x":["${text}"],"model":"m"}`),
  )
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 30 }), (text, bytes) => {
      assert.deepEqual(read(text, bytes), read(text, 1_000_000))
    }),
    { numRuns: 2_000 },
  )
})

// A scan that cannot pause blocks all calls: bytes that are cheap to send must not be slow to read.
test('H4 no piece of a bomb is much longer than requested, and the scan ends at the caps', () => {
  const bytes = 1_000_000
  const bombs = {
    'escaped quotes': ['{"a":"', '\\"', '"}'],
    'numbers in a list': ['{"a":[', '1,', '1]}'],
    'numbers in lists': ['{"a":[', '[1],', '1]}'],
    'short texts': ['{"a":["', '","', '"]}'],
    'escaped keys': ['{"a":{', '"\\u0061":1,', '"a":1}}'],
  } as const
  for (const [name, [open, unit, close]] of Object.entries(bombs)) {
    const bomb = Buffer.from(open + unit.repeat(bytes / unit.length) + close)
    const scanner = new ObjectScanner(bomb, new Set(['model']), { members: 10, parts: 1_000_000 })
    let pieces = 1
    while (!scanner.advance(1_000)) pieces += 1
    assert.ok(pieces > bomb.length / 1_100, `${name}: ${pieces} pieces`)
  }
  const many = (members: number): Buffer =>
    Buffer.from(`{${Array.from({ length: members }, (_, n) => `"k${n}":1`).join(',')}}`)
  const capped = (body: Buffer) => new ObjectScanner(body, new Set(['model']), requestCaps).advance(body.length)
  assert.equal(capped(many(requestCaps.members)), true)
  assert.throws(() => capped(many(requestCaps.members + 1)), { fault: 'too_many', most: requestCaps.members })
  const lists = (count: number): Buffer => Buffer.from(`{"x":[${'[],'.repeat(count)}1]}`)
  assert.equal(capped(lists(requestCaps.parts - 1)), true)
  assert.throws(() => capped(lists(requestCaps.parts)), { fault: 'too_many', most: requestCaps.parts })
  assert.equal(fault(`{"model":${' '.repeat(70_000)}1}`), 'malformed')
  assert.equal(fault(`{"model":${'1'.repeat(5_000)}}`), 'malformed')
})

// A lenient reader skips comments, and would read another model after them.
test('L10 bytes that are never allowed outside of texts are malformed in a request, and skipped in an answer', () => {
  const body = Buffer.from('{"model":"gpt-4o","x":[/*"*/],"model":"secret-model","messages":[],"y":[/*"*/]}')
  const scanner = new ObjectScanner(body, new Set(['model']), requestCaps)
  assert.throws(() => scanner.advance(body.length), { fault: 'malformed' })
  assert.equal(fault('{"model":{"a":[/1]}}'), 'none')
})

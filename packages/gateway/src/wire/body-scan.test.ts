import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import test from 'node:test'
import fc from 'fast-check'
import { type BodyScan, BodyScanner, scanBody } from './body-scan.ts'
import { depthMax, JsonScanError, memberValue, requestCaps } from './json-scan.ts'
import { Shape } from './shape.ts'

const tool = new Shape({ find: { type: true, model: true }, leave: ['parameters'], rest: 'self', each: true })
const shape = new Shape({ find: { model: true, stream: true, tools: tool } })
const empty = new Shape({ find: {} })

function fault(text: string | Buffer, wanted = shape): string {
  try {
    scanBody(Buffer.from(text), wanted)
  } catch (error) {
    assert.ok(error instanceof JsonScanError)
    return error.fault
  }
  return 'none'
}

function isJsonObject(bytes: Buffer): boolean {
  if (!isUtf8(bytes)) return false
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** Bytes that break, or nearly break, a document. */
const splices = fc.constantFrom(
  ...['"', '\\', '{', '}', '[', ']', ',', ':', ' ', '\n', '\u0000', '\u001f', '\u007f', "'", '/*"*/', '//\n', '0', '-'],
  ...['.', 'e', '01', '1.', '.5', '-0', '1e', '1E+5', 'true', 'nul', 'NaN', 'Infinity', '\\u12', '\\u00e9', '\\ud800'],
  ...['\\x', '\\"', '\ufeff', '\u2028', 'é', '😀', ',}', ',]', '""', '{}', '[]', '# x', '\t', '\f', '\v', '\u00a0'],
)
const documents = fc
  .tuple(
    fc.dictionary(
      fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('model', 'tools', 'x')),
      fc.oneof(fc.jsonValue({ maxDepth: 4 }), fc.string({ unit: 'binary', maxLength: 80 })),
      { maxKeys: 5 },
    ),
    fc.constantFrom('', ' ', '\n\t'),
  )
  .map(([document, indent]) => Buffer.from(JSON.stringify(document, null, indent)))
const mutations = fc.array(
  fc.tuple(
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.oneof(
      splices.map(text => Buffer.from(text)),
      fc.uint8Array({ maxLength: 2 }),
    ),
    fc.nat(3),
  ),
  { maxLength: 3 },
)

function mutated(bytes: Buffer, changes: readonly (readonly [number, Uint8Array, number])[]): Buffer {
  return changes.reduce((document, [where, inserted, removed]) => {
    const at = Math.floor(where * document.length)
    return Buffer.concat([document.subarray(0, at), inserted, document.subarray(at + removed)])
  }, bytes)
}

// If one reader refuses a body that another one reads, the checked model may not be the one that runs.
test('L10 a body is accepted exactly when JSON.parse accepts it', () => {
  const wanted = new Shape({ find: {} })
  fc.assert(
    fc.property(documents, mutations, (document, changes) => {
      const bytes = mutated(document, changes)
      // A byte order mark is the only other accepted addition.
      const read = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
      assert.equal(fault(bytes, wanted) === 'none', isJsonObject(read), JSON.stringify(bytes.toString('latin1')))
    }),
    { numRuns: 5_000 },
  )
})

test('L10 a scan gives the same result wherever it pauses', () => {
  const outcome = (bytes: Buffer, step: number): unknown => {
    try {
      const scanner = new BodyScanner(bytes, shape)
      while (!scanner.advance(step));
      return scanner.result()
    } catch (error) {
      assert.ok(error instanceof JsonScanError)
      return error.fault
    }
  }
  fc.assert(
    fc.property(documents, mutations, fc.integer({ min: 1, max: 40 }), (document, changes, step) => {
      const bytes = mutated(document, changes)
      assert.deepEqual(outcome(bytes, step), outcome(bytes, bytes.length + 1))
    }),
    { numRuns: 1_000 },
  )
})

test('L10 long texts are checked like short ones, at every offset and alignment', () => {
  for (const [bad, expected] of [
    ['\u0001', 'malformed'],
    ['\n', 'malformed'],
    ['\\q', 'malformed'],
    ['\\u12G4', 'malformed'],
    ['\\n', 'none'],
    ['\\"', 'none'],
    ['\\u12a4', 'none'],
    ['\u007f', 'none'],
    ['é', 'none'],
  ] as const) {
    for (let before = 0; before < 70; before += 1) {
      const text = `{"a":"${'x'.repeat(before)}${bad}${'y'.repeat(40)}"}`
      const shifted = Buffer.concat([Buffer.alloc(1 + (before % 4)), Buffer.from(text)]).subarray(1 + (before % 4))
      assert.equal(fault(shifted), expected, JSON.stringify(text))
    }
  }
})

test('L10 bodies that only lenient readers accept are refused: comments, other quotes, numbers, literals, encodings', () => {
  const hidden = '{"model":"gpt-4o","x":[/*"*/],"model":"secret-model","y":[/*"*/]}'
  for (const text of [
    hidden,
    hidden.replaceAll('/*"*/', `'"'`),
    '{"a":[1,]}',
    '{"a":{"b":1,}}',
    '{"a":[01]}',
    '{"a":[+1]}',
    '{"a":[1.]}',
    '{"a":[NaN]}',
    '{"a":[True]}',
    '{"a":[undefined]}',
    '{"a":{b:1}}',
    '{"a":[1 2]}',
    '{"a":{"b" 1}}',
    '{"a":{"b":1 "c":2}}',
    '{"a":[}',
    '{"a":{]}',
    '{"a":1}{"model":"x"}',
    '{"a":"\u0000"}',
    ' \ufeff{"a":1}',
    '\ufeff\ufeff{"a":1}',
  ]) {
    assert.notEqual(fault(text), 'none', text)
  }
  assert.equal(fault(Buffer.from('{"a":"\xff"}', 'latin1')), 'not_utf8')
  assert.equal(fault(Buffer.from('{"a":"\xed\xa0\x80"}', 'latin1')), 'not_utf8', 'a surrogate as bytes')
  assert.equal(fault(Buffer.from('{"a":1}', 'utf16le')), 'malformed')
  assert.equal(fault('\ufeff {"model":"x"}'), 'none')
})

test('W10 another spelling of a key that matters is refused, at the top and in nested objects', () => {
  for (const key of ['Model', 'MODEL', 'STREAM', '\\u004dodel', 'mode\\u004c', 'ſtream', 'to\\u006fLs', 'tool\u017f']) {
    assert.equal(fault(`{"a":1,"${key}":1}`), 'key_variant', key)
  }
  assert.equal(fault('{"tools":[{"type":"function","Type":"mcp"}]}'), 'key_variant')
  assert.equal(fault('{"tools":[{"type":"x","deep":{"MODEL":"y"}}]}'), 'key_variant')
  assert.equal(fault('{"tools":[{"parameters":{"Model":"y","TYPE":1}}]}'), 'none', 'schemas are the caller’s own')
  assert.equal(fault('{"mod\\u0065l":"gpt-4o"}'), 'none', 'an escape that every reader reads alike')
  assert.equal(fault('{"models":1,"mode":2,"odel":3,"":4}'), 'none')
})

test('L10 a key that matters may be in each object only once', () => {
  assert.equal(fault('{"model":1,"model":2}'), 'duplicate_key')
  assert.equal(fault('{"model":1,"mod\\u0065l":2}'), 'duplicate_key')
  assert.equal(fault('{"tools":[{"type":"function","type":"mcp"}]}'), 'duplicate_key')
  assert.equal(fault('{"tools":[{"type":"a"},{"type":"b"}],"x":{"model":1,"model":2}}'), 'none')
})

const described = (text: string): readonly string[] => {
  const bytes = Buffer.from(text)
  const scan: BodyScan = scanBody(bytes, shape)
  return [
    ...[...scan.members].map(([key, range]) => `${key}=${JSON.stringify(memberValue(bytes, range))}`),
    ...scan.objects.map(({ path, object }) => `{${path} ${object}}`),
    ...scan.nested.map(found => `${found.path}@${found.object}=${JSON.stringify(memberValue(bytes, found))}`),
  ]
}

test('members are found in objects, lists, lists of lists, and below other keys, as the shape says', () => {
  assert.deepEqual(described('{"tools":[{"type":"a","x":[{"model":"m"}]},[{"type":"b"}],"c",7],"y":{"type":1}}'), [
    'tools=[{"type":"a","x":[{"model":"m"}]},[{"type":"b"}],"c",7]',
    '{tools 1}',
    '{tools 2}',
    '{tools 3}',
    'tools.type@1="a"',
    'tools.model@2="m"',
    'tools.type@3="b"',
    'tools@0="c"',
    'tools@0=7',
  ])
  assert.deepEqual(described('{ "tools" : {"type":"a"} }'), ['tools={"type":"a"}', '{tools 1}', 'tools.type@1="a"'])
  assert.deepEqual(described('{}'), [])
})

test('H4 the depth and the number of parts are bounded', () => {
  const nested = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`
  assert.equal(fault(nested(depthMax - 1)), 'none')
  assert.equal(fault(nested(depthMax)), 'too_deep')
  assert.equal(fault(nested(1_000_000)), 'too_deep')
  assert.equal(fault(`{"a":[${'[],'.repeat(requestCaps.parts)}[]]}`, empty), 'too_many')
  const members = Array.from({ length: requestCaps.members + 1 }, (_, at) => `"k${at}":1`).join()
  assert.equal(fault(`{${members}}`, empty), 'too_many')
})

test('H4 a number longer than any real one is malformed, because a scan could not pause within it', () => {
  assert.equal(fault(`{"x":${'1'.repeat(4_000)}}`), 'none')
  assert.equal(fault(`{"x":${'1'.repeat(5_000)}}`), 'malformed')
})

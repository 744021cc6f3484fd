import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { digestOf } from './encrypted.ts'
import { JsonScanError } from './json-scan.ts'
import { allReferences, findReferences, ReferenceFinder, ReferenceSearch, referencesMax } from './references.ts'

const found = (body: unknown): string[] => of(body, false)

/** The ids that the instance looks up, or those that are only mentioned. */
const of = (body: unknown, echoed: boolean): string[] =>
  allReferences(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)))
    .filter(one => one.echoed === echoed)
    .map(({ kind, id }) => `${kind} ${id}`)

const mentioned = (body: unknown): string[] => of(body, true)

test('every member in which the API takes an id is known', () => {
  const rows: readonly (readonly [unknown, readonly string[]])[] = [
    [{ previous_response_id: 'resp_1' }, ['response resp_1']],
    [{ conversation: 'conv_1' }, ['conversation conv_1']],
    [{ conversation: { id: 'conv_1' } }, ['conversation conv_1']],
    [{ input_file_id: 'file-1' }, ['file file-1']],
    [{ file_id: 'file-1', attributes: {} }, ['file file-1']],
    [{ file_ids: ['file-1', 'file-2', 'file-1'] }, ['file file-1', 'file file-2']],
    [{ files: [{ file_id: 'file-1' }, { file_id: 'file-2' }] }, ['file file-1', 'file file-2']],
    [{ tools: [{ type: 'file_search', vector_store_ids: ['vs_1'] }] }, ['vector_store vs_1']],
    [{ tools: [{ type: 'code_interpreter', container: 'cntr_1' }] }, ['container cntr_1']],
    [{ tools: [{ container: { type: 'auto', file_ids: ['file-1'] } }] }, ['file file-1']],
    [{ tools: [{ environment: { type: 'container_reference', container_id: 'cntr_1' } }] }, ['container cntr_1']],
    [{ tools: [{ input_image_mask: { file_id: 'file-1' } }] }, ['file file-1']],
    [{ input: [{ content: [{ type: 'input_file', file_id: 'file-1' }] }] }, ['file file-1']],
    [{ messages: [{ content: [{ type: 'file', file: { file_id: 'file-1' } }] }] }, ['file file-1']],
    [{ input: [{ type: 'item_reference', id: 'msg_1' }] }, ['item msg_1']],
    [{ input: [{ id: 'msg_1' }] }, ['item msg_1']],
    [{ input: [{ id: 'msg_1', type: null }] }, ['item msg_1']],
    [{ items: [{ id: 'msg_1', type: 'item_reference' }] }, ['item msg_1']],
    [{ input: [[[{ id: 'msg_1', type: 'item_reference' }]]] }, ['item msg_1']],
    [{ input: { id: 'msg_1' } }, ['item msg_1']],
    // They have a type, and no content: M6.
    [{ input: [{ id: 'msg_1', role: 'user' }] }, ['item msg_1']],
    [{ input: [{ id: 'msg_1', type: 'message', role: 'user', content: [] }] }, ['item msg_1']],
    [{ input: [{ id: 'ig_1', type: 'image_generation_call', quality: 'high' }] }, ['item ig_1']],
    [{ input: [{ id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: null }] }, ['item rs_1']],
    [{ input: [{ id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: '' }] }, ['item rs_1']],
    [{ input: [{ id: 'fc_1', type: 'function_call', call_id: 'call_1' }] }, ['item fc_1']],
    [{ messages: [{ role: 'assistant', audio: { id: 'audio_1' } }] }, ['audio audio_1']],
  ]
  for (const [body, expected] of rows) assert.deepEqual(found(body), expected, JSON.stringify(body))
})

// Clients usually send back everything that an earlier answer held; that must not count as theft.
test('an object that comes with its content, or in a citation, counts as mentioned, so an unknown id may pass', () => {
  const digest = 'sha256:'
  const rows: readonly (readonly [unknown, readonly string[]])[] = [
    [{ input: [{ type: 'message', id: 'msg_1', role: 'assistant', content: 'x' }] }, ['item msg_1']],
    [{ input: [{ id: 'msg_1', role: 'user', content: 'x' }] }, ['item msg_1']],
    [{ input: [{ type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'x' }] }] }, ['item rs_1']],
    [{ input: [{ type: 'reasoning', summary: [], encrypted_content: 'AAA' }] }, [digest]],
    [{ input: [{ type: 'compaction', id: 'cmp_1', encrypted_content: 'AAA' }] }, [digest, 'item cmp_1']],
    [{ input: [{ type: 'web_search_call', id: 'ws_1', status: 'completed' }] }, ['item ws_1']],
    [
      { input: [{ type: 'code_interpreter_call', id: 'ci_1', code: 'x', container_id: 'cntr_1' }] },
      ['container cntr_1', 'item ci_1'],
    ],
    [{ input: [{ type: 'mcp_approval_response', approve: true, approval_request_id: 'mcpr_1' }] }, ['item mcpr_1']],
    [
      { input: [{ type: 'file_search_call', id: 'fs_1', queries: ['q'], results: [{ file_id: 'x' }] }] },
      ['file x', 'item fs_1'],
    ],
    [
      {
        input: [
          {
            role: 'assistant',
            content: [{ annotations: [{ type: 'container_file_citation', file_id: 'x', container_id: 'y' }] }],
          },
        ],
      },
      ['file x', 'container y'],
    ],
    [
      { input: [{ role: 'user', content: [{ conversation: 'x', previous_response_id: 'y' }] }] },
      ['conversation x', 'response y'],
    ],
    [{ input: [{ role: 'user', content: [[{ a: { id: 'msg_1' } }]] }] }, ['item msg_1']],
  ]
  for (const [body, expected] of rows) {
    const found = mentioned(body).map(one => (one.startsWith('reasoning sha256:') ? digest : one))
    assert.deepEqual(found, expected, JSON.stringify(body))
    assert.deepEqual(of(body, false), [], JSON.stringify(body))
  }
})

test('an id that is looked up in one place counts as looked up, wherever else it is mentioned', () => {
  const echo = { type: 'message', id: 'msg_1', role: 'user', content: 'x' }
  const reference = { type: 'item_reference', id: 'msg_1' }
  for (const input of [
    [echo, reference],
    [reference, echo],
  ]) {
    assert.deepEqual([found({ input }), mentioned({ input })], [['item msg_1'], []])
  }
})

// The same content may come back in another spelling: .NET escapes the +, PHP the /.
test('encrypted content has the same digest in any spelling, short or long', () => {
  for (const content of ['gAAA+/==', `gAAA${'+/x'.repeat(60_000)}`]) {
    const plain = JSON.stringify({ input: [{ type: 'reasoning', encrypted_content: content }] })
    const spellings = [
      plain,
      plain.replaceAll('+', '\\u002b'),
      plain.replaceAll('/', '\\/'),
      plain.replaceAll('_', '\\u005f'),
    ]
    const digests = spellings.map(text => mentioned(text))
    assert.deepEqual(new Set(digests.flat()).size, 1, content.slice(0, 10))
    assert.equal(digests[0]?.[0], `reasoning ${digestOf(Buffer.from(content))}`)
    assert.notDeepEqual(mentioned(plain.replace('gAAA', 'gAAB')), digests[0])
  }
})

test('members that the caller fills freely hold no references', () => {
  const bodies: readonly unknown[] = [
    { metadata: { file_id: 'x', previous_response_id: 'x' } },
    { tools: [{ name: 'f', parameters: { properties: { file_id: { type: 'string', default: 'x' } } } }] },
    { text: { format: { schema: { examples: [{ file_id: 'x' }] } } } },
    { input: 'a text with "file_id": "x" in it' },
    { previous_response_id: null, conversation: null, file_ids: [] },
  ]
  for (const body of bodies) assert.deepEqual([...found(body), ...mentioned(body)], [], JSON.stringify(body))
})

test('a key that is there twice, or is escaped, hides no reference', () => {
  assert.deepEqual(found('{"file_id":"a","file_id":"b"}'), ['file a', 'file b'])
  assert.deepEqual(found('{"\\u0066ile\\u005fid":"\\u0061"}'), ['file a'])
  assert.deepEqual(found('{"input":[{"type":"message","type":"item_reference","id":"a","id":"b"}]}'), [
    'item a',
    'item b',
  ])
  assert.deepEqual(found('\ufeff { "file_id" \n:\t"a" } '), ['file a'])
})

/** Any key or text with any of its characters escaped. */
const written = (text: string, escapes: readonly boolean[]): string =>
  `"${Array.from(text, (letter, at) => (escapes[at % escapes.length] ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}` : letter)).join('')}"`

// One way around this search would be a way to the files of all workloads.
test('an id is found anywhere in other JSON and in any spelling, also when words are searched first', () => {
  const key = fc
    .string({ maxLength: 12 })
    .filter(text => !/^(metadata|attributes|parameters|schema|annotations|results|__proto__)$/.test(text))
  const noise = fc.dictionary(key, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 })
  const path = fc.array(fc.oneof(key, fc.constant(null)), { maxLength: 6 })
  const escapes = fc.array(fc.boolean(), { minLength: 1, maxLength: 9 })
  fc.assert(
    fc.property(
      noise,
      path,
      escapes,
      escapes,
      fc.stringMatching(/^file-[0-9a-f]{4,12}$/),
      (more, steps, ofKey, ofId, id) => {
        const inner = `{${written('file_id', ofKey)}:${written(id, ofId)}}`
        const nested = steps.reduce<string>(
          (json, step) => (step === null ? `[1,${json}]` : `{${JSON.stringify(step)}:${json},"z":[{}]}`),
          inner,
        )
        const rest = JSON.stringify(more).slice(1, -1)
        const body = Buffer.from(`{${rest}${rest === '' ? '' : ','}"q":${nested}}`)
        for (const references of [allReferences(body), findReferences(body, ['file_id'])]) {
          assert.ok(
            references.some(reference => reference.id === id && reference.kind === 'file'),
            body.toString(),
          )
        }
      },
    ),
    { numRuns: 500 },
  )
})

test('any bytes are read or refused, without another error', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 60 }),
        fc.json().map(text => Buffer.from(text)),
      ),
      bytes => {
        try {
          allReferences(Buffer.from(bytes))
        } catch (error) {
          assert.ok(error instanceof JsonScanError, String(error))
        }
      },
    ),
    { numRuns: 2_000 },
  )
  const odds = [
    '',
    '[]',
    '"a"',
    '{',
    '{}{}',
    '{}x',
    '{"a":1}x',
    '{]',
    "{'a':1}",
    '{"a":1/*file_id*/}',
    'x{}',
    '{"a"}\0',
  ]
  for (const odd of odds) assert.throws(() => allReferences(Buffer.from(odd)), JsonScanError, odd)
})

test('H4 a body read in pieces has the same references as at once', () => {
  const unit = fc.constantFrom('"file_id"', '"f\\u0069le_id"', ':', ',', '"a\\"b"', '"x"', '{', '}', '[', ']', ' ', '1')
  const texts = fc.oneof(
    fc.string({ unit, maxLength: 30 }).map(text => `{${text}}`),
    fc
      .array(fc.string({ maxLength: 20 }), { maxLength: 8 })
      .map(ids => JSON.stringify({ a: { file_ids: ids, x: ids } })),
  )
  const read = (text: string, bytes: number): unknown[] =>
    [ReferenceFinder, ReferenceSearch].map(Reader => {
      try {
        const reader = new Reader(Buffer.from(text), ['file_id'])
        while (!reader.advance(bytes));
        return reader.result()
      } catch (error) {
        assert.ok(error instanceof JsonScanError)
        return [error.fault, error.offset]
      }
    })
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 20 }), (text, bytes) => {
      assert.deepEqual(read(text, bytes), read(text, 1_000_000))
    }),
    { numRuns: 2_000 },
  )
})

// Two million ids in 300 compressed bytes blocked the gateway for three seconds, and each would have been looked up.
test('H4 a body refers to a bounded number of objects', () => {
  const ids = (count: number): Buffer =>
    Buffer.from(JSON.stringify({ file_ids: Array.from({ length: count }, (_, n) => `f${n}`) }))
  assert.equal(allReferences(ids(referencesMax)).length, referencesMax)
  assert.throws(() => allReferences(ids(referencesMax + 1)), { fault: 'too_many', most: referencesMax })
  assert.throws(() => findReferences(ids(referencesMax + 1), ['file_ids']), { fault: 'too_many' })
  assert.throws(() => allReferences(Buffer.from(`{"x":[${'[],'.repeat(500_001)}1]}`)), {
    fault: 'too_many',
    most: 500_000,
  })
})

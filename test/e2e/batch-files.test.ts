/**
 * P8: each line of a batch is a call, and is authorised like one when its file is uploaded. A refused file is not
 * stored anywhere.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { type Running, running } from '../support/file-world.ts'
import { type NamedWorld, startNamed } from '../support/named.ts'
import { RawConnection } from '../support/raw.ts'
import { recordOf } from '../support/records.ts'
import { assertRefusal, errorOf } from '../support/refused.ts'
import { ask } from '../support/world.ts'

let scene: NamedWorld & Running
let token: string
before(async () => {
  scene = await running(scope => startNamed(scope, { aliases: { 'gpt-image-1': 'pictures-2' } }))
  token = await scene.world.token('alice')
})
after(() => scene.close())

const boundary = 'b0undary'
const type = [['Content-Type', `multipart/form-data; boundary=${boundary}`]] as const
const field = (name: string, value: string): string =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const file = (content: string): string =>
  `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="in.jsonl"\r\nContent-Type: application/jsonl\r\n\r\n${content}\r\n`
const form = (...parts: readonly string[]): string => `${parts.join('')}--${boundary}--\r\n`

const body = { model: 'gpt-4o', messages: ask('Hello') }
const line = (more: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ custom_id: 'a', method: 'POST', url: '/chat/completions', body, ...more })
const batch = (...lines: readonly string[]): string => form(field('purpose', 'batch'), file(lines.join('\n')))

test('W1 a batch file whose lines are all allowed is stored unchanged', async () => {
  const lines = [
    line(),
    line({ url: '/v1/responses', body: { model: 'gpt-4o', input: 'x', tools: [{ type: 'function', name: 'f' }] } }),
    line({ url: '/v1/embeddings', body: { model: 'text-embedding-3-small', input: ['x'] } }),
    line({ url: '/openai/deployments/gpt-4o/chat/completions' }),
    '',
    '{}',
    `${line()}\r`,
  ]
  for (const whole of [batch(...lines), form(file(`${lines.join('\n')}\n`), field('purpose', 'batch'))]) {
    assert.equal((await scene.post('files', whole, type)).status, 200)
    assert.equal(scene.taken()[0]?.body, whole)
  }
})

test("W1 one line that is not allowed refuses the file, by the line's number, and nothing is stored", async () => {
  const bad: readonly (readonly [string, RegExp])[] = [
    [line({ body: { ...body, model: 'secret-model' } }), /may not use deployment "secret-model"/],
    [line({ model: 'secret-model' }), /secret-model/],
    [line({ url: '/openai/deployments/secret-model/chat/completions' }), /secret-model/],
    [line({ body: { ...body, tools: [{ type: 'image_generation', model: 'secret-model' }] } }), /secret-model/],
    [line({ url: '/v1/responses', body: { model: 'gpt-4o', input: 'x', tools: [{ type: 'mcp' }] } }), /tool "mcp"/],
    [line({ body: { ...body, data_sources: [{ type: 'azure_search' }] } }), /data_sources/],
    [line({ body: { ...body, service_tier: 'priority' } }), /priority/],
    [line({ body: { model: 'gpt-image-1', messages: [] } }), /called "pictures-2" on instance "one"/],
    [line({ url: '/fine_tuning/jobs' }), /Nothing answers/],
    [line({ url: 'https://evil.example/v1/chat/completions' }), /Nothing answers/],
    [line({ url: '/v1/files/../chat/completions' }), /Nothing answers/],
    [line({ url: undefined }), /without "url"/],
    [line({ method: 'DELETE' }), /not POST/],
    [line({ body: { messages: [] } }), /names no model/],
    [line({ body: undefined }), /no "body"/],
    ['{"custom_id":"a"', /malformed/],
    [`${line()}${line()}`, /malformed/],
    ['[1]', /not an object/],
    [line().replace('"model":"gpt-4o"', '"model":"gpt-4o","model":"secret-model"'), /"model" more than once/],
    [line().replace('"body":', '"body":{"model":"secret-model"},"body":'), /"body" more than once/],
    [line().replace('"model"', '"Model":"secret-model","model"'), /key variant/],
  ]
  for (const [text, reason] of bad) {
    const answer = await scene.post('files', batch(line(), '', text, line()), type)
    assertRefusal(answer, 'batch_line_refused')
    assert.match(errorOf(answer).message, /^Line 3 of the file is refused/)
    assert.match(errorOf(answer).message, reason, text)
    const { outcome, outcomeCode, status } = await recordOf(
      scene.world.house.ledger,
      answer.headers['x-gatehouse-request-id'],
    )
    assert.deepEqual([outcome, outcomeCode, status], ['failed', 'upload_refused', 403])
  }
  const last = await scene.post('files', form(file(line({ model: 'secret-model' })), field('purpose', 'batch')), type)
  assertRefusal(last, 'batch_line_refused')
  for (const purpose of ['Batch', ' batch ', 'batch_output']) {
    const answer = await scene.post(
      'files',
      form(field('purpose', purpose), file(line({ model: 'secret-model' }))),
      type,
    )
    assertRefusal(answer, 'batch_line_refused')
  }
  assert.deepEqual(scene.taken(), [], 'no complete form reached an instance')
})

// At half the price and without hurry, a nightly batch would do ten thousand times what calls may not do.
test("W3 lines obey the workload's maxima, and must contain the maximum that a call would be given", async t => {
  for (const [output, maximum, reason] of [
    [{ required: true }, {}, /Set "max_tokens"/],
    [{ standard: 50 }, {}, /Set "max_tokens"/],
    [{ most: 100 }, { max_tokens: 101 }, /101/],
    [{ required: true, most: 100 }, { max_completion_tokens: 100 }, null],
  ] as const) {
    const bounded = await startNamed(t, { workload: { output } })
    const answer = await bounded.post('files', batch(line({ body: { ...body, ...maximum } })), type)
    assert.equal(answer.status, reason === null ? 200 : 403)
    if (reason !== null) assert.match(errorOf(answer).message, reason)
    assert.equal(bounded.taken().length, reason === null ? 1 : 0)
  }
})

test('W1 files that are no batch are not inspected, and forms that two parsers read differently are refused', async () => {
  const other = form(field('purpose', 'assistants'), file(line({ model: 'secret-model' })))
  assert.equal((await scene.post('files', other, type)).status, 200)
  assert.equal(scene.taken()[0]?.body, other)
  for (const [bad, code] of [
    [form(field('purpose', 'assistants'), field('purpose', 'batch'), file(line())), 'body_duplicate_key'],
    [form(field('Purpose', 'batch'), file(line())), 'body_key_spelling'],
    [batch(line()).slice(0, -8), 'body_undecodable'],
    [`${batch(line())}more`, 'body_undecodable'],
    [line(), 'body_undecodable'],
  ] as const) {
    assertRefusal(await scene.post('files', bad, type), code)
  }
  assert.deepEqual(scene.taken(), [])
})

test('W1 H4 a file of very many or very long lines is refused, whatever they contain', async () => {
  for (const [content, number] of [
    ['\n'.repeat(500_001), 500_001],
    [`\n{"a":"${'x'.repeat(16_777_216)}`, 2],
  ] as const) {
    const answer = await scene.post('files', form(field('purpose', 'batch'), file(content)), type)
    assertRefusal(answer, 'batch_line_refused')
    assert.match(errorOf(answer).message, new RegExp(`^Line ${number} `))
  }
  assert.deepEqual(scene.taken(), [])
  const long = line({ body: { ...body, user: 'x'.repeat(300_000) } })
  assert.equal((await scene.post('files', batch(long, long), type)).status, 200, 'a long line is examined in slices')
  const hidden = line({ body: { padding: 'x'.repeat(300_000), ...body, model: 'secret-model' } })
  assertRefusal(await scene.post('files', batch(long, hidden), type), 'batch_line_refused')
  scene.taken()
})

test('W1 wherever the upload is cut into pieces, the same line refuses it', async () => {
  const bytes = Buffer.from(
    batch(line(), line({ body: { ...body, user: 'é'.repeat(300) } }), line({ model: 'secret-model' })),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 }), async sizes => {
      const connection = await RawConnection.open(scene.world.url)
      connection.write(
        `POST /named/hr-bot/openai/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n` +
          `Content-Type: multipart/form-data; boundary=${boundary}\r\nTransfer-Encoding: chunked\r\n\r\n`,
      )
      for (let at = 0, index = 0; at < bytes.length; index += 1) {
        const piece = bytes.subarray(at, at + (sizes[index % sizes.length] ?? 1))
        connection.write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]))
        at += piece.length
      }
      connection.write('0\r\n\r\n')
      const answer = await connection.answer()
      connection.socket.destroy()
      assertRefusal(answer, 'batch_line_refused')
      assert.match(errorOf(answer).message, /^Line 3 /)
    }),
    { numRuns: 25 },
  )
  assert.deepEqual(scene.taken(), [])
})

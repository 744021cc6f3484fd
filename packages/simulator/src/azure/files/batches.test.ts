import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import OpenAI, { toFile } from 'openai'
import type { JsonRecord } from '../../json.ts'
import type { AzureSimulatorOptions } from '../../types.ts'
import { simulator } from '../testkit.fixture.ts'
import { readBatchFile } from './batch-file.ts'

async function instance(t: TestContext, options: Partial<AzureSimulatorOptions> = {}) {
  const sim = await simulator(t, options)
  const client = new OpenAI({ baseURL: `${sim.url}/openai/v1`, apiKey: 'none', maxRetries: 0 })
  const endpoint = '/v1/chat/completions' as const
  const begin = async (lines: readonly unknown[], ask: { endpoint?: '/v1/embeddings' } = {}) => {
    const text = lines.map(line => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n')
    const file = await client.files.create({ file: await toFile(Buffer.from(text), 'calls.jsonl'), purpose: 'batch' })
    return client.batches.create({ input_file_id: file.id, endpoint, completion_window: '24h', ...ask })
  }
  const ended = async (id: string, isAt: (status: string) => boolean = at => !atWork.has(at)) => {
    for (;;) {
      const batch = await client.batches.retrieve(id)
      if (isAt(batch.status)) return batch
    }
  }
  return { client, begin, ended }
}

const atWork: ReadonlySet<string> = new Set(['validating', 'in_progress', 'finalizing', 'cancelling'])
const messages = [{ role: 'user', content: 'Hello' }]
const line = (custom_id: string, more: JsonRecord = {}): JsonRecord => ({
  custom_id,
  method: 'POST',
  url: '/chat/completions',
  body: { model: 'gpt-4o', messages },
  ...more,
})

// A caller that may upload a file could have its lines run on any deployment: a gateway must read them as the service
// does.
test('W1 each line runs on the deployment that it names, and the batch is billed for all of them', async t => {
  const { client, begin, ended } = await instance(t)
  const bodies = ['gpt-4o', 'thinker'].map(model => ({ model, messages }))
  const { id } = await begin(bodies.map((body, at) => line(`${at}`, { body })))
  const batch = await ended(id)
  const answers = (await (await client.files.content(batch.output_file_id ?? '')).text())
    .trim()
    .split('\n')
    .map(text => JSON.parse(text).response.body)
  assert.deepEqual(
    answers.map(answer => answer.model),
    ['gpt-4o-2024-11-20', 'o3-mini-2025-01-31'],
  )
  const sum = (of: (usage: OpenAI.CompletionUsage) => number): number =>
    answers.reduce((total, answer) => total + of(answer.usage), 0)
  const { input_tokens, output_tokens, output_tokens_details, total_tokens } = batch.usage ?? {}
  assert.deepEqual(
    [input_tokens, output_tokens, output_tokens_details?.reasoning_tokens, total_tokens],
    [
      sum(usage => usage.prompt_tokens),
      sum(usage => usage.completion_tokens),
      sum(usage => usage.completion_tokens_details?.reasoning_tokens ?? 0),
      sum(usage => usage.total_tokens),
    ],
  )
})

test('W1 an error in the file fails the batch before any line runs', async t => {
  const { begin, ended } = await instance(t)
  const faults: readonly (readonly [string, readonly unknown[], number | null])[] = [
    ['empty_batch', ['', ' '], null],
    ['invalid_json_line', [line('a'), 'not json'], 2],
    ['invalid_json_line', ['', '["a"]'], 2],
    ['duplicate_custom_id', [line('a'), line('a')], 2],
    ['url_mismatch', [line('a', { url: '/embeddings' })], 1],
    ['invalid_request', [line('a', { method: 'GET' })], 1],
    ['invalid_request', [line('a', { body: 'x' })], 1],
    ['invalid_request', [{ ...line('a'), custom_id: 7 }], 1],
  ]
  for (const [code, lines, number] of faults) {
    const { status, errors, output_file_id, usage } = await ended((await begin(lines)).id)
    assert.deepEqual([status, output_file_id, usage], ['failed', null, null])
    assert.deepEqual([errors?.data?.[0]?.code, errors?.data?.[0]?.line], [code, number])
  }
})

test('W1 a byte order mark, empty lines, line ends of Windows and any prefix of the url are accepted', async t => {
  const { begin, ended } = await instance(t)
  const urls = ['/chat/completions', '/v1/chat/completions', '/openai/v1/chat/completions']
  const lines = urls.map((url, at) => `${at === 0 ? '\uFEFF' : ''}${JSON.stringify(line(`${at}`, { url }))}\r\n\r`)
  const batch = await ended((await begin(lines)).id)
  assert.deepEqual([batch.status, batch.request_counts], ['completed', { total: 3, completed: 3, failed: 0 }])
})

test('H2 a batch takes its configured time, and a cancelled one is charged for what was done', async t => {
  let now = Date.UTC(2026, 10, 2)
  const { client, begin, ended } = await instance(t, { clock: () => now, batchMs: 3_600_000 })
  const one = await begin([line('a'), line('b')])
  const two = await begin([line('c')])
  const done = (id: string) => client.batches.retrieve(id)
  while ((await done(one.id)).request_counts?.completed !== 2) assert.equal((await done(one.id)).usage, null)
  assert.equal((await done(one.id)).status, 'in_progress')
  assert.equal((await client.batches.cancel(one.id)).status, 'cancelling')
  const cancelled = await ended(one.id)
  assert.ok(cancelled.status === 'cancelled' && cancelled.output_file_id && (cancelled.usage?.total_tokens ?? 0) > 0)
  assert.equal((await done(two.id)).status, 'in_progress')
  now += 3_600_000
  assert.equal((await ended(two.id)).status, 'completed')
})

test('W1 any file content is read as lines or reported as wrong, and no line is lost', () => {
  const good = fc.record({
    custom_id: fc.string({ minLength: 1 }),
    method: fc.constant('POST'),
    url: fc.constantFrom('/chat/completions', '/v1/chat/completions', '/openai/v1/chat/completions'),
    body: fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }),
  })
  const bad = fc.oneof(
    fc.string().filter(text => text.trim() !== '' && !text.includes('\n')),
    fc.jsonValue().map(value => JSON.stringify(value)),
    good.map(line => JSON.stringify({ ...line, method: 'GET' })),
  )
  const pieces = fc.array(fc.oneof(good, bad, fc.constantFrom('', ' ', '\t')), { maxLength: 8 })
  fc.assert(
    fc.property(pieces, fc.constantFrom('\n', '\r\n', '\n\n'), (given, end) => {
      const text = given.map(piece => (typeof piece === 'string' ? piece : JSON.stringify(piece))).join(end)
      const { lines, faults } = readBatchFile(Buffer.from(text), '/v1/chat/completions')
      const written = text.split('\n').filter(each => each.trim() !== '').length
      assert.equal(lines.length + faults.length, Math.max(1, written))
      assert.equal(new Set(lines.map(each => each.customId)).size, lines.length)
      for (const { text: read, body } of lines) assert.deepEqual(JSON.parse(read).body, body)
    }),
    { numRuns: 200 },
  )
})

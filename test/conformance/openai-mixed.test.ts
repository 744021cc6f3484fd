/**
 * The unmodified npm client `openai`, as OpenAI and as AzureOpenAI, on a pool of an instance of Azure OpenAI and one of
 * kind openai: the client cannot tell from its objects which of the two has answered. Otherwise a pool could not get a
 * member of the other kind without changes to its clients.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { APIError, AzureOpenAI, OpenAI, toFile } from 'openai'
import { type MixedWorld, startMixed } from '../support/mixed.ts'
import { refusing } from '../support/openai.ts'
import { settledRecords } from '../support/records.ts'
import { collect } from '../support/wait.ts'
import { apiVersion, ask } from '../support/world.ts'

const clientsOf = ({ world, token }: MixedWorld): Readonly<Record<'openai' | 'azure', OpenAI>> => ({
  openai: new OpenAI({ baseURL: `${world.url}/mixed/hr-bot/openai/v1/`, apiKey: token, maxRetries: 0 }),
  azure: new AzureOpenAI({ endpoint: `${world.url}/mixed/hr-bot`, apiVersion, apiKey: token, maxRetries: 0 }),
})
const messages = ask('Is it so?')

for (const first of ['openai', 'azure'] as const) {
  test(`both clients chat, stream and embed if the member of kind ${first} answers, and every token is in the ledger`, async t => {
    const mixed = await startMixed(t, { first })
    for (const client of Object.values(clientsOf(mixed))) {
      const whole = await client.chat.completions.create({ model: 'gpt-4o', messages, max_tokens: 20 })
      assert.ok((whole.choices[0]?.message.content ?? '').length > 0)
      assert.ok((whole.usage?.total_tokens ?? 0) > 0)
      const chunks = await collect(await client.chat.completions.create({ model: 'gpt-4o', messages, stream: true }))
      assert.ok(chunks.some(({ choices }) => (choices[0]?.delta.content ?? '') !== ''))
      assert.equal(
        chunks.some(({ usage }) => (usage ?? null) !== null),
        false,
        'the client did not request usage',
      )
      const asked = { model: 'gpt-4o', messages, stream: true, stream_options: { include_usage: true } } as const
      const counted = await collect(await client.chat.completions.create(asked))
      assert.ok((counted.at(-1)?.usage?.total_tokens ?? 0) > 0)
      const embedded = await client.embeddings.create({
        model: 'text-embedding-3-small',
        input: 'travel',
        encoding_format: 'float',
      })
      assert.ok((embedded.data[0]?.embedding.length ?? 0) > 0)
    }
    const records = await settledRecords(mixed.world.house)
    assert.equal(records.length, 8)
    const name = first === 'openai' ? 'direct' : 'dev-openai-instance-2'
    for (const { instance, usage } of records) assert.deepEqual([instance, usage.source], [name, 'reported'])
    const lines = first === 'openai' ? mixed.openai.bill : mixed.world.two.bill()
    const billed = lines.reduce(
      (sum, { promptTokens, completionTokens }) => sum + promptTokens + (completionTokens ?? 0),
      0,
    )
    assert.equal(
      records.reduce((sum, { usage }) => sum + (usage.totalTokens ?? 0), 0),
      billed,
    )
  })
}

test('both clients get a sound transcribed by the member of kind openai', async t => {
  const mixed = await startMixed(t)
  for (const client of Object.values(clientsOf(mixed))) {
    const file = await toFile(Buffer.from('RIFF----WAVE'), 'a.wav')
    assert.equal((await client.audio.transcriptions.create({ model: 'ears', file })).text, 'Hello.')
  }
  assert.deepEqual(
    mixed.openai.bill.map(({ path, model }) => [path, model]),
    [
      ['audio/transcriptions', 'ears'],
      ['audio/transcriptions', 'ears'],
    ],
  )
})

test('Responses of a pool with both kinds are answered by the member of kind openai', async t => {
  const mixed = await startMixed(t)
  for (const client of Object.values(clientsOf(mixed))) {
    const response = await client.responses.create({ model: 'gpt-4o', input: 'Is it so?', store: false })
    assert.equal(response.output_text, 'Yes, that is so.')
  }
})

test('clients do not notice that a member of either kind is out of order', async t => {
  const mixed = await startMixed(t)
  const { openai, azure } = clientsOf(mixed)
  mixed.openai.faults.push(refusing(503), refusing(429, { 'retry-after-ms': '60000' }, 'rate_limit_exceeded'))
  for (const client of [openai, azure, openai]) {
    assert.equal((await client.chat.completions.create({ model: 'gpt-4o', messages })).choices.length, 1)
  }
  mixed.world.two.setFault({ kind: '429', 'retry-after': 30, times: 1 })
  await assert.rejects(openai.chat.completions.create({ model: 'gpt-4o', messages }), error => {
    assert.ok(error instanceof APIError)
    assert.equal(error.status, 429)
    return true
  })
})

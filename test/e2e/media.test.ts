/**
 * The costs of pictures, sounds and batches in the ledger equal those of the bill, however many bytes come before the
 * usage figures.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import OpenAI, { toFile } from 'openai'
import type { SimulatedDeployment } from '../../packages/simulator/src/types.ts'
import { settledRecords } from '../support/records.ts'
import { eventually } from '../support/wait.ts'
import { type Scope, startWorld, type World } from '../support/world.ts'

const deployments: Readonly<Record<string, SimulatedDeployment>> = {
  'gpt-4o': { model: 'gpt-4o' },
  'gpt-image-1': { model: 'gpt-image-1' },
  'gpt-4o-mini-tts': { model: 'gpt-4o-mini-tts' },
  'gpt-4o-transcribe': { model: 'gpt-4o-transcribe' },
}

interface Setting {
  readonly world: World
  readonly client: OpenAI
  readonly time: { ms: number }
}

async function setting(t: Scope, pictureBytes = 0): Promise<Setting> {
  const time = { ms: Date.now() }
  const parts = { clock: () => time.ms, identityClock: Date.now }
  const world = await startWorld(t, { deployments, azure: { pictureBytes }, parts })
  const baseURL = `${world.url}/main/hr-bot/openai/v1`
  return { world, client: new OpenAI({ baseURL, apiKey: await world.token('alice'), maxRetries: 0 }), time }
}

const figures = async ({ world }: Setting): Promise<readonly (readonly unknown[])[]> =>
  (await settledRecords(world.house))
    .toReversed()
    .map(({ operation, usage }) => [operation, usage.source, usage.promptTokens, usage.completionTokens])

const billed = ({ world }: Setting): readonly (readonly unknown[])[] =>
  [...world.one.bill(), ...world.two.bill()]
    .toSorted((a, b) => a.receivedAtMs - b.receivedAtMs)
    .map(({ operation, promptTokens, completionTokens }) => [operation, 'reported', promptTokens, completionTokens])

test('F6 pictures of megabytes, whole, in streams and as items, are charged as they are billed', async t => {
  const own = await setting(t, 6_000_000)
  const { client, time } = own
  const draw = { model: 'gpt-image-1', prompt: 'A quiet harbour' }
  await client.images.generate({ ...draw, n: 2 })
  // Records are listed by their time.
  time.ms += 1
  for await (const event of await client.images.generate({ ...draw, stream: true, partial_images: 2 })) {
    assert.ok(event.b64_json.length > 8_000_000)
  }
  const ask = { model: 'gpt-4o', input: 'Draw a quiet harbour', tools: [{ type: 'image_generation' as const }] }
  time.ms += 1
  await client.responses.create(ask)
  time.ms += 1
  for await (const event of await client.responses.create({ ...ask, stream: true })) assert.ok(event.type)
  assert.deepEqual(await figures(own), billed(own))
})

test('F9 S13 speech as events and audio input are charged as they are billed', async t => {
  const own = await setting(t)
  const { client, time } = own
  const speak = { model: 'gpt-4o-mini-tts', voice: 'alloy', input: 'Good morning', stream_format: 'sse' as const }
  assert.match(await (await client.audio.speech.create(speak)).text(), /speech\.audio\.done/)
  const ask = { model: 'gpt-4o-transcribe', file: await toFile(Buffer.alloc(320_000, 7), 'note.wav') }
  time.ms += 1
  await client.audio.transcriptions.create(ask)
  time.ms += 1
  for await (const event of await client.audio.transcriptions.create({ ...ask, stream: true })) assert.ok(event.type)
  assert.deepEqual(await figures(own), billed(own))
  const heard = (await settledRecords(own.world.house)).filter(({ operation }) => operation === 'audio/transcriptions')
  assert.deepEqual(
    heard.map(({ usage }) => usage.audioPromptTokens),
    [100, 100],
  )
})

test('H2 W1 a batch is charged with what its lines used, once', async t => {
  const own = await setting(t)
  const { client, time, world } = own
  const body = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] }
  const lines = ['a', 'b'].map(custom_id =>
    JSON.stringify({ custom_id, method: 'POST', url: '/chat/completions', body }),
  )
  const file = await client.files.create({
    file: await toFile(Buffer.from(lines.join('\n')), 'a.jsonl'),
    purpose: 'batch',
  })
  const ask = { input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' } as const
  const { id } = await client.batches.create(ask)
  const total = async (): Promise<number> =>
    (await settledRecords(world.house)).reduce((sum, { usage }) => sum + (usage.totalTokens ?? 0), 0)
  const charged = await eventually('the gateway polls for the end of the batch', async () => {
    time.ms += 5_000
    return (await total()) || null
  })
  const { usage, status } = await client.batches.retrieve(id)
  assert.deepEqual([status, usage?.total_tokens, await total()], ['completed', charged, charged])
})

/**
 * An export of conversations has every call of every operation as it was asked and answered, and its sums are those of
 * the ledger.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, statSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import OpenAI, { toFile } from 'openai'
import type { AuditPage } from '../../packages/gateway/src/audit/index.ts'
import { run } from '../../packages/gateway/src/cli/run.fixture.ts'
import type { House } from '../../packages/gateway/src/house/index.ts'
import type { Conversation } from '../../packages/gateway/src/wire/conversation/index.ts'
import type { SimulatedDeployment } from '../../packages/simulator/src/types.ts'
import { settledRecords } from '../support/records.ts'
import { eventually } from '../support/wait.ts'
import { ask, reopen, type Scope, startWorld } from '../support/world.ts'

const deployments: Readonly<Record<string, SimulatedDeployment>> = {
  'gpt-4o': { model: 'gpt-4o' },
  'text-embedding-3-small': { model: 'text-embedding-3-small' },
  'gpt-image-1': { model: 'gpt-image-1' },
  'gpt-4o-mini-tts': { model: 'gpt-4o-mini-tts' },
  'gpt-4o-transcribe': { model: 'gpt-4o-transcribe' },
}

interface Line {
  readonly record: { readonly id: string; readonly operation: string; readonly message: string | null }
  readonly bodies: string
  readonly conversation?: Conversation
  readonly raw: Readonly<Record<'request' | 'response', { readonly base64: string }>>
}

const weather = {
  type: 'function' as const,
  function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}
/** Twelve million bytes of a body. */
const shown = {
  type: 'image_url' as const,
  image_url: { url: `data:image/png;base64,${Buffer.alloc(9_000_000, 7).toString('base64')}` },
}

test('every operation is exported as it was asked and answered, and the manifest has the sums of the ledger', async t => {
  const world = await startWorld(t, { deployments, azure: { pictureBytes: 100_000 } })
  const baseURL = `${world.url}/main/hr-bot/openai/v1`
  const client = new OpenAI({ baseURL, apiKey: await world.token('alice'), maxRetries: 0 })
  /** What each call answered, in the order in which they are made. */
  const said: string[] = []

  const chat = await client.chat.completions.create({ model: 'gpt-4o', messages: ask('How do I book leave?') })
  said.push(chat.choices[0]?.message.content ?? '')
  let streamed = ''
  const messages = [{ role: 'system' as const, content: 'Be brief.' }, ...ask('And parental leave?')]
  for await (const chunk of await client.chat.completions.create({ model: 'gpt-4o', messages, stream: true })) {
    streamed += chunk.choices[0]?.delta.content ?? ''
  }
  said.push(streamed)
  const called = await client.chat.completions.create({
    ...{ model: 'gpt-4o', messages: ask('What is the weather in Oslo?'), tools: [weather], tool_choice: 'required' },
  })
  const call = called.choices[0]?.message.tool_calls?.[0]
  assert.ok(call?.type === 'function')
  said.push(`${call.function.name}(${call.function.arguments})`)
  const seen = [{ type: 'text' as const, text: 'What is this?' }, shown]
  const looked = await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: seen }] })
  said.push(looked.choices[0]?.message.content ?? '')
  const response = await client.responses.create({ model: 'gpt-4o', instructions: 'Be kind.', input: 'Who are you?' })
  said.push(response.output_text)
  let spoken = ''
  for await (const event of await client.responses.create({ model: 'gpt-4o', input: 'And where?', stream: true })) {
    if (event.type === 'response.output_text.delta') spoken += event.delta
  }
  said.push(spoken)
  await client.embeddings.create({ model: 'text-embedding-3-small', input: ['one', 'two'] })
  said.push('embedding embedding')
  const drawn = await client.images.generate({ model: 'gpt-image-1', prompt: 'A quiet harbour' })
  said.push(`${drawn.data?.[0]?.revised_prompt} image`)
  await (await client.audio.speech.create({ model: 'gpt-4o-mini-tts', voice: 'alloy', input: 'Good morning' })).text()
  said.push('audio')
  const sound = await toFile(Buffer.alloc(320_000, 7), 'note.wav')
  said.push((await client.audio.transcriptions.create({ model: 'gpt-4o-transcribe', file: sound })).text)
  const refused = await client.chat.completions
    .create({ model: 'gpt-9', messages: ask('Hello?') })
    .catch(error => error)
  assert.ok(refused instanceof OpenAI.APIError)
  said.push(`uncaptured: ${(refused.error as { message: string }).message}`)

  const records = (await settledRecords(world.house)).toReversed()
  assert.equal(records.length, said.length)
  const file = join(world.directory, 'calls.jsonl')
  const reach = { admin: world.house.admin?.url ?? '', token: () => world.token('carol') }
  const exported = await run(['records', 'export', '--bodies', '--raw', '--reason', 'a test', '-o', file], reach)
  assert.equal(exported.code, 0, exported.err)
  const lines = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Line)
  const byId = new Map(lines.map(line => [line.record.id, line]))
  assert.deepEqual(
    records.map(({ id }) => saidIn(byId.get(id) ?? assert.fail(id))),
    said,
  )
  const lineOf = (at: number): Line => byId.get(records[at]?.id ?? '') ?? assert.fail()
  assert.deepEqual(lineOf(1).conversation?.messages.slice(0, 2), [
    { role: 'system', text: 'Be brief.' },
    { role: 'user', text: 'And parental leave?' },
  ])
  assert.deepEqual(lineOf(2).conversation?.tools, ['weather'])
  assert.deepEqual(lineOf(3).conversation?.messages[0], {
    role: 'user',
    text: 'What is this?',
    attachments: [{ kind: 'image', mediaType: 'image/png', bytes: 9_000_000 }],
  })
  const raw = Buffer.from(lineOf(3).raw.request.base64, 'base64').toString('utf8')
  assert.deepEqual((JSON.parse(raw) as { messages: unknown }).messages, [{ role: 'user', content: seen }])
  assert.deepEqual(
    lineOf(9).conversation?.messages[0]?.attachments?.map(({ kind, name, bytes }) => [kind, name, bytes]),
    [['file', 'note.wav', 320_000]],
  )

  const { total } = await world.house.ledger.usage({ by: ['workload'] })
  const manifest = JSON.parse(readFileSync(`${file}.manifest.json`, 'utf8')) as Record<string, unknown>
  assert.deepEqual(manifest['tokens'], {
    ...{ prompt: total.promptTokens, completion: total.completionTokens, total: total.totalTokens },
  })
  const costs = manifest['costs'] as { nano: number; currency: string }[]
  assert.deepEqual(
    costs.map(({ nano, currency }) => ({ nano, currency })),
    total.costs,
  )
  assert.deepEqual([manifest['records'], manifest['calls']], [records.length, total.calls])
  assert.equal((await run(['records', 'verify-export', file])).code, 0)
})

/**
 * The answer in one line: its texts, calls of tools, and kinds of what is no text. The gateway's own words are in the
 * record.
 */
function saidIn({ record, bodies, conversation }: Line): string {
  if (conversation === undefined) return `${bodies}: ${record.message}`
  const { text = '', toolCalls = [], attachments = [] } = conversation.messages.at(-1) ?? {}
  const calls = toolCalls.map(({ name, arguments: given }) => `${name}(${given})`)
  return [text, ...calls, ...attachments.map(({ kind }) => kind)].filter(part => part !== '').join(' ')
}

// A gateway is updated while an auditor exports; the file must still have each record once.
test('an export that a restart of the gateway broke off is resumed at the new one', async t => {
  const world = await startWorld(t)
  const client = new OpenAI({ baseURL: `${world.url}/main/hr-bot/openai/v1`, apiKey: await world.token('alice') })
  const call = (content: string | (typeof shown)[]) =>
    client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content }], max_tokens: 5 })
  // The newest come first. What follows them is far more than the buffers of all sockets on the way: the gateway is
  // still writing when it ends.
  for (const content of [[shown], [shown], [shown], 'Question 1', 'Question 2']) await call(content)
  const records = await settledRecords(world.house)
  const file = join(world.directory, 'calls.jsonl')
  const reach = (house: House) => ({ admin: house.admin?.url ?? '', token: () => world.token('carol') })
  const reason = ['--reason', 'a test', '-o', file]
  const stalling = await stallingAt(t, world.house.admin?.url ?? '', 1_000_000)
  const args = ['records', 'export', '--bodies', '--raw', '--retries', '0', ...reason]
  const first = run(args, { ...reach(world.house), admin: stalling.url })
  await eventually(
    'half of the file',
    () => {
      const size = statSync(`${file}.part`, { throwIfNoEntry: false })?.size ?? 0
      return size > 900_000 ? true : null
    },
    60_000,
  )
  await world.house.close()
  stalling.breakAll()
  assert.match((await first).err, /✗ export_broken/)
  const house = await reopen(t, world)
  const resumed = await run(['records', 'export', '--resume', ...reason], reach(house))
  assert.equal(resumed.code, 0, resumed.err)
  const ids = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => (JSON.parse(line) as Line).record.id)
  assert.deepEqual(
    ids,
    records.map(({ id }) => id),
  )
  const headers = { authorization: `Bearer ${await world.token('carol')}` }
  const answer = await fetch(`${house.admin?.url}/api/v1/audit?action=records_exported`, { headers })
  const { entries } = (await answer.json()) as AuditPage
  assert.deepEqual(
    entries.toReversed().map(({ outcome, facts }) => [outcome, facts['resumes'] !== undefined]),
    [
      ['asked', false],
      ['failed', false],
      ['asked', true],
      ['done', true],
    ],
  )
  assert.equal((await run(['records', 'verify-export', file])).code, 0)
})

/** An address that passes on to another, and reads no further after so many bytes of one connection. */
async function stallingAt(t: Scope, url: string, bytesMax: number): Promise<{ url: string; breakAll(): void }> {
  const { hostname, port } = new URL(url)
  const clients = new Set<Socket>()
  const server = createServer(client => {
    clients.add(client)
    const upstream = connect(Number(port), hostname)
    let left = bytesMax
    client.pipe(upstream)
    upstream.on('data', (bytes: Buffer) => {
      client.write(bytes)
      left -= bytes.byteLength
      if (left < 0) upstream.pause()
    })
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => {})
      one.on('close', () => other.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const breakAll = (): void => {
    for (const client of clients) client.destroy()
  }
  t.after(() => {
    breakAll()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, breakAll }
}

/** The unmodified npm client `openai`, as OpenAI against the v1 API: only a base URL and a token provider change. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { APIError, OpenAI, toFile } from 'openai'
import { type Running, runTwins } from '../support/file-world.ts'
import { recordOf } from '../support/records.ts'
import { type Door, everyDeployment, type TwinWorld } from '../support/twin.ts'
import { collect } from '../support/wait.ts'
import { ask } from '../support/world.ts'

let twins: TwinWorld & Running
before(async () => {
  twins = await runTwins()
})
after(() => twins.close())

function client(door: Door): OpenAI {
  return new OpenAI({ baseURL: `${door.v1}/`, apiKey: door.token, fetch: door.fetch, maxRetries: 0 })
}

const messages = ask('Who approves my travel expenses?')

for (const include_usage of [false, true]) {
  test(`a streamed chat on v1 is the same (usage requested: ${include_usage})`, async () => {
    const chunks = await twins.same(async door =>
      collect(
        await client(door).chat.completions.create({
          model: 'gpt-4o-mini',
          messages,
          stream: true,
          ...(include_usage ? { stream_options: { include_usage } } : {}),
        }),
      ),
    )
    assert.equal(
      chunks.some(chunk => (chunk.usage ?? null) !== null),
      include_usage,
    )
  })
}

test('chat, embeddings and completions on v1 are the same', async () => {
  await twins.same(async door => {
    const openai = client(door)
    return [
      await openai.chat.completions.create({ model: 'gpt-4o', messages }),
      await openai.embeddings.create({ model: 'text-embedding-3-small', input: 'travel expenses' }),
      await openai.completions.create({ model: 'instruct', prompt: 'Hello', max_tokens: 8 }),
    ]
  })
})

test('Responses on v1 are the same, streamed and not, with tools', async () => {
  await twins.same(async door => {
    const { responses } = client(door)
    const whole = await responses.create({ model: 'gpt-4o', input: 'Summarise our travel policy.', store: false })
    const events = await collect(await responses.create({ model: 'gpt-4o', input: 'Hello.', stream: true }))
    const called = await responses.create({
      model: 'gpt-4o',
      input: 'What is the weather in Oslo?',
      tool_choice: 'required',
      tools: [
        {
          type: 'function',
          name: 'get_weather',
          strict: false,
          parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        },
      ],
    })
    assert.equal(called.output[0]?.type, 'function_call')
    return { whole, events, called }
  })
})

// A deployment in a form is known only after the form has been read; every byte must still be forwarded.
test('a transcription on v1, whose deployment is in the form, is the same', async () => {
  await twins.same(async door => {
    const file = await toFile(Buffer.from('RIFF0000WAVEfmt '), 'a.wav')
    return client(door)
      .audio.transcriptions.create({ model: 'ears', file })
      .catch((error: unknown) => {
        if (!(error instanceof APIError)) throw error
        return { status: error.status, message: error.message }
      })
  })
})

test('files on v1 are the same', async () => {
  await twins.same(async door => {
    const openai = client(door)
    const file = await openai.files.create({ purpose: 'batch', file: await toFile(Buffer.from('{}\n'), 'in.jsonl') })
    const back = await (await openai.files.content(file.id)).text()
    const listed = await collect(openai.files.list({ limit: 10 }))
    await openai.files.delete(file.id)
    return { bytes: file.bytes, back, listed }
  })
})

test('vector stores and conversations on v1 are the same', async () => {
  await twins.same(async door => {
    const openai = client(door)
    const file = await openai.files.create({
      purpose: 'assistants',
      file: await toFile(Buffer.from('Travel expenses are approved by the manager.\n'), 'policy.txt'),
    })
    const store = await openai.vectorStores.create({ name: 'policies', file_ids: [file.id] })
    const found = await openai.vectorStores.search(store.id, { query: 'Who approves travel?' })
    const batch = await openai.vectorStores.fileBatches.create(store.id, { file_ids: [file.id] })
    const files = await collect(await openai.vectorStores.files.list(store.id))
    const conversation = await openai.conversations.create({ metadata: { topic: 'travel' } })
    const answer = await openai.responses.create({
      model: 'gpt-4o',
      input: 'Who approves travel?',
      conversation: conversation.id,
      tools: [{ type: 'file_search', vector_store_ids: [store.id] }],
    })
    const items = await collect(await openai.conversations.items.list(conversation.id))
    const stores = await collect(openai.vectorStores.list())
    await openai.conversations.delete(conversation.id)
    await openai.vectorStores.delete(store.id)
    return { found: found.data, batch, files, answer: answer.output_text, items, stores }
  })
})

// Tools fill their menus from this list: with Azure's own list they would offer what a call then refuses.
test('the SDK lists the models that the workload may use', async () => {
  const { world } = twins
  const openai = new OpenAI({
    baseURL: `${world.url}/main/hr-bot/openai/v1`,
    apiKey: () => world.token('alice'),
    maxRetries: 0,
  })
  const models = await collect(openai.models.list())
  assert.deepEqual(
    models.map(model => model.id),
    Object.keys(everyDeployment),
  )
  assert.equal((await openai.models.retrieve('gpt-4o')).object, 'model')
})

// For tools that can set neither path nor header: a caller with one workload does not have to name it.
test("a plain OpenAI client at /v1 gets the caller's only workload", async () => {
  const { world } = twins
  const openai = new OpenAI({ baseURL: `${world.url}/v1`, apiKey: () => world.token('alice'), maxRetries: 0 })
  const { data, response } = await openai.chat.completions.create({ model: 'gpt-4o', messages }).withResponse()
  assert.equal(data.choices[0]?.finish_reason, 'stop')
  const record = await recordOf(world.house.ledger, response.headers.get('x-gatehouse-request-id'))
  assert.equal(record.workload, 'hr-bot')
  assert.equal(record.usage.totalTokens, data.usage?.total_tokens)
})

test('a caller of two workloads names one in a header, and is refused with that reason if it does not', async () => {
  const { world } = twins
  const openai = new OpenAI({ baseURL: `${world.url}/v1`, apiKey: () => world.token('carol'), maxRetries: 2 })
  const call = openai.chat.completions.create({ model: 'gpt-4o', messages })
  await assert.rejects(call, { status: 400, code: 'workload_missing', message: /hr-bot, code-assistant/ })
  const headers = { 'x-gatehouse-workload': 'code-assistant' }
  const { response } = await openai.chat.completions.create({ model: 'gpt-4o', messages }, { headers }).withResponse()
  const record = await recordOf(world.house.ledger, response.headers.get('x-gatehouse-request-id'))
  assert.equal(record.workload, 'code-assistant')
})

// Otherwise an SDK repeats three times what will be refused each time.
test('a refusal of the gateway is an error that the client understands and does not repeat', async () => {
  const { world } = twins
  let calls = 0
  const openai = new OpenAI({
    baseURL: `${world.url}/main/code-assistant/openai/v1`,
    apiKey: () => world.token('alice'),
    fetch: (input, init) => {
      calls += 1
      return fetch(input, init)
    },
  })
  await assert.rejects(openai.chat.completions.create({ model: 'gpt-4o', messages }), {
    status: 403,
    code: 'caller_not_bound',
    type: 'permission_error',
  })
  assert.equal(calls, 1)
})

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import OpenAI from 'openai'
import type { ResponseInput } from 'openai/resources/responses/responses'
import { isRecord, type JsonRecord, listOf } from '../../json.ts'
import type { AzureSimulator, AzureSimulatorOptions } from '../../types.ts'
import { call, deployments, lastLine, raw, simulator } from '../testkit.fixture.ts'

const named = { ...deployments, 'gpt-5': { model: 'gpt-5' }, 'gpt-5.1': { model: 'gpt-5.1' } }
const path = '/v1/responses'

async function instance(t: TestContext, name: string, options: Partial<AzureSimulatorOptions> = {}) {
  const sim = await simulator(t, { name, deployments: named, ...options })
  return { sim, client: new OpenAI({ baseURL: `${sim.url}/openai/v1`, apiKey: 'none', maxRetries: 0 }) }
}

/** The JSON of the `data:` lines of a stream of Responses events. */
function events(text: string): JsonRecord[] {
  return text
    .split('\n')
    .filter(line => line.startsWith('data: '))
    .map(line => JSON.parse(line.slice(6)) as JsonRecord)
}

const responseOf = (event: JsonRecord | undefined): JsonRecord => {
  assert.ok(event && isRecord(event.response))
  return event.response
}

const weather = {
  type: 'function' as const,
  name: 'find_weather',
  description: 'Finds the weather of a city',
  parameters: {
    type: 'object',
    properties: {
      city: { type: 'string' },
      days: { type: 'array', items: { type: 'object', properties: { day: {} } } },
    },
    required: ['city'],
  },
}

// Clients without storage carry the model's reasoning along; a gateway that moves them to another instance breaks the
// conversation.
test('F1 encrypted reasoning opens on the instance that sealed it, and every other refuses it', async t => {
  const [one, two] = [await instance(t, 'one'), await instance(t, 'two')]
  const input = [{ role: 'user' as const, content: 'How many days are in a leap year?' }]
  const ask = { model: 'gpt-5', store: false, include: ['reasoning.encrypted_content' as const] }
  const first = await one.client.responses.create({ ...ask, input })
  const [thought, said] = first.output
  assert.ok(thought?.type === 'reasoning' && said?.type === 'message')
  assert.match(thought.encrypted_content ?? '', /^gAAAAA[\w-]{100,}=*$/)
  const next = [...input, thought, said, { role: 'user' as const, content: 'And in others?' }]
  const { id: _, ...bare } = thought
  for (const turn of [next, [...input, bare, said]] as (typeof next)[]) {
    assert.equal((await one.client.responses.create({ ...ask, input: turn })).status, 'completed')
    await assert.rejects(two.client.responses.create({ ...ask, input: turn }), {
      status: 400,
      code: 'invalid_encrypted_content',
      type: 'invalid_request_error',
    })
  }
  const plain = await one.client.responses.create({ model: 'gpt-5', input })
  assert.ok(plain.output[0]?.type === 'reasoning' && plain.output[0].encrypted_content === undefined)
})

test('F1 an instance opens only what it sealed itself, however sealed content is changed on its way', async t => {
  const { sim, client } = await instance(t, 'one')
  const made = await client.responses.create({
    model: 'gpt-5',
    store: false,
    include: ['reasoning.encrypted_content'],
    input: 'Hello',
  })
  const [thought] = made.output
  assert.ok(thought?.type === 'reasoning')
  const sealed = thought.encrypted_content ?? ''
  const spoilt = fc
    .tuple(fc.nat(sealed.length - 6), fc.constantFrom('A', 'z', '0', '-'))
    .map(([at, letter]) => sealed.slice(0, at) + letter + sealed.slice(at + 1))
    .filter(text => text !== sealed)
  const refused = fc.asyncProperty(fc.oneof(spoilt, fc.base64String()), async encrypted_content => {
    const item = { type: 'reasoning', summary: [], encrypted_content }
    const answer = await call(sim, path, { model: 'gpt-5', store: false, input: [item] })
    assert.deepEqual([answer.status, (answer.json.error as JsonRecord).code], [400, 'invalid_encrypted_content'])
  })
  await fc.assert(refused, { numRuns: 40 })
})

// Codex replays whole items with their ids to Azure, and stores: only one instance knows these ids.
test('F1 items with unknown ids are refused when the call is stored, items with known ids are found', async t => {
  const [one, two] = [await instance(t, 'one'), await instance(t, 'two')]
  const first = await one.client.responses.create({ model: 'gpt-5', input: 'Hello' })
  const [thought, said] = first.output
  assert.ok(thought && said)
  const input = [thought, said, { role: 'user', content: 'Go on' }] as ResponseInput
  assert.equal((await one.client.responses.create({ model: 'gpt-5', input })).status, 'completed')
  const message = new RegExp(`Item with id '${thought.id}' not found\\.`)
  await assert.rejects(two.client.responses.create({ model: 'gpt-5', input }), { status: 400, message })
  const reference = [{ type: 'item_reference' as const, id: said.id ?? '' }]
  assert.equal((await one.client.responses.create({ model: 'gpt-5', input: reference })).status, 'completed')
  await assert.rejects(two.client.responses.create({ model: 'gpt-5', input: reference }), { status: 400 })
  const unstored = { model: 'gpt-5', store: false, input }
  await assert.rejects(two.client.responses.create(unstored), {
    message: /Items are not persisted when `store` is set/,
  })
})

test('F1 an item is evicted with the last response that keeps it', async t => {
  const { sim, client } = await instance(t, 'one')
  const first = await client.responses.create({ model: 'gpt-4o', input: 'Hello' })
  const reference = { type: 'item_reference', id: first.output[0]?.id }
  const goOn = (content: string): ReturnType<typeof call> =>
    call(sim, path, { model: 'gpt-4o', input: [reference, { role: 'user', content }] })
  const second = await goOn('Go on')
  await client.responses.delete(first.id)
  const third = await goOn('More')
  assert.equal(third.status, 200, 'the second response has it too')
  for (const { json } of [second, third]) await client.responses.delete(String(json.id))
  assert.equal((await goOn('And more')).status, 400)
})

test('M6 an item with nothing but its type and id is looked up like a reference', async t => {
  const { sim, client } = await instance(t, 'one')
  const { output } = await client.responses.create({ model: 'gpt-5', input: 'Hello' })
  const respond = async (item: JsonRecord): Promise<number> =>
    (await call(sim, path, { model: 'gpt-5', input: [item] })).status
  assert.equal(await respond({ type: 'reasoning', id: output[0]?.id, summary: [] }), 200)
  assert.equal(await respond({ type: 'message', role: 'assistant', id: output[1]?.id }), 200)
  for (const type of ['reasoning', 'image_generation_call', 'code_interpreter_call', 'function_call']) {
    assert.equal(await respond({ type, id: 'x_of_other' }), 400, type)
  }
  assert.equal(await respond({ type: 'mcp_approval_response', approval_request_id: 'mcpr_other', approve: true }), 400)
})

test('S4 every delta is padded to a multiple of 16 characters, unless the call switches padding off', async t => {
  const { sim } = await instance(t, 'one')
  const ask = { model: 'gpt-4o', input: 'Draft a short mail on the meeting.', stream: true }
  const deltas = events((await call(sim, path, ask)).text).filter(each => typeof each.delta === 'string')
  assert.ok(deltas.length > 10)
  for (const { delta, obfuscation } of deltas) assert.equal((String(delta) + String(obfuscation)).length % 16, 0)
  const bare = { ...ask, stream_options: { include_obfuscation: false } }
  const { text } = await call(sim, path, bare)
  assert.ok(!text.includes('obfuscation'))
})

test('S6 filters have results only once the response is complete, with the range that they checked', async t => {
  const { sim } = await instance(t, 'one')
  const all = events((await call(sim, path, { model: 'gpt-4o', input: 'Hello', stream: true })).text)
  assert.deepEqual(
    [all[0], all[1]].map(each => responseOf(each).content_filters),
    [null, null],
  )
  const filters = listOf(responseOf(all.at(-1)).content_filters).filter(isRecord)
  assert.deepEqual(
    filters.map(each => [each.source_type, each.blocked, each.content_filter_raw]),
    [
      ['prompt', false, []],
      ['completion', false, []],
    ],
  )
  assert.deepEqual(filters[0]?.content_filter_offsets, { start_offset: 0, end_offset: 5, check_offset: 0 })
})

/** Members in the order of recorded answers of 2026. */
const members = [
  ...['id', 'object', 'created_at', 'status', 'background', 'completed_at', 'content_filters', 'error'],
  ...['frequency_penalty', 'incomplete_details', 'instructions', 'max_output_tokens', 'max_tool_calls', 'model'],
  ...['output', 'parallel_tool_calls', 'presence_penalty', 'previous_response_id', 'prompt_cache_key'],
  ...['prompt_cache_retention', 'reasoning', 'safety_identifier', 'service_tier', 'store', 'temperature', 'text'],
  ...['tool_choice', 'tools', 'top_logprobs', 'top_p', 'truncation', 'usage', 'user', 'metadata'],
]

test('S7 response objects have all members, with the defaults that the service fills in', async t => {
  const { sim, client } = await instance(t, 'one')
  const all = events((await call(sim, path, { model: 'gpt-5', input: 'Hello', stream: true })).text)
  const [begun, ended] = [responseOf(all[0]), responseOf(all.at(-1))]
  for (const object of [begun, ended]) assert.deepEqual(Object.keys(object), members)
  assert.deepEqual([begun.service_tier, ended.service_tier], ['auto', 'default'])
  const priority = await client.responses.create({ model: 'gpt-5', input: 'Hello', service_tier: 'priority' })
  assert.deepEqual([priority.service_tier, (await lastLine(sim)).serviceTier], ['priority', 'priority'])
  assert.deepEqual([begun.completed_at, typeof ended.completed_at], [null, 'number'])
  assert.deepEqual(begun.text, { format: { type: 'text' }, verbosity: 'medium' })
  const effort = async (model: string): Promise<unknown> =>
    (await client.responses.create({ model, input: 'Hello' })).reasoning?.effort
  assert.deepEqual([await effort('gpt-5'), await effort('gpt-5.1'), await effort('gpt-4o')], ['medium', 'none', null])
})

test('S7 by default a function is strict and its schema closed', async t => {
  const { client } = await instance(t, 'one')
  const tools = async (tool: JsonRecord): Promise<unknown> =>
    (
      await client.responses.create({
        model: 'gpt-4o',
        input: 'Hello',
        tools: [tool as typeof weather & { strict: null }],
      })
    ).tools[0]
  const { parameters } = weather
  const day = { type: 'object', properties: { day: {} }, required: ['day'], additionalProperties: false }
  assert.deepEqual(await tools(weather), {
    ...weather,
    strict: true,
    parameters: {
      ...parameters,
      properties: { city: { type: 'string' }, days: { type: 'array', items: day } },
      required: ['city', 'days'],
      additionalProperties: false,
    },
  })
  assert.deepEqual(await tools({ ...weather, strict: false }), { ...weather, strict: false })
})

// A member that a gateway or an SDK adds by mistake must not pass here and then fail in production.
test('S7 members that the service does not know are refused, usage in a stream of Responses among them', async t => {
  const { sim } = await instance(t, 'one')
  const refusal = async (more: JsonRecord): Promise<unknown[]> => {
    const { status, json } = await call(sim, path, { model: 'gpt-5', input: 'Hello', ...more })
    const { param, code } = isRecord(json.error) ? json.error : {}
    return [status, param, code]
  }
  assert.deepEqual(await refusal({ wibble: 1 }), [400, 'wibble', 'unknown_parameter'])
  // Codex sends this one with every call.
  assert.equal((await refusal({ client_metadata: { session_id: 's' } }))[0], 200)
  assert.deepEqual(await refusal({ stream: true, stream_options: { include_usage: true } }), [
    400,
    'stream_options.include_usage',
    'unknown_parameter',
  ])
  assert.deepEqual(await refusal({ max_completion_tokens: 50 }), [
    400,
    'max_completion_tokens',
    'unsupported_parameter',
  ])
  assert.deepEqual(await refusal({ temperature: 0.2 }), [400, 'temperature', null])
  assert.deepEqual(await refusal({ include: ['reasoning'] }), [400, 'include[0]', 'invalid_value'])
  assert.deepEqual(await refusal({ background: true, store: false }), [400, 'background', null])
})

const plan = { model: 'gpt-5', background: true, input: 'Plan a week in Lisbon' }
/** The rest is produced after the client has left. */
const stalls = { 'x-simulator-fault': 'stall;after=6' }
const usageOf = (object: JsonRecord): number => (isRecord(object.usage) ? Number(object.usage.total_tokens) : 0)
const billed = (sim: AzureSimulator): number =>
  sim.bill().reduce((sum, line) => sum + line.promptTokens + line.completionTokens, 0)

test("F2 a response in the background continues when its stream is left, and its cost equals its object's usage, once", async t => {
  const { sim, client } = await instance(t, 'one')
  const left = await raw(sim, path, { ...plan, stream: true }, stalls, 3)
  const begun = events(left.chunks.join(''))
  assert.deepEqual(begun.map(each => [each.type, responseOf(each).status]).slice(0, 2), [
    ['response.created', 'queued'],
    ['response.queued', 'queued'],
  ])
  await lastLine(sim)
  const id = String(responseOf(begun[0]).id)
  assert.equal((await client.responses.retrieve(id)).status, 'in_progress')
  const ended = await client.responses.retrieve(id)
  assert.deepEqual([ended.status, usageOf({ ...ended })], ['completed', billed(sim)])
})

test('F2 a stream can be resumed after any event, also by the official client', async t => {
  const { sim, client } = await instance(t, 'one')
  const whole = events((await call(sim, path, { ...plan, stream: true })).text)
  const { id } = responseOf(whole[0])
  assert.deepEqual(
    whole.map(each => each.sequence_number),
    whole.map((_, at) => at),
  )
  for (const after of [-1, 0, 7, whole.length - 2, whole.length - 1]) {
    const { text, headers } = await call(sim, `${path}/${id}?stream=true&starting_after=${after}`)
    assert.match(headers.get('content-type') ?? '', /^text\/event-stream/)
    assert.deepEqual(events(text), whole.slice(after + 1))
  }
  const seen: number[] = []
  const stream = await client.responses.retrieve(String(id), { stream: true, starting_after: 4 })
  for await (const event of stream) seen.push(event.sequence_number)
  assert.deepEqual(
    seen,
    whole.slice(5).map(each => each.sequence_number),
  )
  assert.equal(billed(sim), usageOf(responseOf(whole.at(-1))))
})

test('F2 equal questions in the background are separate responses, with the same words', async t => {
  const { client, sim } = await instance(t, 'one')
  const begun = await Promise.all([1, 2, 3].map(() => client.responses.create(plan)))
  const texts = new Set<string>()
  for (const { id } of begun) {
    await client.responses.retrieve(id)
    texts.add((await client.responses.retrieve(id)).output_text)
  }
  assert.deepEqual([new Set(begun.map(each => each.id)).size, texts.size], [3, 1])
  assert.equal(
    new Set(
      sim
        .bill()
        .slice(0, 3)
        .map(line => line.completionTokens),
    ).size,
    1,
  )
})

// However often and wherever a stream is left and resumed, it is the same stream, and nothing is charged twice.
test('F2 a background response that is read in any pieces gives each event once, and one charge', async t => {
  let now = Date.UTC(2026, 10, 2)
  const sleep = async (ms: number): Promise<void> => {
    now += ms
  }
  const { sim, client } = await instance(t, 'one', { clock: () => now, sleep, backgroundMs: 10_000 })
  const reading = fc.record({
    stream: fc.boolean(),
    cuts: fc.array(fc.nat(12), { maxLength: 6 }),
    waits: fc.nat(12_000),
  })
  await fc.assert(
    fc.asyncProperty(reading, async ({ stream, cuts, waits }) => {
      sim.clearBill()
      const begun = stream
        ? responseOf(events((await raw(sim, path, { ...plan, stream }, {}, 1)).chunks.join(''))[0])
        : { ...(await client.responses.create(plan)) }
      now += waits
      const seen: unknown[] = []
      for (const cut of [...cuts, Number.POSITIVE_INFINITY]) {
        const url = `${path}/${begun.id}?stream=true&starting_after=${seen.length - 1}`
        const { text } = await call(sim, url)
        seen.push(
          ...events(text)
            .slice(0, cut)
            .map(each => each.sequence_number),
        )
      }
      assert.deepEqual(
        seen,
        seen.map((_, at) => at),
      )
      const { usage, status } = await client.responses.retrieve(String(begun.id))
      assert.deepEqual([status, usage?.total_tokens], ['completed', billed(sim)])
    }),
    { numRuns: 15 },
  )
})

test('F2 the duration of a background response goes by the clock of the instance', async t => {
  let now = Date.UTC(2026, 10, 2)
  const waits: number[] = []
  const sleep = async (ms: number): Promise<void> => {
    waits.push(ms)
    now += ms
  }
  const { sim, client } = await instance(t, 'one', { clock: () => now, sleep, backgroundMs: 60_000 })
  const { id, status } = await client.responses.create(plan)
  for (let looks = 0; looks < 3; looks += 1) assert.equal((await client.responses.retrieve(id)).status, 'in_progress')
  now += 30_000
  const late = events((await call(sim, `${path}/${id}?stream=true`)).text)
  assert.deepEqual([status, late.at(-1)?.type], ['queued', 'response.completed'])
  const waited = waits.reduce((sum, ms) => sum + ms, 0)
  assert.equal(Math.round(waited), 30_000)
  assert.equal(usageOf({ ...(await client.responses.retrieve(id)) }), billed(sim))
})

test('F2 a client that cancels half-way pays for what was produced until then', async t => {
  let now = Date.UTC(2026, 10, 2)
  const { sim, client } = await instance(t, 'one', { clock: () => now, backgroundMs: 60_000 })
  const { id } = await client.responses.create(plan)
  const whole = sim.bill()[0]?.completionTokens ?? 0
  now += 30_000
  const cancelled = await client.responses.cancel(id)
  assert.deepEqual([cancelled.status, cancelled.output, cancelled.usage], ['cancelled', [], null])
  assert.equal(sim.bill()[0]?.completionTokens, Math.floor(whole / 2))
  now += 60_000
  assert.equal((await client.responses.retrieve(id)).status, 'cancelled')
})

test('F2 closing the connection cancels a synchronous response: it never completes', async t => {
  const { sim, client } = await instance(t, 'one')
  const { background: _, ...ask } = plan
  const left = await raw(sim, path, { ...ask, stream: true }, stalls, 3)
  await lastLine(sim)
  const id = String(responseOf(events(left.chunks.join(''))[0]).id)
  const found = await client.responses.retrieve(id)
  assert.deepEqual([found.status, found.output, found.usage], ['cancelled', [], null])
  await assert.rejects(client.responses.cancel(id), { status: 400 })
})

test('H2 a conversation has the output of a background response that was never read itself', async t => {
  let now = Date.UTC(2026, 10, 2)
  for (const options of [{}, { clock: () => now, backgroundMs: 60_000 }]) {
    const { client } = await instance(t, 'one', options)
    const conversation = await client.conversations.create()
    await client.responses.create({ ...plan, conversation: conversation.id })
    const roles = async (): Promise<unknown[]> =>
      (await client.conversations.items.list(conversation.id, { order: 'asc' })).data.map(each => each.type)
    if ('clock' in options) {
      assert.deepEqual(await roles(), ['message'])
      now += 60_000
    }
    assert.deepEqual(await roles(), ['message', 'reasoning', 'message'])
  }
})

test('S7 log probabilities come for every token when they are included, and JSON mode needs the word JSON', async t => {
  const { client, sim } = await instance(t, 'one')
  const ask = { model: 'gpt-4o', input: 'Hello', include: ['message.output_text.logprobs' as const], top_logprobs: 2 }
  const [said] = (await client.responses.create(ask)).output
  const part = said?.type === 'message' ? said.content[0] : undefined
  assert.ok(part?.type === 'output_text')
  assert.equal(part.logprobs?.map(each => each.token).join(''), part.text)
  assert.ok(part.logprobs?.every(each => each.top_logprobs.length === 2))
  const deltas = events((await call(sim, path, { ...ask, stream: true })).text).flatMap(each => listOf(each.logprobs))
  assert.equal(deltas.length, 2 * (part.logprobs?.length ?? 0), 'each delta has its own, their end all of them')
  const text = { format: { type: 'json_object' as const } }
  await assert.rejects(client.responses.create({ model: 'gpt-4o', input: 'Hello', text }), {
    status: 400,
    param: 'input',
  })
  assert.equal((await client.responses.create({ model: 'gpt-4o', input: 'Hello in JSON', text })).status, 'completed')
})

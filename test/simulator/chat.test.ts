import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countText } from '../../packages/gateway/src/tokens/count.ts'
import { assemble } from '../../packages/gateway/src/wire/assemble.ts'
import { isRecord, type JsonRecord, listOf } from '../../packages/gateway/src/wire/json.ts'
import {
  ask,
  call,
  chatPath,
  frames,
  lastLine,
  later,
  simulator,
} from '../../packages/simulator/src/azure/testkit.fixture.ts'

const question = 'How many days of parental leave does a new father have?'
const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather in a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}

function choice(json: JsonRecord, at = 0): JsonRecord {
  const found = listOf(json.choices)[at]
  assert.ok(isRecord(found))
  return found
}

function message(json: JsonRecord, at = 0): JsonRecord {
  const said = choice(json, at).message
  assert.ok(isRecord(said))
  return said
}

// A client that reads another field than the service sends works in tests and fails in production.
test('a whole answer has the form, the filter results and the usage of the service', async t => {
  const sim = await simulator(t)
  const { json, headers } = await call(sim, chatPath(), ask(question))
  assert.equal(headers.get('content-type'), 'application/json')
  assert.equal(json.object, 'chat.completion')
  assert.equal(json.model, 'gpt-4o-2024-11-20')
  assert.match(String(json.id), /^chatcmpl-\w{29}$/)
  assert.equal(choice(json).finish_reason, 'stop')
  assert.deepEqual(Object.keys(choice(json).content_filter_results as object), [
    'hate',
    'protected_material_text',
    'self_harm',
    'sexual',
    'violence',
  ])
  const text = String(message(json).content)
  const usage = json.usage as JsonRecord
  // The token that ends a text is charged as well.
  assert.equal(usage.completion_tokens, countText('gpt-4o', text) + 1)
  assert.equal(usage.total_tokens, Number(usage.prompt_tokens) + Number(usage.completion_tokens))
  const line = await lastLine(sim)
  assert.equal(line.completionTokens, usage.completion_tokens)
  assert.equal(line.promptTokens, usage.prompt_tokens)
  assert.deepEqual([line.status, line.usageReported, line.clientGone, line.stream], [200, true, false, false])
})

// The token counts of every streaming client depend on these frames.
test('a stream begins with the prompt filter, has one frame per token, then finish, usage and DONE', async t => {
  const sim = await simulator(t)
  const whole = await call(sim, chatPath(), ask(question))
  const body = ask(question, { stream: true, stream_options: { include_usage: true } })
  const { text, headers } = await call(sim, chatPath(), body)
  assert.match(headers.get('content-type') ?? '', /^text\/event-stream/)
  const [first, role, ...rest] = frames(text)
  assert.ok(isRecord(first) && isRecord(role))
  assert.deepEqual([first.id, first.model, first.choices, first.created], ['', '', [], 0])
  assert.ok(Array.isArray(first.prompt_filter_results) && !('usage' in first))
  assert.deepEqual(choice(role).delta, { content: '', refusal: null, role: 'assistant' })
  assert.equal(role.usage, null)
  assert.equal(rest.at(-1), '[DONE]')
  const usage = rest.at(-2)
  assert.ok(isRecord(usage))
  assert.deepEqual(usage.choices, [])
  assert.deepEqual(usage.usage, whole.json.usage)
  const finish = rest.at(-3)
  assert.ok(isRecord(finish))
  assert.equal(choice(finish).finish_reason, 'stop')
  const said = rest
    .slice(0, -3)
    .filter(isRecord)
    .map(frame => (choice(frame).delta as JsonRecord).content)
  assert.equal(said.join(''), message(whole.json).content)
  assert.ok(said.length > 10 && said.every(piece => countText('gpt-4o', String(piece)) <= 3))
})

// A gateway that injects include_usage must be able to hide it again: the frames may differ in nothing else.
test('without include_usage no frame has usage, and the bytes are otherwise the same', async t => {
  const sim = await simulator(t)
  const plain = await call(sim, chatPath(), ask(question, { stream: true }))
  const opted = await call(sim, chatPath(), ask(question, { stream: true, stream_options: { include_usage: true } }))
  assert.ok(!plain.text.includes('"usage"'))
  const hidden = opted.text
    .split('\n\n')
    .filter(frame => !frame.includes('"usage":{'))
    .join('\n\n')
    .replaceAll(',"usage":null', '')
  assert.equal(hidden, plain.text)
  const line = await lastLine(sim)
  assert.equal(line.usageReported, true)
  assert.deepEqual(
    sim.bill().map(each => each.completionTokens),
    [line.completionTokens, line.completionTokens],
  )
})

// Old versions of the API refuse what newer clients send by default.
test('stream_options are refused by old versions, with data_sources and without stream', async t => {
  const sim = await simulator(t)
  const body = ask('Hi', { stream: true, stream_options: { include_usage: true } })
  for (const [version, status] of [
    ['2023-05-15', 400],
    ['2024-05-01-preview', 400],
    ['2024-06-01', 400],
    ['2024-09-01-preview', 200],
    ['2024-10-21', 200],
  ] as const) {
    assert.equal((await call(sim, chatPath('gpt-4o', version), body)).status, status, version)
  }
  assert.equal((await call(sim, '/v1/chat/completions', { ...body, model: 'gpt-4o' })).status, 200)
  assert.equal((await call(sim, chatPath(), { ...body, data_sources: [] })).status, 400)
  assert.equal((await call(sim, chatPath(), { ...body, stream: false })).status, 400)
})

// A comparison of a relayed call with a direct one needs equal bytes; one of two instances, at least equal text.
test('with a seed, equal calls get equal bytes however they are sent; without one, not even the ids', async t => {
  const [left, right, free] = [await simulator(t), await simulator(t, { name: 'two' }), await startUnseeded(t)]
  const dated = await call(left, chatPath(), ask(question))
  assert.equal((await call(right, chatPath(), ask(question, { model: 'gpt-4o' }))).text, dated.text)
  assert.equal((await call(left, '/v1/chat/completions', ask(question, { model: 'gpt-4o' }))).text, dated.text)
  assert.notEqual((await call(left, chatPath(), ask('What is a purchase order?'))).text, dated.text)
  const [one, two] = [await call(free, chatPath(), ask(question)), await call(free, chatPath(), ask(question))]
  assert.notEqual(one.json.id, two.json.id)
})

async function startUnseeded(t: Parameters<typeof simulator>[0]): ReturnType<typeof simulator> {
  const { startAzure } = await import('../../packages/simulator/src/azure/index.ts')
  const free = await startAzure({ name: 'free', deployments: { 'gpt-4o': { model: 'gpt-4o' } } })
  t.after(() => free.close())
  return free
}

// Agents loop on tools: a simulator that never calls one, or calls it again after the result, would not test them.
test('tools are called when the question fits, choices are respected, and results are in the answer', async t => {
  const sim = await simulator(t)
  const body = ask('What is the weather in Lisbon today?', { tools: [weather] })
  const { json } = await call(sim, chatPath(), body)
  assert.equal(choice(json).finish_reason, 'tool_calls')
  const [called] = listOf(message(json).tool_calls)
  assert.ok(isRecord(called) && isRecord(called.function))
  assert.equal(called.function.name, 'get_weather')
  assert.match(String(JSON.parse(String(called.function.arguments)).city), /Lisbon/)
  const streamed = await call(sim, chatPath(), { ...body, stream: true })
  const put = assemble('chat/completions', true, Buffer.from(streamed.text))
  assert.equal(put.choices[0]?.toolCalls[0]?.arguments, called.function.arguments)
  assert.equal(put.choices[0]?.toolCalls[0]?.id, called.id)
  const none = await call(sim, chatPath(), { ...body, tool_choice: 'none' })
  assert.equal(choice(none.json).finish_reason, 'stop')
  const forced = await call(sim, chatPath(), { ...ask('Hello', { tools: [weather] }), tool_choice: 'required' })
  assert.equal(listOf(message(forced.json).tool_calls).length, 1)
  const turns = [
    ...listOf(body.messages),
    message(json),
    { role: 'tool', tool_call_id: called.id, content: '{"celsius":31,"sky":"clear"}' },
  ]
  const after = await call(sim, chatPath(), { ...body, messages: turns })
  assert.equal(choice(after.json).finish_reason, 'stop')
  assert.match(String(message(after.json).content), /31/)
})

test('older clients get function_call for functions', async t => {
  const sim = await simulator(t)
  const { json } = await call(sim, chatPath(), ask('What is the weather in Lisbon?', { functions: [weather.function] }))
  assert.equal(choice(json).finish_reason, 'function_call')
  assert.equal((message(json).function_call as JsonRecord).name, 'get_weather')
})

// Limits cut real answers in the middle; code that reads finish_reason must be tested with it.
test('token limits, stop words, n and JSON forms shape the answer', async t => {
  const sim = await simulator(t)
  const short = await call(sim, chatPath(), ask(question, { max_tokens: 5 }))
  assert.equal(choice(short.json).finish_reason, 'length')
  assert.equal((short.json.usage as JsonRecord).completion_tokens, 5)
  const three = await call(sim, chatPath(), ask(question, { n: 3 }))
  const texts = [0, 1, 2].map(at => String(message(three.json, at).content))
  assert.equal(
    (three.json.usage as JsonRecord).completion_tokens,
    texts.reduce((sum, text) => sum + countText('gpt-4o', text) + 1, 0),
  )
  const [word = ''] = /\b\w{5,}\b/.exec(texts[0]?.slice(10) ?? '') ?? []
  const stopped = await call(sim, chatPath(), ask(question, { stop: word }))
  assert.ok(!String(message(stopped.json).content).includes(word))
  const schema = {
    type: 'object',
    properties: { days: { type: 'integer' } },
    required: ['days'],
    additionalProperties: false,
  }
  const format = { type: 'json_schema', json_schema: { name: 'leave', schema } }
  const formed = await call(sim, chatPath(), ask(question, { response_format: format }))
  assert.ok(Number.isInteger(JSON.parse(String(message(formed.json).content)).days))
  const streamed = await call(sim, chatPath(), ask(question, { n: 3, stream: true }))
  const put = assemble('chat/completions', true, Buffer.from(streamed.text))
  assert.deepEqual(
    put.choices.map(each => each.text),
    texts,
  )
})

// Reasoning is charged and never visible: a count of the text only is wrong by these tokens.
test('reasoning models report reasoning tokens, and long prompts that come again report cached ones', async t => {
  const sim = await simulator(t)
  const thought = (await call(sim, chatPath('thinker', later), ask(question, { reasoning_effort: 'high' }))).json
  const usage = thought.usage as JsonRecord
  const { reasoning_tokens: reasoning } = usage.completion_tokens_details as { reasoning_tokens: number }
  assert.ok(reasoning >= 512 && reasoning % 64 === 0)
  // Ten tokens more than reasoning and text.
  assert.equal(usage.completion_tokens, reasoning + countText('o3-mini', String(message(thought).content)) + 10)
  const cut = (
    await call(sim, chatPath('thinker', later), ask(question, { reasoning_effort: 'high', max_completion_tokens: 100 }))
  ).json
  assert.deepEqual([message(cut).content, choice(cut).finish_reason], ['', 'length'])
  const long = `${'The policy on business travel has many clauses, each with its exception. '.repeat(150)}Summarise.`
  const cached = async (text: string): Promise<unknown> => {
    const { json } = await call(sim, chatPath(), ask(text))
    return ((json.usage as JsonRecord).prompt_tokens_details as JsonRecord).cached_tokens
  }
  assert.equal(await cached(long), 0)
  assert.ok(Number(await cached(`${long} Briefly.`)) >= 1_024)
  assert.equal(await cached(`Please. ${long}`), 0)
})

test('logprobs come for each token when the call includes them', async t => {
  const sim = await simulator(t)
  const { json } = await call(sim, chatPath(), ask(question, { logprobs: true, top_logprobs: 3 }))
  const { content } = choice(json).logprobs as {
    content: { token: string; logprob: number; top_logprobs: unknown[] }[]
  }
  assert.equal(content.map(each => each.token).join(''), message(json).content)
  assert.ok(content.every(each => each.logprob <= 0 && each.top_logprobs.length === 3))
})

// With the asynchronous filter, annotations come late and in frames without id, which makes some clients crash.
test('the asynchronous filter annotates after the text, in frames of its own', async t => {
  const sim = await simulator(t, { filter: 'asynchronous' })
  const all = frames((await call(sim, chatPath(), ask(question, { stream: true }))).text).filter(isRecord)
  const annotations = all.filter(frame =>
    listOf(frame.choices).some(each => isRecord(each) && 'content_filter_offsets' in each),
  )
  assert.ok(annotations.length >= 1)
  assert.ok(annotations.every(frame => frame.id === '' && !('delta' in choice(frame))))
  const text = all
    .map(frame => (listOf(frame.choices)[0] as JsonRecord | undefined)?.delta as JsonRecord | undefined)
    .map(delta => delta?.content ?? '')
    .join('')
  const last = annotations.at(-1)
  assert.ok(last)
  assert.equal((choice(last).content_filter_offsets as JsonRecord).end_offset, text.length)
  assert.ok(all.slice(1).every(frame => annotations.includes(frame) || !('content_filter_results' in choice(frame))))
})

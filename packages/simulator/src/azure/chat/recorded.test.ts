import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRecord, type JsonRecord, listOf } from '../../json.ts'
import { ask, call, chatPath, frames, simulator } from '../testkit.fixture.ts'

const weather = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather in a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}

const choiceOf = (frame: JsonRecord): JsonRecord => {
  const [choice] = listOf(frame.choices)
  return isRecord(choice) ? choice : {}
}

// A tenth of every stream is padding: code that changes or counts frames must be tested with it.
test("S4 every chunk except the prompt filter's is padded, and none when the client switches padding off", async t => {
  const sim = await simulator(t)
  const padded = frames((await call(sim, chatPath(), ask('Explain payroll.', { stream: true }))).text).filter(isRecord)
  const [first, ...rest] = padded
  assert.ok(first && !('obfuscation' in first))
  assert.ok(rest.every(chunk => typeof chunk.obfuscation === 'string' && /^\w{1,16}$/.test(chunk.obfuscation)))
  assert.deepEqual(Object.keys(rest[0] ?? {}), [
    ...['choices', 'created', 'id', 'model', 'obfuscation', 'object', 'system_fingerprint'],
  ])
  // Text and padding fill whole blocks, so the size shows nothing.
  for (const chunk of rest) {
    const { content } = choiceOf(chunk).delta as { content?: string }
    assert.equal(((content ?? '').length + String(chunk.obfuscation).length) % 16, 0)
  }
  const bare = await call(
    sim,
    chatPath(),
    ask('Explain payroll.', { stream: true, stream_options: { include_usage: true, include_obfuscation: false } }),
  )
  assert.ok(!bare.text.includes('obfuscation'))
  const usage = await call(sim, chatPath(), ask('Hi', { stream: true, stream_options: { include_usage: true } }))
  const last = frames(usage.text).at(-2)
  assert.ok(isRecord(last) && 'usage' in last && 'obfuscation' in last)
})

test('S10 filters of a whole answer check for protected text and code, and are empty when only tools are called', async t => {
  const sim = await simulator(t)
  const filters = async (body: JsonRecord): Promise<string[]> => {
    const { json } = await call(sim, chatPath(), body)
    return Object.keys(choiceOf(json).content_filter_results as object)
  }
  const plain = ['hate', 'protected_material_text', 'self_harm', 'sexual', 'violence']
  assert.deepEqual(await filters(ask('How many days of parental leave are there?')), plain)
  const coded = await filters(ask('Write a Python function that reverses a string.'))
  assert.deepEqual(coded, ['hate', 'protected_material_code', ...plain.slice(1)])
  assert.deepEqual(await filters(ask('What is the weather in Lisbon?', { tools: [weather] })), [])
})

// Code that takes the name from the first chunk, or expects only one call, fails at the service.
test('S12 several calls are interleaved, after a first chunk with only the role', async t => {
  const sim = await simulator(t)
  const lookup = {
    type: 'function',
    function: {
      name: 'look_up_locker_code',
      description: 'Looks up the code of a locker',
      parameters: { type: 'object', properties: { guest: { type: 'string' } }, required: ['guest'] },
    },
  }
  const body = ask('Please find the locker codes of these guests: marlene,augustin', { tools: [lookup], stream: true })
  const chunks = frames((await call(sim, chatPath(), body)).text)
    .filter(isRecord)
    .slice(1)
  const deltas = chunks.map(chunk => choiceOf(chunk).delta as JsonRecord)
  assert.deepEqual(deltas[0], { content: null, role: 'assistant' })
  const parts = deltas.flatMap(delta => listOf(delta.tool_calls)) as {
    index: number
    id?: string
    function: JsonRecord
  }[]
  const openings = parts.filter(part => part.id !== undefined)
  assert.deepEqual(
    openings.map(part => [part.index, part.function.name, part.function.arguments]),
    [
      [0, 'look_up_locker_code', ''],
      [1, 'look_up_locker_code', ''],
    ],
  )
  const said = [0, 1].map(index =>
    parts
      .filter(part => part.index === index)
      .map(part => part.function.arguments)
      .join(''),
  )
  assert.deepEqual(
    said.map(text => JSON.parse(text)),
    [{ guest: 'marlene' }, { guest: 'augustin' }],
  )
  const single = await call(sim, chatPath(), { ...body, stream: false, parallel_tool_calls: false })
  const { message } = choiceOf(single.json) as { message: { tool_calls: unknown[] } }
  assert.equal(message.tool_calls.length, 1)
})

// Tools check their arguments: they refuse 30.5 retries or 47.5 ms.
test('S14 counts and times are whole numbers, prices need not be', async t => {
  const sim = await simulator(t)
  const number = { type: 'number' }
  const properties = { timeout_ms: number, retries: number, max_output_tokens: number, price: number }
  const run = {
    type: 'function',
    function: { name: 'run_command', parameters: { type: 'object', properties, required: Object.keys(properties) } },
  }
  for (const seed of Array.from({ length: 20 }, (_, at) => at)) {
    const { json } = await call(sim, chatPath(), ask('Run it.', { tools: [run], tool_choice: 'required', seed }))
    const { message } = choiceOf(json) as { message: { tool_calls: { function: { arguments: string } }[] } }
    const { price, ...counts } = JSON.parse(message.tool_calls[0]?.function.arguments ?? '{}')
    assert.ok(
      Object.values(counts).length === 3 && Object.values(counts).every(Number.isInteger),
      JSON.stringify(counts),
    )
    assert.equal(typeof price, 'number')
  }
})

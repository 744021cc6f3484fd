/**
 * Shapes of recorded answers of the Responses API (Azure, October 2025 to April 2026): the order of the events, and the
 * members of each. Deltas are counted as one.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { isRecord, type JsonRecord, listOf } from '../../json.ts'
import { call, deployments, simulator } from '../testkit.fixture.ts'

const named = { ...deployments, 'gpt-5': { model: 'gpt-5' } }

async function streamed(t: TestContext, ask: JsonRecord): Promise<JsonRecord[]> {
  const sim = await simulator(t, { deployments: named })
  const { text } = await call(sim, '/v1/responses', { model: 'gpt-4o', ...ask, stream: true })
  return text
    .split('\n\n')
    .filter(event => event !== '')
    .map(event => {
      const [name = '', data = ''] = event.split('\n')
      const json = JSON.parse(data.slice('data: '.length)) as JsonRecord
      assert.equal(name, `event: ${String(json.type)}`)
      return json
    })
}

/** Types in order, without their common beginning; successive deltas count once. */
function types(all: readonly JsonRecord[]): string[] {
  const names = all.map(event => String(event.type).replace(/^response\./, ''))
  return names.filter((name, at) => !(name.endsWith('.delta') && names[at - 1] === name))
}

function first(all: readonly JsonRecord[], type: string): JsonRecord {
  const found = all.find(event => event.type === `response.${type}`)
  assert.ok(found, type)
  return found
}

const members = (value: unknown): string[] => (isRecord(value) ? Object.keys(value) : [])

const item = ['output_item.added', 'output_item.done'] as const
const message = [
  'output_item.added',
  'content_part.added',
  'output_text.delta',
  'output_text.done',
  'content_part.done',
  'output_item.done',
]

test('S7 recorded: text', async t => {
  const all = await streamed(t, { input: 'Draft a short mail on the meeting.' })
  assert.deepEqual(types(all), ['created', 'in_progress', ...message, 'completed'])
  const place = ['item_id', 'output_index', 'content_index']
  const shapes: Readonly<Record<string, readonly string[]>> = {
    created: ['response'],
    'content_part.added': [...place, 'part'],
    'output_text.delta': [...place, 'delta', 'logprobs', 'obfuscation'],
    'output_text.done': [...place, 'text', 'logprobs'],
    'content_part.done': [...place, 'part'],
    'output_item.added': ['output_index', 'item'],
    'output_item.done': ['output_index', 'item'],
    completed: ['response'],
  }
  for (const [type, shape] of Object.entries(shapes)) {
    assert.deepEqual(members(first(all, type)), ['type', 'sequence_number', ...shape], type)
  }
  const { item: added } = first(all, 'output_item.added')
  assert.deepEqual(members(added), ['id', 'type', 'status', 'content', 'role'])
  assert.deepEqual(members(first(all, 'content_part.added').part), ['type', 'annotations', 'logprobs', 'text'])
  const { response } = first(all, 'completed')
  assert.ok(isRecord(response) && isRecord(response.usage))
  assert.deepEqual(members(response.usage), [
    'input_tokens',
    'input_tokens_details',
    'output_tokens',
    'output_tokens_details',
    'total_tokens',
  ])
  const filter = listOf(response.content_filters)[1]
  assert.deepEqual(members(filter), [
    'blocked',
    'source_type',
    'content_filter_raw',
    'content_filter_results',
    'content_filter_offsets',
  ])
})

test('S7 recorded: a call of a function', async t => {
  const tool = { type: 'function', name: 'find_expert', parameters: { type: 'object', properties: { topic: {} } } }
  const all = await streamed(t, { input: 'Find an expert.', tools: [tool], tool_choice: 'required' })
  const called = [item[0], 'function_call_arguments.delta', 'function_call_arguments.done', item[1]]
  assert.deepEqual(types(all), ['created', 'in_progress', ...called, 'completed'])
  const place = ['type', 'sequence_number', 'item_id', 'output_index']
  assert.deepEqual(members(first(all, 'function_call_arguments.delta')), [...place, 'delta', 'obfuscation'])
  assert.deepEqual(members(first(all, 'function_call_arguments.done')), [...place, 'arguments'])
  const { item: added } = first(all, item[0])
  assert.deepEqual(members(added), ['id', 'type', 'status', 'arguments', 'call_id', 'name'])
})

test('S7 recorded: reasoning, sealed twice and with a summary', async t => {
  const include = ['reasoning.encrypted_content']
  const reasoning = { effort: 'high', summary: 'detailed' }
  const all = await streamed(t, {
    model: 'gpt-5',
    input: 'How many days has a year?',
    store: false,
    include,
    reasoning,
  })
  const summary = ['part.added', 'text.delta', 'text.done', 'part.done'].map(each => `reasoning_summary_${each}`)
  assert.deepEqual(types(all), ['created', 'in_progress', item[0], ...summary, item[1], ...message, 'completed'])
  const place = ['type', 'sequence_number', 'item_id', 'output_index', 'summary_index']
  assert.deepEqual(members(first(all, 'reasoning_summary_text.delta')), [...place, 'delta', 'obfuscation'])
  const [begun, done] = [first(all, item[0]).item, first(all, item[1]).item]
  assert.ok(isRecord(begun) && isRecord(done))
  for (const each of [begun, done]) assert.deepEqual(members(each), ['id', 'type', 'encrypted_content', 'summary'])
  assert.notEqual(begun.encrypted_content, done.encrypted_content)
})

test('S13 recorded: the image tool', async t => {
  const tools = [{ type: 'image_generation', partial_images: 1 }]
  const all = await streamed(t, { input: 'Draw a harbour', tools })
  const drawn = ['in_progress', 'generating', 'partial_image'].map(each => `image_generation_call.${each}`)
  assert.deepEqual(types(all), ['created', 'in_progress', item[0], ...drawn, item[1], ...message, 'completed'])
  const place = ['type', 'sequence_number', 'output_index', 'item_id']
  const partial = ['partial_image_index', 'partial_image_b64', 'size', 'quality', 'background', 'output_format']
  assert.deepEqual(members(first(all, 'image_generation_call.partial_image')), [...place, ...partial])
  assert.deepEqual(members(first(all, item[0]).item), ['id', 'type', 'status'])
  assert.deepEqual(members(first(all, item[1]).item), [
    ...['id', 'type', 'status', 'background', 'output_format', 'quality', 'result', 'revised_prompt', 'size'],
  ])
  const { response } = first(all, 'created')
  const [echoed] = isRecord(response) ? listOf(response.tools) : []
  const filledIn = ['background', 'moderation', 'n', 'output_compression', 'output_format', 'quality', 'size']
  assert.deepEqual(new Set(members(echoed)), new Set(['type', 'partial_images', ...filledIn]))
})

test('S13 recorded: the code interpreter', async t => {
  const tools = [{ type: 'code_interpreter', container: { type: 'auto' } }]
  const all = await streamed(t, { model: 'gpt-5', input: 'Calculate the steps in python', tools })
  const thought = [...item]
  const ran = ['call.in_progress', 'call_code.delta', 'call_code.done', 'call.interpreting', 'call.completed']
  const code = [item[0], ...ran.map(each => `code_interpreter_${each}`), item[1]]
  const cited = message.toSpliced(3, 0, 'output_text.annotation.added')
  assert.deepEqual(types(all), ['created', 'in_progress', ...thought, ...code, ...cited, 'completed'])
  const place = ['type', 'sequence_number', 'output_index', 'item_id']
  assert.deepEqual(members(first(all, 'code_interpreter_call_code.delta')), [...place, 'delta', 'obfuscation'])
  const added = all.filter(event => event.type === 'response.output_item.added')[1]
  assert.deepEqual(members(added?.item), ['id', 'type', 'status', 'code', 'container_id', 'outputs'])
})

/**
 * What another workload's answers created cannot be used by naming it, wherever the id is in a body and however it is
 * written.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import type { ConfigInput } from '../../../packages/gateway/src/config/schema/index.ts'
import { type Running, running } from '../../support/file-world.ts'
import type { Answered, Person } from '../../support/objects.ts'
import { answering, startTwinBackends, type TwinBackends } from '../../support/twin-backends.ts'

type Json = Readonly<Record<string, unknown>>

/** Everything that an answer can create, with ids of the given owner. */
const made = (whose: string): Json => ({
  id: `resp_${whose}`,
  object: 'response',
  status: 'completed',
  model: 'gpt-4o',
  output: [
    { id: `rs_${whose}`, type: 'reasoning', summary: [], encrypted_content: `gAAA"/+${whose}` },
    { id: `ig_${whose}`, type: 'image_generation_call', result: 'aGk=' },
    { id: `ci_${whose}`, type: 'code_interpreter_call', code: 'x', container_id: `cntr_${whose}` },
    { id: `sh_${whose}`, type: 'shell_call', environment: { type: 'container', container_id: `cntr_shell_${whose}` } },
    { id: `mcpr_${whose}`, type: 'mcp_approval_request', name: 'f', arguments: '{}' },
    { id: `fc_${whose}`, type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' },
    {
      id: `msg_${whose}`,
      type: 'message',
      role: 'assistant',
      content: [
        {
          type: 'output_text',
          text: 'Hi',
          annotations: [
            { type: 'container_file_citation', container_id: `cntr_cited_${whose}`, file_id: `cfile_${whose}` },
          ],
        },
      ],
    },
  ],
  usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
})

const spoken = (whose: string): Json => ({
  id: `chatcmpl-${whose}`,
  model: 'gpt-4o',
  choices: [{ message: { role: 'assistant', audio: { id: `audio_${whose}`, data: 'AAAA', transcript: 'Hi' } } }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
})

/** Only with these tools allowed does the owner of a container decide. */
const withTools = (config: ConfigInput): ConfigInput => ({
  ...config,
  workloads: Object.fromEntries(
    Object.entries(config.workloads).map(([name, workload]) => [
      name,
      { ...workload, tools: ['code_interpreter', 'shell'] },
    ]),
  ),
})

let twins: TwinBackends & Running
let alice: Person
let bob: Person
before(async () => {
  twins = await running(t => startTwinBackends(t, { change: withTools }))
  alice = await twins.as({ target: 'up1' })
  bob = await twins.as({ target: 'up1', as: 'bob', workload: 'code-assistant' })
  for (const [who, whose] of [
    [alice, 'alice'],
    [bob, 'bob'],
  ] as const) {
    twins.up1.answer = answering(({ url }) => ({ body: url.includes('chat') ? spoken(whose) : made(whose) }))
    await who.call('POST', 'responses', { model: 'gpt-4o', input: 'draw' })
    await who.call('POST', 'chat/completions', {
      model: 'gpt-4o',
      messages: [],
      modalities: ['audio'],
      audio: { voice: 'x' },
    })
  }
  const plain = answering(() => ({ body: { id: 'resp_more', object: 'response', status: 'completed', output: [] } }))
  twins.up1.answer = plain
  twins.up2.answer = plain
})
after(() => twins.close())

/** Every way to use an object of that owner: as items of an input, or as members of a body. */
const items = (whose: string): readonly Json[] => [
  { type: 'item_reference', id: `msg_${whose}` },
  { id: `rs_${whose}` },
  { type: 'image_generation_call', id: `ig_${whose}` },
  { type: 'image_generation_call', id: `ig_${whose}`, status: 'completed', result: null },
  { type: 'reasoning', id: `rs_${whose}`, summary: [] },
  { type: 'reasoning', id: `rs_${whose}`, summary: [{ type: 'summary_text', text: 'I think' }] },
  { type: 'reasoning', summary: [], encrypted_content: `gAAA"/+${whose}` },
  { type: 'compaction', encrypted_content: `gAAA"/+${whose}` },
  { type: 'code_interpreter_call', id: 'ci_new', code: 'x', container_id: `cntr_${whose}` },
  { type: 'code_interpreter_call', id: `ci_${whose}`, code: 'x', container_id: 'cntr_new' },
  { type: 'shell_call_output', call_id: 'c', output: [], environment: { container_id: `cntr_shell_${whose}` } },
  { type: 'mcp_approval_response', approve: true, approval_request_id: `mcpr_${whose}` },
  { type: 'function_call', id: `fc_${whose}`, call_id: 'call_1', name: 'f', arguments: '{}' },
  { type: 'message', id: `msg_${whose}`, role: 'user' },
  { type: 'message', id: `msg_${whose}`, role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] },
  { id: `msg_${whose}`, role: 'user' },
  { id: `msg_${whose}`, role: 'user', content: 'Hello' },
  { role: 'user', content: [{ type: 'input_text', text: 'x', id: `msg_${whose}` }] },
  { role: 'user', content: [{ type: 'input_file', file_id: `cfile_${whose}` }] },
  {
    role: 'assistant',
    content: [{ text: 'x', annotations: [{ container_id: `cntr_cited_${whose}`, file_id: 'cfile_new' }] }],
  },
  {
    role: 'assistant',
    content: [{ text: 'x', annotations: [{ container_id: 'cntr_new', file_id: `cfile_${whose}` }] }],
  },
  { role: 'user', content: [{ previous_response_id: `resp_${whose}` }] },
]

const members = (whose: string): readonly Json[] => [
  { previous_response_id: `resp_${whose}` },
  { tools: [{ type: 'code_interpreter', container: `cntr_${whose}` }] },
  { tools: [{ type: 'shell', environment: { type: 'container_reference', container_id: `cntr_shell_${whose}` } }] },
  { tools: [{ type: 'code_interpreter', container: { type: 'auto', file_ids: [`cfile_${whose}`] } }] },
  { context: { variables: { file: { type: 'input_file', file_id: `cfile_${whose}` } } } },
  { more: { deep: [{ id: `ig_${whose}` }] } },
]

/**
 * JSON with some letters of keys and texts escaped, and space between tokens, as `choices` say: every parser reads the
 * same.
 */
function written(value: unknown, next: () => number): string {
  const text = (plain: string): string =>
    `"${Array.from(plain, letter =>
      letter === '"' || letter === '\\' || next() % 3 === 0
        ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`
        : letter === '/' && next() % 2 === 0
          ? '\\/'
          : letter,
    ).join('')}"`
  const space = (): string => ['', ' ', '\n', '\t', '\r\n  '][next() % 5] ?? ''
  if (typeof value === 'string') return text(value)
  if (Array.isArray(value)) return `[${space()}${value.map(one => written(one, next)).join(`${space()},${space()}`)}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, one]) => `${text(key)}${space()}:${space()}${written(one, next)}`)
    return `{${space()}${entries.join(`${space()},`)}${space()}}`
  }
  return String(value)
}

const innocent: readonly Json[] = [
  { role: 'user', content: 'Hello' },
  { type: 'function_call_output', call_id: 'call_1', output: 'ok' },
  {
    type: 'message',
    id: 'msg_bob',
    role: 'assistant',
    content: [{ type: 'output_text', text: 'Hi', annotations: [] }],
  },
  { type: 'message', id: 'msg_nobodys', role: 'assistant', content: 'Hi' },
  { type: 'reasoning', id: 'rs_nobodys', summary: [], encrypted_content: 'gAAAnobodys' },
  { type: 'web_search_call', id: 'ws_nobodys', status: 'completed' },
]

const bodies = fc
  .record({
    use: fc.nat(),
    beside: fc.array(fc.constantFrom(...innocent), { maxLength: 4 }),
    at: fc.nat(4),
    lists: fc.nat(3),
    where: fc.constantFrom('input', 'items', 'member'),
    letters: fc.array(fc.nat(1_000), { minLength: 3, maxLength: 40 }),
    last: fc.boolean(),
  })
  .map(
    ({ use, beside, at, lists, where, letters, last }) =>
      (whose: string): { path: string; body: string; what: string } => {
        const [all, path] = where === 'member' ? [members(whose), 'responses'] : [items(whose), 'responses']
        const one = all[use % all.length] as Json
        const list: unknown[] = beside.toSpliced(at, 0, ...(where === 'member' ? [] : [one]))
        const nested = Array.from({ length: lists }).reduce<unknown[]>(inner => [inner], list)
        const member = where === 'items' ? { input: 'x', items: nested } : { input: nested }
        const parts: [string, unknown][] = [
          ...Object.entries(member),
          ...(where === 'member' ? Object.entries(one) : []),
        ]
        if (last) parts.reverse()
        let turn = 0
        const next = (): number => letters[turn++ % letters.length] ?? 0
        const body = written(Object.fromEntries([['model', 'gpt-4o'], ...parts]), next)
        return { path, body, what: JSON.stringify(one) }
      },
  )

const outcome = ({ status, refusal }: Answered): readonly [number, string | null] => [status, refusal]

// One place that is not checked is a way into all pictures, files and conversations.
test('M6 an object of another workload is refused in any place, depth and spelling, and no instance is called', async () => {
  twins.called()
  const seen = new Set<string>()
  await fc.assert(
    fc.asyncProperty(bodies, async make => {
      const { path, body, what } = make('alice')
      seen.add(what)
      assert.deepEqual(outcome(await bob.call('POST', path, body)), [404, 'object_unknown'], body)
      assert.deepEqual(twins.called(), [], body)
    }),
    { numRuns: 300 },
  )
  assert.ok(seen.size > 20, `${seen.size} ways were tried`)
})

// A client that sends back what it received is the normal case; it must not be refused.
test('M6 the same bodies pass for the workload that created the objects', async () => {
  await fc.assert(
    fc.asyncProperty(bodies, async make => {
      const { path, body } = make('bob')
      assert.deepEqual(outcome(await bob.call('POST', path, body)), [200, null], body)
    }),
    { numRuns: 200 },
  )
})

test('M6 every way by itself: items of conversations, audio of a chat, several at once, a duplicate key', async () => {
  twins.called()
  const refuse = async (path: string, body: unknown): Promise<void> => {
    assert.deepEqual(outcome(await bob.call('POST', path, body)), [404, 'object_unknown'], JSON.stringify(body))
  }
  for (const one of items('alice')) {
    await refuse('responses', { model: 'gpt-4o', input: [one] })
    await refuse('responses', { model: 'gpt-4o', input: one })
    await refuse('responses/input_tokens', { model: 'gpt-4o', input: [one] })
    await refuse('responses/compact', { model: 'gpt-4o', input: [one] })
    await refuse('conversations', { items: [...innocent, one] })
  }
  for (const one of members('alice')) await refuse('responses', { model: 'gpt-4o', input: 'x', ...one })
  await refuse('responses', { model: 'gpt-4o', input: [...items('bob'), ...items('alice')] })
  await refuse(
    'responses',
    '{"model":"gpt-4o","input":[{"id":"msg_bob","id":"msg_alice","role":"user","content":"x"}]}',
  )
  await refuse('chat/completions', { model: 'gpt-4o', messages: [{ role: 'assistant', audio: { id: 'audio_alice' } }] })
  await refuse(
    'chat/completions',
    '{"model":"gpt-4o","messages":[{"role":"assistant","\\u0061udio":{"id":"audio_alice"}}]}',
  )
  assert.deepEqual(twins.called(), [])
  const own = { model: 'gpt-4o', messages: [{ role: 'assistant', audio: { id: 'audio_bob' } }] }
  assert.equal((await bob.call('POST', 'chat/completions', own)).status, 200)
})

test('M6 an unknown id passes with its content, and is refused without', async () => {
  for (const one of innocent) {
    assert.equal(
      (await bob.call('POST', 'responses', { model: 'gpt-4o', input: [one] })).status,
      200,
      JSON.stringify(one),
    )
  }
  for (const one of [
    { type: 'image_generation_call', id: 'ig_nobodys' },
    { type: 'reasoning', id: 'rs_nobodys', summary: [] },
    { id: 'msg_nobodys', role: 'user' },
    { type: 'message', id: 'msg_nobodys', role: 'user', content: [] },
    { type: 'function_call', id: 'fc_nobodys' },
  ]) {
    const answer = await bob.call('POST', 'responses', { model: 'gpt-4o', input: [one] })
    assert.deepEqual(outcome(answer), [404, 'object_unknown'], JSON.stringify(one))
  }
})

/**
 * Figures that Azure reported, with bodies of the recordings' shape and counts in words of our own. Both the bill and
 * the gateway's counting are tested against them.
 */
import type { JsonRecord } from '../../packages/gateway/src/wire/json.ts'

const lookup = {
  name: 'look_up_locker_code',
  description: 'Looks up the code of the locker of guests.',
  parameters: {
    type: 'object',
    properties: { guest: { type: 'string' } },
    required: ['guest'],
    additionalProperties: false,
  },
}
const asked = [
  { role: 'system', content: 'Call tools side by side.' },
  { role: 'user', content: 'Please find the locker codes of both these guests: marlene,augustin' },
]
const called = [
  { name: lookup.name, arguments: '{"guest": "marlene"}' },
  { name: lookup.name, arguments: '{"guest": "augustin"}' },
]
const outputs = ['Left of the lift!', 'Blue before green']
const chat = {
  first: { messages: asked, tools: [{ type: 'function', function: lookup }] },
  second: {
    messages: [
      ...asked,
      {
        role: 'assistant',
        content: null,
        tool_calls: called.map((each, at) => ({ id: `call_${at}`, type: 'function', function: each })),
      },
      ...outputs.map((content, at) => ({ role: 'tool', tool_call_id: `call_${at}`, content })),
    ],
    tools: [{ type: 'function', function: lookup }],
  },
}
const items = [
  ...called.map((each, at) => ({ type: 'function_call', call_id: `call_${at}`, ...each })),
  ...outputs.map((output, at) => ({ type: 'function_call_output', call_id: `call_${at}`, output })),
]
const unspaced = items.map(item =>
  'arguments' in item ? { ...item, arguments: item.arguments.replace(' ', '') } : item,
)
const responses = {
  first: { input: asked, tools: [{ type: 'function', ...lookup }] },
  second: { input: [...asked, ...unspaced], tools: [{ type: 'function', ...lookup }] },
}
const one = (content: string): JsonRecord => ({ messages: [{ role: 'user', content }] })

/** Prompt tokens that Azure reported for bodies of this shape. */
export const recordedPrompts: readonly (readonly [
  what: string,
  model: string,
  operation: string,
  body: JsonRecord,
  tokens: number,
])[] = [
  ['one message', 'gpt-4o-mini', 'chat/completions', one('What is 1900 + 77?'), 16],
  ['one message', 'gpt-5-mini', 'chat/completions', one('What is 1900 + 77?'), 15],
  ['a shorter message', 'gpt-4.1-mini', 'chat/completions', one('How far is Rome?'), 12],
  ['a shorter message', 'gpt-5-mini', 'chat/completions', one('How far is Rome?'), 11],
  ['one tool', 'gpt-4o-mini', 'chat/completions', chat.first, 75],
  ['two earlier calls and their results', 'gpt-4o-mini', 'chat/completions', chat.second, 149],
  ['one tool', 'gpt-5-mini', 'chat/completions', chat.first, 159],
  ['two earlier calls and their results', 'gpt-5-mini', 'chat/completions', chat.second, 239],
  ['one tool', 'gpt-4o-mini', 'responses', responses.first, 36],
  ['two earlier calls and their results', 'gpt-4o-mini', 'responses', responses.second, 137],
]

export type RecordedCalls = typeof called

/** Completion tokens without reasoning, as Azure reported them; a text, or the calls above. */
export const recordedCompletions: readonly (readonly [model: string, said: string | RecordedCalls, tokens: number])[] =
  [
    ['gpt-4o-mini', '1977', 3],
    ['gpt-4.1-mini', 'Yes', 2],
    ['gpt-5-mini', '1977', 12],
    ['gpt-5-mini', 'Yes', 11],
    ['gpt-4o-mini', called, 54],
    ['gpt-5-mini', called, 63],
    ['gpt-35-turbo', '1977', 2],
  ]

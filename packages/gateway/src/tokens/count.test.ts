import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { recordedCompletions, recordedPrompts } from '../../../../test/support/recorded-figures.ts'
import { assemble } from '../wire/assemble.ts'
import {
  countCompletion,
  countPrompt,
  countText,
  encodingName,
  imageHeader,
  imageTokens,
  tokenPieces,
} from './count.ts'
import { cutRuns } from './encodings.ts'

const models = ['gpt-4o', 'gpt-4'] as const
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.lorem({ maxCount: 20 }),
  fc.constantFrom(
    '<|endoftext|>',
    '<|im_start|>system',
    '\ufeff',
    '👩‍👩‍👧‍👦 ok',
    '\ud800',
    'ไม่มีช่องว่างระหว่างคำ',
    '東京都知事',
  ),
)

// Costs depend on the encoding: GPT-4 counted as GPT-4o is wrong by a tenth or more.
test('every family of models gets its encoding, also for fine-tuned and dated names', () => {
  const expected = {
    cl100k_base: [
      'gpt-4',
      'gpt-4-32k',
      'gpt-4-turbo-2024-04-09',
      'gpt-35-turbo',
      'gpt-3.5-turbo',
      'text-embedding-3-small',
    ],
    o200k_base: [
      'gpt-4o',
      'gpt-4o-mini-2024-07-18',
      'gpt-4.1-nano',
      'gpt-4.5-preview',
      'gpt-5',
      'o1',
      'o3-mini',
      'o4-mini',
      'unheard-of',
      '',
    ],
  }
  for (const [name, list] of Object.entries(expected))
    for (const model of list) assert.equal(encodingName(model), name, model)
})

// The figures come from OpenAI's own tokenizer.
test('texts have as many tokens as with OpenAI’s tokenizer', () => {
  assert.equal(countText('gpt-4o', 'tiktoken is great!'), 6)
  assert.equal(countText('gpt-4', 'tiktoken is great!'), 6)
  assert.equal(countText('gpt-4', 'antidisestablishmentarianism'), 6)
  assert.equal(countText('gpt-4', '2 + 2 = 4'), 7)
  assert.equal(countText('gpt-4', 'お誕生日おめでとう'), 9)
  assert.equal(countText('gpt-4o', 'お誕生日おめでとう'), 8)
})

// A user who writes `<|endoftext|>` in a prompt must neither crash the counter nor be charged a single token for it.
test('names of special tokens are counted as plain text', () => {
  assert.ok(countText('gpt-4o', '<|endoftext|>') > 1)
})

// OpenAI's cookbook lists the service's figures for these messages: 129 for GPT-4 and GPT-3.5, 124 for GPT-4o.
test('chat messages of the documented example have the tokens that the service reported', () => {
  const messages = [
    {
      role: 'system',
      content: 'You are a helpful, pattern-following assistant that translates corporate jargon into plain English.',
    },
    { role: 'system', name: 'example_user', content: 'New synergies will help drive top-line growth.' },
    { role: 'system', name: 'example_assistant', content: 'Things working well together will increase revenue.' },
    {
      role: 'system',
      name: 'example_user',
      content: "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
    },
    {
      role: 'system',
      name: 'example_assistant',
      content: "Let's talk later when we're less busy about how to do better.",
    },
    { role: 'user', content: "This late pivot means we don't have time to boil the ocean for the client deliverable." },
  ]
  assert.equal(countPrompt('gpt-4-0613', 'chat/completions', { messages }), 129)
  assert.equal(countPrompt('gpt-35-turbo', 'chat/completions', { messages }), 129)
  assert.equal(countPrompt('gpt-4o', 'chat/completions', { messages }), 124)
})

// The same source lists 105 tokens for this tool and these messages on GPT-3.5 and GPT-4, 101 on GPT-4o.
test('tools of the documented example have the tokens that the service reported', () => {
  const tools = [
    {
      type: 'function',
      function: {
        name: 'get_current_weather',
        description: 'Get the current weather in a given location',
        parameters: {
          type: 'object',
          properties: {
            location: { type: 'string', description: 'The city and state, e.g. San Francisco, CA' },
            unit: { type: 'string', description: 'The unit of temperature to return', enum: ['celsius', 'fahrenheit'] },
          },
          required: ['location'],
        },
      },
    },
  ]
  const messages = [
    { role: 'system', content: 'You are a helpful assistant that can answer to questions about the weather.' },
    { role: 'user', content: "What's the weather like in San Francisco?" },
  ]
  assert.equal(countPrompt('gpt-4', 'chat/completions', { messages, tools }), 105)
  assert.equal(countPrompt('gpt-4o', 'chat/completions', { messages, tools }), 101)
})

test('completions, embeddings and responses take text, lists of text and token numbers', () => {
  assert.equal(countPrompt('gpt-35-turbo-instruct', 'completions', { prompt: 'hello world' }), 2)
  assert.equal(countPrompt('text-embedding-3-small', 'embeddings', { input: ['hello world', 'hello'] }), 3)
  assert.equal(countPrompt('text-embedding-3-small', 'embeddings', { input: [1, 2, 3] }), 3)
  assert.equal(countPrompt('text-embedding-3-small', 'embeddings', { input: [[1, 2], [3]] }), 3)
  const asChat = countPrompt('gpt-4o', 'chat/completions', {
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'hello world' },
    ],
  })
  assert.equal(countPrompt('gpt-4o', 'responses', { instructions: 'Be brief.', input: 'hello world' }), asChat)
  const items = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hello world' }] }]
  assert.equal(countPrompt('gpt-4o', 'responses', { instructions: 'Be brief.', input: items }), asChat)
})

// Any client decides what is counted. A body that makes the counter throw would lose a record.
test('a body of any shape gives a figure or null', () => {
  const bodies = fc.oneof(
    fc.jsonValue(),
    fc.record({ messages: fc.jsonValue(), tools: fc.jsonValue(), response_format: fc.jsonValue() }),
    fc.record({
      input: fc.jsonValue(),
      prompt: fc.jsonValue(),
      tools: fc.array(fc.record({ type: fc.constant('function'), parameters: fc.jsonValue() })),
    }),
  )
  const operations = fc.constantFrom('chat/completions', 'completions', 'embeddings', 'responses', 'images/generations')
  fc.assert(
    fc.property(bodies, operations, (body, operation) => {
      const count = countPrompt('gpt-4o', operation, body)
      assert.ok(count === null || (Number.isInteger(count) && count >= 0))
    }),
    { numRuns: 300 },
  )
})

// The published examples: 1,024 square is 765 tokens, 2,048 by 4,096 is 1,105, low detail 85.
test('images have the tokens that OpenAI publishes', () => {
  assert.equal(imageTokens('gpt-4o', pngUrl(1_024, 1_024), 'high'), 765)
  assert.equal(imageTokens('gpt-4o', pngUrl(2_048, 4_096), 'auto'), 1_105)
  assert.equal(imageTokens('gpt-4o', pngUrl(4_096, 8_192), 'low'), 85)
  assert.equal(imageTokens('gpt-4o', pngUrl(100, 100), 'high'), 255)
  assert.equal(imageTokens('gpt-4o', 'https://example.com/photo.jpg', 'high'), 765)
  assert.equal(imageTokens('gpt-4o-mini', pngUrl(512, 512), 'high'), 8_500)
  assert.equal(imageTokens('o4-mini', pngUrl(1_024, 1_024), 'high'), Math.ceil(1_024 * 1.72))
  assert.equal(imageTokens('gpt-4.1-mini', pngUrl(1_800, 2_400), 'high'), Math.ceil(1_452 * 1.62))
})

test('sizes are read from the headers of all image formats, and a cut header gives no size', () => {
  const jpeg = '/9j/4AAQSkZJRgABAQEASABIAAD/wAARCAAQACADASIAAhEBAxEB'
  const headers: readonly (readonly [string, Buffer])[] = [
    ['jpeg', Buffer.from(jpeg, 'base64')],
    ['gif', Buffer.from('47494638396120001000800000', 'hex')],
    ['webp', Buffer.from('52494646000000005745425056503820000000000000009d012a20001000', 'hex')],
    ['webp', Buffer.from('5249464600000000574542505650384c000000002f1fc00300', 'hex')],
    ['webp', Buffer.from('524946460000000057454250565038580a000000000000001f00000f0000', 'hex')],
    ['bmp', Buffer.from('424d00000000000000000000000028000000200000001000000001001800', 'hex')],
  ]
  for (const [format, bytes] of headers) {
    assert.deepEqual(imageHeader(bytes), { format, widthPx: 32, heightPx: 16 }, format)
    for (let end = 0; end < bytes.length; end += 1) imageHeader(bytes.subarray(0, end))
  }
  assert.equal(imageHeader(Buffer.from('%PDF-1.7')), null)
})

// A stream is sent piece by piece. If pieces did not add up, the bill and the ledger would differ.
test('the pieces of a text join to the text, and their tokens add up to its count', () => {
  fc.assert(
    fc.property(texts, fc.constantFrom(...models), (text, model) => {
      const pieces = tokenPieces(model, text)
      assert.equal(pieces.map(piece => piece.text).join(''), text.toWellFormed())
      const sum = pieces.reduce((tokens, piece) => tokens + piece.tokens, 0)
      assert.equal(sum, countText(model, text.toWellFormed()))
    }),
    { numRuns: 500 },
  )
})

// The library needs time by the square of an unbroken run: 300,000 spaces would stop a thread for a minute.
test('the tokenizer never gets a run of one kind of 768 characters or more', () => {
  for (const run of ['a', ' ', '=', '\n', '中', '😀', 'é']) {
    const text = run.repeat(300_000)
    const stretches = cutRuns(text)
    assert.equal(stretches.join(''), text)
    const longest = Math.max(...stretches.map(stretch => stretch.length))
    assert.ok(longest < 768, `${longest} characters`)
    assert.ok(countText('gpt-4o', text) > 0)
  }
})

// Cutting unbroken runs changes the count. The error must stay within the bound that `windowUnits` documents.
test('cutting a run changes its count by less than 3 tokens for each cut', () => {
  const signs = fc.constantFrom('abc', 'ABCdef', ' \t', '\n ', '-=_', '中文字', 'กขค', '😀👍', 'xyzéüß')
  fc.assert(
    fc.property(signs, fc.integer({ min: 200, max: 1_500 }), fc.nat(), (alphabet, length, seed) => {
      const letters = [...alphabet]
      const run = Array.from({ length }, (_, at) => letters[((at * 2_654_435_761 + seed) >>> 7) % letters.length]).join(
        '',
      )
      // Beginning with a line of 255 units moves every cut: two ways to cut the same run.
      const shifted = countText('gpt-4o', `${'1 '.repeat(127)}\n${run}`) - countText('gpt-4o', `${'1 '.repeat(127)}\n`)
      const cuts = Math.ceil(run.length / 256) + 1
      assert.ok(Math.abs(shifted - countText('gpt-4o', run)) < 3 * cuts)
    }),
    { numRuns: 100 },
  )
})

test('a completion is counted as text, refusals and tool calls of all choices', () => {
  const body = {
    choices: [
      { index: 0, message: { content: 'hello world' }, finish_reason: 'stop' },
      {
        index: 1,
        message: {
          content: null,
          refusal: 'hello',
          tool_calls: [{ id: '1', function: { name: 'hello', arguments: 'hello world' } }],
        },
      },
    ],
  }
  const assembled = assemble('chat/completions', false, new TextEncoder().encode(JSON.stringify(body)))
  // A text that ended has one token more, one call has eight more; a text that was cut has none.
  assert.equal(countCompletion('gpt-4o', 'chat/completions', assembled), 2 + 1 + (1 + 1 + 2 + 8))
  const cut = assemble(
    'chat/completions',
    false,
    new TextEncoder().encode(JSON.stringify(body).replace('"stop"', '"length"')),
  )
  assert.equal(countCompletion('gpt-4o', 'chat/completions', cut), 2 + (1 + 1 + 2 + 8))
  assert.equal(countCompletion('gpt-4o', 'embeddings', assembled), null)
})

// Where no usage was reported, the counted tokens are charged. They must be the ones that Azure would report.
for (const [what, model, operation, body, tokens] of recordedPrompts) {
  test(`C14 a prompt is counted as it was recorded: ${what}, ${model}, ${operation}: ${tokens}`, () => {
    assert.equal(countPrompt(model, operation, body), tokens)
  })
}

for (const [model, said, tokens] of recordedCompletions) {
  test(`C14 an answer is counted as it was recorded: ${typeof said === 'string' ? said : 'two calls'}, ${model}: ${tokens}`, () => {
    const message =
      typeof said === 'string'
        ? { content: said }
        : {
            content: null,
            tool_calls: said.map((each, at) => ({ id: `call_${at}`, type: 'function', function: each })),
          }
    const answer = { choices: [{ index: 0, message, finish_reason: typeof said === 'string' ? 'stop' : 'tool_calls' }] }
    const bytes = new TextEncoder().encode(JSON.stringify(answer))
    assert.equal(countCompletion(model, 'chat/completions', assemble('chat/completions', false, bytes)), tokens)
  })
}

function pngUrl(widthPx: number, heightPx: number): string {
  const header = Buffer.alloc(24)
  header.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  header.writeUInt32BE(widthPx, 16)
  header.writeUInt32BE(heightPx, 20)
  return `data:image/png;base64,${header.toString('base64')}`
}

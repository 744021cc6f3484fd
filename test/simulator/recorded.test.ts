import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonRecord } from '../../packages/gateway/src/wire/json.ts'
import {
  audioPromptTokens,
  countText,
  familyOf,
  nextCallTokens,
  pictureHeader,
  promptTokens,
  tokenPieces,
} from '../../packages/simulator/src/azure/billing/index.ts'
import { pictureTokens } from '../../packages/simulator/src/azure/billing/media.ts'
import { type RecordedCalls, recordedCompletions, recordedPrompts } from '../support/recorded-figures.ts'

for (const [what, model, operation, body, tokens] of recordedPrompts) {
  test(`C14 the bill of a prompt: ${what}, ${model}, ${operation}: ${tokens}`, () => {
    assert.equal(promptTokens(model, operation, body), tokens)
  })
}

for (const [model, said, tokens] of recordedCompletions) {
  const what = typeof said === 'string' ? `a text of ${countText(model, said)}` : 'two calls'
  test(`S1 the bill of an answer: ${what}, ${model}: ${tokens}`, () => {
    const { openingTokens, closingTokens } = familyOf(model)
    const text = typeof said === 'string' ? countText(model, said) + closingTokens : callTokens(model, said)
    assert.equal(openingTokens + text, tokens)
  })
}

function callTokens(model: string, calls: RecordedCalls): number {
  return calls.reduce(
    (sum, call, at) => sum + countText(model, call.name) + countText(model, call.arguments) + nextCallTokens(at),
    0,
  )
}

// OpenAI's published counts for its own examples.
test('C14 published figures: a conversation with names, two functions, pictures', () => {
  const messages = [
    { role: 'system', content: 'You are a helpful assistant that can answer to questions about the weather.' },
    { role: 'user', content: "What's the weather like in San Francisco?" },
  ]
  const properties = {
    location: { type: 'string', description: 'The city and state, e.g. San Francisco, CA' },
    unit: { type: 'string', description: 'The unit of temperature to return', enum: ['celsius', 'fahrenheit'] },
  }
  const description = 'Get the current weather in a given location'
  const weather = { name: 'get_current_weather', description, parameters: { type: 'object', properties } }
  const tools = [{ type: 'function', function: weather }]
  assert.equal(promptTokens('gpt-4', 'chat/completions', { messages, tools }), 105)
  assert.equal(promptTokens('gpt-4o', 'chat/completions', { messages, tools }), 101)
  assert.equal(pictureTokens('gpt-4o', pngUrl(1_024, 1_024), 'high'), 765)
  assert.equal(pictureTokens('gpt-4o', pngUrl(2_048, 4_096), 'auto'), 1_105)
  assert.equal(pictureTokens('gpt-4o', pngUrl(4_096, 8_192), 'low'), 85)
  assert.equal(pictureTokens('gpt-4.1-mini', pngUrl(1_800, 2_400), 'high'), Math.ceil(1_452 * 1.62))
})

test('headers of pictures of every format are read, and cut ones have no size', () => {
  const jpeg = '/9j/4AAQSkZJRgABAQEASABIAAD/wAARCAAQACADASIAAhEBAxEB'
  const files: readonly (readonly [string, Buffer])[] = [
    ['png', png(32, 16)],
    ['jpeg', Buffer.from(jpeg, 'base64')],
    ['gif', Buffer.from('47494638396120001000800000', 'hex')],
    ['webp', Buffer.from('52494646000000005745425056503820000000000000009d012a20001000', 'hex')],
    ['webp', Buffer.from('5249464600000000574542505650384c000000002f1fc00300', 'hex')],
    ['webp', Buffer.from('524946460000000057454250565038580a000000000000001f00000f0000', 'hex')],
    ['bmp', Buffer.from('424d00000000000000000000000028000000200000001000000001001800', 'hex')],
  ]
  const header = (bytes: Buffer) => pictureHeader(`data:image/x;base64,${bytes.toString('base64')}`)
  for (const [format, bytes] of files) {
    assert.deepEqual(header(bytes), { format, widthPx: 32, heightPx: 16 }, format)
    for (let end = 0; end < bytes.length; end += 1) header(bytes.subarray(0, end))
  }
  assert.equal(header(Buffer.from('%PDF-1.7')), null)
  assert.equal(pictureHeader('https://example.com/a.png'), null)
})

// Ten tokens a second, by the byte rate in the file itself.
test('sounds cost ten tokens for each second', () => {
  const wav = Buffer.alloc(44 + 32_000 * 30)
  wav.write('RIFF', 0, 'latin1')
  wav.writeUInt32LE(32_000, 28)
  const part = { type: 'input_audio', input_audio: { data: wav.toString('base64'), format: 'wav' } }
  const body = { messages: [{ role: 'user', content: [{ type: 'text', text: 'Yes' }, part] }] }
  assert.equal(audioPromptTokens(body), 301)
  assert.equal(promptTokens('gpt-4o', 'chat/completions', body), 3 + 3 + 1 + 1 + 301)
})

// Streams are sent in pieces: pieces that do not add up make usage and bill differ.
test('the pieces of a text join to the text and add up to its tokens', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.lorem({ maxCount: 20 }),
    fc.constantFrom(
      '\ufeff',
      '👩‍👩‍👧‍👦 ok',
      '\ud800',
      '\ufffd',
      'ไม่มีช่องว่าง',
      '東京都知事',
      ' '.repeat(900),
      'ab'.repeat(900),
    ),
  )
  fc.assert(
    fc.property(fc.array(texts, { maxLength: 3 }), fc.constantFrom('gpt-4o', 'gpt-4'), (parts, model) => {
      const text = parts.join('')
      const pieces = tokenPieces(model, text)
      assert.equal(pieces.map(piece => piece.text).join(''), text.toWellFormed())
      assert.equal(
        pieces.reduce((sum, piece) => sum + piece.tokens, 0),
        countText(model, text.toWellFormed()),
      )
    }),
    { numRuns: 300 },
  )
})

// Bodies come from unknown programs.
test('any body has a whole number of prompt tokens', () => {
  const bodies = fc.record({
    messages: fc.jsonValue(),
    tools: fc.oneof(fc.jsonValue(), fc.array(fc.record({ type: fc.constant('function'), parameters: fc.jsonValue() }))),
    input: fc.jsonValue(),
    prompt: fc.jsonValue(),
    response_format: fc.jsonValue(),
  })
  const operations = fc.constantFrom('chat/completions', 'completions', 'embeddings', 'responses', 'files')
  fc.assert(
    fc.property(bodies, operations, (body, operation) => {
      const tokens = promptTokens('gpt-5', operation, body as JsonRecord)
      assert.ok(Number.isInteger(tokens) && tokens >= 0)
    }),
    { numRuns: 300 },
  )
})

function png(widthPx: number, heightPx: number): Buffer {
  const header = Buffer.alloc(24)
  header.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  header.writeUInt32BE(widthPx, 16)
  header.writeUInt32BE(heightPx, 20)
  return header
}

const pngUrl = (widthPx: number, heightPx: number): string =>
  `data:image/png;base64,${png(widthPx, heightPx).toString('base64')}`

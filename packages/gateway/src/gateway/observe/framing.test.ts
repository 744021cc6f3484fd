// Another framing of a stream must not change the charge: usage is read, and hidden, in every framing that the
// specification allows (WHATWG HTML, section 9.2.6), because clients read them all.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { observeAnswer } from './answer.ts'
import { dataOf, framed, type Json, pieces } from './framing.fixture.ts'
import type { Learned, Observer } from './observer.ts'
import { observeStream } from './stream.ts'

const chunk = (content: string): Json => ({
  id: 'c1',
  object: 'chat.completion.chunk',
  model: 'gpt-4o-2024-08-06',
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
})
const usage = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 }
const usageEvent: Json = { id: 'c1', model: 'gpt-4o-2024-08-06', choices: [], usage }

function observe(observer: Observer, parts: readonly Buffer[]): { out: Buffer; passed: Buffer[]; learned: Learned } {
  const passed = parts.map(part => observer.pass(part))
  const out = Buffer.concat([...passed, observer.rest()])
  return { out, passed, learned: observer.learned() }
}

function observeText(hide: boolean, text: string, cuts: readonly number[] = []): ReturnType<typeof observe> {
  return observe(observeStream(hide), pieces(Buffer.from(text), cuts))
}

const tokensOf = ({ usage: figures }: Learned): unknown => figures && [figures.promptTokens, figures.completionTokens]

const contents = fc.string({ maxLength: 12 })
const ordinary = fc.oneof(
  contents.map(chunk),
  contents.map(content => ({ ...chunk(content), usage: null })),
  contents.map(content => ({ ...chunk(content), usage })),
  contents.map(content => ({ usage: null, ...chunk(content) })),
  fc.constant({ id: '', model: '', choices: [], prompt_filter_results: [], usage: null }),
  fc.constant({ object: 'x', nested: { usage: { prompt_tokens: 1, completion_tokens: 1 } }, choices: [] }),
)
const streams = framed(
  fc
    .tuple(
      fc.array(ordinary, { maxLength: 6 }),
      fc.constantFrom<Json>(usageEvent, { usage, ...usageEvent, later: [1] }),
    )
    .map(([events, last]) => [...events, last, '[DONE]'] as const),
)
const cuts = fc.array(fc.nat(), { maxLength: 30 })

function asUnasked(events: readonly (Json | string)[]): (Json | string)[] {
  return events.flatMap((event): (Json | string)[] => {
    if (typeof event === 'string') return [event]
    const { usage: figures, ...rest } = event
    const isAlone = figures !== null && figures !== undefined && (event['choices'] as unknown[]).length === 0
    return isAlone ? [] : [rest]
  })
}

test('F21 usage is read, and hidden from a client that did not ask for it, in any framing and wherever bytes are cut', () => {
  fc.assert(
    fc.property(streams, cuts, ({ bytes, events }, at) => {
      const { out, learned } = observe(observeStream(true), pieces(bytes, at))
      assert.deepEqual(tokensOf(learned), [12, 5])
      assert.deepEqual(dataOf(out), asUnasked(events))
    }),
    { numRuns: 600 },
  )
})

test('F21 a stream without hidden usage is read, and passes at once and unchanged, in any framing and wherever it is cut', () => {
  fc.assert(
    fc.property(streams, cuts, ({ bytes }, at) => {
      const parts = pieces(bytes, at)
      const { passed, learned } = observe(observeStream(false), parts)
      assert.deepEqual(passed, parts)
      assert.deepEqual(tokensOf(learned), [12, 5])
    }),
    { numRuns: 600 },
  )
})

test('F21 hiding changes no byte of a stream without usage, whatever the framing', () => {
  const without = framed(fc.array(contents.map(chunk), { maxLength: 6 }).map(events => [...events, '[DONE]']))
  fc.assert(
    fc.property(without, cuts, ({ bytes }, at) => {
      assert.deepEqual(observe(observeStream(true), pieces(bytes, at)).out, bytes)
    }),
    { numRuns: 300 },
  )
})

test('F7 a last event without its blank line is read, and hidden', () => {
  const before = `data: ${JSON.stringify(chunk('a'))}\n\n`
  for (const end of ['\n', '\r\n', '\r', '']) {
    const text = `${before}data: ${JSON.stringify(usageEvent)}${end}`
    const { out, learned } = observeText(true, text)
    assert.deepEqual([tokensOf(learned), out.toString()], [[12, 5], before])
    assert.deepEqual(tokensOf(observeText(false, text).learned), [12, 5])
  }
  const completed = {
    type: 'response.completed',
    response: { status: 'completed', usage: { input_tokens: 1000, output_tokens: 500 } },
  }
  const { learned } = observeText(false, `event: response.completed\ndata: ${JSON.stringify(completed)}\n`)
  assert.deepEqual(tokensOf(learned), [1000, 500])
})

test('F21 a stream whose lines end in CR is not held back', () => {
  const observer = observeStream(true)
  const first = Buffer.from(`data: ${JSON.stringify(chunk('a'))}\r\r`)
  assert.equal(observer.pass(first).toString(), first.toString())
  assert.equal(observer.pass(Buffer.from('\n')).toString(), '\n', 'the LF of a CRLF that was parted')
  assert.equal(observer.pass(Buffer.from(`data: ${JSON.stringify(usageEvent)}\r\n\r`)).toString(), '')
  assert.equal(observer.pass(Buffer.from('\ndata: [DONE]\r\n\r\n')).toString(), 'data: [DONE]\r\n\r\n')
  assert.deepEqual(tokensOf(observer.learned()), [12, 5])
})

test('usage in the middle of a stream is marked as such, and usage at the end is not', () => {
  const running = `data: ${JSON.stringify({ ...chunk('a'), usage })}\n\n`
  assert.equal(observeText(false, running).learned.usageSoFar, true)
  const finished = { ...chunk('a'), choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage }
  assert.equal(observeText(false, `${running}data: ${JSON.stringify(finished)}\n\n`).learned.usageSoFar, false)
  assert.equal(observeText(false, `data: ${JSON.stringify(usageEvent)}\n\n`).learned.usageSoFar, false)
})

test('F9 audio tokens in the last event of a transcription are read', () => {
  const done = {
    type: 'transcript.text.done',
    text: 'hello world',
    usage: { type: 'tokens', input_tokens: 114, input_token_details: { audio_tokens: 100 }, output_tokens: 45 },
  }
  const { learned } = observeText(
    false,
    `data: {"type":"transcript.text.delta","delta":"hello"}\n\ndata: ${JSON.stringify(done)}\n\n`,
  )
  assert.deepEqual([tokensOf(learned), learned.usage?.audioPromptTokens], [[114, 45], 100])
})

test('the service tier that the answer names at its end is read', () => {
  const event = (status: string, tier: string): string =>
    `data: ${JSON.stringify({ type: 'response.x', response: { status, service_tier: tier, error: null, usage: null } })}\n\n`
  const { learned } = observeText(false, event('in_progress', 'auto') + event('completed', 'priority'))
  assert.equal(learned.serviceTier, 'priority')
  const { learned: ofChat } = observeText(false, `data: ${JSON.stringify({ ...usageEvent, service_tier: 'flex' })}\n\n`)
  assert.equal(ofChat.serviceTier, 'flex')
})

test('F6 usage is read, and hidden, after an event of any size and inside an event of megabytes', () => {
  const large = 'A'.repeat(5_000_000)
  const partial = `data: ${JSON.stringify({ type: 'image_generation.completed', b64_json: large, usage: { input_tokens: 40, output_tokens: 4160, total_tokens: 4200 } })}\n\n`
  const many = Array.from({ length: 100 }, (_, index) => index * 49_999)
  assert.deepEqual(tokensOf(observeText(false, partial, many).learned), [40, 4160])
  const first = `data: ${JSON.stringify({ usage: null, ...chunk(large) })}\n\n`
  const { out, learned } = observeText(true, `${first}data: ${JSON.stringify(usageEvent)}\n\ndata: [DONE]\n\n`, many)
  assert.equal(out.toString() === `data: ${JSON.stringify(chunk(large))}\n\ndata: [DONE]\n\n`, true)
  assert.deepEqual(tokensOf(learned), [12, 5])
})

test('F6 long events in any framing are read and hidden like short ones', () => {
  const long = fc
    .tuple(
      fc.integer({ min: 60_000, max: 200_000 }),
      fc.constantFrom<Json>({ usage: null }, { usage }, {}),
      fc.boolean(),
    )
    .map(([length, extra, isFirst]): Json => {
      const text = chunk('"usage":{}\\'.repeat(length / 10))
      return isFirst ? { ...extra, ...text } : { ...text, ...extra }
    })
  const withLong = framed(
    fc.array(fc.oneof(long, ordinary), { minLength: 1, maxLength: 3 }).map(some => [...some, usageEvent]),
  )
  fc.assert(
    fc.property(withLong, cuts, ({ bytes, events }, at) => {
      const { out, learned } = observe(observeStream(true), pieces(bytes, at))
      assert.deepEqual(tokensOf(learned), [12, 5])
      assert.deepEqual(dataOf(out), asUnasked(events))
    }),
    { numRuns: 60 },
  )
})

test('an answer is read by what it contains, whatever its Content-Type says', () => {
  const stream = `data: ${JSON.stringify(chunk('a'))}\n\ndata: ${JSON.stringify(usageEvent)}\n\n`
  const document = JSON.stringify(usageEvent)
  for (const declared of ['stream', 'json', 'other'] as const) {
    for (const text of [stream, document, `\ufeff\n${document}`]) {
      const { learned, out } = observe(observeAnswer(declared, false, null), pieces(Buffer.from(text), [1, 2, 30]))
      assert.deepEqual(tokensOf(learned), [12, 5], `${declared}: ${text}`)
      assert.equal(out.length, Buffer.byteLength(text))
    }
  }
})

import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { Learned } from './observer.ts'
import { observeStream } from './stream.ts'

const chunk = (content: string, usage: string): string =>
  `data: {"choices":[{"delta":{"content":${JSON.stringify(content)}},"finish_reason":null,"index":0}],"created":1,"id":"c1","model":"gpt-4o-2024-08-06","object":"chat.completion.chunk"${usage}}\n\n`
const filterFrame = (usage: string): string =>
  `data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]${usage}}\n\n`
const finishFrame = (usage: string): string =>
  `data: {"choices":[{"delta":{},"finish_reason":"stop","index":0}],"created":1,"id":"c1","model":"gpt-4o-2024-08-06","object":"chat.completion.chunk"${usage}}\n\n`
const usageFrame =
  'data: {"choices":[],"created":1,"id":"c1","model":"gpt-4o-2024-08-06","object":"chat.completion.chunk","usage":{"completion_tokens":3,"prompt_tokens":5,"total_tokens":8,"prompt_tokens_details":{"cached_tokens":2}}}\n\n'
const done = 'data: [DONE]\n\n'

function stream(contents: readonly string[], usage: string, withUsageFrame: boolean): string {
  return [
    filterFrame(usage),
    ...contents.map(content => chunk(content, usage)),
    finishFrame(usage),
    withUsageFrame ? usageFrame : '',
    done,
  ].join('')
}

function observe(hide: boolean, bytes: Buffer, cuts: readonly number[]): { out: string; learned: Learned } {
  const observer = observeStream(hide)
  const edges = [...new Set([0, ...cuts.map(cut => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
  const out = edges.slice(1).map((edge, index) => observer.pass(bytes.subarray(edges[index], edge)))
  return { out: Buffer.concat([...out, observer.rest()]).toString(), learned: observer.learned() }
}

const contents = fc.array(
  fc.oneof(fc.string(), fc.constantFrom('"usage":null', '\n\n', 'data: [DONE]', '"usage":{}', '}')),
  { maxLength: 6 },
)
const cuts = fc.array(fc.nat(), { maxLength: 40 })

// The client must get the stream that it would have got from Azure itself.
test('P2 after hiding usage, the stream is exactly that of a client that never asked for it, wherever it is cut', () => {
  fc.assert(
    fc.property(contents, cuts, (texts, at) => {
      const { out } = observe(true, Buffer.from(stream(texts, ',"usage":null', true)), at)
      assert.equal(out, stream(texts, '', false))
    }),
  )
})

test('P2 a stream without hidden usage passes unchanged, chunk by chunk', () => {
  fc.assert(
    fc.property(contents, cuts, (texts, at) => {
      const whole = stream(texts, ',"usage":null', true)
      assert.equal(observe(false, Buffer.from(whole), at).out, whole)
    }),
  )
})

// Costs are computed from these figures, so the edge of a chunk must not lose them.
test('P1 usage, model and finish reason are read, wherever chunks are cut', () => {
  fc.assert(
    fc.property(fc.boolean(), contents, cuts, (hide, texts, at) => {
      const { learned } = observe(hide, Buffer.from(stream(texts, ',"usage":null', true)), at)
      assert.equal(learned.usage?.promptTokens, 5)
      assert.equal(learned.usage?.completionTokens, 3)
      assert.equal(learned.usage?.cachedTokens, 2)
      assert.equal(learned.servedModel, 'gpt-4o-2024-08-06')
      assert.equal(learned.finishReason, 'stop')
      assert.equal(learned.errorInStream, false)
    }),
  )
})

test('whitespace and the place of the member make no difference', () => {
  const odd =
    'data: { "usage" : null , "choices" : [ { "delta" : {} } ] }\r\n\r\ndata: {"choices":[ ],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3},"id":"x"}\r\n\r\n'
  const { out, learned } = observe(true, Buffer.from(odd), [])
  assert.equal(out, 'data: { "choices" : [ { "delta" : {} } ] }\r\n\r\n')
  assert.equal(learned.usage?.totalTokens, 3)
})

test('usage beside choices is removed, and the choices stay', () => {
  const frame = 'data: {"choices":[{"delta":{"content":"x"}}],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n'
  const { out, learned } = observe(true, Buffer.from(frame), [])
  assert.equal(out, 'data: {"choices":[{"delta":{"content":"x"}}]}\n\n')
  assert.equal(learned.usage?.completionTokens, 2)
})

test('usage is read from the last event of Responses, whatever its type', () => {
  for (const type of ['response.completed', 'response.incomplete', 'response.failed']) {
    const events = `event: response.created\ndata: {"type":"response.created","response":{"id":"r","model":"gpt-4o-2024-08-06","error":null,"status":"in_progress","usage":null}}\n\nevent: ${type}\ndata: {"type":"${type}","response":{"id":"r","model":"gpt-4o-2024-08-06","status":"x","usage":{"input_tokens":4,"output_tokens":6,"total_tokens":10,"output_tokens_details":{"reasoning_tokens":1}}}}\n\n`
    const { out, learned } = observe(false, Buffer.from(events), [17, 99, 180])
    assert.equal(out, events)
    assert.equal(learned.usage?.totalTokens, 10)
    assert.equal(learned.usage?.reasoningTokens, 1)
    assert.equal(learned.errorInStream, false)
  }
})

// A 429 inside a 200 is a failure that would not be noticed otherwise.
test('an error event is noticed, with its code', () => {
  const frames = `${chunk('a', '')}data: {"error":{"code":"429","message":"slow down"}}\n\n`
  const { learned } = observe(false, Buffer.from(frames), [])
  assert.equal(learned.errorCode, '429')
  assert.equal(learned.errorInStream, true)
})

test('malformed events pass unchanged', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), cuts, (bytes, hide, at) => {
      fc.pre(!Buffer.from(bytes).includes('"usage"'))
      const observed = observe(hide, Buffer.from(bytes), at)
      assert.equal(observed.out, Buffer.from(bytes).toString())
    }),
  )
})

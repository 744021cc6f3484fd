// Reasoning is billed before the first word is seen, and everything that was generated is billed whether the client is
// there or not. A client that disconnects early must not use less of a limit than one that stays: otherwise
// disconnecting is a way around every budget.
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { ReadingOn } from '../../packages/gateway/src/gateway/stages/8-relay/read-on.ts'
import type { RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import type { RawConnection } from '../support/raw.ts'
import { settledRecords } from '../support/records.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { eventually } from '../support/wait.ts'
import { reopen } from '../support/world.ts'

const chunk = (delta: unknown, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c1', model: 'gpt-5-2025-08-07', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
const usageChunk = (completion: number, reasoning: number): string =>
  `data: ${JSON.stringify({ id: 'c1', model: 'gpt-5-2025-08-07', choices: [], usage: { prompt_tokens: 12, completion_tokens: completion, total_tokens: 12 + completion, completion_tokens_details: { reasoning_tokens: reasoning } } })}\n\ndata: [DONE]\n\n`
const eventStream = { 'content-type': 'text/event-stream' }
const chargeOf = ({ outcome, usage }: RecordRow): unknown => [
  outcome,
  usage.source,
  usage.promptTokens,
  usage.completionTokens,
]

function withReadOn(readOn: string): (config: ConfigInput) => ConfigInput {
  return config => ({ ...config, gateway: { ...config.gateway, timeouts: { ...config.gateway?.timeouts, readOn } } })
}

/** The backend answers with the first piece; the test sends the rest. */
function answersWith(upstream: Upstream, first: string): Promise<ServerResponse> {
  const { promise, resolve } = Promise.withResolvers<ServerResponse>()
  upstream.backend.answer = (_request, response) => {
    response.writeHead(200, eventStream)
    response.write(first)
    resolve(response)
  }
  return promise
}

/** Disconnects once this text has arrived. */
async function leaveAfter(connection: RawConnection, text: string): Promise<void> {
  await connection.seen(text)
  connection.leave()
}

/** Waits until the gateway has seen that the client is gone. */
async function untilClientIsGone(upstream: Upstream): Promise<void> {
  await eventually('the client is gone', () => (upstream.world.house.gateway.readingOn === 1 ? true : null))
}

async function onlyRecord(upstream: Upstream): Promise<RecordRow> {
  const [record] = await settledRecords(upstream.world.house)
  assert.ok(record)
  return record
}

test('F3 C2 a client that disconnects after the third word is charged what the whole answer reports', async t => {
  const upstream = await startUpstream(t)
  const answering = answersWith(upstream, chunk({ content: 'one two three' }))
  await leaveAfter(await upstream.begin({ stream: true }), 'one two three')
  const response = await answering
  await untilClientIsGone(upstream)
  response.end(chunk({ content: ' four' }) + chunk({}, 'stop') + usageChunk(317, 256))
  const record = await onlyRecord(upstream)
  assert.deepEqual(chargeOf(record), ['aborted', 'reported', 12, 317])
  assert.equal(record.usage.reasoningTokens, 256)
})

test('W4 a client that disconnects between finish_reason and usage is charged what is reported', async t => {
  const upstream = await startUpstream(t)
  const answering = answersWith(upstream, chunk({ content: 'Hi' }) + chunk({}, 'stop'))
  await leaveAfter(await upstream.begin({ stream: true }), '"stop"')
  const response = await answering
  await untilClientIsGone(upstream)
  response.end(usageChunk(2505, 2494))
  assert.deepEqual(chargeOf(await onlyRecord(upstream)), ['aborted', 'reported', 12, 2505])
})

test('a client that disconnects before the first byte is charged what the whole answer reports', async t => {
  const upstream = await startUpstream(t)
  const { promise, resolve } = Promise.withResolvers<ServerResponse>()
  upstream.backend.answer = (_request, response) => resolve(response)
  const connection = await upstream.begin()
  const response = await promise
  connection.leave()
  await untilClientIsGone(upstream)
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end('{"choices":[{"message":{"content":"Hi"}}],"usage":{"prompt_tokens":12,"completion_tokens":2000}}')
  assert.deepEqual(chargeOf(await onlyRecord(upstream)), ['aborted', 'reported', 12, 2000])
})

test('a client that disconnects is not charged if the backend then refuses, or does not answer itself', async t => {
  for (const [status, headers] of [
    [429, { 'content-type': 'application/json' }],
    [307, { location: 'https://elsewhere.example' }],
  ] as const) {
    const upstream = await startUpstream(t)
    const { promise, resolve } = Promise.withResolvers<ServerResponse>()
    upstream.backend.answer = (_request, response) => resolve(response)
    const connection = await upstream.begin()
    const response = await promise
    connection.leave()
    await untilClientIsGone(upstream)
    response.writeHead(status, headers).end('{"error":{"code":"429","message":"slow down"}}')
    assert.deepEqual(chargeOf(await onlyRecord(upstream)), ['aborted', 'none', null, null], `${status}`)
  }
})

test('a content-filter refusal after the client disconnected is charged with its prompt, and so is one that broke off', async t => {
  const upstream = await startUpstream(t)
  const filtered =
    '{"error":{"code":"content_filter","message":"no","innererror":{"code":"ResponsibleAIPolicyViolation"}}}'
  for (const rest of [filtered, null]) {
    const { promise, resolve } = Promise.withResolvers<ServerResponse>()
    upstream.backend.answer = (_request, response) => resolve(response)
    const connection = await upstream.begin()
    const response = await promise
    connection.leave()
    await untilClientIsGone(upstream)
    response.writeHead(400, { 'content-type': 'application/json' })
    if (rest === null) response.write(filtered.slice(0, 20), () => response.destroy())
    else response.end(rest)
    const { usage } = await onlyRecord(upstream)
    assert.deepEqual([usage.source, usage.completionTokens], [rest === null ? 'bounded' : 'counted', 0])
    assert.ok((usage.promptTokens ?? 0) > 5)
  }
})

test('speech of a model billed by tokens is charged at a bound by its length, since its answer reports nothing', async t => {
  const upstream = await startUpstream(t, {
    deployments: { 'gpt-4o-mini-tts': { model: 'gpt-4o-mini-tts' }, tts: { model: 'tts' } },
  })
  upstream.backend.answer = (_request, response) =>
    response.writeHead(200, { 'content-type': 'audio/mpeg' }).end(Buffer.from([0xff, 0xf3, 0, 0x7b]))
  const input = 'How many days of leave do I have?'
  const charged = async (model: string): Promise<RecordRow['usage']> =>
    (await upstream.call({ model, input, voice: 'alloy' }, '/openai/v1/audio/speech')).record.usage
  const { source, promptTokens, completionTokens } = await charged('gpt-4o-mini-tts')
  assert.equal(source, 'bounded')
  assert.ok((promptTokens ?? 0) >= 8 && (completionTokens ?? 0) >= 40 && (completionTokens ?? 0) < 400)
  assert.equal((await charged('tts')).source, 'none', 'it is billed by characters')
})

test('a response that the client stops reading is charged by the answer that the gateway drains', async t => {
  const upstream = await startUpstream(t)
  const first =
    '{"type":"response.created","response":{"id":"resp_1","status":"in_progress","model":"gpt-5","usage":null}}'
  const end =
    '{"type":"response.completed","response":{"id":"resp_1","status":"completed","usage":{"input_tokens":12,"output_tokens":1005}}}'
  const answering = answersWith(upstream, `data: ${first}\n\n`)
  const connection = await upstream.begin({ model: 'gpt-4o', input: 'Hi', stream: true }, '/openai/v1/responses')
  await leaveAfter(connection, 'response.created')
  const response = await answering
  await untilClientIsGone(upstream)
  response.end(`data: ${end}\n\n`)
  assert.deepEqual(chargeOf(await onlyRecord(upstream)), ['aborted', 'reported', 12, 1005])
})

test('an answer is drained for a bounded time; a call whose end is not reached is charged at its bound', async t => {
  const upstream = await startUpstream(t, { change: withReadOn('100ms') })
  const answering = answersWith(upstream, chunk({ content: 'one two three' }))
  await leaveAfter(await upstream.begin({ stream: true, max_completion_tokens: 400 }), 'one two three')
  const response = await answering
  const record = await onlyRecord(upstream)
  const { outcome, usage } = record
  assert.deepEqual([outcome, usage.source, usage.completionTokens], ['aborted', 'bounded', 400])
  assert.ok((usage.promptTokens ?? 0) > 0)
  await eventually('the backend sees the abort', () => (response.destroyed ? true : null))
})

test('F3 without draining, a call is charged at least what calls of its deployment were seen to hide', async t => {
  const upstream = await startUpstream(t, { change: withReadOn('0s') })
  upstream.backend.answer = (_request, response) =>
    response.writeHead(200, eventStream).end(chunk({ content: 'Hi' }) + chunk({}, 'stop') + usageChunk(9_010, 9_000))
  assert.deepEqual(chargeOf((await upstream.call({ stream: true })).record), ['completed', 'reported', 12, 9_010])
  answersWith(upstream, chunk({ content: 'one two three' }))
  await leaveAfter(await upstream.begin({ stream: true }), 'one two three')
  const { outcome, usage } = await onlyRecord(upstream)
  assert.deepEqual([outcome, usage.source], ['aborted', 'bounded'])
  assert.ok((usage.completionTokens ?? 0) >= 9_003, `${usage.completionTokens}`)
})

test('an answer that the backend breaks off is charged at its bound, and usage in its middle is no report', async t => {
  const upstream = await startUpstream(t)
  const running = chunk({ content: 'Hi' }).replace('}\n\n', ',"usage":{"prompt_tokens":12,"completion_tokens":1}}\n\n')
  for (const first of [chunk({ content: 'Hi' }), running, ': nothing yet\n\n']) {
    const answering = answersWith(upstream, first)
    const connection = await upstream.begin({ stream: true, max_tokens: 700 })
    await connection.seen(first.slice(0, 12))
    ;(await answering).destroy()
    await connection.rest()
    const { outcome, usage } = await onlyRecord(upstream)
    assert.deepEqual([outcome, usage.source, usage.completionTokens], ['failed', 'bounded', 700], first)
  }
})

test('a whole answer that cannot be parsed is charged at its bound', async t => {
  const upstream = await startUpstream(t)
  for (const [type, body] of [
    ['application/json', '<html>'],
    ['text/html', '<html>'],
    ['application/json', '{"choices":[{"mess'],
    ['text/event-stream', 'data: nothing\n\n'],
  ] as const) {
    upstream.backend.answer = (_request, response) => response.writeHead(200, { 'content-type': type }).end(body)
    const { record } = await upstream.call({ max_tokens: 700 })
    assert.deepEqual([record.usage.source, record.usage.completionTokens], ['bounded', 700], body)
  }
})

test('F3 reasoning that passed is counted like text, streamed and whole', async t => {
  const upstream = await startUpstream(t)
  const thoughts = Array.from({ length: 50 }, () => chunk({ reasoning_content: 'thinking hard about it. ' })).join('')
  upstream.backend.answer = (_request, response) =>
    response
      .writeHead(200, eventStream)
      .end(`${thoughts}${chunk({ content: 'ok' })}${chunk({}, 'stop')}data: [DONE]\n\n`)
  const { record } = await upstream.call({ stream: true })
  assert.equal(record.usage.source, 'counted')
  assert.ok((record.usage.completionTokens ?? 0) > 200, `${record.usage.completionTokens}`)
  const message = { reasoning_content: 'thinking hard about it. '.repeat(50), content: 'ok' }
  const body = JSON.stringify({ choices: [{ message, finish_reason: 'stop' }] })
  upstream.backend.answer = (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(body)
  const { record: whole } = await upstream.call()
  assert.equal(whole.usage.source, 'counted')
  assert.ok((whole.usage.completionTokens ?? 0) > 200, `${whole.usage.completionTokens}`)
})

// An operator who stops the gateway waits for its grace period, but not for answers whose clients are gone.
test('P12 draining ends with the grace period of a gateway that stops, and the call is recorded', async t => {
  const upstream = await startUpstream(t, {
    change: config => ({ ...config, gateway: { ...config.gateway, timeouts: { readOn: '10m', shutdownGrace: '1s' } } }),
  })
  answersWith(upstream, chunk({ content: 'Hi' }))
  await leaveAfter(await upstream.begin({ stream: true, max_tokens: 600 }), 'Hi')
  await untilClientIsGone(upstream)
  await upstream.world.house.close()
  const [record] = await settledRecords(await reopen(t, upstream.world))
  assert.deepEqual([record?.usage.source, record?.usage.completionTokens], ['bounded', 600])
})

test('no more answers than the bound are drained at once, and a finished one makes room', () => {
  const reading = new ReadingOn()
  let begun = 0
  while (reading.begin()) begun += 1
  assert.equal(begun, 512)
  reading.end()
  assert.deepEqual([reading.begin(), reading.begin(), reading.inFlight], [true, false, 512])
})

test('the limit is charged: three abandoned calls use up what three complete ones do', async t => {
  const upstream = await startUpstream(t, {
    change: config => {
      const hrBot = config.workloads['hr-bot']
      assert.ok(hrBot)
      return {
        ...withReadOn('0s')(config),
        workloads: { ...config.workloads, 'hr-bot': { ...hrBot, limits: { tokensPerDay: 2_000 } } },
      }
    },
  })
  answersWith(upstream, chunk({ content: 'Hi' }))
  for (let at = 0; at < 3; at += 1) {
    await leaveAfter(await upstream.begin({ stream: true, max_tokens: 600 }), 'Hi')
    await settledRecords(upstream.world.house)
  }
  const { answer } = await upstream.call({ stream: true, max_tokens: 600 })
  assert.deepEqual([answer.status, answer.headers['x-gatehouse-refusal']], [429, 'budget_exhausted'])
})

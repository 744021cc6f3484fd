import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countText } from '../../packages/gateway/src/tokens/count.ts'
import { assemble } from '../../packages/gateway/src/wire/assemble.ts'
import { AzureError } from '../../packages/simulator/src/azure/errors.ts'
import { FaultDesk, faultKinds } from '../../packages/simulator/src/azure/faults.ts'
import { ask, call, chatPath, lastLine, raw, simulator } from '../../packages/simulator/src/azure/testkit.fixture.ts'

const question = 'Who in the company knows about customs law?'
const streamed = ask(question, { stream: true, stream_options: { include_usage: true } })
const fault = (text: string): Record<string, string> => ({ 'x-simulator-fault': text })

// Retry logic reads these headers; the test's values must be sent as they are.
test('refusals: each kind answers with its status, and 429 with both retry headers', async t => {
  const sim = await simulator(t)
  const plain: [string, number, string][] = [
    ['401', 401, 'Unauthorized'],
    ['404', 404, 'DeploymentNotFound'],
    ['408', 408, 'Timeout'],
    ['500', 500, 'InternalServerError'],
    ['503', 503, 'ServiceUnavailable'],
    ['content-filter', 400, 'ResponsibleAIPolicyViolation'],
  ]
  for (const [kind, status, word] of plain) {
    const answer = await call(sim, chatPath(), streamed, fault(kind))
    assert.equal(answer.status, status, kind)
    assert.ok(answer.text.includes(word), kind)
    const line = await lastLine(sim)
    assert.deepEqual([line.fault, line.status, line.completionTokens], [kind, status, 0])
    assert.equal(line.promptTokens > 0, kind === 'content-filter', 'only a filtered prompt is charged')
  }
  const limited = await call(sim, chatPath(), streamed, fault('429;retry-after=7;retry-after-ms=6500'))
  assert.deepEqual(
    [limited.status, limited.headers.get('retry-after'), limited.headers.get('retry-after-ms')],
    [429, '7', '6500'],
  )
  assert.match(
    limited.text,
    /"code":"RateLimitReached".*This request was for ChatCompletions_Create under Azure OpenAI API version 2024-10-21\./,
  )
  const unknown = await call(sim, chatPath(), streamed, fault('flood'))
  assert.equal(unknown.status, 400)
})

// A cut stream is charged for what was sent: the bill must have exactly that.
test('cut: the events before it arrive, the connection breaks, and the bill has what was produced', async t => {
  const sim = await simulator(t)
  const cut = await raw(sim, chatPath(), streamed, fault('cut;after=9'))
  assert.deepEqual([cut.status, cut.broken, cut.chunks.length], [200, true, 9])
  const text = assemble('chat/completions', true, Buffer.from(cut.chunks.join(''))).choices[0]?.text ?? ''
  const line = await lastLine(sim)
  assert.ok(text.length > 5)
  assert.ok(Math.abs(line.completionTokens - countText('gpt-4o', text)) <= 1)
  assert.deepEqual([line.usageReported, line.clientGone], [false, false])
  const half = await raw(sim, chatPath(), ask(question), fault('cut'))
  assert.deepEqual([half.status, half.broken], [200, true])
  // A whole answer is made before its first byte.
  const { usage } = (await call(sim, chatPath(), ask(question))).json as { usage: { completion_tokens: number } }
  assert.equal(sim.bill().at(-2)?.completionTokens, usage.completion_tokens)
})

// A gateway without an idle limit would hang here for ever; a client that leaves stops the production.
test('stall: silence until the client leaves, and the bill knows that it left', async t => {
  const sim = await simulator(t)
  const stalled = await raw(sim, chatPath(), streamed, fault('stall;after=6'), 6)
  assert.equal(stalled.chunks.length, 6)
  const line = await lastLine(sim)
  assert.deepEqual([line.clientGone, line.usageReported, line.completionTokens], [true, false, 4])
  const resumed = await raw(sim, chatPath(), streamed, fault('stall;after=2;ms=5'))
  assert.equal(resumed.broken, false)
  assert.equal(resumed.chunks.at(-1), 'data: [DONE]\n\n')
  const whole = await raw(sim, chatPath(), ask(question), fault('stall;ms=5'))
  assert.equal(JSON.parse(whole.chunks.join('')).object, 'chat.completion')
})

test('error-frame: an error in mid-stream and no DONE; without a stream, 500', async t => {
  const sim = await simulator(t)
  const broken = await raw(sim, chatPath(), streamed, fault('error-frame;after=5'))
  assert.equal(broken.chunks.length, 6)
  assert.match(broken.chunks.at(-1) ?? '', /^data: \{"error":\{"code":"InternalServerError"/)
  const line = await lastLine(sim)
  assert.deepEqual([line.completionTokens, line.usageReported, line.clientGone, line.status], [3, false, false, 200])
  assert.equal((await raw(sim, chatPath(), ask(question), fault('error-frame'))).status, 500)
})

// The gateway promises to count where no usage is reported; this fault tests it.
test('no-usage: neither stream nor document has usage, and the bill has the whole cost', async t => {
  const sim = await simulator(t)
  const whole = await call(sim, chatPath(), ask(question))
  const tokens = (whole.json.usage as { completion_tokens: number }).completion_tokens
  for (const body of [streamed, ask(question)]) {
    const answer = await call(sim, chatPath(), body, fault('no-usage'))
    assert.ok(!answer.text.includes('completion_tokens'))
    const line = await lastLine(sim)
    assert.deepEqual([line.completionTokens, line.usageReported], [tokens, false])
  }
})

// Parsers that trust chunk boundaries work on a fast network and fail on a slow one.
test('split-bytes: one chunk per byte, with the same content', async t => {
  const sim = await simulator(t)
  const normal = await raw(sim, chatPath(), streamed)
  const split = await raw(sim, chatPath(), streamed, fault('split-bytes'))
  assert.equal(split.chunks.length, Buffer.byteLength(normal.chunks.join('')))
  const bytes = await fetch(`${sim.url}/openai${chatPath()}`, {
    method: 'POST',
    headers: fault('split-bytes'),
    body: JSON.stringify(streamed),
  })
  assert.equal(await bytes.text(), normal.chunks.join(''))
  const document = await call(sim, chatPath(), ask(question), fault('split-bytes'))
  assert.equal(document.text, (await call(sim, chatPath(), ask(question))).text)
})

test('malformed-frames: garbage between whole frames, or a document without its end', async t => {
  const sim = await simulator(t)
  const normal = await call(sim, chatPath(), streamed)
  const odd = await call(sim, chatPath(), streamed, fault('malformed-frames;after=4'))
  assert.ok(odd.text.length > normal.text.length && odd.text.endsWith('data: [DONE]\n\n'))
  assert.ok(odd.text.includes(': a comment\n'))
  const document = await call(sim, chatPath(), ask(question), fault('malformed-frames'))
  assert.throws(() => JSON.parse(document.text))
  assert.equal((await lastLine(sim)).usageReported, false)
  const response = await call(sim, '/v1/responses', { model: 'gpt-4o', input: 'Hello' }, fault('malformed-frames'))
  assert.throws(() => JSON.parse(response.text))
  assert.equal((await lastLine(sim)).usageReported, true, 'the document is cut after the complete usage')
})

test('slow-first-byte: nothing is sent before its time; content-filter;after ends a stream with its reason', async t => {
  const slept: number[] = []
  const sim = await simulator(t, { sleep: async ms => void slept.push(ms) })
  assert.equal((await call(sim, chatPath(), streamed, fault('slow-first-byte;ms=1234'))).status, 200)
  assert.deepEqual(slept, [1234])
  const filtered = await call(sim, chatPath(), streamed, fault('content-filter;after=6'))
  assert.equal(
    assemble('chat/completions', true, Buffer.from(filtered.text)).choices[0]?.finishReason,
    'content_filter',
  )
  const line = await lastLine(sim)
  assert.equal(line.completionTokens, 4)
  assert.match(filtered.text, /"usage":\{"completion_tokens":4,/)
})

// A retry must be able to succeed: without a count every attempt would get the fault again.
test('times and probability limit a fault; permanent ones can be narrowed and lifted', async t => {
  const sim = await simulator(t)
  const status = async (headers: Record<string, string> = {}): Promise<number> =>
    (await call(sim, chatPath(), ask(question), headers)).status
  const once = fault('503;times=1;key=a')
  assert.deepEqual([await status(once), await status(once), await status(fault('503;times=1;key=b'))], [503, 200, 503])
  assert.equal(await status(fault('503;probability=0')), 200)
  sim.setFault({
    faults: [
      { kind: '500', deployment: 'other' },
      { kind: '429', times: 2 },
    ],
  })
  assert.deepEqual([await status(), await status(), await status()], [429, 429, 200])
  sim.setFault({ kind: '500', operation: 'embeddings' })
  assert.equal(await status(), 200)
  sim.setFault({ kind: '500' })
  assert.equal(await status(), 500)
  sim.setFault(null)
  assert.equal(await status(), 200)
})

test('any header is a fault, or a refusal that lists the known ones', () => {
  const kinds = fc.constantFrom(...Object.keys(faultKinds), 'x', '', '__proto__', 'toString')
  const options = fc.array(fc.string().map(text => `;${text}`)).map(all => all.join(''))
  fc.assert(
    fc.property(kinds, options, fc.boolean(), (kind, text, wild) => {
      const desk = new FaultDesk(() => 0.5)
      try {
        const chosen = desk.choose(wild ? `${kind}${text}` : `${kind};after=2;probability=0.9`, 'files', null)
        assert.ok(chosen === null || Object.hasOwn(faultKinds, chosen.kind))
      } catch (error) {
        assert.ok(error instanceof AzureError && error.status === 400)
      }
    }),
  )
})

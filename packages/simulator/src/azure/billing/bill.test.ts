import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { test } from 'node:test'
import fc from 'fast-check'
import { isRecord, type JsonRecord, listOf } from '../../json.ts'
import type { AzureSimulator } from '../../types.ts'
import { ask, call, chatPath, frames, lastLine, later, raw, simulator } from '../testkit.fixture.ts'
import { countText, nextCallTokens } from './index.ts'

/** A clock that only moves when the test lets it. */
class SlowTime {
  nowMs = 1_000_000
  #sleeper: { readonly wake: () => void; readonly ms: number } | null = null
  readonly clock = (): number => this.nowMs
  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise(resolve => {
      signal?.addEventListener('abort', () => resolve(), { once: true })
      this.#sleeper = { wake: resolve, ms }
    })

  /** Waits until something sleeps, lets `share` of its time pass, and wakes it once all of it has passed. */
  async pass(share = 1): Promise<void> {
    while (this.#sleeper === null) await turn()
    const { wake, ms } = this.#sleeper
    this.nowMs += ms * share
    if (share < 1) return
    this.#sleeper = null
    wake()
  }
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

interface Sent {
  readonly leave: () => void
  readonly response: Promise<IncomingMessage>
}

function post(sim: AzureSimulator, path: string, body: JsonRecord): Sent {
  const sent = request(`${sim.url}/openai${path}`, { method: 'POST', headers: { 'content-type': 'application/json' } })
  sent.on('error', () => {})
  const response = once(sent, 'response').then(([answer]) => answer as IncomingMessage)
  response.catch(() => {})
  sent.end(JSON.stringify(body))
  return { leave: () => sent.destroy(), response }
}

const week = 'Plan a week in Lisbon'
const reasoningOf = (usage: unknown): number =>
  isRecord(usage) && isRecord(usage.completion_tokens_details)
    ? Number(usage.completion_tokens_details.reasoning_tokens)
    : Number.NaN

// Reasoning comes before the text. A bill that gets it only at the end would make hanging up a discount, and every test
// would agree with it.
test('S1 F3 reasoning is in the bill as it is produced, before anything is visible', async t => {
  const time = new SlowTime()
  const deployments = { 'gpt-5': { model: 'gpt-5', reasoningTokensPerSecond: 64 } }
  const sim = await simulator(t, { deployments, clock: time.clock, sleep: time.sleep })
  const sent = post(sim, chatPath('gpt-5', later), ask(week, { stream: true, reasoning_effort: 'high' }))
  const response = await sent.response
  const [first] = await once(response, 'data')
  assert.match(String(first), /prompt_filter_results/)
  response.on('error', () => {})
  const billed = (): number => sim.bill()[0]?.completionTokens ?? 0
  for (const tokens of [64, 128, 192]) {
    await time.pass()
    while (billed() < tokens) await turn()
    assert.equal(billed(), tokens)
  }
  await turn()
  await time.pass(0.5)
  sent.leave()
  const line = await lastLine(sim)
  assert.deepEqual([line.clientGone, line.usageReported], [true, false])
  while (billed() < 224) await turn()
  assert.equal(billed(), 224)
})

test('S1 C2 a client that leaves after the first words is billed for all of the reasoning and for those words', async t => {
  const sim = await simulator(t, { deployments: { 'gpt-5': { model: 'gpt-5' } } })
  const path = chatPath('gpt-5', later)
  const whole = await call(sim, path, ask(week))
  const reasoning = reasoningOf(whole.json.usage)
  assert.ok(reasoning >= 128)
  // Silence after six events, so that the client leaves in the middle however fast the answer is.
  const left = await raw(sim, path, ask(week, { stream: true }), { 'x-simulator-fault': 'stall;after=6' }, 6)
  assert.equal(left.chunks.length, 6)
  const line = await lastLine(sim)
  assert.equal(line.clientGone, true)
  // Nine tokens open an answer of GPT-5; two of the six events carry no text.
  assert.equal(line.completionTokens, reasoning + 9 + 4)
})

test('S1 a client that does not wait for a whole answer is billed for what had been produced', async t => {
  const time = new SlowTime()
  const deployments = { 'gpt-5': { model: 'gpt-5', tokensPerSecond: 100 } }
  const sim = await simulator(t, { deployments, clock: time.clock, sleep: time.sleep })
  const path = chatPath('gpt-5', later)
  const patient = call(sim, path, ask(week))
  await time.pass()
  await time.pass()
  const { usage } = (await patient).json as { usage: { completion_tokens: number } }
  const thought = reasoningOf(usage) + 9
  const said = usage.completion_tokens - thought
  const sent = post(sim, path, ask(week))
  await time.pass()
  await turn()
  await time.pass(0.5)
  sent.leave()
  const line = await lastLine(sim)
  const due = thought + Math.floor(said / 2)
  while ((sim.bill()[1]?.completionTokens ?? 0) < due) await turn()
  assert.equal(sim.bill()[1]?.completionTokens, due)
  assert.deepEqual([line.status, line.clientGone, line.usageReported], [0, true, false])
})

const tool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather in a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  },
}

// Callers are charged by the usage, the resource pays by the bill.
test('S1 reported usage equals the bill, for whole and for streamed answers', async t => {
  const deployments = Object.fromEntries(
    ['gpt-4o', 'gpt-35-turbo', 'gpt-5-mini', 'o3-mini'].map(model => [model, { model }]),
  )
  const sim = await simulator(t, { deployments })
  const questions = fc.record({
    model: fc.constantFrom(...Object.keys(deployments)),
    text: fc.constantFrom('Hi', 'What is the weather in Lisbon?', week, 'Answer in json: which day is it?'),
    tools: fc.boolean(),
    most: fc.constantFrom(null, 1, 5, 9, 40, 200),
    n: fc.constantFrom(1, 3),
  })
  await fc.assert(
    fc.asyncProperty(questions, async ({ model, text, tools, most, n }) => {
      const limit = most === null ? {} : { max_completion_tokens: most }
      const body = ask(text, { model, n, ...limit, ...(tools ? { tools: [tool], tool_choice: 'required' } : {}) })
      const whole = await call(sim, '/v1/chat/completions', body)
      assert.equal(whole.status, 200, whole.text)
      assertBilled(await lastLine(sim), whole.json.usage)
      const options = { stream: true, stream_options: { include_usage: true } }
      const streamed = await call(sim, '/v1/chat/completions', { ...body, ...options })
      const usage = frames(streamed.text).filter(isRecord).at(-1)?.usage
      assert.deepEqual(usage, whole.json.usage)
      assertBilled(await lastLine(sim), usage)
      // Without a report of usage the bill comes only from the events.
      await call(sim, '/v1/chat/completions', { ...body, stream: true }, { 'x-simulator-fault': 'no-usage' })
      assertBilled(await lastLine(sim), usage)
      const { completion_tokens: completion } = usage as { completion_tokens: number }
      assert.ok(most === null || completion <= most * n)
    }),
    { numRuns: 40 },
  )
})

// Other code computes the completion tokens of the other operations.
test('S1 reported usage equals the bill, in Responses and completions too', async t => {
  const deployments = Object.fromEntries(
    ['gpt-4o', 'gpt-35-turbo-instruct', 'gpt-5-mini'].map(model => [model, { model }]),
  )
  const sim = await simulator(t, { deployments })
  for (const model of ['gpt-4o', 'gpt-5-mini']) {
    for (const more of [{}, { tools: [{ type: 'function', ...tool.function }] }, { max_output_tokens: 40 }]) {
      const body = { model, input: 'What is the weather in Lisbon and Oslo?', ...more }
      const whole = await call(sim, '/v1/responses', body)
      assert.equal(whole.status, 200, whole.text)
      const { usage } = whole.json as { usage: { input_tokens: number; output_tokens: number } }
      const due = { prompt_tokens: usage.input_tokens, completion_tokens: usage.output_tokens }
      assertBilled(await lastLine(sim), due)
      await call(sim, '/v1/responses', { ...body, stream: true })
      assertBilled(await lastLine(sim), due)
    }
  }
  const body = { model: 'gpt-35-turbo-instruct', prompt: ['Explain payroll.', 'Hi'], max_tokens: 9, n: 2, echo: true }
  const whole = await call(sim, '/v1/completions', body)
  assertBilled(await lastLine(sim), whole.json.usage)
  await call(sim, '/v1/completions', { ...body, stream: true })
  assertBilled(await lastLine(sim), whole.json.usage)
})

// Wherever a client hangs up, the reasoning was produced and the sent text was produced.
test('F3 a client that hangs up at any point is billed for the reasoning and for the words that were sent', async t => {
  const deployments = { 'gpt-4o': { model: 'gpt-4o' }, 'gpt-5': { model: 'gpt-5' } }
  const sim = await simulator(t, { deployments })
  const path = '/v1/chat/completions'
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('gpt-4o', 'gpt-5'),
      fc.integer({ min: 1, max: 14 }),
      fc.boolean(),
      async (model, events, calls) => {
        const asked = calls ? { tools: [tool], tool_choice: 'required' } : {}
        const body = ask('What is the weather in Lisbon and Oslo?', { model, ...asked })
        const { usage } = (await call(sim, path, body)).json
        const fault = { 'x-simulator-fault': `stall;after=${events}` }
        const left = await raw(sim, path, { ...body, stream: true }, fault, events)
        const thought = model === 'gpt-5' ? reasoningOf(usage) + 9 : 0
        const due = (events > 1 ? thought : 0) + spokenTokens(model, left.chunks)
        const { completionTokens, usageReported } = await lastLine(sim)
        // A stall after the first event comes during the reasoning or after it.
        if (events === 1) assert.ok(completionTokens <= thought)
        else if (!left.chunks.includes('data: [DONE]\n\n') && !isFinished(left.chunks))
          assert.equal(completionTokens, due)
        assert.equal(usageReported, false)
      },
    ),
    { numRuns: 40 },
  )
})

const isFinished = (chunks: readonly string[]): boolean => chunks.some(chunk => /"finish_reason":"/.test(chunk))

/** Names, arguments and text of the events; each is charged with the event that carried it. */
function spokenTokens(model: string, chunks: readonly string[]): number {
  const choices = chunks.flatMap(chunk => frames(chunk).filter(isRecord)).flatMap(frame => listOf(frame.choices))
  const deltas = choices.filter(isRecord).map(choice => choice.delta as JsonRecord)
  const texts = deltas.map(delta => (typeof delta.content === 'string' ? delta.content : ''))
  const parts = deltas.flatMap(delta => listOf(delta.tool_calls)) as ToolPart[]
  const opened = parts.filter(part => part.function.name !== undefined)
  const openings = opened.reduce(
    (sum, part, at) => sum + countText(model, part.function.name ?? '') + nextCallTokens(at),
    0,
  )
  // Piece by piece: a text that was cut off can need fewer tokens than the model produced.
  return [...texts, ...parts.map(part => part.function.arguments)].reduce(
    (sum, text) => sum + countText(model, text),
    openings,
  )
}

interface ToolPart {
  readonly function: { readonly name?: string; readonly arguments: string }
}

function assertBilled(line: { promptTokens: number; completionTokens: number }, usage: unknown): void {
  assert.ok(isRecord(usage))
  assert.deepEqual([line.promptTokens, line.completionTokens], [usage.prompt_tokens, usage.completion_tokens])
}

/** The gateway reserves what a call requests. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ConfigInput } from '../../../packages/gateway/src/config/schema/index.ts'
import { type Running, running } from '../../support/file-world.ts'
import { chatOn, startUpstream, type Upstream } from '../../support/upstream.ts'

let upstream: Upstream & Running
before(async () => {
  upstream = await running(t => startUpstream(t, { deployments: { 'gpt-4o': { model: 'gpt-4o' } }, change: limited }))
  upstream.backend.answer = (_request, response) => {
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ model: 'gpt-4o-2024-11-20', choices: [], usage }))
  }
})
after(() => upstream.close())

function limited(config: ConfigInput): ConfigInput {
  const hrBot = config.workloads['hr-bot']
  assert.ok(hrBot)
  return {
    ...config,
    limits: { completionTokensAssumed: 1_000 },
    workloads: { ...config.workloads, 'hr-bot': { ...hrBot, limits: { tokensPerMinute: 1_000_000 } } },
  }
}

async function reserved(body: Readonly<Record<string, unknown>>, path = chatOn('gpt-4o')): Promise<number> {
  const { record } = await upstream.call(body, path)
  return record.reservedTokens ?? 0
}

const within = (tokens: number, least: number): void => {
  assert.ok(tokens >= least && tokens < least + 200, `${tokens}, expected ${least} and a short prompt`)
}

// Reserving one answer for a call that gets a hundred is a way around every limit.
test('M8 a reservation covers all answers to all prompts, by the largest maximum', async () => {
  within(await reserved({}), 1_000)
  within(await reserved({ n: 100 }), 100_000)
  within(await reserved({ n: 3, max_tokens: 20 }), 60)
  within(await reserved({ max_tokens: 3, max_completion_tokens: 500 }), 500)
  const completions = chatOn('gpt-4o').replace('chat/completions', 'completions')
  within(await reserved({ messages: undefined, prompt: Array(100).fill('hi'), max_tokens: 100 }, completions), 10_000)
  within(
    await reserved(
      { model: 'gpt-4o', input: 'hi', max_completion_tokens: 1, max_output_tokens: 4_000 },
      '/openai/v1/responses',
    ),
    4_000,
  )
})

// Half a minute of speech used to be refused as larger than the limit can ever be.
test('F10 half a minute of sound is admitted and reserves what it costs', async () => {
  const sound = Buffer.alloc(44 + 960_000)
  sound.write('RIFF', 0, 'latin1')
  sound.write('WAVE', 8, 'latin1')
  sound.writeUInt32LE(32_000, 28)
  const part = { type: 'input_audio', input_audio: { data: sound.toString('base64'), format: 'wav' } }
  within(await reserved({ messages: [{ role: 'user', content: [part] }], max_tokens: 100 }), 401)
  const result = { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: 'iVBORw0K'.repeat(100_000) }
  const item = await reserved(
    { model: 'gpt-4o', input: [result, { role: 'user', content: 'again' }], max_output_tokens: 10 },
    '/openai/v1/responses',
  )
  assert.ok(item < 2_000, `${item}`)
})

// A call without a maximum can use any number of tokens: an operator can require a maximum, or set one.
test('W3 a workload can require a maximum, bound it, or set one that the backend receives', async t => {
  const deployments = { 'gpt-4o': { model: 'gpt-4o' }, 'gpt-5': { model: 'gpt-5' } }
  const start = (output: NonNullable<ConfigInput['workloads'][string]['output']>) =>
    startUpstream(t, { deployments, change: config => withOutput(limited(config), output) })
  const asking = await start({ required: true, most: 100 })
  for (const [body, status, code] of [
    [{}, 400, 'maximum_missing'],
    [{ max_tokens: 101 }, 400, 'maximum_too_large'],
    [{ max_completion_tokens: 101, n: 2 }, 400, 'maximum_too_large'],
    [{ max_tokens: 100, n: 2 }, 200, null],
  ] as const) {
    asking.backend.answer = upstream.backend.answer
    const { answer, record } = await asking.call(body)
    assert.deepEqual([answer.status, record.outcomeCode], [status, code], JSON.stringify(body))
  }
  assert.equal(asking.backend.received.length, 1)

  const setting = await start({ standard: 50 })
  setting.backend.answer = upstream.backend.answer
  const sent = async (body: Readonly<Record<string, unknown>>, path?: string): Promise<Record<string, unknown>> => {
    const { record } = await setting.call(body, path)
    assert.ok((record.reservedTokens ?? 0) < 200, `${record.reservedTokens}`)
    return JSON.parse(setting.backend.received.at(-1)?.body ?? '{}')
  }
  assert.equal((await sent({}))['max_tokens'], 50)
  const five = await sent(
    { model: 'gpt-5', messages: [{ role: 'user', content: 'hi' }] },
    '/openai/v1/chat/completions',
  )
  assert.deepEqual([five['max_tokens'], five['max_completion_tokens'], five['model']], [undefined, 50, 'gpt-5'])
  assert.equal((await sent({ model: 'gpt-5', input: 'hi' }, '/openai/v1/responses'))['max_output_tokens'], 50)
  assert.equal((await sent({ max_tokens: 7 }))['max_tokens'], 7)
  const streamed = await sent({ stream: true })
  assert.deepEqual([streamed['max_tokens'], streamed['stream_options']], [50, { include_usage: true }])
})

/** Refuses a maximum under the given names, in Azure's words, and answers everything else. */
function refusing(
  names: readonly string[],
  error: (name: string) => unknown,
  status = 400,
): typeof upstream.backend.answer {
  const good = upstream.backend.answer
  return (request, response) => {
    const body: unknown = JSON.parse(request.body)
    const name = names.find(name => typeof body === 'object' && body !== null && name in body)
    if (name === undefined) return good(request, response)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: error(name) }))
  }
}

const unsupported = (name: string): unknown => ({
  message: `Unsupported parameter: '${name}' is not supported with this model. Use another one instead.`,
  type: 'invalid_request_error',
  param: name,
  code: 'unsupported_parameter',
})
const tooLarge = (name: string): unknown => ({
  message: `${name} is too large: 50. This model supports at most 40 completion tokens, whereas you provided 50.`,
  type: 'invalid_request_error',
  param: name,
  code: null,
})

// Without the gateway these calls would have been answered: a maximum that the gateway adds must never get a call
// refused.
test("W3, rule 12: a maximum that an instance refuses is renamed, or omitted if the model's own maximum is lower", async t => {
  const { backend, call } = await startUpstream(t, {
    deployments: { 'gpt-4o': { model: 'gpt-4o' } },
    change: config => withOutput(limited(config), { standard: 50 }),
  })
  let seen = 0
  const sent = (): unknown[] => {
    const since = backend.received.slice(seen)
    seen = backend.received.length
    return since.map(({ body }) => {
      const { max_tokens, max_completion_tokens, max_output_tokens } = JSON.parse(body)
      return max_tokens ?? (max_completion_tokens && 'newer') ?? (max_output_tokens && 'responses') ?? 'none'
    })
  }
  const attempts = (record: { attempts: readonly { status: number | null; error: string | null }[] }): unknown =>
    record.attempts.map(({ status, error }) => [status, error])

  // The configuration names a different model from the one that the deployment has.
  backend.answer = refusing(['max_tokens'], unsupported)
  const first = await call({ stream: true })
  assert.equal(first.answer.status, 200)
  assert.deepEqual(attempts(first.record), [
    [400, 'maximum_refused'],
    [200, null],
  ])
  assert.deepEqual(sent(), [50, 'newer'])
  assert.equal((await call({})).answer.status, 200)
  assert.deepEqual(sent(), ['newer'], 'remembered')
  assert.equal((await call({ model: 'gpt-4o', input: 'hi' }, '/openai/v1/responses')).answer.status, 200)
  assert.deepEqual(sent(), ['responses'], 'a name learnt from chat is not used for other operations')

  // The deployment gets another model: the usual name works again.
  backend.answer = refusing(['max_completion_tokens'], unsupported, 422)
  assert.equal((await call({})).answer.status, 200)
  assert.deepEqual(sent(), ['newer', 50])
  assert.equal((await call({})).answer.status, 200)
  assert.deepEqual(sent(), [50])

  // Neither name works: the client gets the instance's own error.
  backend.answer = refusing(['max_completion_tokens', 'max_tokens'], unsupported)
  assert.equal((await call({})).answer.status, 400)
  assert.deepEqual(sent(), [50, 'newer'])

  backend.answer = refusing(['max_completion_tokens', 'max_tokens', 'max_output_tokens'], tooLarge)
  assert.equal((await call({})).answer.status, 200)
  assert.deepEqual(sent(), [50, 'none'])
  assert.equal((await call({ model: 'gpt-4o', input: 'hi' }, '/openai/v1/responses')).answer.status, 200)
  assert.deepEqual(sent(), ['responses', 'none'])

  // A long prompt leaves fewer tokens of the model's context than the maximum.
  backend.answer = refusing(['max_completion_tokens', 'max_tokens'], () => ({
    message: "This model's maximum context length is 8192 tokens. However, you requested 8200 tokens.",
    param: 'messages',
    code: 'context_length_exceeded',
  }))
  assert.equal((await call({})).answer.status, 200)
  assert.deepEqual(sent(), [50, 'none'])

  backend.answer = refusing(['max_completion_tokens', 'max_tokens', 'max_output_tokens'], tooLarge)
  // A maximum that the client set is refused as it is; an error about another field does not remove the maximum.
  assert.equal((await call({ max_tokens: 50 })).answer.status, 400)
  assert.deepEqual(sent(), [50])
  const budget = (name: string): unknown => ({
    message: `'thinking.budget_tokens' must be less than '${name}'`,
    param: null,
  })
  backend.answer = refusing(['max_completion_tokens', 'max_tokens'], budget)
  assert.equal((await call({ thinking: { type: 'enabled', budget_tokens: 1_000 } })).answer.status, 400)
  assert.deepEqual(sent(), [50])
})

function withOutput(config: ConfigInput, output: ConfigInput['workloads'][string]['output']): ConfigInput {
  const hrBot = config.workloads['hr-bot']
  assert.ok(hrBot)
  return { ...config, workloads: { ...config.workloads, 'hr-bot': { ...hrBot, output } } }
}

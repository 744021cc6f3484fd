/**
 * What an unmodified OpenAI SDK shows a developer who made one of the usual mistakes: the message alone must be enough
 * to correct it.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import OpenAI, { APIError, AzureOpenAI } from 'openai'
import { type Running, runWorld } from '../support/file-world.ts'
import { recordOf } from '../support/records.ts'
import { apiVersion, ask, type World } from '../support/world.ts'

let world: World & Running
let token: string
before(async () => {
  world = await runWorld({
    change: config => ({
      ...config,
      limits: { rules: { trial: { tokensPerDay: 300, workloads: ['code-assistant'] } } },
    }),
  })
  token = await world.token('alice')
})
after(() => world.close())

const prompt = { model: 'gpt-4o', messages: ask('Hello') }

function openai(path: string, apiKey = token): OpenAI {
  return new OpenAI({ baseURL: `${world.url}${path}`, apiKey, maxRetries: 0 })
}

async function failing(call: Promise<unknown>): Promise<APIError> {
  const error = await call.then(
    () => assert.fail('the call succeeded'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof APIError, String(error))
  return error
}

/** The setting that a message names. */
function advised({ message }: APIError, setting: 'base_url' | 'azure_endpoint\\)'): string {
  const [, address] = new RegExp(`${setting} to (http\\S+?)[.,](?: |$)`).exec(message) ?? []
  assert.ok(address !== undefined, message)
  return address
}

for (const path of [
  '',
  '/main',
  '/main/hr-bot',
  '/main/hr-bot/v1',
  '/main/hr-bot/openai',
  '/main/hr-bot/openai/v1/v1',
]) {
  test(`a base_url that ends with "${path}" is answered with the one that works`, async () => {
    const error = await failing(openai(path).chat.completions.create(prompt))
    // Without v1, this address lists stored completions.
    const code = path === '/main/hr-bot/openai' ? 'method_not_allowed' : 'route_unknown'
    assert.equal(error.code, code)
    const address = advised(error, 'base_url')
    assert.equal(address, `${world.url}/main/hr-bot/openai/v1`)
    const corrected = new OpenAI({ baseURL: address, apiKey: token, maxRetries: 0 })
    assert.ok((await corrected.chat.completions.create(prompt)).choices.length > 0)
    const record = await recordOf(world.house.ledger, error.requestID ?? error.headers?.get('x-gatehouse-request-id'))
    assert.equal(record.message?.endsWith(`Set base_url to ${address}.`), true, 'the record has the words too')
  })
}

for (const path of ['', '/main/hr-bot/openai', '/main/hr-bot/v1']) {
  test(`an endpoint of a client of Azure OpenAI that ends with "${path}" is answered with the one that works`, async () => {
    const settings = { apiKey: token, apiVersion, maxRetries: 0 }
    const deployments = new AzureOpenAI({ ...settings, baseURL: `${world.url}${path || '/main/hr-bot'}` })
    const wrong = path === '' ? deployments : new AzureOpenAI({ ...settings, endpoint: `${world.url}${path}` })
    const address = advised(await failing(wrong.chat.completions.create(prompt)), 'azure_endpoint\\)')
    assert.equal(address, `${world.url}/main/hr-bot`)
    const corrected = new AzureOpenAI({ ...settings, endpoint: address })
    assert.ok((await corrected.chat.completions.create(prompt)).choices.length > 0)
  })
}

test('names that the caller may not use are replaced by those that it may use', async () => {
  const error = await failing(openai('/europe/hr').chat.completions.create(prompt))
  assert.equal(advised(error, 'base_url'), `${world.url}/main/hr-bot/openai/v1`)
})

test('a caller with several workloads reads all of them', async () => {
  const carol = openai('/main/nothing', await world.token('carol'))
  const { message } = await failing(carol.chat.completions.create(prompt))
  assert.match(message, /You may call as: hr-bot, code-assistant\.$/)
})

// Names of workloads say what a company works on: who has no token must not be able to collect them.
test('without a valid token the answer has no name that is not in the request', async () => {
  for (const apiKey of ['sk-0123456789', `${token.slice(0, -20)}AAAAAAAAAAAAAAAAAAAA`]) {
    const echoed = await failing(openai('/some/thing', apiKey).chat.completions.create(prompt))
    assert.equal(advised(echoed, 'base_url'), `${world.url}/some/thing/openai/v1`)
    for (const path of ['', '/x']) {
      const { message } = await failing(openai(path, apiKey).chat.completions.create(prompt))
      assert.match(message, /\/TARGET\/WORKLOAD\/openai\/v1\.$/)
      assert.doesNotMatch(message, /hr-bot|main/)
    }
  }
})

test('an API key in the place of a token is answered with the line that gets a token for this gateway', async () => {
  const error = await failing(openai('/main/hr-bot/openai/v1', 'sk-0123456789').chat.completions.create(prompt))
  assert.equal(error.code, 'token_malformed')
  const [audience = ''] = world.config.identity.entra.audiences
  assert.ok(error.message.includes(`--scope ${audience}/.default\``), error.message)
})

test('a workload that does not exist, or is for others, is answered with those of the caller', async () => {
  const unknown = await failing(openai('/main/hr/openai/v1').chat.completions.create(prompt))
  assert.deepEqual([unknown.code, unknown.status], ['workload_unknown', 404])
  assert.match(unknown.message, /There is no workload "hr"\. You may call as: hr-bot\.$/)
  const others = await failing(openai('/main/code-assistant/openai/v1').chat.completions.create(prompt))
  assert.equal(others.code, 'caller_not_bound')
  assert.match(others.message, /may not call as workload "code-assistant"\..* You may call as: hr-bot\.$/)
  const target = await failing(openai('/europe/hr-bot/openai/v1').chat.completions.create(prompt))
  assert.match(target.message, /There is no instance or pool "europe"\. Workload "hr-bot" may use: main, dev-openai/)
})

test('a budget says what is left, what the call may need and what that is made of', async () => {
  const client = openai('/main/code-assistant/openai/v1', await world.token('bob'))
  const first = await client.chat.completions.create({ ...prompt, max_tokens: 20 })
  const left = 300 - (first.usage?.total_tokens ?? 0)
  const error = await failing(client.chat.completions.create({ ...prompt, max_completion_tokens: 270 }))
  assert.equal(error.code, 'budget_exhausted')
  const [, seen, needed, ofPrompt] =
    /Budget "limits\.rules\.trial" has (\d+) of 300 tokens per day left, and this call may need (\d+) tokens \((\d+) of the prompt \+ max_completion_tokens 270\) \(workload "code-assistant"\)\. It renews at /.exec(
      error.message,
    ) ?? []
  assert.equal(Number(seen), left, error.message)
  assert.equal(Number(needed), Number(ofPrompt) + 270)
  const never = await failing(client.chat.completions.create({ ...prompt, max_tokens: 5_000 }))
  assert.match(never.message, /This call may need \d+ tokens \(\d+ of the prompt \+ max_tokens 5000\), and limit /)
})

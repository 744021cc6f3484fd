/** What the management API explains of a call is what the gateway answers to it, over real sockets. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import type { ExplainAnswer } from '../../packages/gateway/src/admin/explain/schemas.ts'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import type { RefusalCode } from '../../packages/gateway/src/gateway/refusals.ts'
import { type RawAnswer, send } from '../support/raw.ts'
import { recordOf } from '../support/records.ts'
import { errorOf } from '../support/refused.ts'
import { ask, startWorld, type World } from '../support/world.ts'

interface SentCall {
  /** Null sends no token. */
  readonly as: string | null
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

type Case = readonly [RefusalCode, Partial<SentCall> & { readonly members?: Readonly<Record<string, unknown>> }]

const closers: (() => unknown)[] = []
after(async () => {
  for (const close of closers.reverse()) await close()
})
let world: World
before(async () => {
  world = await startWorld({ after: close => void closers.push(close) }, { change: withWorkloads })
})

const carol = 'ca401000-6b1d-4c1e-9a53-0f5d1c7e2a03'

/** A workload for each kind of refusal that the demonstration's would not give. */
function withWorkloads(config: ConfigInput): ConfigInput {
  const workload = { callers: [{ user: carol }], targets: ['main'], deployments: ['gpt-4o', 'ghost'] }
  return {
    ...config,
    gateway: { ...config.gateway, bodyBytesMax: 100_000 },
    workloads: {
      ...config.workloads,
      strict: {
        ...workload,
        operations: ['chat'],
        tools: ['function'],
        output: { required: true, most: 50 },
        store: 'refuse',
      },
      calls: { ...workload, limits: { requestsPerMinute: 1 } },
      tokens: { ...workload, limits: { tokensPerMinute: 400 } },
      budget: { ...workload, limits: { tokensPerDay: 60 } },
      money: { ...workload, limits: { costPerDay: '0.01 USD' } },
    },
  }
}

const chat = (workload: string): string => `/main/${workload}/openai/v1/chat/completions`
const body = (members: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ model: 'gpt-4o', messages: ask('Two words, please.'), max_tokens: 5, ...members })

function callOf({ members, ...given }: Case[1]): SentCall {
  const { as = 'carol', method = 'POST', target = chat('hr-bot'), headers = {} } = given
  const written = given.body === undefined ? (method === 'GET' ? null : body(members)) : given.body
  return { as, method, target, headers, body: written }
}

async function sent({ as, method, target, headers, body }: SentCall): Promise<RawAnswer> {
  const token = as === null ? [] : [['Authorization', `Bearer ${await world.token(as)}`] as [string, string]]
  const type: [string, string][] =
    body === null || 'content-type' in headers ? [] : [['content-type', 'application/json']]
  const answer = await send(world.url, {
    method,
    target,
    headers: [...token, ...type, ...Object.entries(headers)],
    ...(body === null ? {} : { body }),
  })
  assert.ok(answer)
  return answer
}

async function explained({ as, method, target, headers, body }: SentCall, reader = 'erin'): Promise<ExplainAnswer> {
  const question = {
    caller: as === null ? null : claimsOf(await world.token(as)),
    method,
    url: target,
    headers,
    ...(body === null ? {} : { body }),
  }
  const response = await fetch(`${world.house.admin?.url}/api/v1/explain`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await world.token(reader)}`, 'content-type': 'application/json' },
    body: JSON.stringify(question),
  })
  const answer = (await response.json()) as ExplainAnswer
  assert.equal(response.status, 200, JSON.stringify(answer))
  return answer
}

/** As a person describes a caller: from its token, never with it. */
function claimsOf(token: string) {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    readonly [claim: string]: string & string[]
  }
  const isUser = claims['scp'] !== undefined
  return {
    key: isUser ? `user:${claims['tid']}/${claims['oid']}` : `app:${claims['tid']}/${claims['azp'] ?? claims['appid']}`,
    name: claims['preferred_username'] ?? claims['upn'] ?? claims['app_displayname'] ?? claims['name'],
    groups: claims['groups'] ?? [],
    roles: claims['roles'] ?? [],
    scopes: (claims['scp'] ?? '').split(' ').filter(scope => scope !== ''),
  }
}

/** Seconds until a retry go down between the call and the question. */
const still = (message: string): string => message.replace(/in \d+ seconds/, 'in N seconds')

async function assertSame(call: SentCall): Promise<string | null> {
  const answer = await sent(call)
  const explanation = await explained(call)
  const refused = answer.headers['x-gatehouse-refusal'] ?? null
  const last = explanation.steps.at(-1)
  assert.equal(explanation.allowed, refused === null, `${refused}: ${last?.stage} ${last?.text}`)
  if (refused === null) return null
  const { code, message, type, param } = errorOf(answer)
  assert.deepEqual(
    { ...last?.answer, message: still(last?.answer?.message ?? ''), retryAfterMs: null },
    { code, message: still(message), type, param, status: answer.status, retryAfterMs: null },
  )
  return code
}

const deep = `{"model":"gpt-4o","messages":${'['.repeat(200)}${']'.repeat(200)}}`

const cases: readonly Case[] = [
  ['path_malformed', { target: '/main/hr-bot//x/openai/v1/models', method: 'GET' }],
  ['route_unknown', { target: '/main/hr-bot/openai/v1/nothing' }],
  ['method_not_allowed', { method: 'DELETE', body: null }],
  ['credential_in_query', { target: `${chat('hr-bot')}?api-key=1` }],
  ['token_missing', { as: null }],
  ['workload_missing', { target: '/openai/v1/chat/completions' }],
  ['workload_unknown', { target: chat('nobody') }],
  ['workload_unknown', { target: '/openai/v1/chat/completions', headers: { 'x-gatehouse-workload': 'nobody' } }],
  ['caller_not_bound', { as: 'bob' }],
  ['caller_not_bound', { as: 'expert-finder-app' }],
  ['caller_unbound', { as: 'dave', target: '/openai/v1/chat/completions' }],
  ['target_unknown', { target: '/nowhere/hr-bot/openai/v1/chat/completions' }],
  ['target_not_allowed', { target: '/dev-openai-instance-1/code-assistant/openai/v1/chat/completions' }],
  ['deployment_not_allowed', { members: { model: 'gpt-9' } }],
  [
    'deployment_not_allowed',
    { target: '/main/hr-bot/openai/deployments/gpt-9/chat/completions?api-version=2024-10-21' },
  ],
  ['operation_not_allowed', { target: '/main/strict/openai/v1/responses' }],
  ['deployment_not_allowed', { target: '/main/hr-bot/openai/v1/models/gpt-9', method: 'GET' }],
  ['deployment_unknown', { target: '/main/calls/openai/v1/models/ghost', method: 'GET' }],
  ['body_not_json', { body: 'not json' }],
  ['body_too_deep', { body: deep }],
  ['body_too_large', { body: body({ user: 'x'.repeat(100_000) }) }],
  ['body_duplicate_key', { body: '{"model":"gpt-4o","model":"gpt-4o-mini","messages":[]}' }],
  ['body_key_spelling', { body: '{"model":"gpt-4o","Model":"gpt-4o-mini","messages":[]}' }],
  ['body_type', { headers: { 'content-type': 'text/plain' } }],
  ['model_missing', { members: { model: undefined } }],
  ['maximum_missing', { target: chat('strict'), members: { max_tokens: undefined } }],
  ['maximum_too_large', { target: chat('strict'), members: { max_tokens: 51 } }],
  ['tool_not_allowed', { members: { tools: [{ type: 'web_search' }] } }],
  ['data_source_not_allowed', { members: { data_sources: [{ type: 'azure_search', parameters: {} }] } }],
  ['service_tier_not_allowed', { members: { service_tier: 'priority' } }],
  ['option_not_allowed', { target: chat('strict'), members: { store: true } }],
  ['object_unknown', { target: '/main/hr-bot/openai/v1/responses/resp_of_nobody', method: 'GET' }],
  ['deployment_unknown', { target: chat('strict'), members: { model: 'ghost' } }],
  ['request_exceeds_limit', { target: chat('tokens'), members: { max_tokens: 5_000 } }],
]

// Whoever explains a refusal to a user, and is wrong, sends them to change what was right.
test('each refusal of a call is explained with its code, status, words and parameter', async t => {
  for (const [code, given] of cases) {
    await t.test(`${code}: ${given.target ?? given.method ?? Object.keys(given.members ?? given)[0]}`, async () => {
      assert.equal(await assertSame(callOf(given)), code)
    })
  }
})

test('refusals by limits are explained with the room that there is now, and asking takes none of it', async () => {
  const calls = callOf({ target: chat('calls') })
  assert.equal((await explained(calls)).allowed, true)
  assert.equal((await sent(calls)).status, 200)
  assert.equal((await explained(calls)).steps.at(-1)?.answer?.code, 'request_limit_reached')
  assert.equal(await assertSame(calls), 'request_limit_reached')
  const tokens = callOf({ target: chat('tokens'), members: { max_tokens: 300 } })
  for (let asked = 0; asked < 5; asked += 1)
    assert.equal((await explained(tokens)).allowed, true, 'nothing is reserved')
  assert.equal(await firstRefusal(tokens), 'token_limit_reached')
  assert.equal(await firstRefusal(callOf({ target: chat('budget') })), 'budget_exhausted')
  assert.equal(await firstRefusal(callOf({ target: chat('money'), members: { max_tokens: 900 } })), 'budget_exhausted')
  const metrics = await (
    await fetch(`${world.house.admin?.url}/metrics`, {
      headers: { authorization: `Bearer ${await world.token('erin')}` },
    })
  ).text()
  // One call was refused, and it was explained twice.
  const line = 'gatehouse_limit_refusals_total{rule="calls",measure="requestsPerMinute",mode="enforce"} '
  assert.deepEqual(
    metrics.split('\n').filter(one => one.startsWith(line)),
    [`${line}1`],
  )
})

/** Sends the call until it is refused, and holds that refusal against its explanation. */
async function firstRefusal(call: SentCall): Promise<string | null> {
  for (let sentCalls = 0; sentCalls < 40; sentCalls += 1) {
    const { headers } = await sent(call)
    if (headers['x-gatehouse-refusal'] !== undefined) return assertSame(call)
  }
  return assert.fail('the limit was never reached')
}

test('a drained instance is explained as such, and a call goes again once it is restored', async () => {
  const order = async (verb: string): Promise<void> => {
    for (const name of ['dev-openai-instance-1', 'dev-openai-instance-2']) {
      const response = await fetch(`${world.house.admin?.url}/api/v1/instances/${name}/${verb}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await world.token('erin')}` },
      })
      assert.equal(response.status, 200, await response.text())
    }
  }
  await order('drain')
  assert.equal(await assertSame(callOf({})), 'instance_drained')
  await order('restore')
  assert.equal(await assertSame(callOf({})), null)
})

test('any mixture of caller, address and body gets the answer that is explained', async () => {
  const target = fc
    .tuple(
      fc.constantFrom('/main', '/dev-openai-instance-1', '/dev-openai-instance-2', '/nowhere', ''),
      fc.constantFrom('/hr-bot', '/code-assistant', '/expert-finder', '/strict', '/nobody', ''),
      fc.constantFrom(
        '/openai/v1/chat/completions',
        '/openai/v1/responses',
        '/openai/v1/embeddings',
        '/openai/v1/models',
        '/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21',
        '/openai/deployments/ghost/chat/completions',
        '/v1/chat/completions',
        '/openai/v1/files',
        '//openai/v1/models',
      ),
    )
    .map(parts => parts.join(''))
  const members = fc.record(
    {
      model: fc.constantFrom('gpt-4o', 'gpt-4o-mini', 'text-embedding-3-small', 'ghost', 'gpt-9', ''),
      max_tokens: fc.constantFrom(1, 50, 51),
      tools: fc.constantFrom([{ type: 'function', function: { name: 'f' } }], [{ type: 'web_search' }], [{}]),
      store: fc.boolean(),
      service_tier: fc.constantFrom('auto', 'flex'),
      input: fc.constant('hello'),
      messages: fc.constant(ask('hello')),
    },
    { requiredKeys: ['input', 'messages'] },
  )
  const call = fc.record({
    as: fc.constantFrom('alice', 'bob', 'carol', 'dave', 'expert-finder-app', null),
    method: fc.constantFrom('POST', 'POST', 'POST', 'GET'),
    target,
    headers: fc.constantFrom({}, { 'x-gatehouse-workload': 'code-assistant' }, { 'x-gatehouse-workload': 'none' }),
    members,
  })
  await fc.assert(
    fc.asyncProperty(call, async ({ members: written, ...rest }) => {
      await assertSame({ ...rest, body: rest.method === 'GET' ? null : JSON.stringify(written) } as SentCall)
    }),
    { numRuns: 80 },
  )
})

test('a record is explained with what it holds, and says what it does not hold', async () => {
  const admin = world.house.admin?.url ?? ''
  const of = async (call: SentCall): Promise<ExplainAnswer> => {
    const answer = await sent(call)
    const record = await recordOf(world.house.ledger, answer.headers['x-gatehouse-request-id'])
    const response = await fetch(`${admin}/api/v1/records/${record.id}/explain`, {
      headers: { authorization: `Bearer ${await world.token('frank')}` },
    })
    assert.equal(response.status, 200)
    return (await response.json()) as ExplainAnswer
  }
  const unbound = await of(callOf({ as: 'bob' }))
  assert.deepEqual(
    [unbound.allowed, unbound.steps.at(-1)?.answer?.code, unbound.record?.stage],
    [false, 'caller_not_bound', 'authorize'],
  )
  assert.match(unbound.assumed[0] ?? '', /taken to have none/)
  const answered = await of(callOf({ as: 'alice' }))
  assert.equal(answered.allowed, true, 'a group of the workload let the caller through')
  assert.match(answered.assumed[0] ?? '', /those that the rules of hr-bot name/)
  const order = answered.destination?.order.flat().map(({ instance }) => instance)
  assert.deepEqual(order, ['dev-openai-instance-1', 'dev-openai-instance-2'])
  assert.equal(answered.question.model, 'gpt-4o')
  const withoutToken = await of(callOf({ as: null }))
  assert.equal(withoutToken.steps.at(-1)?.answer?.code, 'token_missing')
  const byBody = await of(callOf({ members: { tools: [{ type: 'web_search' }] } }))
  assert.deepEqual(
    [byBody.allowed, byBody.record?.outcomeCode, byBody.steps.at(-1)?.stage, byBody.steps.at(-1)?.verdict],
    [null, 'tool_not_allowed', 'receive', 'unknown'],
  )
})

test('a developer asks about own calls and those of own workloads, and about no others', async () => {
  const status = async (call: SentCall): Promise<number> => {
    const response = await fetch(`${world.house.admin?.url}/api/v1/explain`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
      body: JSON.stringify({ caller: claimsOf(await world.token(call.as ?? '')), url: call.target, model: 'gpt-4o' }),
    })
    await response.arrayBuffer()
    return response.status
  }
  assert.equal(await status(callOf({ as: 'bob' })), 200, 'somebody else as a workload of her own')
  assert.equal(await status(callOf({ as: 'alice', target: chat('code-assistant') })), 200, 'her own call')
  assert.equal(await status(callOf({ as: 'bob', target: chat('code-assistant') })), 403)
  assert.equal(await status(callOf({ as: 'bob', target: '/openai/v1/chat/completions' })), 403)
})

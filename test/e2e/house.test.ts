/** What an operator sees of a running gateway: limits, instances, probes and metrics, after real calls. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  type InstancesAnswer,
  instancesAnswer,
  type LimitsAnswer,
  limitsAnswer,
} from '../../packages/gateway/src/admin/house-schemas.ts'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import type { ProbeResult } from '../../packages/gateway/src/instances/state.ts'
import { ask, chatPath, startWorld, type World, type WorldOptions } from '../support/world.ts'

interface Answer {
  readonly status: number
  readonly text: string
}

async function start(t: TestContext, options: WorldOptions = {}) {
  const world = await startWorld(t, options)
  return {
    world,
    async chat(maxTokens: number): Promise<Answer> {
      const answer = await fetch(world.url + chatPath, {
        method: 'POST',
        headers: { authorization: `Bearer ${await world.token('alice')}`, 'content-type': 'application/json' },
        body: JSON.stringify({ messages: ask('How many days of leave do I have?'), max_tokens: maxTokens }),
      })
      return { status: answer.status, text: await answer.text() }
    },
    async admin(path: string, as = 'carol', method = 'GET'): Promise<Answer> {
      const headers = { authorization: `Bearer ${await world.token(as)}` }
      const answer = await fetch(`${world.house.admin?.url}${path}`, { headers, method })
      return { status: answer.status, text: await answer.text() }
    },
  }
}

function withLimits(config: ConfigInput): ConfigInput {
  const hrBot = config.workloads['hr-bot']
  if (hrBot === undefined) throw new TypeError('the demonstration has no workload hr-bot')
  const limits = { tokensPerDay: 2_000, requestsPerMinute: 100, perCaller: { requestsPerMinute: 50 } }
  return { ...config, workloads: { ...config.workloads, 'hr-bot': { ...hrBot, limits } } }
}

async function totalTokens(world: World): Promise<number> {
  return (await world.house.ledger.usage({ by: ['workload'] })).total.totalTokens
}

// An operator who promises a share must be able to see at any moment what is left of it, to the token.
test('P7 the limits report agrees with the ledger and counts refusals', async t => {
  const { world, chat, admin } = await start(t, { change: withLimits })
  for (let call = 0; call < 3; call += 1) assert.equal((await chat(100)).status, 200)
  const tooMuch = await chat(1_900)
  assert.equal(tooMuch.status, 429, tooMuch.text)
  const { rules, store, state, waiting } = limitsAnswer.parse(JSON.parse((await admin('/api/v1/limits')).text))
  assert.deepEqual([store, state, waiting], ['memory', 'ok', 0])
  const rule = (measure: string, name = 'hr-bot'): LimitsAnswer['rules'][number] | undefined =>
    rules.find(one => one.rule === name && one.measure === measure)
  const day = rule('tokensPerDay')
  const used = await totalTokens(world)
  assert.ok(used > 0)
  assert.deepEqual([day?.used, day?.reserved, day?.remaining, day?.refused], [used, 0, 2_000 - used, 1])
  assert.deepEqual([rule('requestsPerMinute')?.used, rule('requestsPerMinute')?.reserved], [3, 0])
  const caller = rule('requestsPerMinute', 'hr-bot/caller')
  assert.match(caller?.subject ?? '', /^user:[0-9a-f-]+\/a11ce000-/)
  assert.equal(caller?.used, 3)
})

test('the instances report counts the calls that they served', async t => {
  const { chat, admin } = await start(t)
  for (let call = 0; call < 4; call += 1) assert.equal((await chat(10)).status, 200)
  const answer: InstancesAnswer = instancesAnswer.parse(JSON.parse((await admin('/api/v1/instances')).text))
  const lanes = answer.instances.flatMap(({ deployments }) => deployments.flatMap(({ state }) => state ?? []))
  assert.equal(
    lanes.reduce((sum, { calls }) => sum + calls, 0),
    4,
  )
  assert.ok(lanes.every(lane => lane.breaker === 'closed' && lane.failures === 0))
  assert.ok(lanes.some(lane => lane.latencyMs !== null))
  const shares = answer.pools.flatMap(({ members }) => members.map(({ share }) => share ?? 0))
  assert.equal(
    shares.reduce((sum, share) => sum + share, 0),
    1,
  )
})

// The one question after most failed changes: does the credential still work? The answer must not contain the
// credential.
test('a probe finds a credential that is refused, and does not reveal it', async t => {
  const wrongKey = 'a-key-that-opens-nothing-at-all-0001'
  const { admin } = await start(t, {
    change: config => {
      const two = config.instances['dev-openai-instance-2']
      if (two === undefined) throw new TypeError('the demonstration has no second instance')
      return {
        ...config,
        instances: { ...config.instances, 'dev-openai-instance-2': { ...two, credential: { key: wrongKey } } },
      }
    },
  })
  const probe = async (name: string): Promise<ProbeResult> => {
    const { status, text } = await admin(`/api/v1/instances/${name}/probe`, 'bob', 'POST')
    assert.equal(status, 200, text)
    assert.ok(!text.includes(wrongKey))
    return JSON.parse(text) as ProbeResult
  }
  const good = await probe('dev-openai-instance-1')
  assert.deepEqual([good.ok, good.status, good.error], [true, 200, null])
  const refused = await probe('dev-openai-instance-2')
  assert.deepEqual([refused.ok, refused.status], [false, 401])
  assert.notEqual(refused.error, null)
  const { text } = await admin('/api/v1/instances')
  const { instances } = instancesAnswer.parse(JSON.parse(text))
  assert.equal(instances.find(({ name }) => name === 'dev-openai-instance-2')?.lastProbe?.ok, false)
})

test('metrics count what the ledger records', async t => {
  const { world, chat, admin } = await start(t, { change: withLimits })
  for (let call = 0; call < 3; call += 1) await chat(100)
  await chat(1_900)
  const { text } = await admin('/metrics')
  const value = (series: string): number => {
    const line = text.split('\n').find(one => one.startsWith(`${series} `))
    assert.ok(line !== undefined, series)
    return Number(line.slice(series.length))
  }
  const calls = (rest: string): number => value(`gatehouse_calls_total{workload="hr-bot",${rest}}`)
  assert.equal(calls('outcome="completed",code="",status="200"'), 3)
  assert.equal(calls('outcome="refused",code="budget_exhausted",status="429"'), 1)
  const own = 'workload="hr-bot",deployment="gpt-4o"'
  const tokens = ['prompt', 'completion'].map(type => value(`gatehouse_tokens_total{${own},type="${type}"}`))
  assert.equal(
    tokens.reduce((sum, one) => sum + one, 0),
    await totalTokens(world),
  )
  assert.equal(value('gatehouse_limit_refusals_total{rule="hr-bot",measure="tokensPerDay",mode="enforce"}'), 1)
  assert.equal(value('gatehouse_prompt_estimate_error_ratio_count{deployment="gpt-4o"}'), 3)
  assert.ok(value(`gatehouse_cost_total{${own},currency="USD"}`) > 0)
  assert.equal(value('gatehouse_calls_in_flight'), 0)
  assert.doesNotMatch(text, /[0-9a-f]{8}-[0-9a-f]{4}-|alice|carol/, 'no person is in the metrics')
})

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Config, configSchema } from '../../config/schema/index.ts'
import { testCaller } from '../../identity/caller.fixture.ts'
import { type ExplainStep, explain } from './index.ts'
import type { ExplainQuestion } from './question.ts'

const tenant = '11111111-2222-3333-4444-555555555555'
const person = '44444444-0000-4000-8000-000000000001'

const config: Config = configSchema.parse({
  identity: { entra: { tenants: [tenant] } },
  instances: {
    east: {
      endpoint: 'https://east.example',
      deployments: { 'gpt-4o-ptu': { model: 'gpt-4o', kind: 'provisioned', limits: { callsInFlight: 7 } } },
      limits: { tokensPerMinute: 450_000 },
      breaker: { failures: 3 },
    },
    sweden: {
      endpoint: 'https://sweden.example',
      credential: 'caller',
      deployments: { 'gpt-4o': { model: 'gpt-4o' }, next: { model: 'gpt-5' }, voice: { model: 'whisper' } },
    },
  },
  pools: {
    main: {
      members: [
        { instance: 'east', aliases: { 'gpt-4o': 'gpt-4o-ptu' }, spillAtUtilization: 0.9 },
        { instance: 'sweden', priority: 2 },
      ],
    },
  },
  workloads: {
    bot: {
      callers: [{ user: person }],
      targets: ['main', 'sweden'],
      deployments: ['gpt-4o', 'voice'],
      limits: { tokensPerMinute: 60_000, costPerMonth: '12.5 USD', perCaller: { callsInFlight: 2 } },
      canary: { 'gpt-4o': { deployment: 'next', percent: 5 } },
      shadow: { 'gpt-4o': { deployment: 'next', target: 'sweden', percent: 0.5 } },
    },
  },
  limits: {
    rules: {
      trial: { requestsPerMinute: 100, mode: 'shadow' },
      others: { requestsPerMinute: 1, callers: [{ user: tenant }] },
      voices: { requestsPerMinute: 5, deployments: ['voice'] },
    },
    waitingLine: { length: 10, maxWait: '3s' },
  },
  prices: { models: { whisper: { input: 0 } } },
})

const caller = testCaller({ tenantId: tenant, objectId: person })

function ask(question: Partial<ExplainQuestion>, of = config): Promise<readonly ExplainStep[]> {
  const standard = { method: 'POST', url: '/main/bot/openai/v1/chat/completions', headers: {}, model: 'gpt-4o', caller }
  return explain(of, { ...standard, ...question }, { clock: () => Date.UTC(2026, 10, 23) })
}

function at(steps: readonly ExplainStep[], stage: ExplainStep['stage']): ExplainStep {
  const step = steps.find(one => one.stage === stage)
  assert.ok(step, `no step ${stage}`)
  return step
}

suite('config explain', () => {
  test('names the stages in the order in which a call passes them', async () => {
    const stages = (await ask({})).map(({ stage }) => stage)
    assert.deepEqual(stages, ['resolve', 'authenticate', 'authorize', 'receive', 'locate', 'admit', 'dispatch'])
  })

  test('names the kind of an instance that is not Azure OpenAI, and the path that it gets', async () => {
    const { sweden } = config.instances
    assert.ok(sweden)
    const other = { ...sweden, kind: 'openai', credential: { key: 'k'.repeat(20) } } as const
    const mixed = { ...config, instances: { ...config.instances, sweden: other } }
    const { text, details = [] } = at(await ask({}, mixed), 'dispatch')
    assert.match(text, /as \/openai\/v1\/chat\/completions or \/v1\/chat\/completions\./)
    assert.match(details.join('\n'), /sweden: https:\/\/sweden\.example, kind openai, credential key/)
    assert.doesNotMatch(details.join('\n'), /kind azure/)
  })

  test('W1: says what the calls of the workload may ask for', async () => {
    const { details = [] } = at(await ask({}), 'authorize')
    const text = details.join('\n')
    assert.match(text, /^Operations: chat, .*; refused: .*fine_tuning/m)
    assert.match(text, /^Tools: function, custom, .*; refused: .*mcp.*web_search/m)
    assert.match(
      text,
      /^Data sources: refused; outside addresses in a body: allowed; stored prompts and agents: refused\.$/m,
    )
    assert.match(text, /^Service tiers: auto, default; background: allowed; storing of answers: allowed\.$/m)
  })

  // An operator who looks for the reason of a refusal needs every rule that could be it, and none that cannot.
  test('names the limits that the call meets, with amounts and modes, and no others', async () => {
    const { text, details } = at(await ask({}), 'admit')
    assert.match(text, /Meets 4 limits.*in line for up to 3 s.*in memory/)
    assert.deepEqual(details, [
      'bot: 60,000 tokens per minute (workload bot)',
      'bot: 12.5 USD per month (workload bot)',
      'bot/caller: 2 calls in flight (each caller of workload bot)',
      'limits.rules.trial: 100 calls per minute (everything; mode shadow: reports, refuses nothing)',
    ])
    assert.match(at(await ask({ model: 'voice' }), 'admit').details?.join() ?? '', /limits\.rules\.voices: 5 calls/)
  })

  test('names the members in their order, each with alias, spilling, breaker and limits', async () => {
    const { text, details } = at(await ask({}), 'dispatch')
    assert.match(text, /^Sent to east, then sweden; at most 2 are tried, while that is safe/)
    const lines = details ?? []
    assert.match(
      lines[0] ?? '',
      /^east: https:\/\/east\.example, credential managed-identity, priority 1, as its deployment gpt-4o-ptu, provisioned, spills from 90 % utilisation, takes calls back below 80 %$/,
    )
    assert.deepEqual(lines.slice(1, 3), [
      '  instances.east: 450,000 tokens per minute (instance east)',
      '  instances.east.deployments.gpt-4o-ptu: 7 calls in flight (deployment gpt-4o-ptu of instance east)',
    ])
    assert.match(lines[3] ?? '', /^sweden: .*credential caller, priority 2$/)
    assert.match(lines[4] ?? '', /^east is not used for 10 s after 3 failures in a row or 50 % within 30 s/)
    assert.match(lines[5] ?? '', /^sweden is not used for 10 s after 5 failures/)
  })

  test('names the price, and says when there is none', async () => {
    assert.match(
      at(await ask({}), 'dispatch').details?.at(-1) ?? '',
      /^Priced as model gpt-4o,.*input 2\.5, cached input 1\.25, output 10 USD per million tokens \(gpt-4o 2026-08-01\)/,
    )
    assert.match(
      at(await ask({ model: 'voice' }), 'dispatch').details?.at(-1) ?? '',
      /input 0, output 0 USD.*whisper configured/,
    )
    const bare = { ...config, prices: { models: {} } }
    const steps = await explain(bare, {
      method: 'POST',
      url: '/main/bot/openai/v1/chat/completions',
      headers: {},
      model: 'voice',
      caller,
    })
    assert.match(at(steps, 'dispatch').details?.at(-1) ?? '', /^No price of model whisper/)
  })

  test('names the deployments that get a share or a copy of such calls', async () => {
    assert.deepEqual(at(await ask({}), 'receive').details, [
      'Canary: 5 % of these calls go to next instead; the rest is explained here.',
      'Shadow: a copy of 0.5 % of these calls goes to next of sweden; its answer is discarded.',
    ])
    assert.equal(at(await ask({ model: 'voice' }), 'receive').details, undefined)
  })

  test('says which workload must own an object, and that the call goes where the object lives', async () => {
    const steps = await ask({ method: 'GET', url: '/main/bot/openai/v1/responses/resp_1', model: null })
    assert.match(
      at(steps, 'locate').text,
      /^The response resp_1 must have been created by workload bot; otherwise the answer is 404/,
    )
    assert.match(at(steps, 'admit').text, /costs no tokens/)
    assert.match(at(steps, 'dispatch').text, /^Sent to the instance where the response lives \(east, sweden\)/)
    const list = await ask({ method: 'GET', url: '/main/bot/openai/v1/files', model: null })
    assert.match(at(list, 'dispatch').text, /^Put together from what east, sweden list/)
    const upload = await ask({ method: 'POST', url: '/main/bot/openai/v1/files', model: null })
    assert.match(at(upload, 'dispatch').text, /^Sent to east,/)
    assert.equal(
      upload.some(({ stage }) => stage === 'locate'),
      false,
    )
  })

  test('lists the same models as the gateway: those that the workload may use in this target', async () => {
    const steps = await ask({ method: 'GET', url: '/sweden/bot/openai/v1/models', model: null })
    assert.match(steps.at(-1)?.text ?? '', /^Answered by the gateway itself.*: gpt-4o, voice\.$/)
    assert.equal(steps.at(-1)?.stage, 'answer')
    const one = await ask({ method: 'GET', url: '/sweden/bot/openai/v1/models/next', model: null })
    assert.deepEqual([one.at(-1)?.verdict, one.at(-1)?.refusal], ['refuse', 'deployment_not_allowed'])
  })

  test('ends with the refusal that the call would get', async () => {
    const cases: readonly (readonly [Partial<ExplainQuestion>, string])[] = [
      [{ url: '/nowhere' }, 'route_unknown'],
      [{ caller: null }, 'token_missing'],
      [{ caller: { ...caller, objectId: tenant } }, 'caller_not_bound'],
      [{ model: 'next' }, 'deployment_not_allowed'],
      [{ model: null }, 'model_missing'],
    ]
    for (const [question, code] of cases) assert.equal((await ask(question)).at(-1)?.refusal, code)
  })

  test('refuses claims that the verifier refuses, and names the setting', async () => {
    const { identity } = config
    const strict = { ...config, identity: { entra: { ...identity.entra, clients: [person] } } }
    const cases: readonly (readonly [Partial<ExplainQuestion>, string, string])[] = [
      [{ caller: { ...caller, tenantId: person } }, 'token_tenant', 'identity.entra.tenants'],
      [{ caller: { ...caller, audience: 'api://other' } }, 'token_audience', 'identity.entra.audiences'],
      [{ caller: { ...caller, appId: tenant } }, 'token_client', 'identity.entra.clients'],
    ]
    for (const [question, code, path] of cases) {
      const step = (await ask(question, strict)).at(-1)
      assert.deepEqual([step?.refusal, step?.answer?.status, step?.settings?.[0]?.path], [code, 401, path])
    }
    assert.equal((await ask({ caller: { ...caller, appId: person } }, strict)).at(-1)?.verdict, 'pass')
  })

  test('says that groups are missing from a token that has too many of them', async () => {
    const { bot } = config.workloads
    assert.ok(bot)
    const grouped = { ...config, workloads: { bot: { ...bot, callers: [{ group: tenant }] } } }
    const step = (await ask({ caller: { ...caller, groupsOverage: true } }, grouped)).at(-1)
    assert.deepEqual([step?.refusal, step?.settings?.[0]?.path], ['caller_groups_overage', 'workloads.bot.callers'])
  })

  // Viewers ask, and may not read the keys of instances.
  test('shows no secret, whatever is asked', async () => {
    const key = 'canary-key-of-an-instance-0123456789'
    const { sweden } = config.instances
    assert.ok(sweden)
    const keyed = {
      ...config,
      instances: { ...config.instances, sweden: { ...sweden, credential: { key } } },
    } as Config
    for (const url of [
      '/sweden/bot/openai/v1/chat/completions',
      '/nowhere/bot/openai/v1/models',
      '/main/bot/v1',
      '/x',
    ]) {
      for (const model of ['gpt-4o', 'next', null]) {
        assert.doesNotMatch(JSON.stringify(await ask({ url, model }, keyed)), /canary-key/)
      }
    }
  })
})

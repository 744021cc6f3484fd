import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type ConfigInput, configSchema } from '../../config/schema/index.ts'
import type { StoreState } from '../../limits/index.ts'
import type { ClientCall } from '../call.ts'
import { openPage, type Readiness } from './index.ts'
import { limitedThroughout } from './readiness.ts'

const tenant = '6f2b6c1e-3d0a-4b57-9c5e-0d2f8a7b1c34'

function configWith(changes: Partial<ConfigInput>): ReturnType<typeof configSchema.parse> {
  const workload = { callers: [{ tenant }], targets: ['east'], deployments: ['gpt-4o'] }
  return configSchema.parse({
    identity: { entra: { tenants: [tenant] } },
    instances: { east: { endpoint: 'https://east.openai.azure.com', deployments: { 'gpt-4o': { model: 'gpt-4o' } } } },
    workloads: { one: workload, two: workload },
    ...changes,
  })
}

async function startPages(t: TestContext, ready: () => Readiness): Promise<string> {
  const { identity } = configWith({})
  const server = createServer((req, res) => {
    const { method = '', url = '' } = req
    const watch = { deadlineAt: 0, subject: null }
    const call: ClientCall = {
      id: 'id',
      startedAtMs: 0,
      expectsContinue: false,
      fault: null,
      method,
      url,
      req,
      res,
      watch,
    }
    openPage(call, { publicUrl: null, identity: identity.entra, ready })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/readyz`
}

// All replicas share one Redis. If each reported itself unready without it, a balancer could send no call anywhere, not
// even calls without limits, and clients would get its error in place of ours.
test('readyz reports the health of limits, and is 503 for them only when no call could be served', async t => {
  let now: Readiness = {
    accepting: true,
    ledger: true,
    limits: 'ok',
    limitedThroughout: true,
    credentialsRefused: 0,
    feedsTroubled: 0,
    surroundings: {},
  }
  const url = await startPages(t, () => now)
  const asked = async (limits: StoreState, limitedThroughout: boolean): Promise<readonly unknown[]> => {
    now = { ...now, limits, limitedThroughout }
    const answer = await fetch(url)
    const body = (await answer.json()) as { status: string; limits: string }
    return [answer.status, body.status, body.limits]
  }
  assert.deepEqual(await asked('ok', true), [200, 'ready', 'ok'])
  assert.deepEqual(await asked('local', true), [200, 'ready', 'local'])
  assert.deepEqual(await asked('allow', true), [200, 'ready', 'allow'])
  assert.deepEqual(await asked('refuse', false), [200, 'ready', 'refuse'])
  assert.deepEqual(await asked('refuse', true), [503, 'not ready', 'refuse'])
  // Other members may serve, and a credential that is refused here is refused for every replica.
  now = { ...now, limits: 'ok', credentialsRefused: 1 }
  const refused = await fetch(url)
  assert.deepEqual(
    [refused.status, ((await refused.json()) as { credentialsRefused: number }).credentialsRefused],
    [200, 1],
  )
  now = { ...now, ledger: false }
  assert.deepEqual(await asked('ok', false), [503, 'not ready', 'ok'])
})

// A rule that some calls never meet must not make a replica unready that could serve those calls.
test('limits apply throughout when every call of every workload meets an enforced one', () => {
  const own = (limits: object) => ({ callers: [{ tenant }], targets: ['east'], deployments: ['gpt-4o'], limits })
  const minute = { tokensPerMinute: 1_000 }
  const cases: readonly (readonly [boolean, Partial<ConfigInput>])[] = [
    [false, {}],
    [true, { workloads: { one: own(minute), two: own({ callsInFlight: 3 }) } }],
    [false, { workloads: { one: own(minute), two: own({ ...minute, mode: 'shadow' }) } }],
    [true, { workloads: { one: own(minute), two: own({ perCaller: minute }) } }],
    [true, { limits: { rules: { all: minute } } }],
    [true, { limits: { rules: { all: { ...minute, per: ['caller'] } } } }],
    [false, { limits: { rules: { all: { ...minute, workloads: ['one'] } } } }],
    [true, { limits: { rules: { a: { ...minute, workloads: ['one'] }, b: { ...minute, workloads: ['two'] } } } }],
    [false, { limits: { rules: { all: { ...minute, callers: [{ tenant }] } } } }],
    [false, { limits: { rules: { all: { ...minute, deployments: ['gpt-4o'] } } } }],
    [false, { limits: { rules: { all: { ...minute, per: ['deployment'] } } } }],
    [false, { limits: { rules: { all: { ...minute, instances: ['east'] } } } }],
    [false, { workloads: {} }],
  ]
  for (const [expected, changes] of cases) {
    assert.equal(limitedThroughout(configWith(changes)), expected, JSON.stringify(changes))
  }
})

// An archive that is away must not take the gateway out of the balancer: no call needs it.
test('readyz reports feeds that fail as a warning and stays ready', async t => {
  const facts = {
    accepting: true,
    ledger: true,
    limits: 'ok',
    limitedThroughout: true,
    credentialsRefused: 0,
    surroundings: {},
  } as const
  let feedsTroubled = 0
  const url = await startPages(t, () => ({ ...facts, feedsTroubled }))
  const asked = async (): Promise<readonly unknown[]> => {
    const answer = await fetch(url)
    const body = (await answer.json()) as { feedsTroubled?: number }
    return [answer.status, body.feedsTroubled]
  }
  assert.deepEqual(await asked(), [200, undefined])
  feedsTroubled = 2
  assert.deepEqual(await asked(), [200, 2])
})

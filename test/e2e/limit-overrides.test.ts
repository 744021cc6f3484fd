/** An operator changes limits of a running gateway for a time: which calls pass then, and what is left of it after. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import type { RuleReport } from '../../packages/gateway/src/limits/index.ts'
import { demoDirectory } from '../../packages/simulator/src/index.ts'
import { temporaryDirectory } from '../support/directory.ts'
import { type PoolWorld, startPool } from '../support/pool-world.ts'
import type { Scope } from '../support/world.ts'

const alice = demoDirectory.people.find(({ name }) => name === 'alice')?.objectId ?? ''
const path = '/api/v1/limits/overrides'
const nowMs = Date.UTC(2026, 10, 25, 12)

interface Limited {
  readonly pool: PoolWorld
  /** Status and code of a request to the management API. */
  order(to: string, body: object): Promise<readonly [number, string | null]>
  /** The line of one amount. */
  line(measure: string): Promise<RuleReport | undefined>
  /** Statuses of so many calls. */
  call(times: number): Promise<readonly number[]>
}

async function startLimited(t: Scope, directory: string, clock: () => number): Promise<Limited> {
  const pool = await startPool(t, {
    count: 1,
    // Tokens are of today.
    parts: { clock, identityClock: () => Date.now() },
    change: (config: ConfigInput): ConfigInput => ({
      ...config,
      admin: { ...config.admin, roles: { operator: [{ user: alice }], auditor: [{ user: alice }] } },
      ledger: { ...config.ledger, directory },
      workloads: {
        ...config.workloads,
        'hr-bot': {
          ...config.workloads['hr-bot'],
          callers: config.workloads['hr-bot']?.callers ?? [],
          targets: config.workloads['hr-bot']?.targets ?? [],
          deployments: ['gpt-4o'],
          limits: { requestsPerMinute: 2, tokensPerMonth: 1_000_000, costPerMonth: '10 USD' },
        },
      },
    }),
  })
  const admin = pool.world.house.admin?.url ?? ''
  const authorization = `Bearer ${await pool.world.token('alice')}`
  return {
    pool,
    async order(to, body) {
      const headers = { authorization, 'content-type': 'application/json' }
      const answer = await fetch(admin + to, { method: 'POST', headers, body: JSON.stringify(body) })
      const { error } = (await answer.json()) as { readonly error?: { readonly code: string } }
      return [answer.status, error?.code ?? null]
    },
    async line(measure) {
      const answer = await fetch(`${admin}/api/v1/limits`, { headers: { authorization } })
      const { rules } = (await answer.json()) as { readonly rules: readonly RuleReport[] }
      return rules.find(one => one.rule === 'hr-bot' && one.measure === measure)
    },
    async call(times) {
      const statuses: number[] = []
      for (let count = 0; count < times; count += 1) statuses.push((await pool.chat()).status)
      return statuses
    },
  }
}

test('a limit is doubled until it ends by itself, what was used stays counted, and a restart keeps it', async t => {
  const directory = temporaryDirectory('overrides')
  let atMs = nowMs
  const first = await startLimited(t, directory, () => atMs)
  assert.deepEqual(await first.call(3), [200, 200, 429])
  const doubled = { rule: 'hr-bot', measure: 'requestsPerMinute', to: '2x', until: '1h', reason: 'Open day' }
  assert.deepEqual(await first.order(path, doubled), [200, null])
  assert.deepEqual(await first.call(3), [200, 200, 429])
  const line = await first.line('requestsPerMinute')
  assert.deepEqual([line?.limit, line?.used], [4, 4])
  assert.deepEqual(line?.override, {
    ...{ configured: 2, untilMs: nowMs + 3_600_000, by: 'alice@contoso.example', reason: 'Open day' },
  })
  assert.equal((await first.line('tokensPerMonth'))?.override, null)
  await first.pool.world.house.close()

  atMs += 120_000
  const later = await startLimited(t, directory, () => atMs)
  assert.deepEqual(await later.call(5), [200, 200, 200, 200, 429])
  atMs += 3_600_000
  // The order that ends another one applies what counts now, without a wait for the timer.
  assert.deepEqual(await later.order(path, { ...doubled, measure: 'tokensPerMonth' }), [200, null])
  assert.deepEqual(await later.call(3), [200, 200, 429])
  assert.equal((await later.line('requestsPerMinute'))?.override, null)
})

test('all amounts of a rule are raised together, one may have its own, and an end brings back the configured ones', async t => {
  const limited = await startLimited(t, temporaryDirectory('overrides'), () => nowMs)
  const order = { rule: 'hr-bot', until: 'friday', reason: 'Open day' }
  assert.deepEqual(await limited.order(path, { ...order, to: '1.5x' }), [200, null])
  assert.deepEqual(await limited.order(path, { ...order, measure: 'costPerMonth', to: '25 USD' }), [200, null])
  const amounts = async () =>
    Promise.all(
      ['requestsPerMinute', 'tokensPerMonth', 'costPerMonth'].map(async name => (await limited.line(name))?.limit),
    )
  assert.deepEqual(await amounts(), [3, 1_500_000, 25e9])
  assert.equal((await limited.line('costPerMonth'))?.override?.untilMs, Date.UTC(2026, 10, 28))
  assert.deepEqual(await limited.order(`${path}/end`, { rule: 'hr-bot' }), [200, null])
  assert.deepEqual(await amounts(), [2, 1_000_000, 25e9])
  assert.deepEqual(await limited.order(`${path}/end`, { rule: 'hr-bot', measure: 'costPerMonth' }), [200, null])
  assert.deepEqual(await amounts(), [2, 1_000_000, 10e9])
  assert.deepEqual(await limited.order(`${path}/end`, { rule: 'hr-bot' }), [404, 'override_unknown'])
})

test('an order that cannot be meant is refused with what to give, and changes nothing', async t => {
  const limited = await startLimited(t, temporaryDirectory('overrides'), () => nowMs)
  const good = { rule: 'hr-bot', measure: 'tokensPerMonth', to: '2x', until: '1h', reason: 'Open day' }
  const invalid = [400, 'parameter_invalid'] as const
  const rows = [
    [{ rule: 'hr-bod' }, [404, 'rule_unknown']],
    [{ measure: 'tokensPerDay' }, invalid],
    [{ measure: 'tokensPerYear' }, invalid],
    [{ to: '0x' }, invalid],
    [{ to: '-5' }, invalid],
    [{ to: '60k tokens' }, invalid],
    [{ to: 0 }, invalid],
    [{ measure: undefined, to: 500 }, invalid],
    [{ measure: 'costPerMonth', to: '20' }, invalid],
    [{ measure: 'costPerMonth', to: '20 EUR' }, invalid],
    [{ until: 'yesterday' }, invalid],
    [{ until: '2026-11-24' }, invalid],
    [{ until: '2028-01-01' }, invalid],
    [{ reason: '' }, invalid],
    [{ more: 1 }, invalid],
  ] as const
  for (const [change, expected] of rows) {
    assert.deepEqual(await limited.order(path, { ...good, ...change }), expected, JSON.stringify(change))
  }
  assert.equal((await limited.line('tokensPerMonth'))?.override, null)
})

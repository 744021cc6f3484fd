import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { test } from 'node:test'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import type { RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import { startAzure } from '../../packages/simulator/src/azure/index.ts'
import type { AzureSimulator } from '../../packages/simulator/src/types.ts'
import { closedPort } from '../support/ports.ts'
import { randomOf, seedOfRun } from '../support/random.ts'
import { allRecords } from '../support/records.ts'
import { eventually } from '../support/wait.ts'
import { instanceKey, startWorld, type World } from '../support/world.ts'
import { audit } from './audit.ts'
import { tokensOf } from './child.ts'
import { type Client, type Seen, send, sendAll } from './client.ts'
import { embeddingPlan, type Plan, planOf } from './plans.ts'
import { chaosConfig, chaosDeployments, collectWarnings, lastFirst, warmUp, withLimits } from './world.ts'

const atOnce = 32
const callsPerOutage = 160
/** Positions in each phase's calls at which the outage begins and ends. */
const from = 30
const until = 110

/**
 * One instance at a time: its index and the fault. The last two are not tried again for a minute, so that the third,
 * which is the reserve, is the only one that serves at the end.
 */
const outages: readonly (readonly [instance: number, fault: Readonly<Record<string, unknown>>])[] = [
  [0, { kind: 'slow-first-byte', ms: 250 }],
  [0, { kind: 'refuse-connections' }],
  [1, { kind: '503' }],
  [0, { kind: '429', 'retry-after': 86_400 }],
  [1, { kind: 'unreachable-slow' }],
  [0, { kind: '500' }],
  [1, { kind: 'cut', after: 1 }],
  [1, { kind: 'refuse-connections' }],
  [0, { kind: '404' }],
  [1, { kind: 'missing-deployment' }],
]

const third = 'dev-openai-instance-3'

function poolsConfig(thirdUrl: string): (config: ConfigInput) => ConfigInput {
  return written => {
    const config = withLimits(chaosConfig(written))
    const breaker = { failures: 3, open: '300ms', retryAfterMax: '1s' }
    const [first] = Object.values(config.instances)
    if (first === undefined) throw new TypeError('the demonstration has instances')
    const credential = { key: instanceKey }
    const instances = { ...config.instances, [third]: { ...first, endpoint: thirdUrl, credential } }
    return {
      ...config,
      gateway: { ...config.gateway, timeouts: { firstByte: '3s', streamIdle: '3s' } },
      instances: Object.fromEntries(Object.entries(instances).map(([name, each]) => [name, { ...each, breaker }])),
      pools: {
        main: {
          members: [
            { instance: 'dev-openai-instance-1' },
            { instance: 'dev-openai-instance-2' },
            { instance: third, priority: 2 },
          ],
          hedge: { afterPercentile: 90, maxShare: 0.3 },
        },
      },
      workloads: withShadow(config.workloads),
    }
  }
}

function withShadow(workloads: ConfigInput['workloads']): ConfigInput['workloads'] {
  const copied = workloads['code-assistant']
  if (copied === undefined) throw new TypeError('the demonstration has no code-assistant')
  const shadow = { 'gpt-4o': { deployment: 'gpt-4o-mini', percent: 30 } }
  return { ...workloads, 'code-assistant': { ...copied, shadow } }
}

/** Sets and lifts the outages as calls begin. */
function* under(plans: Iterable<Plan>, instances: readonly AzureSimulator[]): Generator<Plan, void> {
  let number = 0
  for (const plan of plans) {
    const [failing = 0, fault = null] = outages[Math.floor(number / callsPerOutage)] ?? []
    if (number % callsPerOutage === from) instances[failing]?.setFault(fault)
    if (number % callsPerOutage === until) instances[failing]?.setFault(null)
    number += 1
    yield plan
  }
}

// Pools exist so that a failing instance is no client's problem; a replay that bills a call twice, or a copy that is
// not recorded, is paid by the team that trusted them.
test('P1 P7 P11 three instances, one failing at a time: what could be replayed succeeds, nothing is billed twice, nothing stays reserved', async t => {
  const scope = lastFirst(t)
  const warnings = collectWarnings(scope)
  const seed = seedOfRun()
  t.diagnostic(`seed ${seed}; repeat with GATEHOUSE_TEST_SEED=${seed}`)
  const three = await startAzure({
    name: third,
    port: await closedPort(),
    deployments: chaosDeployments,
    keys: [instanceKey],
    seed: 7,
  })
  scope.after(() => three.close())
  const azure = { deployments: chaosDeployments, seed: 7 }
  const world = await startWorld(scope, { change: poolsConfig(three.url), azure })
  const instances = [world.one, world.two, three]
  await warmUp(instances)
  const client: Client = { url: world.url, agent: new Agent({ keepAlive: true }), tokens: await tokensOf(world.entra) }
  scope.after(() => client.agent.destroy())

  const random = randomOf(seed)
  const calls = outages.length * callsPerOutage
  const plans = Array.from({ length: calls }, (_, number) =>
    number < callsPerOutage ? embeddingPlan(random, number) : planOf(random, number, { faults: false, poolOnly: true }),
  )
  const seen: Seen[] = []
  await sendAll(under(plans, instances), atOnce, async plan => void seen.push(await send(client, plan)))

  const bill = () => instances.flatMap(instance => instance.bill())
  await eventually('nothing is in flight', () =>
    world.house.gateway.inFlight === 0 && bill().every(line => line.ended) ? true : null,
  )
  const rows = await allRecords(world.house.ledger)
  const evidence = { seen, rows, bill: bill(), bodies: (id: string) => world.house.ledger.bodies(id), outages: true }
  const { faults, tally } = await audit(evidence)
  t.diagnostic([...tally].map(([kind, count]) => `${count} ${kind}`).join(', '))
  assert.equal(faults.length, 0, `${faults.length} of ${calls} disagree:\n${faults.slice(0, 20).join('\n')}`)
  assert.equal(world.house.recordsLost, 0)
  const unserved = rows.filter(row => row.outcomeCode?.startsWith('pool_'))
  assert.deepEqual(
    unserved.map(row => `${row.userAgent} ${row.deployment} ${row.outcomeCode}`),
    [],
  )
  assert.ok((tally.get('replayed') ?? 0) > 20, 'hardly any call was replayed')
  const copies = Map.groupBy(rows, row => row.copyKind ?? 'asked')
  for (const kind of ['shadow', 'hedge'] as const) assert.ok((copies.get(kind)?.length ?? 0) > 3, `no ${kind} copies`)
  await assertLimits(world, rows)
  assert.deepEqual(warnings, [])
})

const tokensOfRow = ({ usage }: RecordRow): number => (usage.promptTokens ?? 0) + (usage.completionTokens ?? 0)

interface Rule {
  readonly rule: string
  readonly measure: string
  readonly used: number
  readonly reserved: number
}

/** The limits' figures equal the ledger's, and nothing is reserved for calls that have ended. */
async function assertLimits(world: World, rows: readonly RecordRow[]): Promise<void> {
  const answer = await fetch(`${world.house.admin?.url}/api/v1/limits`, {
    headers: { authorization: `Bearer ${await world.token('carol')}` },
  })
  assert.equal(answer.status, 200)
  const { rules } = (await answer.json()) as { rules: readonly Rule[] }
  assert.ok(rules.length > 8)
  assert.deepEqual(
    rules.filter(each => each.reserved !== 0),
    [],
  )
  const spent = { tokensPerDay: tokensOfRow, costPerMonth: (row: RecordRow) => row.cost?.nano ?? 0 }
  for (const [measure, of] of Object.entries(spent)) {
    const counted = rules.filter(each => each.measure === measure)
    assert.equal(counted.length, 4, measure)
    for (const { rule, used } of counted) {
      const met = rows.filter(row => rule === 'limits.rules.company' || row.workload === rule)
      assert.equal(
        used,
        met.reduce((sum, row) => sum + of(row), 0),
        `${rule} ${measure}`,
      )
    }
  }
  const unpriced = rows.filter(row => tokensOfRow(row) > 0 && row.cost === null)
  assert.deepEqual(
    unpriced.map(row => row.deployment),
    [],
  )
}

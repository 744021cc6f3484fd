/** docs/pools.md: the example does what the page says. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { parse } from 'yaml'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { startAzure } from '../../packages/simulator/src/azure/index.ts'
import type { SimulatedDeployment } from '../../packages/simulator/src/types.ts'
import { send } from '../support/raw.ts'
import { recordOf } from '../support/records.ts'
import { apiVersion, ask, instanceKey, startWorld } from '../support/world.ts'

const pageUrl = new URL('../../docs/pools.md', import.meta.url)

// A reader who copies the example gets a pool that works.
test('the example of docs/pools.md: provisioned first, then by weight, the deployment under its own name on each', async t => {
  const [, text] = /```yaml\n([\s\S]+?)```/.exec(await readFile(pageUrl, 'utf8')) ?? []
  assert.ok(text)
  const example = parse(text) as Required<Pick<ConfigInput, 'instances' | 'pools'>>
  const written = Object.entries(example.instances)
  const simulators = await Promise.all(
    written.map(([name, { deployments }]) =>
      startAzure({
        name,
        keys: [instanceKey],
        deployments: deployments as Readonly<Record<string, SimulatedDeployment>>,
      }),
    ),
  )
  t.after(() => Promise.all(simulators.map(one => one.close())))
  const world = await startWorld(t, {
    change: config => {
      const hrBot = config.workloads['hr-bot']
      assert.ok(hrBot)
      const instances = written.map(([name, instance], at) => [
        name,
        { ...instance, endpoint: simulators[at]?.url ?? '', credential: { key: instanceKey } },
      ])
      return {
        ...config,
        instances: { ...config.instances, ...Object.fromEntries(instances) },
        pools: { ...config.pools, ...example.pools },
        workloads: { ...config.workloads, 'hr-bot': { ...hrBot, targets: [...hrBot.targets, 'europe'] } },
      }
    },
  })
  const token = await world.token('alice')
  const call = async (): Promise<string> => {
    const answer = await send(world.url, {
      target: `/europe/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=${apiVersion}`,
      headers: [
        ['Authorization', `Bearer ${token}`],
        ['Content-Type', 'application/json'],
      ],
      body: JSON.stringify({ messages: ask('Hello'), max_tokens: 5 }),
    })
    assert.equal(answer.status, 200, answer.body.toString())
    const record = await recordOf(world.house.ledger, answer.headers['x-gatehouse-request-id'])
    return `${record.instance} ${record.servedDeployment ?? record.deployment}`
  }
  for (let n = 0; n < 3; n += 1) assert.equal(await call(), 'ptu-sweden gpt-4o-ptu')
  simulators[0]?.setFault({ kind: '429', 'retry-after': 60 })
  const counts = new Map<string, number>()
  for (let n = 0; n < 8; n += 1) {
    const served = await call()
    counts.set(served, (counts.get(served) ?? 0) + 1)
  }
  assert.deepEqual([...counts].toSorted(), [
    ['paygo-france gpt-4o', 2],
    ['paygo-sweden gpt-4o', 6],
  ])
})

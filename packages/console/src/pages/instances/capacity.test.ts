import assert from 'node:assert/strict'
import { test } from 'node:test'
import { provisionedOf } from './capacity.ts'
import type { Instances } from './query.ts'

const deployment = (
  name: string,
  model: string,
  kind: 'standard' | 'provisioned',
  utilization: number | null = null,
) => ({
  ...{ name, model, kind },
  state: utilization === null ? null : { utilization, spilling: utilization > 0.9 },
})
const member = (instance: string, spillAtUtilization: number | null = null) => ({ instance, spillAtUtilization })
const house = {
  instances: [
    { name: 'ptu', deployments: [deployment('gpt-4o-ptu', 'gpt-4o', 'provisioned', 0.95)] },
    { name: 'paygo', deployments: [deployment('gpt-4o', 'gpt-4o', 'standard'), deployment('o3', 'o3', 'standard')] },
    { name: 'apart', deployments: [deployment('gpt-4o', 'gpt-4o', 'standard')] },
  ],
  pools: [{ name: 'main', members: [member('ptu', 0.9), member('paygo')] }],
} as unknown as Instances

// Whoever pays for provisioned capacity wants to see that it is used before anything else.
test('what spilled are calls of the same model at the other members of the pool', () => {
  const calls = [
    { keys: ['ptu', 'gpt-4o-ptu'], calls: 70 },
    { keys: ['paygo', 'gpt-4o'], calls: 30 },
    { keys: ['paygo', 'o3'], calls: 500 },
    { keys: ['apart', 'gpt-4o'], calls: 900 },
  ]
  assert.deepEqual(provisionedOf(house, calls), [
    {
      ...{ pool: 'main', instance: 'ptu', deployment: 'gpt-4o-ptu', utilization: 0.95, spillAt: 0.9 },
      ...{ isSpilling: true, own: 70, elsewhere: 30 },
    },
  ])
})

test('a gateway without provisioned capacity has nothing of it', () => {
  const { instances, pools } = house
  assert.deepEqual(provisionedOf({ instances: instances.slice(1), pools }, []), [])
})

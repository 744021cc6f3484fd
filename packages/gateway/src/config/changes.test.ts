import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changedPaths } from './changes.ts'
import { type ConfigInput, configSchema } from './schema/index.ts'

const tenant = '6f2b6c1e-3d0a-4b57-9c5e-0d2f8a7b1c34'
const workload = { callers: [{ tenant }], targets: ['east'], deployments: ['gpt-4o'] }

function configOf(changes: Partial<ConfigInput> = {}, key = 'the-first-secret-of-east') {
  return configSchema.parse({
    identity: { entra: { tenants: [tenant] } },
    instances: {
      east: {
        endpoint: 'https://east.openai.azure.com',
        credential: { key },
        deployments: { 'gpt-4o': { model: 'gpt-4o' } },
      },
    },
    workloads: { hr: { ...workload, limits: { tokensPerMinute: 10 } }, old: workload },
    ...changes,
  })
}

// An operator must see in the log that it was the intended change, and must not read a key in it.
test('changes are paths of what differs, added and removed names included, without a value', () => {
  assert.deepEqual(changedPaths(configOf(), configOf()), [])
  const workloads = { hr: { ...workload, limits: { tokensPerMinute: 20 } }, next: workload }
  assert.deepEqual(changedPaths(configOf(), configOf({ workloads }, 'the-other-secret-of-east')), [
    'instances.east.credential.key',
    'workloads.hr.limits.tokensPerMinute',
    'workloads.old',
    'workloads.next',
  ])
})

test('a long list of changes says how many more there are', () => {
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`w${at}`, workload]))
  const changed = changedPaths(configOf({ workloads: {} }), configOf({ workloads: many }))
  assert.deepEqual([changed.length, changed.at(-1)], [21, 'and 30 more'])
})

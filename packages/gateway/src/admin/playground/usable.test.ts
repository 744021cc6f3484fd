import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configSchema } from '../../config/schema/index.ts'
import { configInput } from '../house.fixture.ts'
import { usableWorkload } from './usable.ts'

const { instances, pools, workloads } = configInput
const config = configSchema.parse({
  ...configInput,
  instances: {
    east: {
      ...instances.east,
      deployments: {
        'gpt-4o-ptu': { model: 'gpt-4o' },
        vectors: { model: 'text-embedding-3-small' },
        open: { model: 'llama-3.3-70b-instruct' },
      },
    },
    west: instances.west,
  },
  pools: { ...pools, aliased: { members: [{ instance: 'east', aliases: { 'gpt-4o': 'gpt-4o-ptu' } }] } },
  workloads: {
    wide: {
      ...workloads['hr-bot'],
      targets: ['aliased', 'west'],
      deployments: ['gpt-4o', 'vectors', 'open', 'nowhere'],
    },
    narrow: { ...workloads['hr-bot'], targets: ['west'], operations: ['responses', 'embeddings'] },
  },
})

// A person who chooses a deployment that is not there gets a refusal instead of an answer.
test('what may be used are deployments that a target has, by the names of clients', () => {
  assert.deepEqual(usableWorkload(config, 'wide'), {
    name: 'wide',
    operations: ['chat/completions', 'responses'],
    targets: [
      {
        name: 'aliased',
        deployments: [
          { name: 'gpt-4o', model: 'gpt-4o', talks: true },
          { name: 'vectors', model: 'text-embedding-3-small', talks: false },
          { name: 'open', model: 'llama-3.3-70b-instruct', talks: true },
        ],
      },
      { name: 'west', deployments: [{ name: 'gpt-4o', model: 'gpt-4o', talks: true }] },
    ],
  })
})

test('operations are those that the workload may use', () => {
  assert.deepEqual(usableWorkload(config, 'narrow').operations, ['responses'])
})

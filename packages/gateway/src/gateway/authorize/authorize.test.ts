import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configSchema } from '../../config/schema.ts'
import type { Caller } from '../../identity/index.ts'
import { openInstance } from '../../instances/index.ts'
import { buildPlan } from '../plan.ts'
import type { RefusalCode } from '../refusals.ts'
import { resolve } from '../resolve/index.ts'
import { authorize, type Grant } from './index.ts'

const tenant = '11111111-0000-4000-8000-000000000001'
const groupId = '22222222-0000-4000-8000-000000000002'
const appId = '33333333-0000-4000-8000-000000000003'
const key = { key: 'a-key-that-is-long-enough' }
const deployments = { 'gpt-4o': { model: 'gpt-4o' }, o1: { model: 'o1' } }

const config = configSchema.parse({
  identity: { entra: { tenants: [tenant] } },
  instances: {
    one: { endpoint: 'http://127.0.0.1:9', credential: key, deployments },
    two: { endpoint: 'http://127.0.0.1:9', credential: key, deployments },
  },
  pools: { main: { members: [{ instance: 'one' }, { instance: 'two' }] } },
  workloads: {
    people: { callers: [{ group: groupId }], targets: ['main', 'one'], deployments: ['gpt-4o'] },
    both: { callers: [{ group: groupId }, { app: appId }], targets: ['two'], deployments: ['gpt-4o', 'o1'] },
  },
})
const instances = new Map(
  Object.entries(config.instances).map(([name, one]) => [
    name,
    openInstance(name, one, config.gateway.timeouts, { clock: Date.now }),
  ]),
)
const plan = buildPlan(config, instances)

const member: Caller = {
  kind: 'user',
  tenantId: tenant,
  objectId: '44444444-0000-4000-8000-000000000004',
  appId: null,
  displayName: 'Member',
  groups: [groupId],
  listsGroups: true,
  groupsOverage: false,
  roles: [],
  scopes: [],
  managedIdentityId: null,
  audience: 'https://cognitiveservices.azure.com',
  tokenVersion: '1.0',
  expiresAtMs: Number.POSITIVE_INFINITY,
}
const stranger: Caller = { ...member, groups: [] }
const many: Caller = { ...member, groups: [], groupsOverage: true }
const program: Caller = { ...member, kind: 'application', appId, groups: [] }

const version = '?api-version=2024-10-21'
const dated = (target: string, workload: string, deployment = 'gpt-4o'): string =>
  `/${target}/${workload}/openai/deployments/${deployment}/chat/completions${version}`

function grant(caller: Caller, url: string, named: string | null = null): Grant {
  return authorize(caller, resolve('POST', url), named, plan)
}

// What a caller may is the whole product: each row is somebody who could spend what is not theirs.
test('each way of asking for what is not allowed has its own refusal', () => {
  const rows: readonly (readonly [Caller, string, string | null, RefusalCode])[] = [
    [member, dated('main', 'nothing'), null, 'workload_unknown'],
    [stranger, dated('main', 'people'), null, 'caller_not_bound'],
    [program, dated('main', 'people'), null, 'caller_not_bound'],
    [many, dated('main', 'people'), null, 'caller_groups_overage'],
    [stranger, '/v1/chat/completions', null, 'caller_unbound'],
    [member, '/v1/chat/completions', null, 'workload_missing'],
    [member, '/v1/chat/completions', 'nothing', 'workload_unknown'],
    [stranger, '/v1/chat/completions', 'people', 'caller_not_bound'],
    [member, dated('nowhere', 'people'), null, 'target_unknown'],
    [member, dated('two', 'people'), null, 'target_not_allowed'],
    [member, dated('main', 'people', 'o1'), null, 'deployment_not_allowed'],
    [member, dated('main', 'people', 'GPT-4o'), null, 'deployment_not_allowed'],
    [member, dated('main', 'constructor'), null, 'workload_unknown'],
    [member, '/v1/chat/completions', '__proto__', 'workload_unknown'],
  ]
  for (const [caller, url, named, code] of rows) {
    assert.throws(() => grant(caller, url, named), { code }, `${url} ${named} → ${code}`)
  }
})

test('a caller who is bound gets the workload and the target that the address names', () => {
  const granted = grant(member, dated('one', 'people'))
  assert.deepEqual([granted.workload.name, granted.target.name], ['people', 'one'])
})

test('a short address takes the header, or the caller’s only workload, with its first target', () => {
  const only = grant(program, '/v1/chat/completions')
  assert.deepEqual([only.workload.name, only.target.name], ['both', 'two'])
  const named = grant(member, '/v1/chat/completions', 'people')
  assert.deepEqual([named.workload.name, named.target.name], ['people', 'main'])
})

// Otherwise a header could move a call, and its bill, away from the address that somebody checked.
test('a header does not override the workload of an address', () => {
  assert.equal(grant(member, dated('two', 'both'), 'people').workload.name, 'both')
})

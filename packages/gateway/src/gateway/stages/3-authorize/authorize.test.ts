import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Caller } from '../../../identity/index.ts'
import { appId, authenticatedOf, person as member } from '../../exchange.fixture.ts'
import type { RefusalCode } from '../../refusals.ts'
import type { Grant } from './grant.ts'
import { authorize } from './index.ts'

const stranger: Caller = { ...member, groups: [] }
const many: Caller = { ...member, groups: [], groupsOverage: true }
const program: Caller = { ...member, kind: 'application', appId, groups: [] }

const version = '?api-version=2024-10-21'
const dated = (target: string, workload: string, deployment = 'gpt-4o'): string =>
  `/${target}/${workload}/openai/deployments/${deployment}/chat/completions${version}`

function grant(caller: Caller, url: string, named: string | null = null): Grant {
  const headers: Record<string, string> = named === null ? {} : { 'x-gatehouse-workload': named }
  return authorize(authenticatedOf({ url, headers }, caller)).grant
}

// Without one of these refusals a caller could spend money that belongs to another workload.
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

test('a bound caller gets the workload and the target that the address names', () => {
  const granted = grant(member, dated('one', 'people'))
  assert.deepEqual([granted.workload.name, granted.target.name], ['people', 'one'])
})

test('a short address takes the workload of the header field, or the caller’s only workload, with its first target', () => {
  const only = grant(program, '/v1/chat/completions')
  assert.deepEqual([only.workload.name, only.target.name], ['both', 'two'])
  const named = grant(member, '/v1/chat/completions', 'people')
  assert.deepEqual([named.workload.name, named.target.name], ['people', 'main'])
})

// Otherwise a header field could move a call, and its bill, away from the address that was checked.
test('a header field does not override the workload of an address', () => {
  assert.equal(grant(member, dated('two', 'both'), 'people').workload.name, 'both')
})

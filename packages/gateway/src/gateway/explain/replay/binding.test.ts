import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type CallerRule, type Config, configSchema } from '../../../config/schema/index.ts'
import { testCaller } from '../../../identity/caller.fixture.ts'
import { compileRules } from '../../../identity/index.ts'
import { callerOfRecord } from '../of-record.ts'
import { claimsKnown } from './binding.ts'

const guid = (digit: number): string => `00000000-0000-4000-8000-00000000000${digit}`
const tenant = guid(9)

function configOf(callers: readonly CallerRule[]): Config {
  return configSchema.parse({
    identity: { entra: { tenants: [tenant] } },
    instances: { east: { endpoint: 'https://east.example', deployments: { gpt: { model: 'gpt-4o' } } } },
    workloads: { bot: { callers, targets: ['east'], deployments: ['gpt'] } },
  })
}

// "These calls would be refused" must hold for whichever groups the callers had, which nobody has written down.
test('what is told of a caller without groups holds for every caller that the record can be of', () => {
  const rule = fc.oneof(
    fc.integer({ min: 1, max: 2 }).map(digit => ({ user: guid(digit) })),
    fc.integer({ min: 3, max: 5 }).map(digit => ({ group: guid(digit) })),
    fc.constantFrom('A', 'B').map(role => ({ role })),
  )
  const rules = fc.array(rule, { minLength: 1, maxLength: 4 })
  let told = 0
  const property = fc.property(
    rules,
    rules,
    fc.integer({ min: 1, max: 2 }),
    fc.subarray([guid(3), guid(4), guid(5)]),
    fc.subarray(['A', 'B']),
    (old, next, person, groups, roles) => {
      const caller = testCaller({ tenantId: tenant, objectId: guid(person), groups, roles, listsGroups: true })
      const wasLetThrough = compileRules(old)(caller) !== null
      const row = {
        ...{ callerKind: 'user' as const, callerTenantId: tenant, callerObjectId: guid(person) },
        ...{ callerAppId: null, callerName: null, workload: 'bot' },
        outcomeCode: wasLetThrough ? null : 'caller_not_bound',
      }
      const known = claimsKnown(row, configOf(old), configOf(next))
      const described = callerOfRecord(row) ?? assert.fail()
      assert.equal(compileRules(old)({ ...described, ...known.before }) !== null, wasLetThrough, 'under the old rules')
      if ('untold' in known.after) return
      told += 1
      const isLetThrough = compileRules(next)(caller) !== null
      assert.equal(compileRules(next)({ ...described, ...known.after }) !== null, isLetThrough, 'under the next rules')
    },
  )
  fc.assert(property, { numRuns: 1_000 })
  assert.ok(told > 200, `only ${told} of 1,000 could be told`)
})

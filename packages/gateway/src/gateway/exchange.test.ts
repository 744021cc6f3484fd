import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admittedOf, leaseOf } from './endings.fixture.ts'
import { callOf, exchangeOf, person, samplePlan } from './exchange.fixture.ts'
import { type Exchange, newExchange, noteInstance, noteLimitHeaders, noteOpened } from './exchange.ts'
import { opened } from './stages/9-record/index.ts'

test('a new exchange knows only its call and the configuration with which it began', () => {
  const call = callOf()
  const { call: own, plan, copy, demonstration, isProxy, ...facts } = exchangeOf(call)
  assert.equal(own, call)
  assert.equal(plan, samplePlan)
  assert.deepEqual([copy, demonstration, isProxy], [null, false, null])
  const known = Object.entries(facts).filter(([, fact]) => fact !== null && fact !== '')
  assert.deepEqual(known, [])
})

// The hot path relies on it: a copy of the facts per stage would cost every call, and a stage would write where none
// reads.
test('all stages write into one object', () => {
  const lease = leaseOf()
  const exchange = admittedOf({ lease })
  const before: Exchange = exchange
  noteInstance(exchange, samplePlan.targets.get('two')?.members[0]?.instance ?? null)
  noteLimitHeaders(exchange, ['x-ratelimit-limit-tokens', '1'])
  noteOpened(exchange, opened(exchange))
  assert.equal(before.instance?.name, 'two')
  assert.deepEqual(before.limitHeaders, ['x-ratelimit-limit-tokens', '1'])
  assert.equal(before.opened?.instance, 'two')
  assert.deepEqual(
    [
      exchange.route.operation.name,
      exchange.caller,
      exchange.grant.workload.name,
      exchange.request.deployment,
      exchange.lease,
    ],
    ['chat/completions', person, 'people', 'gpt-4o', lease],
  )
})

test('an exchange for a copy names the call that it copies, and takes nothing else from it', () => {
  const original = admittedOf({ lease: leaseOf() })
  const copy = newExchange(callOf(), original, { of: original.call.id, kind: 'hedge' })
  assert.deepEqual(copy.copy, { of: original.call.id, kind: 'hedge' })
  assert.equal(copy.plan, original.plan)
  assert.deepEqual([copy.route, copy.grant, copy.lease, copy.instance], [null, null, null, null])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Reference } from '../../../wire/references.ts'
import { planOf, sampleConfig } from '../../exchange.fixture.ts'
import type { Grant } from '../3-authorize/grant.ts'
import { steer } from './canary.ts'
import { requestWithoutBody } from './request.ts'

const people = sampleConfig.workloads['people'] ?? assert.fail()
const canary = { 'gpt-4o': { deployment: 'o1', percent: 25 } }
const plan = planOf({ ...sampleConfig, workloads: { ...sampleConfig.workloads, people: { ...people, canary } } })

function grantOf(workload: string): Grant {
  const found = plan.workloads.get(workload) ?? assert.fail()
  return { workload: found, target: found.standardTarget }
}

const request = requestWithoutBody('gpt-4o')
const reference: Reference = { id: 'resp_1', kind: 'response', param: 'previous_response_id', echoed: false }

test('the configured share of calls goes to the other deployment', () => {
  assert.equal(steer(request, grantOf('people'), () => 0.2499).deployment, 'o1')
  assert.equal(
    steer(request, grantOf('people'), () => 0.25),
    request,
    'the same object for a call that stays',
  )
  assert.equal(
    steer(request, grantOf('both'), () => 0),
    request,
    'another workload has no share',
  )
  const other = requestWithoutBody('o1')
  assert.equal(
    steer(other, grantOf('people'), () => 0),
    other,
  )
})

// The other deployment cannot read what this one has stored or encrypted: the call would fail.
test('a call that continues from stored or encrypted content stays with its deployment', () => {
  const echoed = { ...reference, kind: 'item', echoed: true } as const
  const encrypted = { ...reference, kind: 'reasoning', echoed: true } as const
  const at = (one: Reference): string | null =>
    steer({ ...request, references: [one] }, grantOf('people'), () => 0).deployment
  assert.deepEqual([at(reference), at(encrypted), at(echoed)], ['gpt-4o', 'gpt-4o', 'o1'])
})

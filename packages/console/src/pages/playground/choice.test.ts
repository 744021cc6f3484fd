import assert from 'node:assert/strict'
import { test } from 'node:test'
import { choiceOf } from './choice.ts'
import type { Offer } from './query.ts'

const deployment = (name: string, talks = true) => ({ name, model: name, talks })
const offer: Offer = {
  bodyBytesMax: 1,
  workloads: [
    {
      name: 'vectors',
      operations: ['chat/completions'],
      targets: [{ name: 'main', deployments: [deployment('v', false)] }],
    },
    {
      name: 'hr-bot',
      operations: ['chat/completions', 'responses'],
      targets: [
        { name: 'empty', deployments: [] },
        { name: 'main', deployments: [deployment('v', false), deployment('large'), deployment('small')] },
      ],
    },
  ],
}

test('the first that can talk is chosen where the address names nothing', () => {
  const choice = choiceOf(offer, {})
  assert.deepEqual(
    [choice?.workload.name, choice?.target, choice?.chosen, choice?.unusable],
    ['hr-bot', 'main', ['large'], null],
  )
})

test('an address chooses what may be used, and what may not is named', () => {
  const both = choiceOf(offer, { workload: 'hr-bot', target: 'main', deployment: 'small', other: 'large' })
  assert.deepEqual([both?.chosen, both?.unusable], [['small', 'large'], null])
  assert.equal(choiceOf(offer, { deployment: 'gpt-9' })?.unusable, 'gpt-9')
  assert.equal(choiceOf(offer, { workload: 'vectors' })?.unusable, 'vectors')
  assert.equal(choiceOf({ ...offer, workloads: [] }, {}), null)
})

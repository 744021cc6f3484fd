/**
 * `objects.encryptedReasoning: drop`: a conversation continues without its earlier reasoning while the instance that
 * produced it cannot serve.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Received } from '../../support/backend.ts'
import type { Answered } from '../../support/objects.ts'
import { recordOf } from '../../support/records.ts'
import {
  type Item,
  outcome,
  outputOf,
  result,
  startStateful,
  stateless,
  turn,
  user,
  withoutIds,
} from '../../support/stateful.ts'
import { answering } from '../../support/twin-backends.ts'

// For operators who prefer a conversation that continues to its earlier reasoning.
test('F1 with `drop` a call proceeds without the reasoning if its instance cannot serve, and with it as soon as it can', async t => {
  const { twins, one, alice } = await startStateful(t, {
    change: config => ({ ...config, objects: { encryptedReasoning: 'drop' } }),
  })
  const onOne = await twins.as({ target: 'up1' })
  const output = outputOf(await onOne.call('POST', 'responses', turn([user], stateless)))
  const next = turn([user, ...output, result], stateless)
  twins.called()
  for (let i = 0; i < 3; i += 1) outputOf(await alice.call('POST', 'responses', next))
  assert.deepEqual(twins.called(), ['up1', 'up1', 'up1'])
  const inputAt = (backend: { readonly received: readonly Received[] }): unknown =>
    (JSON.parse(backend.received.at(-1)?.body ?? '') as { input: unknown }).input
  assert.deepEqual(inputAt(twins.up1), next['input'])
  one.failing = { status: 429, headers: { 'retry-after': '60' }, body: { error: { message: 'slow down' } } }
  // The first call is refused there, the second is not even tried there.
  const answers: Answered[] = []
  for (let i = 0; i < 2; i += 1) answers.push(await alice.call('POST', 'responses', next))
  for (const answer of answers) outputOf(answer)
  assert.deepEqual(twins.called(), ['up1', 'up2', 'up2'])
  assert.deepEqual(inputAt(twins.up2), [user, ...output.filter(({ type }) => type !== 'reasoning'), result])
  // From here on there is reasoning of both: the newest decides, and each instance gets what it can read.
  one.failing = null
  const both = turn([user, ...output, result, ...outputOf(answers[1] as Answered), result], stateless)
  twins.called()
  outputOf(await alice.call('POST', 'responses', both))
  assert.deepEqual(twins.called(), ['up2'])
  const sent = inputAt(twins.up2) as Item[]
  assert.deepEqual(
    sent.filter(({ type }) => type === 'reasoning').map(each => each['encrypted_content']),
    ['gAAA/+2_of_up2-of-up2'],
  )
  // A compaction replaces everything before it, so it is sent to no other instance.
  twins.up1.answer = answering(() => ({
    body: { id: 'resp_x', output: [{ type: 'compaction', encrypted_content: 'c-of-up1' }] },
  }))
  await onOne.call('POST', 'responses/compact', turn([user]))
  twins.up1.answer = answering(() => ({ status: 503, body: { error: { message: 'busy' } } }))
  twins.called()
  const compacted = turn([{ type: 'compaction', encrypted_content: 'c-of-up1' }, user], stateless)
  assert.deepEqual(outcome(await alice.call('POST', 'responses', compacted)), [503, null])
  assert.deepEqual(twins.called(), ['up1'])
})

test('F1 with `drop` stored items are forwarded without the ids that the other instance does not know', async t => {
  const { twins, one, alice } = await startStateful(t, {
    change: config => ({ ...config, objects: { encryptedReasoning: 'drop' } }),
  })
  const output = outputOf(await (await twins.as({ target: 'up1' })).call('POST', 'responses', turn([user])))
  const summed = output.map(each =>
    each['type'] === 'reasoning' ? { ...each, summary: [{ type: 'summary_text', text: 's' }] } : each,
  )
  one.failing = { status: 429, headers: { 'retry-after': '9' }, body: { error: { message: 'slow down' } } }
  const answer = await alice.call('POST', 'responses', turn([user, ...summed, result]))
  outputOf(answer)
  const sent = JSON.parse(twins.up2.received.at(-1)?.body ?? '') as { input: Item[] }
  assert.deepEqual(sent.input, [user, ...withoutIds(output.filter(({ type }) => type !== 'reasoning')), result])
  const record = await recordOf(twins.world.house.ledger, answer.requestId)
  assert.deepEqual([record.instance, record.attempts.map(each => each.status)], ['up2', [429, 200]])
})

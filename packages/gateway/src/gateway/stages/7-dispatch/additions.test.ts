import assert from 'node:assert/strict'
import { test } from 'node:test'
import { laneOf, testInstance } from '../../../instances/instance.fixture.ts'
import { singleOf } from '../../../instances/pool.ts'
import { scanObject } from '../../../wire/json-scan.ts'
import { bodyFor } from '../../backend/body.ts'
import { nothingAdded } from '../../backend/replay.ts'
import { noCuts, type Sending } from '../../backend/sending.ts'
import { callOf, samplePlan } from '../../exchange.fixture.ts'
import { findRoute } from '../1-resolve/route.ts'
import { requestWithoutBody } from '../4-receive/request.ts'
import { memberOf } from '../8-relay/member.fixture.ts'
import { additionsTo, sendingFor, withoutRefused } from './additions.ts'

const url = '/main/people/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21'

interface Written {
  readonly body?: string
  readonly hideUsage?: boolean
  readonly maximum?: boolean
  readonly version?: string
}

/** A call as `receive` leaves it: with usage requested, and with a maximum of the workload. */
function sendingOf({
  body = '{"messages":[]}',
  hideUsage = true,
  maximum = false,
  version = '2024-10-21',
}: Written = {}) {
  const json = { body: Buffer.from(body), scan: scanObject(Buffer.from(body), new Set(['stream_options'])), named: [] }
  const instance = testInstance('east')
  const sending: Sending = {
    call: callOf({ url }),
    route: findRoute('POST', url.replace('2024-10-21', version)),
    request: {
      ...requestWithoutBody('gpt-4o'),
      json,
      hideUsage,
      usageOptions: hideUsage ? '{"include_usage":true}' : null,
      send: json.body,
      addedMaximum: maximum ? { tokens: 100, as: 'usual' } : null,
    },
    target: singleOf(instance),
    forwards: samplePlan.forwards,
    workload: null,
    cuts: noCuts,
    trace: null,
  }
  return { sending, ...memberOf(instance), lane: laneOf(instance) }
}

test('usage and a maximum are additions, and a call without them has none', () => {
  const both = sendingOf({ maximum: true })
  assert.deepEqual(additionsTo(both.sending, both.candidate, false), {
    usage: true,
    maximum: 'max_tokens',
    hasOtherName: true,
  })
  assert.equal(additionsTo(both.sending, both.candidate, true).hasOtherName, false, 'both names were tried')
  const usage = sendingOf()
  assert.deepEqual(additionsTo(usage.sending, usage.candidate, false), { ...nothingAdded, usage: true })
  const none = sendingOf({ hideUsage: false })
  assert.equal(additionsTo(none.sending, none.candidate, false), nothingAdded)
})

// A call that is refused first costs a round trip more, so a lane that refused usage is not asked for it again.
test('F5 a lane that refused usage and answered without it is not asked for it again, for this operation and version', () => {
  const { sending, lane, candidate } = sendingOf()
  const sent = (one: Sending): string => String(bodyFor(one, candidate))
  assert.equal(sendingFor(sending, lane), sending)
  assert.equal(sent(sending), '{"stream_options":{"include_usage":true},"messages":[]}')
  const { sending: without, remember } = withoutRefused(sending, 'usage', lane)
  assert.deepEqual([sent(without), without.request.hideUsage], ['{"messages":[]}', false])
  assert.equal(sendingFor(sending, lane), sending, 'nothing is remembered before the lane has answered')
  remember()
  assert.equal(sent(sendingFor(sending, lane)), '{"messages":[]}')
  const later = sendingOf({ version: '2025-01-01' })
  assert.equal(sendingFor(later.sending, lane), later.sending, 'another version may know it')
})

test('F5 nothing is remembered when the client sent stream options of its own', () => {
  const { sending, lane } = sendingOf({ body: '{"stream_options":{"include_obfuscation":false},"messages":[]}' })
  withoutRefused(sending, 'usage', lane).remember()
  assert.equal(lane.refusesUsage, null)
})

test('a lane remembers 64 kinds of calls, and no name that a client makes long', () => {
  const { lane } = sendingOf()
  const refuse = (version: string): void => {
    const { sending } = sendingOf({ version })
    withoutRefused(sending, 'usage', lane).remember()
  }
  refuse(`2024-10-21-${'x'.repeat(100)}`)
  for (let at = 0; at < 80; at += 1) refuse(`2024-10-${at}`)
  assert.equal(lane.refusesUsage?.size, 64)
})

test('W3 a refused maximum is tried under its other name, and that is remembered once the lane accepts it', () => {
  const { sending, lane } = sendingOf({ maximum: true })
  const other = withoutRefused(sending, 'maximum', lane)
  assert.equal(other.sending.request.addedMaximum?.as, 'other')
  assert.equal(sendingFor(sending, lane).request.addedMaximum?.as, 'usual')
  other.remember()
  assert.equal(sendingFor(sending, lane).request.addedMaximum?.as, 'other')
  const back = withoutRefused(other.sending, 'maximum', lane)
  back.remember()
  assert.deepEqual([back.sending.request.addedMaximum?.as, lane.takesOtherMaximum], ['usual', false])
})

test('W3 a maximum beyond the model is left out for this call only', () => {
  const { sending, lane } = sendingOf({ maximum: true })
  const none = withoutRefused(sending, 'maximum_too_large', lane)
  none.remember()
  assert.equal(none.sending.request.addedMaximum?.as, 'none')
  assert.equal(sendingFor(sending, lane), sending)
})

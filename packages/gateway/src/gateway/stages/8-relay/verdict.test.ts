import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testInstance } from '../../../instances/instance.fixture.ts'
import { dataSourceMembers } from '../../../wire/backends.ts'
import { scanObject } from '../../../wire/json-scan.ts'
import { answerHead } from '../../backend/answer-head.ts'
import { type Additions, nothingAdded } from '../../backend/replay.ts'
import { HeldRefusal } from './held-refusal.ts'
import { memberOf } from './member.fixture.ts'
import { mayBeHeld, verdictOn, verdictOnBreak } from './verdict.ts'

const bothAdded: Additions = { usage: true, maximum: 'max_tokens', hasOtherName: true }

/** One attempt at an instance of its own. @param ofCaller calls carry the caller's token. */
function attempted(added: Additions = nothingAdded, isSent = true, ofCaller = false) {
  const instance = testInstance('east', ['gpt-4o'], ofCaller ? { credential: 'caller' } : {})
  const { candidate } = memberOf(instance)
  return { candidate, attempt: candidate.lane.begin(1_000), added, isSent }
}

function heldFor(one: ReturnType<typeof attempted>, status: number, body: string): HeldRefusal {
  const headers = { 'content-type': 'application/json' }
  one.attempt.answered(status, headers, 1_000)
  const held = new HeldRefusal(answerHead(status, headers), 1_000)
  held.add(Buffer.from(body))
  return held
}

test('errors are held while another member, another refusal or another form of the request may help', () => {
  const own = attempted()
  const theirs = attempted(nothingAdded, true, true)
  const withUsage = attempted(bothAdded)
  for (let status = 400; status < 600; status += 1) {
    const mayReplay = [400, 404, 429, 503].includes(status)
    const isOfGateway = status === 401 || status === 403
    assert.equal(mayBeHeld(status, own, true), mayReplay || isOfGateway, `${status}, another member is left`)
    assert.equal(mayBeHeld(status, own, false), isOfGateway, `${status}, no other member is left`)
    assert.equal(mayBeHeld(status, theirs, true), mayReplay, `${status}, with the caller's token`)
    assert.equal(
      mayBeHeld(status, withUsage, false),
      isOfGateway || status === 400 || status === 422,
      `${status}, added`,
    )
  }
})

const bodies: readonly (readonly [status: number, error: object, verdict: string, breaker: string | null])[] = [
  [429, { code: '429' }, 'refusal', 'throttled'],
  [503, {}, 'refusal', null],
  [404, { code: 'DeploymentNotFound' }, 'refusal', 'deployment_not_found'],
  [404, { code: 'not_found' }, 'answer', null],
  [400, { code: 'invalid_encrypted_content' }, 'refusal', null],
  [400, { code: 'context_length_exceeded' }, 'answer', null],
  [401, { code: '401' }, 'refusal', 'credential_refused'],
  [403, { code: 'content_filter' }, 'answer', null],
]
for (const [status, error, verdict, breaker] of bodies) {
  test(`a whole ${status} ${JSON.stringify(error)} is judged: ${verdict}, breaker ${breaker}`, () => {
    const one = attempted()
    const held = heldFor(one, status, JSON.stringify({ error }))
    assert.equal(verdictOn(one, held, { json: null }, 2_000), verdict)
    assert.equal(one.candidate.lane.breaker.reason, breaker)
    assert.equal(held.isOwnTrouble, breaker === 'credential_refused')
  })
}

test('F5 W3 a refusal of an addition is found before anything else, and says nothing about the lane', () => {
  const one = attempted(bothAdded)
  const usage = heldFor(one, 400, '{"error":{"message":"Unrecognized request argument supplied: stream_options"}}')
  assert.equal(verdictOn(one, usage, { json: null }, 2_000), 'usage')
  const maximum = heldFor(
    one,
    400,
    '{"error":{"code":"unsupported_parameter","param":"max_tokens","message":"max_tokens"}}',
  )
  assert.equal(verdictOn(one, maximum, { json: null }, 2_000), 'maximum')
  assert.equal(one.candidate.lane.breaker.state, 'closed')
})

// A caller who names a data source with a wrong key must not close the instance for all callers.
test('F4 a 401 for a call with its own data source does not close the lane at once', () => {
  for (const member of dataSourceMembers) {
    const one = attempted()
    const body = Buffer.from(`{"${member}":[]}`)
    const json = { body, scan: scanObject(body, new Set([member])), named: [] }
    assert.equal(verdictOn(one, heldFor(one, 401, '{"error":{"code":"401"}}'), { json }, 2_000), 'refusal')
    assert.equal(one.candidate.lane.breaker.state, 'closed', member)
  }
})

// P11: only what was never run may be sent again.
test('P11 a broken attempt may be replayed only if nothing was sent, or its head alone refuses the call', () => {
  assert.equal(verdictOnBreak(attempted(nothingAdded, false), null, 2_000), 'unanswered')
  assert.equal(verdictOnBreak(attempted(nothingAdded, true), null, 2_000), 'broken')
  for (const [status, verdict] of [
    [429, 'unanswered'],
    [503, 'unanswered'],
    [400, 'broken'],
    [404, 'broken'],
    [401, 'refusal'],
    [403, 'refusal'],
  ] as const) {
    const one = attempted()
    const held = heldFor(one, status, '')
    assert.equal(verdictOnBreak(one, held, 2_000), verdict, `${status}`)
    assert.equal(held.isOwnTrouble, verdict === 'refusal')
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { RefusalScope } from '../wire/backends.ts'
import { retryAfterMs } from '../wire/retry-after.ts'
import { laneOf, testInstance } from './instance.fixture.ts'
import { Latency } from './latency.ts'

const ok = { 'x-ratelimit-remaining-tokens': '900', 'x-ratelimit-remaining-requests': '9' }

test('reported capacity is known for a minute, and negative figures are ignored', () => {
  const lane = laneOf(testInstance('one'))
  lane.begin(0).answered(200, ok, 10)
  assert.deepEqual([lane.remainingTokens(60_000), lane.remainingRequests(60_000)], [900, 9])
  assert.equal(lane.remainingTokens(60_011), null)
  lane.begin(0).answered(200, { 'x-ratelimit-remaining-tokens': '-1' }, 20)
  assert.equal(lane.remainingTokens(20), null, 'the Responses API has said -1')
})

test('the utilisation comes from the call that was sent last, however late others answer', () => {
  const lane = laneOf(testInstance('one', [['gpt-4o', 'provisioned']]))
  const [early, late] = [lane.begin(0), lane.begin(1)]
  late.answered(200, { 'azure-openai-deployment-utilization': '95.3%' }, 10)
  early.answered(200, { 'azure-openai-deployment-utilization': '12.0%' }, 20)
  assert.equal(lane.utilization(20), 0.953)
  assert.equal(lane.utilization(60_002), null)
  lane.begin(30).answered(200, { 'azure-openai-deployment-utilization': 'unknown' }, 40)
  assert.equal(lane.utilization(40), 0.953)
})

test('a falling utilisation is assumed to keep falling until the next reading', () => {
  const lane = laneOf(testInstance('one', [['gpt-4o', 'provisioned']]))
  const read = (percent: number, sentAtMs: number, nowMs: number): void =>
    lane.begin(sentAtMs).answered(200, { 'azure-openai-deployment-utilization': `${percent}%` }, nowMs)
  read(90, 1_000, 4_000)
  read(88, 2_000, 5_000)
  assert.equal(Math.round((lane.utilization(6_000) ?? 0) * 100), 80)
  assert.equal(lane.isDraining, true)
  read(91, 6_000, 7_000)
  assert.equal(lane.utilization(9_000), 0.91)
  assert.equal(lane.isDraining, false)
})

// Answers bring their reading seconds after the call was counted.
test('calls sent since the last reading count with the rise of earlier calls', () => {
  const lane = laneOf(testInstance('one', [['gpt-4o', 'provisioned']]))
  for (let call = 1; call <= 40; call += 1) {
    lane.begin(call).answered(200, { 'azure-openai-deployment-utilization': `${call}%` }, call)
  }
  for (let call = 0; call < 30; call += 1) lane.begin(50)
  const expected = (lane.utilization(50) ?? 0) + lane.expectedRise
  assert.ok(expected > 0.65 && expected <= 0.71, `${expected}`)
  for (let call = 0; call < 30; call += 1) lane.begin(60).withdraw(60)
  assert.equal((lane.utilization(50) ?? 0) + lane.expectedRise, expected, 'what was not sent adds nothing')
  assert.deepEqual([lane.calls, lane.inFlight], [70, 70])
})

test('an attempt ends only once, and a probe without a result allows the next', () => {
  const lane = laneOf(testInstance('one'))
  lane.begin(0).answered(429, { 'retry-after-ms': '1000' }, 5)
  const probe = lane.begin(2_000)
  assert.equal(lane.admits(2_000), false)
  probe.end(2_001)
  probe.end(2_001)
  assert.equal(lane.inFlight, 1, 'the first one has not ended')
  assert.equal(lane.admits(2_002), true)
})

// Streams that are cut off begin with a normal head: if heads counted as successes, cuts would never add up.
test('answers that break off after their head count as failures in a row', () => {
  const lane = laneOf(testInstance('one'))
  for (let call = 0; call < 5; call += 1) {
    const attempt = lane.begin(call)
    attempt.answered(200, {}, call)
    attempt.broke(true, call)
    attempt.end(call)
  }
  assert.deepEqual([lane.breaker.reason, lane.failures, lane.calls], ['failures', 5, 5])
})

test('a failed connection concerns the whole instance, an answer only one deployment', () => {
  const instance = testInstance('one', ['gpt-4o', 'o1'])
  const [chat, other] = [laneOf(instance), laneOf(instance, 'o1')]
  for (let call = 0; call < 5; call += 1) {
    const attempt = chat.begin(call)
    attempt.answered(500, {}, call)
    attempt.end(call)
  }
  assert.deepEqual([chat.admits(10), other.admits(10)], [false, true])
  for (let call = 0; call < 5; call += 1) {
    const attempt = other.begin(call)
    attempt.broke(false, call)
    attempt.end(call)
  }
  assert.deepEqual([chat.admits(10), other.admits(10)], [false, false])
  assert.equal(instance.state(10).healthy, false)
  assert.equal(instance.state(10).lanes[1]?.breakerReason, 'failures')
  const probe = other.begin(20_000)
  assert.equal(chat.admits(20_000), false, 'one probe for all of the instance')
  probe.connected(20_001)
  assert.equal(chat.admits(20_002), true, 'it can be reached, however long the answer takes')
})

// A key that is restricted to chat must not lose the calls for chat because a client keeps asking for responses.
test('refusals of single operations do not pause a deployment, and end the pause of one', () => {
  const lane = laneOf(testInstance('one', ['gpt-4o'], { kind: 'openai' }))
  const refusedBy = (scope: RefusalScope, nowMs: number): void => {
    const attempt = lane.begin(nowMs)
    attempt.answered(401, {}, nowMs)
    attempt.refused(scope, null, nowMs)
    attempt.end(nowMs)
  }
  for (let call = 0; call < 9; call += 1) refusedBy('operation', call)
  assert.deepEqual([lane.breaker.state, lane.failures, lane.credential?.refusals], ['closed', 9, 9])
  refusedBy('backend', 10)
  assert.deepEqual([lane.breaker.reason, lane.credential?.isRefused], ['credential_refused', true])
  refusedBy('operation', 10 + 60_000)
  assert.deepEqual([lane.breaker.state, lane.credential?.isRefused], ['closed', false])
  for (let call = 0; call < 3; call += 1) refusedBy('unknown', 70_000)
  assert.equal(lane.breaker.reason, 'credential_refused')
})

// Otherwise each deployment would be tried once a second for as long as the account has no credit.
test('a 429 that turns out to be about the account pauses the deployment as a refused credential does', () => {
  const lane = laneOf(testInstance('one', ['gpt-4o'], { kind: 'openai', breaker: { open: '10s' } }))
  const withoutCredit = (nowMs: number): void => {
    const attempt = lane.begin(nowMs)
    attempt.answered(429, {}, nowMs)
    assert.equal(lane.breaker.reason, 'throttled', 'until the body has come')
    attempt.refused('backend', 'insufficient_quota', nowMs + 1)
    attempt.end(nowMs + 1)
  }
  withoutCredit(0)
  assert.deepEqual([lane.breaker.reason, lane.breaker.retryAtMs], ['credential_refused', 10_001])
  assert.deepEqual([lane.failures, lane.credential?.refusals, lane.credential?.isRefused], [1, 1, true])
  withoutCredit(20_000)
  assert.equal(lane.breaker.retryAtMs, 40_001, 'twice as long each time')
  const paid = lane.begin(50_000)
  paid.answered(200, {}, 50_000)
  paid.end(50_000)
  assert.deepEqual([lane.breaker.state, lane.credential?.isRefused], ['closed', false])
  const unread = lane.begin(60_000)
  unread.answered(429, {}, 60_000)
  unread.end(60_000)
  assert.deepEqual([lane.breaker.reason, lane.credential?.isRefused], ['throttled', false])
})

test('Retry-After is read in all of its forms, and in no other', () => {
  const nowMs = Date.UTC(2026, 0, 1, 12)
  const rows = [
    [{ 'retry-after-ms': '8500', 'retry-after': '9' }, 9_000],
    [{ 'retry-after-ms': '0', 'retry-after': '1' }, 1_000],
    [{ 'retry-after-ms': '1500', 'retry-after': '0' }, 1_500],
    [{ 'retry-after-ms': '500', 'retry-after': 'Thu, 01 Jan 2026 12:00:30 GMT' }, 30_000],
    [{ 'retry-after': '9' }, 9_000],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after': 'Thu, 01 Jan 2026 12:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Thu, 01 Jan 2026 11:00:30 GMT' }, 0],
    [{ 'retry-after': '-5' }, null],
    [{ 'retry-after': '2026-01-01' }, null],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after': 'Thursday, 01-Jan-26 12:00:30 GMT' }, 30_000],
    [{ 'retry-after': 'Thu Jan  1 12:00:30 2026' }, 30_000],
    [{ 'retry-after': ['1', '2'] }, 2_000],
    [{ 'retry-after': ['soon', 'later'] }, null],
    [{ 'retry-after-ms': 'NaN', 'retry-after': '2' }, 2_000],
    [{}, null],
  ] as const
  for (const [headers, ms] of rows) {
    assert.equal(retryAfterMs(headers as Record<string, string | string[]>, nowMs), ms, JSON.stringify(headers))
  }
})

test('a percentile is exact within a step of the histogram, and old values fade', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 250 }), values => {
      const latency = new Latency()
      for (const ms of values) latency.add(ms, 0)
      const sorted = [...values].sort((a, b) => a - b)
      for (const percent of [50, 95, 99.9]) {
        const exact = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0
        const got = latency.percentile(percent) ?? 0
        assert.ok(got >= exact * 0.999 && got <= exact * 1.2501, `${percent} %: ${got} of ${exact}`)
      }
    }),
    { numRuns: 100 },
  )
  const latency = new Latency()
  for (let n = 0; n < 300; n += 1) latency.add(10_000, 0)
  for (let n = 0; n < 3_000; n += 1) latency.add(10, 0)
  assert.ok((latency.percentile(99) ?? 0) < 13)
  assert.equal(new Latency().percentile(95), null)
})

// The smaller of two figures would send calls to a member that refuses them.
test('C7 a 429 pauses the member for the longer of its two times, and for at least 250 ms', () => {
  const nowMs = Date.UTC(2026, 0, 1, 12)
  const figure = fc.oneof(fc.integer({ min: 0, max: 40_000 }), fc.constantFrom(0, 1, 999))
  const seconds = fc.integer({ min: 0, max: 40 })
  const written = fc.oneof(
    seconds.map(s => ({ text: String(s), ms: s * 1_000 })),
    seconds.map(s => ({ text: new Date(nowMs + s * 1_000).toUTCString(), ms: s * 1_000 })),
    fc.constantFrom({ text: 'soon', ms: 0 }, { text: '-1', ms: 0 }),
  )
  const property = fc.property(fc.option(figure), fc.option(written), (exact, whole) => {
    const headers: Record<string, string> = {}
    if (exact !== null) headers['retry-after-ms'] = String(exact)
    if (whole !== null) headers['retry-after'] = whole.text
    const throttled = laneOf(testInstance('one'))
    throttled.begin(nowMs).answered(429, headers, nowMs)
    const said = Math.max(exact ?? 0, whole?.ms ?? 0)
    // No time, or a time of 0, begins with one second.
    assert.equal(throttled.waitMs(nowMs), said === 0 ? 1_000 : Math.max(250, said))
  })
  fc.assert(property, { numRuns: 500 })
})

test('C7 a member that keeps answering 429 with a time of 0 is called less and less', () => {
  const throttled = laneOf(testInstance('one'))
  let nowMs = 0
  let calls = 0
  for (; nowMs < 60_000; nowMs += 50) {
    if (!throttled.admits(nowMs)) continue
    const attempt = throttled.begin(nowMs)
    attempt.answered(429, { 'retry-after': '0', 'retry-after-ms': '0' }, nowMs)
    attempt.end(nowMs)
    calls += 1
  }
  assert.ok(calls <= 7, `${calls} calls in a minute`)
})

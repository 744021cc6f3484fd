import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { configSchema } from '../config/schema/index.ts'
import { Breaker, type BreakerSettings } from './breaker.ts'

const written = configSchema.shape.instances.parse({
  one: { endpoint: 'http://127.0.0.1:9', deployments: {} },
})['one']
assert.ok(written)
const settings: BreakerSettings = written.breaker

/** One call from begin to report. */
const call = (breaker: Breaker, nowMs: number, report: 'ok' | 'fail' | number | 'throttled' | 'absent'): void => {
  const ticket = breaker.begin()
  if (report === 'ok') breaker.succeeded(ticket, nowMs)
  else if (report === 'fail') breaker.failed(ticket, nowMs)
  else if (report === 'absent') breaker.absent(nowMs)
  else breaker.throttled(ticket, nowMs, report === 'throttled' ? null : report)
}

// A call before the time that a 429 names is refused again, and counts against the quota.
test('P11 a 429 pauses the lane for exactly its Retry-After, and then one call may try', () => {
  const breaker = new Breaker(settings)
  call(breaker, 1_000, 8_500)
  assert.equal(breaker.reason, 'throttled')
  assert.equal(breaker.retryAtMs, 9_500)
  assert.equal(breaker.admits(9_499), false)
  assert.equal(breaker.waitMs(9_000), 500)
  assert.equal(breaker.admits(9_500), true)
  breaker.begin()
  assert.equal(breaker.state, 'half-open')
  assert.equal(breaker.admits(9_501), false, 'one probe at a time')
})

// Azure has answered 86,400 seconds and served again minutes later: the member would be missing for a day.
test('P11 a Retry-After of a day pauses the lane for a minute', () => {
  const breaker = new Breaker(settings)
  call(breaker, 0, 86_400_000)
  assert.equal(breaker.retryAtMs, 60_000)
})

test('a 429 without a time pauses for a second, then twice as long each time, at most 30 seconds', () => {
  const breaker = new Breaker(settings)
  const waits: number[] = []
  for (let round = 0, nowMs = 0; round < 7; round += 1) {
    call(breaker, nowMs, 'throttled')
    waits.push(breaker.waitMs(nowMs))
    nowMs = breaker.retryAtMs ?? 0
  }
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
})

test('failures in a row open the breaker, and a success in between resets the count', () => {
  const breaker = new Breaker(settings)
  for (let n = 0; n < 4; n += 1) call(breaker, n, 'fail')
  call(breaker, 4, 'ok')
  for (let n = 5; n < 9; n += 1) call(breaker, n, 'fail')
  assert.equal(breaker.state, 'closed')
  call(breaker, 9, 'fail')
  assert.equal(breaker.reason, 'failures')
  assert.equal(breaker.retryAtMs, 9 + settings.open)
})

test('a share of failures among at least twenty calls opens the breaker, and old calls are forgotten', () => {
  const share = (every: number, calls: number, stepMs: number): string => {
    const breaker = new Breaker(settings)
    for (let n = 0; n < calls && breaker.state === 'closed'; n += 1) {
      call(breaker, n * stepMs, n % every === 0 ? 'fail' : 'ok')
    }
    return breaker.reason ?? 'closed'
  }
  assert.equal(share(2, 19, 10), 'closed')
  assert.equal(share(2, 21, 10), 'failure_share')
  assert.equal(share(3, 200, 10), 'closed')
  assert.equal(share(2, 200, 5_000), 'closed', 'too few within the window')
})

test('a successful probe closes the breaker, a failed one opens it again, and an abandoned one allows the next', () => {
  const breaker = new Breaker(settings)
  call(breaker, 0, 1_000)
  const lost = breaker.begin()
  breaker.abandoned(lost)
  assert.equal(breaker.admits(1_000), true)
  call(breaker, 1_000, 'fail')
  assert.equal(breaker.retryAtMs, 1_000 + settings.open)
  call(breaker, 11_000, 'ok')
  assert.deepEqual([breaker.state, breaker.reason, breaker.retryAtMs], ['closed', null, null])
})

// Calls that were sent together report one after the other; the last one must not undo the result of the probe.
test('late reports of calls from before a change of state change nothing', () => {
  const breaker = new Breaker(settings)
  const early = [breaker.begin(), breaker.begin(), breaker.begin()] as const
  call(breaker, 0, 1_000)
  breaker.succeeded(early[0], 1)
  assert.equal(breaker.state, 'open')
  call(breaker, 1_000, 'ok')
  breaker.failed(early[1], 1_001)
  breaker.throttled(early[2], 1_002, 5_000)
  assert.equal(breaker.state, 'closed')
})

test('calls in flight together pause the lane for the longest time that one of them got', () => {
  const breaker = new Breaker(settings)
  const [one, two, three] = [breaker.begin(), breaker.begin(), breaker.begin()]
  breaker.throttled(one, 0, 4_000)
  breaker.throttled(two, 10, 9_000)
  breaker.throttled(three, 20, 1_000)
  assert.equal(breaker.retryAtMs, 9_010)
})

test('a deployment that does not exist is tried again after a minute', () => {
  const breaker = new Breaker(settings)
  call(breaker, 5, 'absent')
  assert.deepEqual([breaker.reason, breaker.retryAtMs], ['deployment_not_found', 60_005])
})

test('a clock that is set back by hours does not pause a lane for hours', () => {
  const breaker = new Breaker(settings)
  call(breaker, 10_000_000, 'throttled')
  assert.equal(breaker.admits(0), true)
})

type Step =
  | { readonly kind: 'begin' }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'ok' | 'fail' | 'absent' | 'abandon'; readonly call: number }
  | { readonly kind: 'throttled'; readonly call: number; readonly after: number | null }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('begin' as const) }),
  fc.record({ kind: fc.constantFrom('ok' as const, 'fail', 'absent', 'abandon'), call: fc.nat(9) }),
  fc.record({ kind: fc.constant('throttled' as const), call: fc.nat(9), after: fc.option(fc.nat(200_000_000)) }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(70_000) }),
)

/** A breaker, its time, and the calls in flight. */
class Drill {
  readonly breaker = new Breaker(settings)
  nowMs = 1_000_000
  underWay: { readonly ticket: number; readonly isProbe: boolean }[] = []

  take(one: Step): void {
    if (one.kind === 'pass') this.nowMs += one.ms
    else if (one.kind === 'begin') this.#begin()
    else this.#report(one)
  }

  #begin(): void {
    if (!this.breaker.admits(this.nowMs)) return
    const isProbe = this.breaker.state !== 'closed'
    this.underWay.push({ ticket: this.breaker.begin(), isProbe })
  }

  #report(one: Exclude<Step, { kind: 'begin' | 'pass' }>): void {
    const [done] = this.underWay.splice(one.call % Math.max(1, this.underWay.length), 1)
    if (done === undefined) return
    const { breaker, nowMs } = this
    if (one.kind === 'ok') breaker.succeeded(done.ticket, nowMs)
    else if (one.kind === 'fail') breaker.failed(done.ticket, nowMs)
    else if (one.kind === 'absent') breaker.absent(nowMs)
    else if (one.kind === 'throttled') breaker.throttled(done.ticket, nowMs, one.after)
    else breaker.abandoned(done.ticket)
  }
}

// Otherwise a lane could stay paused for ever, or be flooded the moment it comes back.
test('a lane waits for the probe in flight, or comes back in time, whatever calls report in any order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), steps => {
      const drill = new Drill()
      const { breaker } = drill
      for (const one of steps) {
        drill.take(one)
        assert.ok(breaker.waitMs(drill.nowMs) <= 60_000)
        assert.equal(breaker.state === 'closed', breaker.retryAtMs === null)
        assert.equal(breaker.state === 'closed', breaker.reason === null)
        if (breaker.state !== 'half-open') continue
        assert.ok(
          drill.underWay.some(({ isProbe }) => isProbe),
          'it waits for nobody',
        )
        assert.equal(breaker.admits(drill.nowMs), false, 'one probe at a time')
      }
      for (const { ticket } of drill.underWay) breaker.abandoned(ticket)
      assert.ok(breaker.admits(drill.nowMs + 60_000), 'it comes back')
    }),
    { numRuns: 300 },
  )
})

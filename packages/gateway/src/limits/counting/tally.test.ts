import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { utcCalendar } from './claim.fixture.ts'
import type { CalendarUnit } from './measures.ts'
import { Moments } from './moments.ts'
import { type Moment, Tally } from './tally.ts'
import { windowFor } from './windows.ts'

const limit = 1_000
const startMs = Date.UTC(2026, 2, 1)

function sliding(lengthMs: number, stepMs: number): Tally {
  return new Tally(windowFor({ kind: 'sliding', lengthMs, stepMs }, utcCalendar))
}

function calendar(unit: CalendarUnit): Tally {
  return new Tally(windowFor({ kind: 'calendar', unit }, utcCalendar))
}

/** A moment by a clock that was never set back. */
function at(ms: number): Moment {
  return { atMs: ms, steadyMs: ms }
}

const events = fc.array(
  fc.record({
    waitMs: fc.oneof(fc.nat(700), fc.nat(9_000), fc.nat(90_000)),
    ask: fc.integer({ min: 1, max: 600 }),
    /** Index of the call in flight to settle; -1 settles none. */
    settle: fc.integer({ min: -1, max: 8 }),
    used: fc.oneof(fc.nat(300), fc.nat(2_000)),
  }),
  { minLength: 1, maxLength: 80 },
)

// The limit holds in any 60 seconds, not only in the minutes of the clock.
test('P7 in any 60 seconds a sliding window admits no more than its limit, plus what calls used above their estimates', () => {
  let admitted = 0
  let refused = 0
  fc.assert(
    fc.property(events, list => {
      const tally = sliding(60_000, 500)
      const calls: { readonly atMs: number; readonly asked: number; amount: number; isOpen: boolean }[] = []
      let now = startMs
      const within = (ms: number): number =>
        calls.filter(call => call.atMs > now - ms).reduce((sum, call) => sum + call.amount, 0)
      for (const { waitMs, ask, settle, used } of list) {
        now += waitMs
        const settled = calls.filter(call => call.isOpen)[settle]
        if (settled !== undefined) {
          tally.settle(at(settled.atMs), settled.asked, used)
          settled.amount = used
          settled.isOpen = false
        }
        const sum = tally.sum(at(now))
        assert.ok(sum >= within(60_000), 'nothing expires early')
        assert.ok(sum <= within(60_500), 'nothing expires more than a step late')
        if (sum + ask <= limit) {
          tally.take(ask, at(now))
          calls.push({ atMs: now, asked: ask, amount: ask, isOpen: true })
          const above = calls.reduce((over, call) => over + Math.max(0, call.amount - call.asked), 0)
          assert.ok(within(60_000) <= limit + above)
          admitted += 1
        } else refused += 1
      }
      for (const call of calls) if (call.isOpen) tally.settle(at(call.atMs), call.asked, 0)
      assert.equal(tally.reserved, 0, 'nothing stays reserved')
      assert.ok(tally.isIdle(at(now + 61_000)))
    }),
    { numRuns: 1_000 },
  )
  assert.ok(admitted > 500 && refused > 500, 'the property must see both')
})

test('P7 the reported time until there is room is exact: a moment earlier there is none', () => {
  fc.assert(
    fc.property(events, fc.integer({ min: 1, max: limit }), (list, ask) => {
      const tally = sliding(60_000, 500)
      let now = startMs + 0.5
      for (const { waitMs, ask: amount } of list) {
        now += waitMs
        if (tally.sum(at(now)) + amount <= limit) tally.take(amount, at(now))
      }
      const roomInMs = tally.roomInMs(ask, limit, at(now))
      assert.ok(roomInMs <= 60_500)
      if (roomInMs > 0) assert.ok(tally.sum(at(now + roomInMs - 0.25)) + ask > limit)
      assert.ok(tally.sum(at(now + roomInMs)) + ask <= limit)
    }),
    { numRuns: 500 },
  )
})

test('a sliding window resets when its oldest step expires', () => {
  const tally = sliding(1_000, 10)
  tally.sum(at(startMs))
  assert.equal(tally.resetInMs(at(startMs)), 0)
  tally.take(5, at(startMs))
  tally.sum(at(startMs + 400))
  tally.take(7, at(startMs + 400))
  assert.equal(tally.resetInMs(at(startMs + 400)), 610)
  assert.equal(tally.sum(at(startMs + 1_009)), 12)
  assert.equal(tally.sum(at(startMs + 1_010)), 7)
  assert.equal(tally.resetInMs(at(startMs + 1_010)), 400)
})

// A call of yesterday must not change today's budget.
test('P7 a calendar window counts exactly the calls that reserved in it, whenever they settle', () => {
  fc.assert(
    fc.property(events, list => {
      const tally = calendar('hour')
      const calls: { readonly atMs: number; readonly asked: number; amount: number; isOpen: boolean }[] = []
      let now = startMs
      for (const { waitMs, ask, settle, used } of list) {
        now += waitMs * 20
        const settled = calls.filter(call => call.isOpen)[settle]
        if (settled !== undefined) {
          tally.settle(at(settled.atMs), settled.asked, used)
          settled.amount = used
          settled.isOpen = false
        }
        const hour = Math.floor(now / 3_600_000) * 3_600_000
        const expected = calls.filter(call => call.atMs >= hour).reduce((sum, call) => sum + call.amount, 0)
        assert.equal(tally.sum(at(now)), expected)
        if (expected + ask > limit) continue
        tally.take(ask, at(now))
        calls.push({ atMs: now, asked: ask, amount: ask, isOpen: true })
      }
      for (const call of calls) if (call.isOpen) tally.settle(at(call.atMs), call.asked, call.asked)
      assert.equal(tally.reserved, 0)
    }),
    { numRuns: 500 },
  )
})

test('a budget that calls in flight have reserved is not used up: a retry may help soon', () => {
  const tally = calendar('day')
  const now = at(startMs + 3_600_000)
  tally.sum(now)
  tally.take(900, now)
  assert.equal(tally.roomInMs(200, limit, now), 1_000)
  tally.settle(now, 900, 850)
  assert.equal(tally.roomInMs(200, limit, now), 23 * 3_600_000)
})

test('calls in flight are counted, and a settled call leaves nothing behind', () => {
  const tally = new Tally(windowFor({ kind: 'inFlight' }, utcCalendar))
  tally.take(1, at(0))
  tally.take(1, at(0))
  assert.equal(tally.sum(at(0)), 2)
  tally.settle(at(0), 1, 0)
  tally.settle(at(0), 1, 0)
  assert.ok(tally.isIdle(at(1)))
})

// NTP and people set clocks: neither may free a limit, nor block it for ever.
test('P7 a clock that is set back frees no limit and blocks none', () => {
  let wall = startMs
  const moments = new Moments(() => wall)
  const copy = (): Moment => ({ ...moments.now() })
  const minute = sliding(60_000, 500)
  const day = calendar('day')
  for (const tally of [minute, day]) {
    tally.sum(copy())
    tally.take(100, copy())
  }
  wall -= 5_000
  assert.equal(minute.sum(copy()), 100)
  assert.equal(day.sum(copy()), 100, 'five seconds before midnight again, but still the new day')
  wall -= 86_400_000 * 3
  assert.equal(minute.sum(copy()), 100)
  assert.equal(day.sum(copy()), 100, 'amounts from the future stay counted')
  wall += 60_501
  assert.equal(minute.sum(copy()), 0, 'a minute has passed, whatever the clock says')
  wall = startMs + 86_400_000
  assert.equal(day.sum(copy()), 0)
})

test('a reservation from before a clock was set back is refunded completely', () => {
  let wall = startMs
  const moments = new Moments(() => wall)
  const day = calendar('day')
  day.sum(moments.now())
  const reservedAt = { ...moments.now() }
  day.take(400, reservedAt)
  wall -= 86_400_000 * 2
  day.settle(reservedAt, 400, 100)
  assert.equal(day.reserved, 0)
  assert.equal(day.sum(moments.now()), 100)
})

// An empty counter of a single caller may be dropped while a call that reserved nothing is in flight.
test('a call whose counter was dropped is counted by the new counter when it settles', () => {
  const reservedAt = at(startMs + 250)
  const now = at(startMs + 700)
  for (const tally of [sliding(60_000, 500), calendar('day')]) {
    tally.settle(reservedAt, 0, 30)
    assert.equal(tally.sum(now), 30)
    assert.deepEqual(
      tally.contents(now).map(({ amount }) => amount),
      [30],
    )
  }
})

// Replies of a shared store may arrive in another order than it sent them.
test('an amount reserved before the newest step expires with its own step', () => {
  const tally = sliding(1_000, 10)
  for (const ms of [25, 14]) {
    tally.sum(at(startMs + ms))
    tally.take(5, at(startMs + ms))
  }
  tally.settle(at(startMs + 14), 5, 3)
  assert.equal(tally.sum(at(startMs + 1_019)), 8)
  assert.equal(tally.sum(at(startMs + 1_020)), 5)
  assert.equal(tally.sum(at(startMs + 1_030)), 0)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claim, utcCalendar } from './counting/claim.fixture.ts'
import { type RoomShortage, storeShortage } from './counting/counters.ts'
import { MemoryStore } from './counting/memory.ts'
import { Moments } from './counting/moments.ts'
import { behindOthers, ofShortage, uncounted } from './denials.ts'
import type { LimitsObserver } from './index.ts'
import { askOf } from './limits.fixture.ts'

function observed(): { readonly events: unknown[]; readonly observer: LimitsObserver } {
  const events: unknown[] = []
  const observer: LimitsObserver = {
    refused: (...event) => void events.push(event),
    withoutStore: state => void events.push(state),
    estimateErrors: () => ({ add() {} }),
    waited() {},
    storeAnswered() {},
  }
  return { events, observer }
}

const store = new MemoryStore(utcCalendar, new Moments(Date.now))
const full = claim(store, 'hr-bot', 'tokensPerDay', 100)
const room: RoomShortage = {
  kind: 'room',
  full: [full],
  worst: full,
  retryAfterMs: 1_000,
  remaining: 20,
  renewsAtMs: null,
  tokens: null,
  requests: null,
  state: 'ok',
}

// Operators must see an outage as an outage, not as a limit that was reached.
test('a refusal without the store names no rule, and is counted for the store only', () => {
  const { events, observer } = observed()
  assert.deepEqual(ofShortage(storeShortage, askOf(10), observer), { kind: 'store', retryAfterMs: 1_000 })
  assert.deepEqual(events, ['refuse'])
})

test('a refusal by a rule names what the call asked for, and is counted for that rule', () => {
  const { events, observer } = observed()
  const denial = ofShortage(room, askOf(500), observer)
  assert.ok(denial.kind === 'passes')
  assert.deepEqual([denial.rule, denial.asked, denial.limit, denial.remaining], ['hr-bot', 500, 100, 20])
  const renewsAtMs = Date.UTC(2026, 2, 3)
  assert.equal(ofShortage({ ...room, renewsAtMs }, askOf(500), observer).kind, 'budget')
  assert.deepEqual(events, [
    ['hr-bot', 'tokensPerDay', false],
    ['hr-bot', 'tokensPerDay', false],
  ])
})

test('a call that queued behind others and made no attempt is refused by the limit that they wait for', () => {
  const { events, observer } = observed()
  const denial = behindOthers(full, askOf(10), observer)
  assert.deepEqual([denial.kind, denial.rule, denial.retryAfterMs], ['passes', 'hr-bot', 1_000])
  assert.equal(events.length, 1)
})

test('a call whose client has left counts as no refusal', () => {
  assert.equal(uncounted(room, askOf(10)).kind, 'passes')
  assert.equal(uncounted(storeShortage, askOf(10)).kind, 'store')
})

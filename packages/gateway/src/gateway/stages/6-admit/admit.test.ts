import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limitNames } from '../../../config/schema/index.ts'
import type { Gauge, Lease, RuleDenial, StoreState } from '../../../limits/index.ts'
import { askOf } from '../../../limits/limits.fixture.ts'
import { limitHeaders } from './headers.ts'
import { refusalOfDenial } from './refusals.ts'

const gauge = (remaining: number): Gauge => ({ rule: 'hr-bot', limitText: '1000', remaining, resetSeconds: 5 })

function leaseOf(tokens: Gauge | null, requests: Gauge | null, store: StoreState): Lease {
  return { ask: askOf(0), tokens, requests, store, waitedMs: null, enter: () => null, settle() {}, keep: () => null }
}

const denial: RuleDenial = {
  kind: 'passes',
  rule: 'hr-bot',
  measure: 'tokensPerMinute',
  limit: 1_000,
  asked: 400,
  remaining: 20,
  retryAfterMs: 4_200,
  renewsAtMs: null,
  tokens: gauge(20),
  requests: null,
  store: 'ok',
}

test('an answer has the state of the caller’s limits, in Azure’s header fields and whole seconds', () => {
  assert.deepEqual(limitHeaders(leaseOf(gauge(600), gauge(9), 'ok')), [
    ...['x-ratelimit-limit-tokens', '1000', 'x-ratelimit-remaining-tokens', '600', 'x-ratelimit-reset-tokens', '5'],
    ...['x-ratelimit-limit-requests', '1000', 'x-ratelimit-remaining-requests', '9', 'x-ratelimit-reset-requests', '5'],
  ])
  assert.equal(limitHeaders(leaseOf(null, null, 'ok')), null, 'no array is made for a call without limits')
})

// An operator must see from a single answer that limits do not apply as configured.
test('P7 an answer that was given without the store of the limits has a header field that says so', () => {
  assert.deepEqual(limitHeaders(leaseOf(null, null, 'allow')), ['x-gatehouse-limits', 'allow'])
  assert.deepEqual(limitHeaders(leaseOf(gauge(1), null, 'local'))?.slice(-2), ['x-gatehouse-limits', 'local'])
  const refusal = refusalOfDenial({ kind: 'store', retryAfterMs: 4_200 }, 'hr-bot', 'USD')
  assert.deepEqual([refusal.code, refusal.status, refusal.retryAfterMs], ['limits_unavailable', 503, 4_200])
  assert.deepEqual(refusal.headers, ['x-gatehouse-limits', 'refuse'])
  const local = refusalOfDenial({ ...denial, store: 'local' }, 'hr-bot', 'USD')
  assert.deepEqual(local.headers.slice(-2), ['x-gatehouse-limits', 'local'])
})

test('every measure has a complete message for each kind of denial', () => {
  for (const measure of limitNames) {
    for (const kind of ['passes', 'budget', 'never'] as const) {
      const refusal = refusalOfDenial({ ...denial, kind, measure, renewsAtMs: Date.UTC(2026, 0, 1) }, 'hr-bot', 'USD')
      assert.doesNotMatch(refusal.message, /undefined|NaN|\{|\}| {2}|""/, `${measure} ${kind}`)
      assert.match(refusal.message, /"hr-bot"/)
    }
  }
})

test('amounts of money are formatted, and a budget that is only reserved is not called used up', () => {
  const cost = { ...denial, measure: 'costPerDay', limit: 5e9, asked: 1.234e9, remaining: 0.5e9 } as const
  assert.equal(
    refusalOfDenial(cost, 'hr-bot', 'EUR').message,
    'Budget "hr-bot" of 5.00 EUR per day is reserved by running calls: this call may need 1.23 EUR, and 0.50 EUR are left (workload "hr-bot"). What they do not use is back when they end: try again in 5 seconds.',
  )
  const small = refusalOfDenial({ ...cost, asked: 2_100_000, remaining: 0 }, 'hr-bot', 'EUR').message
  assert.match(small, /may need 0\.0021 EUR, and 0\.00 EUR are left/)
  const spent = refusalOfDenial({ ...cost, kind: 'budget', renewsAtMs: Date.UTC(2026, 0, 2) }, 'hr-bot', 'EUR')
  assert.match(
    spent.message,
    /^Budget "hr-bot" has 0\.50 EUR of 5\.00 EUR per day left, and this call may need 1\.23 EUR .*renews at 2026-01-02T00:00:00Z/,
  )
  assert.deepEqual([spent.code, spent.retryAfterMs], ['budget_exhausted', null])
})

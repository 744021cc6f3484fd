import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SourceState } from '../../ledger/collect/index.ts'
import { feedState, laneState, ruleReport } from '../running.fixture.ts'
import { attentionOf } from './find.ts'
import type { AttentionFacts } from './index.ts'
import { forecastOf } from './limits.ts'

const nowMs = Date.UTC(2026, 10, 11)
const well: AttentionFacts = {
  nowMs,
  currency: 'USD',
  limits: { store: 'memory', state: 'ok', downSinceMs: null, waiting: 0, rules: [ruleReport()] },
  instances: [
    {
      ...{ name: 'east', healthy: true, drained: null, credentialRefused: false, credentialRefusals: 0 },
      ...{ lastProbe: null, inFlight: 0, lanes: [laneState()] },
    },
  ],
  feeds: [],
  sources: [],
  replicas: { sharing: 'alone', replicas: [] },
  ledger: { writable: true, heldEntries: 0, lostBodyBytes: 0, lostRecords: 0, openExchanges: 0, damagedBytes: 0 },
  unpriced: [],
}
const [east] = well.instances
const [limits] = [well.limits]
const found = (changes: Partial<AttentionFacts>): string[] =>
  attentionOf({ ...well, ...changes }).map(({ severity, code, subject }) => `${severity} ${code} ${subject ?? '-'}`)
const rules = (...changes: Parameters<typeof ruleReport>[0][]): Partial<AttentionFacts> => ({
  limits: limits === null ? null : { ...limits, rules: changes.map(ruleReport) },
})

test('nothing needs attention while all is well', () => {
  assert.deepEqual(attentionOf(well), [])
})

// People stop reading a list that begins with what can wait.
test('what is worst comes first, and each line says what to do', () => {
  const all = attentionOf({
    ...well,
    ...rules({ measure: 'costPerMonth', limit: 500e9, used: 500e9 }),
    unpriced: [{ model: 'o9', calls: 3 }],
    feeds: [{ ...feedState, status: 'paused', setAside: 0, droppedSegments: 0 }],
    ledger: null,
  })
  assert.deepEqual(
    all.map(({ severity, code }) => `${severity} ${code}`),
    ['critical ledger_unreadable', 'critical limit_used_up', 'warning model_unpriced', 'note feed_paused'],
  )
  for (const { what, next } of all) assert.ok(what !== '' && next.endsWith('.'))
  assert.match(all[1]?.what ?? '', /^Limit hr-bot of 500\.00 USD a month for workload hr-bot is used up: calls are ref/)
})

test('limits are near from nine tenths on, used up at their end, and only watched in shadow', () => {
  assert.deepEqual(found(rules({ limit: 100, used: 80, reserved: 9 })), [])
  assert.deepEqual(found(rules({ limit: 100, used: 80, reserved: 10 })), ['warning limit_near hr-bot'])
  assert.deepEqual(found(rules({ limit: 100, used: 100, reserved: 0 })), ['warning limit_used_up hr-bot'])
  assert.deepEqual(found(rules({ limit: 100, used: 100, mode: 'shadow' })), ['note shadow_limit_passed hr-bot'])
  assert.deepEqual(found({ limits: null }), ['warning limits_unreadable -'])
  const many = Array.from({ length: 300 }, (_, at) => ({ used: at + 60_000, subject: `user:${at}` }))
  assert.equal(found(rules(...many)).length, 20)
})

// A budget that ends on the 20th is a conversation on the 11th, and an incident on the 20th.
test('a budget that will not last is forecast by its pace, not before a tenth of its window', () => {
  const budget = {
    measure: 'costPerMonth',
    limit: 100e9,
    used: 50e9,
    reserved: 0,
    beganAtMs: Date.UTC(2026, 10, 1),
    renewsAtMs: Date.UTC(2026, 11, 1),
  } as const
  assert.deepEqual(found(rules(budget)), ['warning budget_forecast hr-bot'])
  const [item] = attentionOf({ ...well, ...rules(budget) })
  assert.equal(
    item?.what,
    'Limit hr-bot of 100.00 USD a month for workload hr-bot is used to 50 %. At the present pace it is used up on 2026-11-21, and would be 150.00 USD at the end.',
  )
  assert.deepEqual(item?.parameters, { rule: 'hr-bot', measure: 'costPerMonth' })
  assert.deepEqual(found(rules({ ...budget, used: 33e9 })), [])
  assert.equal(forecastOf(ruleReport({ ...budget, used: 1 }), Date.UTC(2026, 10, 3)), null)
  // A window begins where the gateway says, which is not a month before its end in UTC: February has 28 days.
  const inBerlin = { beganAtMs: Date.parse('2026-01-31T23:00:00Z'), renewsAtMs: Date.parse('2026-02-28T23:00:00Z') }
  const february = ruleReport({ ...budget, used: 10e9, ...inBerlin })
  assert.equal(Math.round((forecastOf(february, Date.parse('2026-02-10T23:00:00Z'))?.atEnd ?? 0) / 1e9), 28)
  const quarter = {
    measure: 'costPerQuarter',
    beganAtMs: Date.UTC(2026, 9, 1),
    renewsAtMs: Date.UTC(2027, 0, 1),
  } as const
  const [next] = attentionOf({ ...well, ...rules({ ...budget, ...quarter, used: 70e9 }) })
  assert.match(
    next?.what ?? '',
    /^Limit hr-bot of 100\.00 USD a quarter for .* used up on 2026-11-28, and would be 157\.07 USD/,
  )
})

test('instances: a refused credential, an open breaker, a failed probe and a drain each have their line', () => {
  const instance = (changes: object): Partial<AttentionFacts> => ({
    instances: east === undefined ? [] : [{ ...east, ...changes }],
  })
  const open = [laneState({ breaker: 'open', breakerReason: 'failures' })]
  assert.deepEqual(found(instance({ healthy: false, lanes: open })), ['critical breaker_open east/gpt-4o'])
  assert.deepEqual(found(instance({ lanes: [...open, laneState({ deployment: 'o3' })] })), [
    'warning breaker_open east/gpt-4o',
  ])
  const throttled = [laneState({ breaker: 'open', breakerReason: 'throttled' })]
  assert.deepEqual(found(instance({ healthy: false, lanes: throttled })), ['warning deployment_throttled east/gpt-4o'])
  assert.deepEqual(found(instance({ healthy: false, credentialRefused: true, lanes: open })), [
    'critical credential_refused east',
  ])
  assert.deepEqual(found(instance({ drained: { sinceMs: 5, by: 'alice' } })), ['note instance_drained east'])
  const lastProbe = { atMs: 7, ok: false, status: null, durationMs: 1, error: 'No connection.' }
  assert.deepEqual(found(instance({ healthy: false, lastProbe })), ['warning probe_failed east'])
})

test('feeds, sources, the ledger and the replicas say what is late, lost or silent', () => {
  const running = { ...feedState, status: 'running', setAside: 0, droppedSegments: 0, lagSeconds: 0 } as const
  assert.deepEqual(found({ feeds: [running] }), [])
  assert.deepEqual(found({ feeds: [{ ...running, lagSeconds: 301 }] }), ['warning feed_late east'])
  assert.deepEqual(found({ feeds: [feedState] }), [
    'critical feed_failing east',
    'critical feed_missed east',
    'warning feed_set_aside east',
  ])
  const source: SourceState = {
    ...{ name: 'hub', kind: 'event-hubs', status: 'failing', taken: 0, doubles: 0, incomplete: 0, setAside: 2 },
    ...{ lastEndedAtMs: null, lastTakenAtMs: null, lastError: 'refused', lastErrorAtMs: 9 },
  }
  assert.deepEqual(found({ sources: [source] }), ['critical source_failing hub', 'warning source_set_aside hub'])
  const ledger = { ...(well.ledger ?? assert.fail()), writable: false, lostRecords: 2, damagedBytes: 5 }
  assert.deepEqual(found({ ledger }), [
    'critical ledger_unwritable -',
    'critical records_lost -',
    'warning journal_damaged -',
  ])
  assert.deepEqual(found({ replicas: { sharing: 'away', replicas: [] } }), ['warning redis_away -'])
  const silent = { id: 'b', name: 'west-1', isSelf: false, status: 'silent', quietMs: 60_000, figures: null } as const
  const [item] = attentionOf({ ...well, replicas: { sharing: 'ok', replicas: [silent] } })
  assert.deepEqual([item?.code, item?.subject, item?.sinceMs], ['replica_silent', 'west-1', nowMs - 60_000])
  assert.deepEqual(found({ limits: limits === null ? null : { ...limits, state: 'refuse', downSinceMs: 3 } }), [
    'critical limits_store_down -',
  ])
})

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { noUsage } from '../../../wire/usage.ts'
import { closedOf, dayMs, keptLog, newId, openedOf } from '../../exchange.fixture.ts'
import type { Ledger } from '../../index.ts'
import { openLedger } from '../../open.ts'
import { type CallerFigures, type CallerOrder, callerOrders } from '../../people.ts'
import type { Closed, Opened, Outcome } from '../../record.ts'

/** 200 records of twelve people and three programs, over nine hours. All tests of this file only read them. */
const start = Date.UTC(2026, 10, 20, 22)
const people = Array.from({ length: 12 }, (_, at) => ({
  callerObjectId: `a0000000-0000-0000-0000-0000000000${String(at).padStart(2, '0')}`,
  // Two people of one name stay two.
  callerName: at < 2 ? 'Robin' : `Person ${at}`,
}))
const outcomes: readonly Outcome[] = ['completed', 'completed', 'completed', 'refused', 'failed', 'aborted']
const codes: Partial<Record<Outcome, string>> = { refused: 'token_limit_reached', failed: 'backend_broke' }

interface Kept {
  readonly opened: Opened
  readonly closed: Closed
}

const kept: readonly Kept[] = Array.from({ length: 200 }, (_, at) => {
  const id = newId()
  const isProgram = at % 9 === 0
  const outcome = outcomes[(at * 5) % outcomes.length] ?? 'completed'
  const startedAtMs = start + at * 160_000
  return {
    opened: openedOf(id, {
      startedAtMs,
      workload: at % 4 === 0 ? 'code-assistant' : 'hr-bot',
      ...(isProgram
        ? { callerKind: 'application', callerAppId: `app-${at % 27}`, callerName: at % 27 === 0 ? null : 'finder' }
        : people[(at * at) % people.length]),
    }),
    closed: closedOf(id, {
      outcome,
      outcomeCode: codes[outcome] ?? null,
      status: outcome === 'completed' ? (at % 10 === 3 ? 429 : 200) : outcome === 'refused' ? 429 : null,
      endedAtMs: startedAtMs + 500,
      usage: { ...noUsage, source: 'reported', promptTokens: at % 7, completionTokens: 1, totalTokens: 1 + (at % 7) },
      cost: { nano: (at % 13) * 1_000, currency: 'USD', price: 'gpt-4o 2024-10-01' },
    }),
  }
})

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-people-'))
let ledger: Ledger
before(async () => {
  ledger = await openLedger({
    directory,
    fsync: 1_000,
    retain: { records: 400_000 * dayMs, bodies: 400_000 * dayMs },
    counter: { count: async () => ({ promptTokens: null, completionTokens: null }) },
    log: keptLog(),
  })
  for (const { opened } of kept) void ledger.journal.open(opened, [])
  for (const { closed } of kept) void ledger.journal.close(closed, [])
  await ledger.caughtUp()
})
after(async () => {
  await ledger.close()
  rmSync(directory, { recursive: true, force: true })
})

const weight: Readonly<Record<CallerOrder, (caller: CallerFigures) => number | string>> = {
  tokens: ({ totalTokens }) => -totalTokens,
  calls: ({ calls }) => -calls,
  cost: ({ costs }) => -(costs[0]?.nano ?? 0),
  failed: ({ failed }) => -failed,
  refused: ({ refused }) => -refused,
  last: ({ lastCallAtMs }) => -lastCallAtMs,
  name: ({ name }) => name.toLowerCase(),
}

// A caller who is on two pages, or on none, makes the sums of a department wrong.
test('the pages of callers have each caller once, in their order, with the figures of the usage report', async () => {
  const periods = fc.record({
    fromMs: fc.constantFrom(start, start + 4_000_000),
    toMs: fc.constantFrom(start + 9_000_001, start + 40_000_000),
  })
  await fc.assert(
    fc.asyncProperty(
      periods,
      fc.constantFrom(...callerOrders),
      fc.integer({ min: 1, max: 9 }),
      async (period, order, limit) => {
        const seen: CallerFigures[] = []
        let next: string | undefined
        do {
          const page = await ledger.callers({ ...period, order, limit, ...(next === undefined ? {} : { after: next }) })
          assert.ok(page.callers.length <= limit)
          seen.push(...page.callers)
          next = page.next ?? undefined
          if (next === undefined) assert.equal(page.found, seen.length)
        } while (next !== undefined)
        const { lines } = await ledger.usage({ ...period, by: ['caller'] })
        const figures = seen.map(({ key, name, kind: _, workloads: __, lastCallAtMs: ___, ...rest }) => [
          key,
          name,
          rest,
        ])
        const expected = lines.map(({ callerKey, keys: [name], ...rest }) => [callerKey, name, rest])
        const byKey = (one: readonly unknown[], other: readonly unknown[]): number =>
          String(one[0]) < String(other[0]) ? -1 : 1
        assert.deepEqual(figures.toSorted(byKey), expected.toSorted(byKey))
        const weights = seen.map(weight[order])
        assert.deepEqual(
          weights,
          weights.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
        )
      },
    ),
    { numRuns: 25 },
  )
})

test('a caller has its kind, its workloads and its last call, and is found by a part of name or key', async () => {
  const of = (asked: object) => ledger.callers({ order: 'name', limit: 1_000, ...asked })
  const { callers } = await of({})
  const last = new Map<string, number>()
  for (const { opened } of kept) {
    const key = opened.callerKind === 'user' ? opened.callerObjectId : opened.callerAppId
    last.set(key ?? '', Math.max(last.get(key ?? '') ?? 0, opened.startedAtMs))
  }
  for (const { key, lastCallAtMs, kind } of callers) {
    assert.equal(lastCallAtMs, last.get(key.slice(key.indexOf('/') + 1)), key)
    assert.equal(kind, key.startsWith('app:') ? 'application' : 'user')
  }
  const workloads = new Set(callers.flatMap(caller => caller.workloads))
  assert.deepEqual([...workloads].sort(), ['code-assistant', 'hr-bot'])
  const robins = await of({ search: 'rOBi' })
  assert.deepEqual(
    robins.callers.map(({ name }) => name),
    ['Robin', 'Robin'],
  )
  const programs = await of({ kind: 'application' })
  assert.equal(programs.found, 3)
  assert.ok(
    programs.callers.some(({ name, key }) => name === key),
    'one without a name is shown by its key',
  )
  assert.equal((await of({ search: 'app-9' })).found, 1)
  assert.equal((await of({ search: '%' })).found, 0, 'a search is for text, not for a pattern')
})

test('errors are counted by outcome, code and status, and answers with a status from 400 on are among them', async () => {
  const filter = { workload: 'hr-bot', fromMs: start, toMs: start + 20_000_000 }
  const counted = new Map<string, number>()
  for (const { opened, closed } of kept) {
    const { outcome, outcomeCode, status } = closed
    if (opened.workload !== filter.workload || opened.startedAtMs >= filter.toMs) continue
    if (outcome === 'completed' && (status ?? 0) < 400) continue
    const key = `${outcome} ${outcomeCode} ${status}`
    counted.set(key, (counted.get(key) ?? 0) + 1)
  }
  const lines = await ledger.errors(filter)
  assert.deepEqual(
    new Map(lines.map(({ outcome, code, status, calls }) => [`${outcome} ${code} ${status}`, calls])),
    counted,
  )
  assert.ok(counted.has('completed null 429') && counted.has('refused token_limit_reached 429'))
  const calls = lines.map(line => line.calls)
  assert.deepEqual(
    calls,
    calls.toSorted((a, b) => b - a),
  )
})

test('a place that no page gave, and a size that no page has, are refused', async () => {
  for (const after of [
    'x',
    '',
    Buffer.from('[1]').toString('base64url'),
    Buffer.from('[{},"k"]').toString('base64url'),
  ]) {
    await assert.rejects(ledger.callers({ order: 'calls', limit: 10, after }), { name: 'QuestionError' })
  }
  await assert.rejects(ledger.callers({ order: 'calls', limit: 0 }), /limit must be a whole number from 1/)
})

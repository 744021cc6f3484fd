import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { callerKey } from '../../../identity/caller.ts'
import { noUsage } from '../../../wire/usage.ts'
import { bytes, closedOf, dayMs, keptLog, newId, openedOf } from '../../exchange.fixture.ts'
import type { Ledger } from '../../index.ts'
import { openLedger } from '../../open.ts'
import type { Closed, Opened, Outcome } from '../../record.ts'
import {
  type RecordFilter,
  type SpentGroup,
  type UsageDimension,
  type UsageLine,
  usageDimensions,
} from '../../reports.ts'

/**
 * One ledger of 400 records for all tests of this file. They only read; plain code computes what they expect from the
 * same records.
 */
interface Kept {
  readonly opened: Opened
  readonly closed: Closed
}

const start = Date.UTC(2026, 0, 30, 22)
const pick = <T>(from: readonly T[], index: number): T => from[index % from.length] as T
const people = [
  { callerObjectId: 'a0000000-0000-0000-0000-000000000001', callerName: 'Alice' },
  { callerObjectId: 'b0000000-0000-0000-0000-000000000002', callerName: "Bob O'Neil" },
  // This caller was renamed while the records were made: one caller, two names.
  { callerObjectId: 'a0000000-0000-0000-0000-000000000001', callerName: 'Alice Married' },
]
/** The catalogue's currency was changed while the records were made. */
const currencies = ['USD', 'EUR'] as const
const copyKinds = [null, null, null, 'shadow', null, 'hedge'] as const
const objects = ['resp_1', 'resp_2', 'resp_3'] as const
const outcomes: readonly Outcome[] = ['completed', 'completed', 'refused', 'failed', 'aborted', 'interrupted']

function keptAt(index: number): Kept {
  const id = newId()
  const startedAtMs = start + index * 1_234_567
  const app = index % 5 === 0
  const opened = openedOf(id, {
    startedAtMs,
    copyKind: pick(copyKinds, index),
    copyOf: pick(copyKinds, index) === null ? null : `0199c0de-0000-7000-8000-00000000000${index % 3}`,
    ...(app
      ? { callerKind: 'application', callerObjectId: null, callerName: 'finder-app' }
      : { ...pick(people, index < 200 ? index % 2 : 1 + (index % 2)) }),
    ...(index % 17 === 0 ? { callerKind: null, callerTenantId: null, callerName: null } : {}),
    workload: index % 23 === 0 ? null : pick(['hr-bot', 'code-assistant'], index),
    instance: pick(['east', 'west', null], index),
    deployment: pick(['gpt-4o', 'text-embedding-3-small'], index >> 2),
    requestedModel: pick(['gpt-4o', 'gpt-4o-mini'], index >> 1),
    operation: pick(['chat/completions', 'embeddings'], index >> 2),
    replica: pick(['one', 'two', null, 'three'], index >> 1),
  })
  const outcome = pick(outcomes, index * 7)
  const counted = index % 4 === 1
  const closed = closedOf(id, {
    outcome,
    outcomeCode: outcome === 'completed' ? null : `code-${index % 3}`,
    status: outcome === 'completed' ? 200 : pick([429, 403, 502], index),
    servedModel: index % 3 === 0 ? null : 'gpt-4o-2024-08-06',
    instance: pick(['east', null, 'north'], index),
    attempts: [],
    servedDeployment: index % 8 === 0 ? 'gpt-4o-eu' : null,
    spilledFrom: index % 31 === 0 ? 'gpt-4o-ptu' : null,
    cost:
      index % 3 === 1
        ? null
        : { nano: index * 1_000_003, currency: pick(currencies, index >> 7), price: 'gpt-4o 2024-10-01' },
    reservedTokens: index % 6 === 0 ? null : index * 3,
    waitedMs: index % 40 === 0 ? index / 8 : null,
    objectId: index % 11 === 0 ? pick(objects, index) : null,
    endedAtMs: startedAtMs + (index % 50) * 10,
    usage:
      index % 7 === 0
        ? noUsage
        : {
            ...noUsage,
            source: counted ? 'counted' : 'reported',
            promptTokens: index,
            completionTokens: index % 9,
            totalTokens: index + (index % 9),
            cachedTokens: index % 5 === 0 ? index % 64 : null,
            reasoningTokens: index % 6,
          },
  })
  return { opened, closed }
}

const kept: Kept[] = Array.from({ length: 400 }, (_, index) => keptAt(index))
const directory = mkdtempSync(join(tmpdir(), 'gatehouse-queries-'))
let ledger: Ledger

before(async () => {
  ledger = await openLedger({
    directory,
    fsync: 1_000,
    retain: { records: 400_000 * dayMs, bodies: 400_000 * dayMs },
    counter: { count: async () => ({ promptTokens: null, completionTokens: null }) },
    log: keptLog(),
    names: { workload: ['hr-bot', 'code-assistant'], deployment: ['gpt-4o', 'text-embedding-3-small'] },
  })
  // Loaded in another order than they began, like long calls.
  for (const { opened } of kept) void ledger.journal.open(opened, [bytes('q')])
  for (const { closed } of kept.toSorted((a, b) => a.closed.endedAtMs - b.closed.endedAtMs || 1)) {
    void ledger.journal.close(closed, [bytes('a')])
  }
  await ledger.caughtUp()
})
after(async () => {
  await ledger.close()
  rmSync(directory, { recursive: true, force: true })
})

const keyOf = ({ opened }: Kept): string | null =>
  opened.callerKind === null || opened.callerTenantId === null
    ? null
    : callerKey({
        kind: opened.callerKind,
        tenantId: opened.callerTenantId,
        objectId: opened.callerObjectId ?? '',
        appId: opened.callerAppId,
      })
/** The closing half corrects the instance. Where it names none, no instance was reached. */
const instanceOf = ({ opened, closed }: Kept): string | null => closed.instance ?? opened.instance
const modelOf = ({ opened, closed }: Kept): string | null => closed.servedModel ?? opened.requestedModel

function matches(one: Kept, filter: RecordFilter): boolean {
  const { opened, closed } = one
  const same = (wanted: unknown, value: unknown): boolean => wanted === undefined || wanted === value
  const caller = filter.caller
  return (
    opened.startedAtMs >= (filter.fromMs ?? 0) &&
    opened.startedAtMs < (filter.toMs ?? Number.POSITIVE_INFINITY) &&
    same(filter.workload, opened.workload) &&
    same(filter.instance, instanceOf(one)) &&
    same(filter.deployment, opened.deployment) &&
    same(filter.model, modelOf(one)) &&
    same(filter.operation, opened.operation) &&
    same(filter.replica, opened.replica) &&
    same(filter.outcome, closed.outcome) &&
    same(filter.outcomeCode, closed.outcomeCode) &&
    same(filter.status, closed.status) &&
    (filter.copyKind === 'none' ? opened.copyKind === null : same(filter.copyKind, opened.copyKind)) &&
    same(filter.copyOf, opened.copyOf) &&
    same(filter.objectId, closed.objectId) &&
    (closed.usage.totalTokens ?? 0) > (filter.tokensOver ?? -1) &&
    (closed.cost?.nano ?? 0) > (filter.costOverNano ?? -1) &&
    closed.endedAtMs - opened.startedAtMs > (filter.durationOverMs ?? -1) &&
    (caller === undefined || [keyOf(one), opened.callerObjectId, opened.callerName].includes(caller))
  )
}

const iso = (ms: number): string => new Date(ms).toISOString()
const dimension: Record<UsageDimension, (one: Kept) => string | null> = {
  workload: ({ opened }) => opened.workload,
  caller: keyOf,
  instance: instanceOf,
  deployment: ({ opened }) => opened.deployment,
  model: modelOf,
  operation: ({ opened }) => opened.operation,
  outcome: ({ closed }) => closed.outcome,
  copy: ({ opened }) => opened.copyKind,
  replica: ({ opened }) => opened.replica,
  month: ({ opened }) => iso(opened.startedAtMs).slice(0, 7),
  day: ({ opened }) => iso(opened.startedAtMs).slice(0, 10),
  hour: ({ opened }) => `${iso(opened.startedAtMs).slice(0, 13)}:00Z`,
}

type ReportFigures = Omit<UsageLine, 'keys' | 'callerKey'>
function figuresOf(group: readonly Kept[]): ReportFigures {
  const sum = (figure: (closed: Closed) => number | null): number =>
    group.reduce((all, { closed }) => all + (figure(closed) ?? 0), 0)
  const count = (outcome: Outcome): number => group.filter(({ closed }) => closed.outcome === outcome).length
  const durations = group.reduce((all, { opened, closed }) => all + closed.endedAtMs - opened.startedAtMs, 0)
  return {
    calls: group.length,
    completed: count('completed'),
    refused: count('refused'),
    failed: count('failed'),
    aborted: count('aborted'),
    interrupted: count('interrupted'),
    promptTokens: sum(({ usage }) => usage.promptTokens),
    cachedTokens: sum(({ usage }) => usage.cachedTokens),
    completionTokens: sum(({ usage }) => usage.completionTokens),
    reasoningTokens: sum(({ usage }) => usage.reasoningTokens),
    totalTokens: sum(({ usage }) => usage.totalTokens),
    countedCalls: group.filter(({ closed }) => closed.usage.source === 'counted').length,
    copies: group.filter(({ opened }) => opened.copyKind !== null).length,
    costs: costsOf(group),
    unpricedCalls: group.filter(({ closed }) => closed.cost === null && (closed.usage.totalTokens ?? 0) > 0).length,
    averageDurationMs: group.length === 0 ? null : Math.round(durations / group.length),
  }
}
/** Sums of all costs above zero, one per currency. */
function costsOf(group: readonly Kept[]): ReportFigures['costs'] {
  const sums = [...currencies].sort().map(currency => {
    const priced = group.flatMap(({ closed: { cost } }) => (cost?.currency === currency ? [cost.nano] : []))
    return { nano: priced.reduce((all, nano) => all + nano, 0), currency }
  })
  return sums.filter(({ nano }) => nano > 0)
}
const rounded = (line: ReportFigures): ReportFigures => ({
  ...line,
  averageDurationMs: line.averageDurationMs === null ? null : Math.round(line.averageDurationMs),
})

const oneOf = <T>(...values: readonly T[]): fc.Arbitrary<T | undefined> =>
  fc.option(fc.constantFrom(...values), { nil: undefined, freq: 2 })
const hostile = ["'; DROP TABLE records; --", '', 'hr-bot ', '$1', 'Ω']
const filters: fc.Arbitrary<RecordFilter> = fc
  .record({
    fromMs: oneOf(start, start + 100 * 1_234_567, start + 0.5),
    toMs: oneOf(start + 300 * 1_234_567, start),
    workload: oneOf('hr-bot', 'code-assistant', ...hostile),
    caller: oneOf(
      'Alice',
      'Alice Married',
      "Bob O'Neil",
      'finder-app',
      pick(people, 0).callerObjectId,
      ...kept
        .map(keyOf)
        .flatMap(key => (key === null ? [] : [key]))
        .slice(0, 4),
      ...hostile,
    ),
    deployment: oneOf('gpt-4o', ...hostile),
    model: oneOf('gpt-4o', 'gpt-4o-mini', 'gpt-4o-2024-08-06', ...hostile),
    operation: oneOf('embeddings', ...hostile),
    replica: oneOf('one', 'three', ...hostile),
    outcome: oneOf<Outcome>('completed', 'refused'),
    outcomeCode: oneOf('code-1', ...hostile),
    status: oneOf(200, 429, -1),
    instance: oneOf('east', 'north', ...hostile),
    copyKind: oneOf<RecordFilter['copyKind']>('shadow', 'hedge', 'none'),
    copyOf: oneOf('0199c0de-0000-7000-8000-000000000001', ...hostile),
    objectId: oneOf('resp_1', ...hostile),
    tokensOver: oneOf(0, 120),
    costOverNano: oneOf(0, 200 * 1_000_003),
    durationOverMs: oneOf(0, 240),
  })
  // A filter that is not used is absent, not undefined.
  .map(filter => Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)) as RecordFilter)

const dimensionsAsked = fc.uniqueArray(fc.constantFrom(...usageDimensions), { minLength: 1, maxLength: 3 })

// Invoices between departments are made from this report. A wrong group is money charged to the wrong department.
test('a usage report equals the sums over the records, for any filter and any dimensions', async () => {
  await fc.assert(
    fc.asyncProperty(filters, dimensionsAsked, async (filter, by) => {
      const report = await ledger.usage({ ...filter, by })
      const groups = new Map<string, Kept[]>()
      const matching = kept.filter(one => matches(one, filter))
      for (const one of matching) {
        const key = JSON.stringify(by.map(each => dimension[each](one)))
        groups.set(key, [...(groups.get(key) ?? []), one])
      }
      const lines = new Map(
        report.lines.map(({ keys, callerKey: key, ...figures }) => [
          JSON.stringify(keys.map((text, index) => (by[index] === 'caller' ? key : text))),
          rounded(figures),
        ]),
      )
      assert.equal(lines.size, report.lines.length, 'each group is one line')
      assert.deepEqual(lines, new Map([...groups].map(([key, group]) => [key, figuresOf(group)])))
      assert.deepEqual(rounded(report.total), figuresOf(matching))
    }),
    { numRuns: 150 },
  )
})

// Names change in the directory. A person must not become two lines, nor appear under an old name.
test('a caller is one line with the latest display name and the immutable key', async () => {
  const { lines } = await ledger.usage({ by: ['caller'] })
  const alice = lines.filter(({ callerKey: key }) => key?.endsWith(pick(people, 0).callerObjectId))
  assert.equal(alice.length, 1)
  assert.equal(alice[0]?.keys[0], 'Alice Married')
  assert.ok(
    lines.some(line => line.callerKey === null && line.keys[0] === null),
    'unverified callers are a line of their own',
  )
})

// An auditor pages through all records. One that is shown twice or never makes the audit wrong.
test('the pages of a list contain every matching record once, newest first', async () => {
  await fc.assert(
    fc.asyncProperty(filters, fc.integer({ min: 1, max: 150 }), async (filter, limit) => {
      const seen: string[] = []
      let before: string | undefined
      do {
        const page = await ledger.list({ ...filter, limit, ...(before === undefined ? {} : { before }) })
        assert.ok(page.records.length <= limit)
        seen.push(...page.records.map(({ id }) => id))
        before = page.next ?? undefined
      } while (before !== undefined)
      const expected = kept.filter(one => matches(one, filter)).map(({ opened }) => opened.id)
      assert.deepEqual(seen, expected.sort().reverse())
    }),
    { numRuns: 40 },
  )
})

// `records tail` runs all day. It must show each record once, whatever the page size and the order in which calls end.
test('a tail shows every record once, and none that its first page had', async () => {
  const seen: string[] = []
  let cursor = '0'
  for (;;) {
    const page = await ledger.list({ after: cursor, limit: 37 })
    seen.push(...page.records.map(({ id }) => id))
    cursor = page.cursor
    if (page.records.length === 0) break
  }
  assert.equal(new Set(seen).size, kept.length)
  assert.equal(seen.length, kept.length)
  const newest = await ledger.list({ limit: 1 })
  assert.deepEqual((await ledger.list({ after: newest.cursor })).records, [])
  // A tail moves on even with a filter that no record matches.
  assert.equal((await ledger.list({ after: '0', workload: 'nobody' })).cursor, newest.cursor)
})

// A question that makes no sense must not get the answer to another one.
test('a question that makes no sense is refused with what would make sense', async () => {
  for (const limit of [0, 1_001, 1.5, Number.NaN]) await assert.rejects(ledger.list({ limit }), /limit.*1 to 1000/)
  await assert.rejects(ledger.list({ before: 'yesterday' }), /before/)
  await assert.rejects(ledger.list({ after: '1; DROP TABLE records' }), /after/)
  await assert.rejects(ledger.usage({ by: [] }), /by must name/)
  await assert.rejects(ledger.usage({ by: ['day', 'day'] }), /by must name/)
  await assert.rejects(ledger.usage({ by: ['sequence' as UsageDimension] }), /by must name/)
})

// A record must be shown as it was written.
test('a listed row equals the record, with its attempts and nulls', async () => {
  const { records } = await ledger.list({ limit: 1_000 })
  for (const { opened, closed } of kept) {
    const { opened: _, ...ended } = closed
    const row = records.find(({ id }) => id === opened.id)
    assert.deepEqual(row, {
      ...opened,
      ...ended,
      instance: instanceOf({ opened, closed }),
      durationMs: closed.endedAtMs - opened.startedAtMs,
      timeToFirstByteMs: 250,
    })
  }
})

// After a restart the counters of limits begin with this. What it leaves out can be spent twice; what it counts twice
// refuses calls.
test('P7 spent usage equals the sums over the records, by workload, caller, deployment and instance', async () => {
  const moments = [start, start + 50 * 1_234_567, start + 50 * 1_234_567 + 1, start + 500 * 1_234_567]
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...moments), fc.constantFrom(...moments), async (fromMs, toMs) => {
      const groups = new Map<string, SpentGroup>()
      for (const one of kept) {
        const { startedAtMs, workload, deployment } = one.opened
        if (startedAtMs < fromMs || startedAtMs >= toMs || one.closed.outcome === 'refused') continue
        const group = { workload, callerKey: keyOf(one), deployment, instance: instanceOf(one) }
        const key = JSON.stringify(group)
        const before = groups.get(key)
        const { usage, cost } = one.closed
        groups.set(key, {
          ...group,
          calls: (before?.calls ?? 0) + 1,
          promptTokens: (before?.promptTokens ?? 0) + (usage.promptTokens ?? 0),
          cachedTokens: (before?.cachedTokens ?? 0) + (usage.cachedTokens ?? 0),
          completionTokens: (before?.completionTokens ?? 0) + (usage.completionTokens ?? 0),
          costNano: (before?.costNano ?? 0) + (cost?.nano ?? 0),
          startedAtMs: Math.max(before?.startedAtMs ?? 0, startedAtMs),
        })
      }
      const spent = await ledger.spent(fromMs, toMs)
      const keyed = spent.map(group => {
        const { workload, callerKey: caller, deployment, instance } = group
        return [JSON.stringify({ workload, callerKey: caller, deployment, instance }), group] as const
      })
      assert.equal(new Map(keyed).size, spent.length, 'each group is there once')
      assert.deepEqual(new Map(keyed), groups)
    }),
  )
})

// Another workload that continues a response must get 404 and not the conversation of its owner, also after a restart.
test('the creator of an object is the newest record that names it with a workload and an instance', async () => {
  for (const objectId of objects) {
    const newest = kept
      .filter(one => one.closed.objectId === objectId && one.opened.workload !== null && instanceOf(one) !== null)
      .toSorted((a, b) => (a.opened.id < b.opened.id ? 1 : -1))[0]
    assert.ok(newest)
    const owner = { workload: newest.opened.workload, instance: instanceOf(newest) }
    assert.deepEqual(await ledger.creatorsOf([objectId]), new Map([[objectId, owner]]))
    assert.deepEqual((await ledger.creatorsOf(['resp_4', ...objects])).get(objectId), owner)
  }
  const nobodys = ['resp_4', '', 'resp_1 ', "' OR 1=1 --", 'Ω'.repeat(70_000)]
  assert.equal((await ledger.creatorsOf(nobodys)).size, 0)
})

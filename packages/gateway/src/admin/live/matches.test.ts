import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { RecordFilter } from '../../ledger/reports.ts'
import { noUsage } from '../../wire/usage.ts'
import { recordId, recordRow, TestLedger } from '../ledger.fixture.ts'
import { matches } from './matches.ts'

const texts = ['hr-bot', 'code-assistant', null] as const
const row = fc.record({
  workload: fc.constantFrom(...texts),
  instance: fc.constantFrom('east', 'west', null),
  servedModel: fc.constantFrom('gpt-4o-2024-11-20', null),
  requestedModel: fc.constantFrom('gpt-4o', 'o3', null),
  callerName: fc.constantFrom('carol@contoso.example', 'dave'),
  callerKind: fc.constantFrom('user' as const, 'application' as const, null),
  outcomeCode: fc.constantFrom('token_missing', null),
  status: fc.constantFrom(200, 429, null),
  copyKind: fc.constantFrom('shadow' as const, null),
  copyOf: fc.constantFrom(recordId(900), null),
  objectId: fc.constantFrom('resp_1', null),
  startedAtMs: fc.constantFrom(1_000, 2_000, 3_000),
  endedAtMs: fc.constantFrom(3_000, 4_000),
  cost: fc.constantFrom(null, { nano: 50, currency: 'USD', price: 'p' }, { nano: 5_000, currency: 'USD', price: 'p' }),
  usage: fc.constantFrom(noUsage, { ...noUsage, source: 'reported' as const, totalTokens: 1_234 }),
})
const maybe = <T>(...values: T[]): fc.Arbitrary<T | undefined> =>
  fc.option(fc.constantFrom(...values), { nil: undefined, freq: 1 })
const filter = fc
  .record({
    fromMs: maybe(1_500, 2_000),
    toMs: maybe(2_000, 2_500),
    workload: maybe('hr-bot', 'nobody'),
    instance: maybe('east'),
    model: maybe('gpt-4o', 'gpt-4o-2024-11-20'),
    caller: maybe(
      'dave',
      '22222222-2222-3333-4444-555555555555',
      'user:11111111-2222-3333-4444-555555555555/22222222-2222-3333-4444-555555555555',
    ),
    outcomeCode: maybe('token_missing'),
    status: maybe(200),
    copyKind: maybe<'shadow' | 'none'>('shadow', 'none'),
    copyOf: maybe(recordId(900)),
    objectId: maybe('resp_1'),
    tokensOver: maybe(0, 1_233, 1_234),
    costOverNano: maybe(0, 50),
    durationOverMs: maybe(0, 1_500, 2_000),
  })
  .map(one => Object.fromEntries(Object.entries(one).filter(([, value]) => value !== undefined)) as RecordFilter)

// A live list that shows other records than the page below it makes an operator distrust both.
test('a record is live for a filter exactly when the ledger lists it', async t => {
  const ledger = new TestLedger()
  t.after(() => ledger.remove())
  for (const [at, changes] of fc.sample(row, 120).entries()) await ledger.add(recordRow(recordId(at + 1), changes))
  const { records } = await ledger.list({ limit: 1_000 })
  await fc.assert(
    fc.asyncProperty(filter, async asked => {
      const listed = await ledger.list({ ...asked, limit: 1_000 })
      const found = records.filter(one => matches(asked, one))
      assert.deepEqual(
        found.map(({ id }) => id),
        listed.records.map(({ id }) => id),
      )
    }),
    { numRuns: 60 },
  )
})

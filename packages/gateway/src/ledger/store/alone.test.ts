import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { bytes, closedOf, newId, openedOf, testLedger } from '../exchange.fixture.ts'
import { type Ledger, LedgerError } from '../index.ts'

const alone = (t: TestContext, directory: string, segmentBytesMax?: number): Promise<Ledger> =>
  testLedger(t, directory, {
    store: 'none',
    ...(segmentBytesMax === undefined ? {} : { journal: { segmentBytesMax } }),
  })

// First in this file: no other test may have loaded DuckDB before it.
test('without a store, questions are refused with a place to look, and DuckDB is not loaded', async t => {
  const ledger = await alone(t, temporaryDirectory('ledger'))
  const id = newId()
  await ledger.journal.open(openedOf(id), [bytes('{"q":1}')])
  await ledger.journal.close(closedOf(id), [bytes('{"a":1}')])
  const questions = {
    usage: () => ledger.usage({ by: ['workload'] }),
    callers: () => ledger.callers({ order: 'calls', limit: 10 }),
    errors: () => ledger.errors({}),
    list: () => ledger.list({}),
    row: () => ledger.row(id),
    bodies: () => ledger.bodies(id),
    keptBodies: () => ledger.keptBodies(id),
    search: () => ledger.search({ text: 'leave', workload: 'hr-bot', fromMs: 0, toMs: 1 }),
  }
  for (const [name, ask] of Object.entries(questions)) {
    const error = await ask().then(
      () => assert.fail(`${name} was answered`),
      (cause: unknown) => cause,
    )
    assert.ok(error instanceof LedgerError && error.code === 'ledger_without_store', name)
    assert.match(error.message, /gatehouse collect.*gatehouse feeds/)
  }
  assert.deepEqual(await ledger.health(), {
    ...{ writable: true, heldEntries: 0, lostBodyBytes: 0, lostRecords: 0 },
    ...{ openExchanges: 0, damagedBytes: 0 },
  })
  if (process.platform === 'linux') assert.doesNotMatch(readFileSync('/proc/self/maps', 'utf8'), /duckdb/i)
})

// What Redis has instead is the configuration's business (config/rules/stores.ts).
test('without a store, the gateway learns of no earlier use, owner or debt', async t => {
  const ledger = await alone(t, temporaryDirectory('ledger'))
  assert.deepEqual(await ledger.spent(0, Date.now()), [])
  assert.deepEqual(await ledger.owed(0), [])
  assert.deepEqual(await ledger.creatorsOf(['resp_1']), new Map())
})

test('without a store, an exchange whose process died is recorded as interrupted, once', async t => {
  const directory = temporaryDirectory('ledger')
  const [ended, open] = [newId(), newId()]
  const first = await alone(t, directory, 4_096)
  await first.journal.open(openedOf(open), [bytes('{"q":1}')])
  for (const id of [ended, newId(), newId(), newId()]) {
    await first.journal.open(openedOf(id), [Buffer.alloc(4_096, 'q')])
    await first.journal.close(closedOf(id), [bytes('{"a":1}')])
  }
  await first.close()
  for (const _ of [1, 2]) {
    const again = await alone(t, directory)
    await again.caughtUp()
    assert.equal((await again.health()).openExchanges, 0)
    await again.close()
  }
  // A store that is made later has everything that the journal still holds.
  const ledger = await testLedger(t, directory)
  const { records } = await ledger.list({})
  const outcomes = new Map(records.map(({ id, outcome }) => [id, outcome]))
  assert.deepEqual([outcomes.get(ended), outcomes.get(open)], ['completed', 'interrupted'])
  assert.equal(records.length, 5)
})

// A start asks for limits, owners and debts at once, while the thread's own timer loads.
test('without a store, questions at the same time do not disturb each other when a segment is full', async t => {
  const ledger = await alone(t, temporaryDirectory('ledger'), 4_096)
  for (let segment = 0; segment < 5; segment += 1) {
    const id = newId()
    await ledger.journal.open(openedOf(id), [Buffer.alloc(4_096, 'q')])
    await ledger.journal.close(closedOf(id), [bytes('{"a":1}')])
    await Promise.all(Array.from({ length: 8 }, () => ledger.caughtUp()))
  }
  assert.equal((await ledger.health()).openExchanges, 0)
})

test('without a store, what was written of a long answer can be read back while it is open', async t => {
  const ledger = await alone(t, temporaryDirectory('ledger'))
  const id = newId()
  await ledger.journal.open(openedOf(id), [bytes('question')])
  await ledger.journal.progress(id, 'response', [bytes('one, ')])
  await ledger.journal.progress(id, 'response', [bytes('two')])
  assert.equal(Buffer.concat([...(await ledger.journal.written(id, 'response'))]).toString(), 'one, two')
  assert.equal(Buffer.concat([...(await ledger.journal.written(id, 'request'))]).toString(), 'question')
  await ledger.journal.close(closedOf(id), [])
  assert.deepEqual(await ledger.journal.written(id, 'response'), [])
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { eventually } from '../../../../../test/support/wait.ts'
import { bytes, closedOf, keptLog, newId, openedOf, testLedger } from '../exchange.fixture.ts'
import { type Ledger, LedgerError } from '../index.ts'

async function record(ledger: Ledger, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const id = newId()
    await ledger.journal.open(openedOf(id), [bytes('question')])
    await ledger.journal.close(closedOf(id), [bytes('answer')])
  }
}

const callsOf = async (ledger: Ledger): Promise<number> => (await ledger.usage({ by: ['outcome'] })).total.calls
const isBusy = (error: unknown): boolean =>
  error instanceof LedgerError && error.code === 'ledger_busy' && /no record is lost/i.test(error.message)

/** The threads that start during the test, the store's first. */
function threadsOf(t: TestContext): readonly Worker[] {
  const threads: Worker[] = []
  const noteThread = (thread: Worker): void => void threads.push(thread)
  process.on('worker', noteThread)
  t.after(() => process.off('worker', noteThread))
  return threads
}

/** Makes the thread fail: no question is null, and reading it throws where nothing catches. */
async function fail(thread: Worker | undefined): Promise<void> {
  assert.ok(thread)
  const exited = once(thread, 'exit')
  thread.postMessage(null)
  await exited
}

// A gateway runs for months. One fault in the store must not leave it without reports until someone restarts it, and a
// question that is being answered just then must not end the process.
test('a store whose thread fails rejects questions, is started again, and misses no record', async t => {
  const threads = threadsOf(t)
  const log = keptLog()
  const ledger = await testLedger(t, temporaryDirectory('ledger'), { log })
  await record(ledger, 30)
  assert.equal(await callsOf(ledger), 30)
  // Open at the failure, closed after it.
  const open = newId()
  await ledger.journal.open(openedOf(open), [bytes('long question')])

  const asked = Array.from({ length: 12 }, () =>
    ledger.usage({ by: ['caller', 'hour'] }).then(
      () => null,
      error => error,
    ),
  )
  await fail(threads[0])
  for (const error of await Promise.all(asked)) assert.ok(error === null || isBusy(error), String(error))
  await assert.rejects(callsOf(ledger), isBusy)
  assert.equal((await ledger.health()).writable, true)
  await record(ledger, 20)
  await ledger.journal.close(closedOf(open), [bytes('long answer')])
  ledger.keepNames({ workload: ['new-bot'] })

  const calls = await eventually('the store answers again', () => callsOf(ledger).catch(() => null))
  assert.equal(calls, 51)
  assert.equal((await ledger.row(open))?.outcome, 'completed')
  await record(ledger, 1)
  assert.equal(await callsOf(ledger), 52)
  assert.ok(log.lines.some(({ level, message }) => level === 'warn' && message === 'store_restarted'))
})

// Whoever stops a gateway whose store has just failed must not wait, and the next start has all records.
test('a ledger can be closed while its store is away', async t => {
  const threads = threadsOf(t)
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory)
  await record(ledger, 5)
  await fail(threads[0])
  await record(ledger, 5)
  await ledger.close()
  const again = await testLedger(t, directory)
  assert.equal(await callsOf(again), 10)
})

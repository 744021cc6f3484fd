import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { eventually } from '../../../../../test/support/wait.ts'
import { bytes, closedOf, keptLog, newId, openedOf, temporaryDirectory, testLedger } from '../exchange.fixture.ts'
import type { Ledger } from '../index.ts'
import { LedgerError } from '../index.ts'

/** How the store's thread dies. */
const deaths: Readonly<Record<string, (thread: Worker) => void>> = {
  'is ended from outside': thread => void thread.terminate(),
  // No question is null: reading it throws where nothing catches.
  'fails with an error that nothing catches': thread => thread.postMessage(null),
}

async function record(ledger: Ledger, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const id = newId()
    await ledger.journal.open(openedOf(id), [bytes('question')])
    await ledger.journal.close(closedOf(id), [bytes('answer')])
  }
}

const callsOf = async (ledger: Ledger): Promise<number> => (await ledger.usage({ by: ['outcome'] })).total.calls

for (const [how, die] of Object.entries(deaths)) {
  // A gateway runs for months. One fault in the store must not leave it without reports until someone restarts it.
  test(`a store whose thread ${how} rejects questions, is started again, and misses no record`, async t => {
    const threads: Worker[] = []
    const noteThread = (thread: Worker): void => void threads.push(thread)
    process.on('worker', noteThread)
    t.after(() => process.off('worker', noteThread))
    const log = keptLog()
    const ledger = await testLedger(t, temporaryDirectory(t), { log })
    await record(ledger, 30)
    assert.equal(await callsOf(ledger), 30)
    // Open at the death, closed after it.
    const open = newId()
    await ledger.journal.open(openedOf(open), [bytes('long question')])

    const [thread] = threads
    assert.ok(thread)
    const died = new Promise(resolve => thread.once('exit', resolve))
    die(thread)
    await died
    await assert.rejects(
      () => callsOf(ledger),
      (error: unknown) =>
        error instanceof LedgerError && error.code === 'ledger_busy' && /no record is lost/i.test(error.message),
    )
    assert.equal((await ledger.health()).writable, true)
    await record(ledger, 20)
    await ledger.journal.close(closedOf(open), [bytes('long answer')])
    ledger.keepNames({ workload: ['new-bot'] })

    const calls = await eventually('the store answers again', () => callsOf(ledger).catch(() => null))
    assert.equal(calls, 51)
    assert.equal((await ledger.row(open))?.outcome, 'completed')
    await record(ledger, 1)
    assert.equal(await callsOf(ledger), 52)
    assert.ok(log.lines.some(({ level, message }) => level === 'warn' && message.includes('started again')))
  })
}

// Whoever stops a gateway whose store has just died must not wait, and the next start has all records.
test('a ledger can be closed while its store is away', async t => {
  const threads: Worker[] = []
  const noteThread = (thread: Worker): void => void threads.push(thread)
  process.on('worker', noteThread)
  t.after(() => process.off('worker', noteThread))
  const directory = temporaryDirectory(t)
  const ledger = await testLedger(t, directory)
  await record(ledger, 5)
  await threads[0]?.terminate()
  await record(ledger, 5)
  await ledger.close()
  const again = await testLedger(t, directory)
  assert.equal(await callsOf(again), 10)
})

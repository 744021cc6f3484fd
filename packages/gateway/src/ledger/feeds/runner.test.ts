import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { bytes, closedOf, keptLog, newId, openedOf, temporaryDirectory, testLedger } from '../exchange.fixture.ts'
import { endOfFiles } from '../journal/follower.ts'
import type { FeedBatch } from './index.ts'
import { RetryLaterError } from './retry-later.ts'
import { FeedRunner } from './runner.ts'

const minuteMs = 60_000
const startMs = Date.UTC(2026, 10, 26)

/** A closed ledger whose exchanges end a minute apart, in several segments. */
async function endedLedger(t: TestContext, count: number): Promise<{ directory: string; ids: string[] }> {
  const directory = temporaryDirectory(t)
  let now = startMs
  const ledger = await testLedger(t, directory, { journal: { segmentBytesMax: 3_000 }, clock: () => now })
  const ids: string[] = []
  for (let index = 0; index < count; index += 1, now += minuteMs) {
    const id = newId()
    ids.push(id)
    await ledger.journal.open(openedOf(id, { startedAtMs: now }), [bytes('question')])
    await ledger.journal.close(closedOf(id, { endedAtMs: now }), [bytes('answer')])
  }
  await ledger.close()
  return { directory, ids }
}

interface Look {
  readonly runner: FeedRunner
  readonly taken: string[]
  readonly batches: number[]
  readonly troubles: boolean[]
  /** Makes the feed fail while it is set, with this error. */
  failing: boolean
  failure: Error
  now: number
  look(): Promise<void>
}

function startRunner(t: TestContext, directory: string, batch?: FeedBatch): Look {
  const journal = join(directory, 'journal')
  let work: () => Promise<void> = async () => {}
  const taken: string[] = []
  const batches: number[] = []
  const troubles: boolean[] = []
  const feed = {
    async take(exchanges: readonly { readonly id: string }[]) {
      batches.push(exchanges.length)
      if (look.failing) throw look.failure
      taken.push(...exchanges.map(({ id }) => id))
    },
  }
  const look: Look = {
    runner: new FeedRunner(feed, {
      name: 'here',
      journal,
      cursors: join(directory, 'cursors'),
      written: () => endOfFiles(journal),
      everyMs: 1_000,
      scheduler: (_, work_) => {
        work = work_
        return () => {}
      },
      needs: () => {},
      log: keptLog(),
      clock: () => look.now,
      random: () => 0,
      onTrouble: isFailing => void troubles.push(isFailing),
      ...(batch === undefined ? {} : { batch }),
    }),
    ...{ taken, batches, troubles, failing: false, failure: new Error('the other side is away'), now: startMs },
    look: () => work(),
  }
  t.after(() => look.runner.close())
  return look
}

test('a batch is handed over at its number of records, and the rest at its time', async t => {
  const { directory, ids } = await endedLedger(t, 10)
  const look = startRunner(t, directory, { records: 4, bytes: 1e9, everyMs: 30_000 })
  await look.look()
  assert.deepEqual(look.batches, [4, 4])
  assert.equal(look.runner.progress().lagRecords, 2)
  look.now += 29_999
  await look.look()
  assert.deepEqual(look.batches, [4, 4])
  look.now += 1
  await look.look()
  assert.deepEqual(look.batches, [4, 4, 2])
  assert.deepEqual(look.taken, ids)
  assert.equal(look.runner.progress().lagRecords, 0)
})

test('a batch is handed over when its bodies are large', async t => {
  const { directory } = await endedLedger(t, 5)
  const look = startRunner(t, directory, { records: 100, bytes: 2_048, everyMs: 30_000 })
  await look.look()
  assert.deepEqual(look.batches, [2, 2])
})

test('what is gathered is handed over when the feed closes', async t => {
  const { directory, ids } = await endedLedger(t, 3)
  const look = startRunner(t, directory, { records: 100, bytes: 1e9, everyMs: 30_000 })
  await look.look()
  assert.deepEqual(look.taken, [])
  await look.runner.close()
  assert.deepEqual(look.taken, ids)
})

test('the pauses between retries double up to a minute, half of them random', async t => {
  const { directory, ids } = await endedLedger(t, 3)
  const look = startRunner(t, directory)
  look.failing = true
  const pauses: number[] = []
  let last = look.now
  for (; look.now < startMs + 300_000; look.now += 500) {
    const before = look.batches.length
    await look.look()
    if (look.batches.length === before) continue
    pauses.push(look.now - last)
    last = look.now
  }
  assert.deepEqual(pauses.slice(0, 9), [0, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  assert.deepEqual(look.troubles, [true])
  look.failing = false
  look.now += 60_000
  await look.look()
  assert.deepEqual([look.taken, look.troubles], [ids, [true, false]])
})

// A receiver that says when it can take more must not be asked before, or it stays overloaded.
test('a feed waits as long as the other side asks, up to an hour', async t => {
  const { directory, ids } = await endedLedger(t, 3)
  const look = startRunner(t, directory)
  look.failing = true
  for (const [asked, waits] of [
    [300_000, 300_000],
    [30 * 86_400_000, 3_600_000],
  ] as const) {
    look.failure = new RetryLaterError('busy', asked)
    await look.look()
    const { length } = look.batches
    look.now += waits - 1
    await look.look()
    assert.equal(look.batches.length, length)
    look.now += 1
  }
  look.failing = false
  await look.look()
  assert.deepEqual(look.taken, ids)
})

test('a clock that is set back by a day does not stop a feed that waits for a retry', async t => {
  const { directory, ids } = await endedLedger(t, 3)
  const look = startRunner(t, directory)
  look.failing = true
  await look.look()
  look.failing = false
  look.now -= 86_400_000
  await look.look()
  assert.deepEqual(look.taken, ids)
})

test('a paused feed takes nothing, also after a restart, until it is resumed', async t => {
  const { directory, ids } = await endedLedger(t, 3)
  const first = startRunner(t, directory)
  first.runner.pause()
  await first.look()
  assert.deepEqual(first.taken, [])
  await first.runner.close()
  const second = startRunner(t, directory)
  await second.look()
  second.now += minuteMs
  const { isPaused, lagRecords, lagBytes, lagSeconds } = second.runner.progress()
  assert.ok(isPaused && lagBytes > 0 && lagRecords > 0 && lagSeconds >= 60)
  assert.deepEqual(second.taken, [])
  second.runner.resume()
  await second.look()
  assert.deepEqual(second.taken, ids)
})

// An operator repairs a receiver that lost an hour: it must get that hour again, whole, and not the whole history.
test('a rewound feed gets again exactly what ended at that time or later', async t => {
  const { directory, ids } = await endedLedger(t, 40)
  const look = startRunner(t, directory)
  await look.runner.caughtUp()
  assert.deepEqual(look.taken, ids)
  look.taken.length = 0
  await look.runner.rewind(startMs + 25 * minuteMs)
  await look.runner.caughtUp()
  assert.deepEqual(look.taken, ids.slice(25))
  await look.runner.rewind(startMs + 1_000 * minuteMs)
  await look.runner.caughtUp()
  assert.deepEqual(look.taken, ids.slice(25), 'a time that the feed has not reached changes nothing')
})

import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { bytes, closedOf, keptLog, newId, openedOf, testLedger } from '../exchange.fixture.ts'
import { endOfFiles } from '../journal/follower.ts'
import { type JournalPosition, positionAt } from '../journal/position.ts'
import { preambleBytes } from '../journal/segments.ts'
import type { FeedBatch } from './index.ts'
import { RetryLaterError } from './retry-later.ts'
import { FeedRunner } from './runner.ts'

const minuteMs = 60_000
const startMs = Date.UTC(2026, 10, 26)

/** A closed ledger whose exchanges end a minute apart, in several segments. */
async function endedLedger(t: TestContext, count: number): Promise<{ directory: string; ids: string[] }> {
  const directory = temporaryDirectory('ledger')
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
  /** Positions from which on the journal was needed, one after the other. */
  readonly needs: number[]
  /** Ids that the feed wants; null for all. */
  wanted: ReadonlySet<string> | null
  /** Makes the feed fail while it is set, with this error. */
  failing: boolean
  failure: Error
  /** Called when the feed has taken a batch. */
  afterBatch: () => void
  now: number
  /** End of what is written; null for all of it. */
  end: JournalPosition | null
  look(): Promise<void>
}

function startRunner(t: TestContext, directory: string, batch?: FeedBatch): Look {
  const journal = join(directory, 'journal')
  let work: () => Promise<void> = async () => {}
  const taken: string[] = []
  const batches: number[] = []
  const troubles: boolean[] = []
  const needs: number[] = []
  const feed = {
    wants: ({ id }: { readonly id: string }) => look.wanted?.has(id) ?? true,
    async take(exchanges: readonly { readonly id: string }[]) {
      batches.push(exchanges.length)
      if (look.failing) throw look.failure
      taken.push(...exchanges.map(({ id }) => id))
      look.afterBatch()
    },
  }
  const look: Look = {
    runner: new FeedRunner(feed, {
      name: 'here',
      journal,
      cursors: join(directory, 'cursors'),
      written: () => look.end ?? endOfFiles(journal),
      everyMs: 1_000,
      scheduler: (_, work_) => {
        work = work_
        return () => {}
      },
      needs: from => void needs.push(from),
      log: keptLog(),
      clock: () => look.now,
      random: () => 0,
      onTrouble: isFailing => void troubles.push(isFailing),
      ...(batch === undefined ? {} : { batch }),
    }),
    ...{ taken, batches, troubles, needs, now: startMs, end: null },
    ...{ wanted: null, failing: false, failure: new Error('the other side is away'), afterBatch: () => {} },
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

// Records that wait in memory are copied whenever garbage is collected.
test('where records wait unread, each reading is handed over at once, and the next one comes after the time', async t => {
  const { directory, ids } = await endedLedger(t, 10)
  const look = startRunner(t, directory, { records: 4, bytes: 1e9, everyMs: 30_000, waitsUnread: true })
  await look.look()
  assert.deepEqual([look.batches, look.taken], [[4, 4, 2], ids])
  await look.runner.rewind(startMs)
  await look.look()
  assert.deepEqual(look.batches, [4, 4, 2, 4, 4, 2], 'a rewind does not wait')
})

test('records that wait unread are counted as behind, and are read after the time', async t => {
  const { directory, ids } = await endedLedger(t, 10)
  const look = startRunner(t, directory, { records: 100, bytes: 1e9, everyMs: 30_000, waitsUnread: true })
  look.end = positionAt(2, preambleBytes)
  await look.look()
  const [first = 0] = look.batches
  assert.ok(first > 0 && first < ids.length, String(first))
  look.end = null
  look.now += 29_999
  await look.look()
  assert.deepEqual(look.batches, [first])
  assert.ok(look.runner.progress().lagRecords > 0)
  look.now += 1
  await look.look()
  assert.deepEqual([look.batches, look.taken], [[first, ids.length - first], ids])
})

test('a batch is handed over when its bodies are large', async t => {
  const { directory } = await endedLedger(t, 5)
  const look = startRunner(t, directory, { records: 100, bytes: 2_048, everyMs: 30_000 })
  await look.look()
  assert.deepEqual(look.batches, [2, 2])
})

// An alert that fires once a month must not cost a request, or hold back retention, for each call between.
test('what a feed does not want is not offered, and its cursor moves on', async t => {
  const { directory, ids } = await endedLedger(t, 10)
  const look = startRunner(t, directory)
  look.wanted = new Set([ids[4] ?? ''])
  await look.runner.caughtUp()
  assert.deepEqual(look.taken, [ids[4]])
  const { lagRecords, sent } = look.runner.progress()
  assert.deepEqual([lagRecords, sent], [0, 1])
  assert.ok((look.needs.at(-1) ?? 0) > (look.needs[0] ?? 0))
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

const pairs: FeedBatch = { records: 2, bytes: 1e9, everyMs: 0 }

// A feed that catches up over millions of records would send on for hours after an operator has paused it.
test('a feed that is paused while it catches up takes no further batch', async t => {
  const { directory, ids } = await endedLedger(t, 10)
  const look = startRunner(t, directory, pairs)
  look.afterBatch = () => {
    if (look.batches.length === 2) look.runner.pause()
  }
  await look.look()
  assert.deepEqual(look.batches, [2, 2])
  look.runner.resume()
  await look.look()
  assert.deepEqual(look.taken, ids)
})

test('a feed that is rewound while it catches up goes back after the batch that it takes', async t => {
  const { directory, ids } = await endedLedger(t, 10)
  const look = startRunner(t, directory, pairs)
  let rewound: Promise<void> = Promise.resolve()
  look.afterBatch = () => {
    if (look.batches.length === 2) rewound = look.runner.rewind(startMs)
  }
  await look.look()
  await rewound
  await look.runner.caughtUp()
  assert.deepEqual(look.taken, [...ids.slice(0, 4), ...ids])
})

// Its thread would be ended in the middle of a batch, which the receiver then gets twice.
test('a feed that closes while it catches up ends its batch, and begins none after three seconds', async t => {
  const { directory, ids } = await endedLedger(t, 10)
  const look = startRunner(t, directory, pairs)
  let closed: Promise<void> | null = null
  look.afterBatch = () => {
    closed ??= look.runner.close()
    look.now += 2_000
  }
  await look.look()
  await closed
  assert.deepEqual(look.taken, ids.slice(0, 6))
  const next = startRunner(t, directory)
  await next.look()
  assert.deepEqual(next.taken, ids.slice(6))
})

// Catching up takes hours after a long outage: the feed works again, and no alarm must stay on.
test('a feed that fails works again after its first batch, not when it has caught up', async t => {
  const { directory } = await endedLedger(t, 10)
  const look = startRunner(t, directory, pairs)
  look.failing = true
  await look.look()
  look.failing = false
  look.now += minuteMs
  const during: number[] = []
  look.afterBatch = () => void during.push(look.troubles.length)
  await look.look()
  assert.deepEqual(during, [1, 2, 2, 2, 2])
  assert.deepEqual(look.troubles, [true, false])
})

// Retention would keep on the disk what the feed has read hours ago.
test('a feed that catches up needs less of the journal after each batch', async t => {
  const { directory } = await endedLedger(t, 20)
  const look = startRunner(t, directory, pairs)
  const before: number[] = []
  look.afterBatch = () => void before.push(look.needs.at(-1) ?? 0)
  await look.look()
  assert.equal(before.length, 10)
  assert.ok(before.every((from, index) => index === 0 || from > (before[index - 1] ?? 0)))
})

// A receiver would get the same batch at each retry, for as long as the disk of the ledger is full.
test('a batch that was taken is not offered again when the cursor cannot be saved', async t => {
  const { directory, ids } = await endedLedger(t, 6)
  const look = startRunner(t, directory, pairs)
  const cursors = join(directory, 'cursors')
  writeFileSync(cursors, 'a file in the place of the directory')
  for (let time = 0; time < 3; time += 1)
    await assert.rejects(look.runner.caughtUp(), /Its cursor cannot be saved: (EEXIST|ENOTDIR)/)
  assert.deepEqual(look.taken, ids.slice(0, 2))
  assert.deepEqual([look.runner.progress().sent, look.runner.progress().retried], [2, 0])
  rmSync(cursors)
  await look.runner.caughtUp()
  assert.deepEqual(look.taken, ids)
})

test('how far a feed is behind is right after a rewind, and while it catches up with old records', async t => {
  const { directory, ids } = await endedLedger(t, 40)
  const look = startRunner(t, directory, pairs)
  look.now = startMs + 40 * minuteMs
  await look.runner.caughtUp()
  assert.deepEqual([look.runner.progress().lagRecords, look.runner.progress().lagSeconds], [0, 0])
  await look.runner.rewind(startMs + 20 * minuteMs)
  assert.equal(look.runner.progress().lagSeconds, 20 * 60)
  look.taken.length = 0
  look.afterBatch = () => {
    if (look.taken.length === 10) look.runner.pause()
  }
  await look.runner.caughtUp()
  const { lagRecords, lagSeconds } = look.runner.progress()
  assert.ok(lagRecords >= 8 && lagRecords <= 13, `${lagRecords} of 10 records`)
  assert.equal(lagSeconds, 11 * 60, 'the last one that was taken ended eleven minutes ago')
  assert.equal(look.taken.at(-1), ids[29])
})

import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { eventually } from '../../../../../test/support/wait.ts'
import { bytes, closedOf, keptLog, newId, openedOf, testLedger } from '../exchange.fixture.ts'
import { type Ledger, LedgerError } from '../index.ts'
import { segmentNumbers, segmentPath } from '../journal/segments.ts'
import type { FeedSource } from './index.ts'
import { linesModule, linesOf } from './lines.fixture.ts'

interface Fed {
  readonly directory: string
  readonly source: FeedSource
  readonly log: ReturnType<typeof keptLog>
  readonly file: string
  open(feeds?: readonly FeedSource[]): Promise<Ledger>
  taken(): string[]
}

function fed(t: TestContext): Fed {
  const ledgers: Ledger[] = []
  // Before the directories are removed: a feed that still runs would write into them.
  t.after(() => Promise.all(ledgers.map(ledger => ledger.close())))
  const directory = temporaryDirectory('ledger')
  const beside = temporaryDirectory('ledger')
  const file = join(beside, 'lines')
  const settings = { file, refusing: join(beside, 'refusing') }
  const source = { name: 'lines', kind: 'lines', module: linesModule, settings }
  const log = keptLog()
  return {
    ...{ directory, source, log, file },
    async open(feeds = [source]) {
      const ledger = await testLedger(t, directory, { log, loadEveryMs: 5, journal: { segmentBytesMax: 3_000 }, feeds })
      ledgers.push(ledger)
      return ledger
    },
    taken: () => linesOf(file).map(({ id }) => id),
  }
}

async function recordSome(ledger: Ledger, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, newId)
  for (const id of ids) await ledger.journal.close(closedOf(id, { opened: openedOf(id) }), [bytes(`answer ${id}`)])
  return ids
}

const hasTaken = (what: Fed, ids: readonly string[]): Promise<unknown> =>
  eventually('the feed has caught up', () => what.taken().length >= ids.length || null)

// An operator comments a feed out for an hour: the receiver must neither miss the hour nor get the history again.
test('a feed that is removed and added again goes on where it was', async t => {
  const feed = fed(t)
  const ledger = await feed.open()
  const before = await recordSome(ledger, 10)
  await hasTaken(feed, before)
  ledger.useFeeds([])
  await eventually('it has ended', async () => (await ledger.feeds.states()).length === 0 || null)
  const during = await recordSome(ledger, 10)
  ledger.useFeeds([feed.source])
  const after = await recordSome(ledger, 10)
  const all = [...before, ...during, ...after]
  await hasTaken(feed, all)
  assert.deepEqual(feed.taken(), all)
  assert.deepEqual(
    feed.log.lines.filter(({ level }) => level === 'error'),
    [],
  )
})

test('a feed that was removed while its segments were deleted says what it misses, and ships the rest', async t => {
  const feed = fed(t)
  const first = await feed.open()
  const before = await recordSome(first, 10)
  await hasTaken(feed, before)
  await first.close()
  const second = await feed.open([])
  const during = await recordSome(second, 40)
  await second.close()
  const journal = join(feed.directory, 'journal')
  const deleted = segmentNumbers(journal).slice(0, -2)
  for (const number of deleted) rmSync(segmentPath(journal, number))
  await feed.open()
  const last = during.at(-1) ?? ''
  await eventually('it has caught up', () => feed.taken().includes(last) || null)
  const rest = feed.taken().slice(before.length)
  assert.deepEqual(rest, during.slice(-rest.length))
  const line = feed.log.lines.find(({ message }) => message === 'feed_records_lost')
  assert.equal(line?.level, 'error')
})

// Both would ship everything, and each would move the other one's cursor.
test('a second process with the same ledger and feed is refused before it touches the cursor', async t => {
  const feed = fed(t)
  const ledger = await feed.open()
  const ids = await recordSome(ledger, 5)
  await hasTaken(feed, ids)
  await assert.rejects(feed.open(), (error: unknown) => error instanceof LedgerError && error.code === 'ledger_in_use')
  const later = await recordSome(ledger, 5)
  await hasTaken(feed, [...ids, ...later])
  assert.deepEqual(feed.taken(), [...ids, ...later])
})

test('two feeds of one name are refused, and the one that runs goes on', async t => {
  const feed = fed(t)
  const ledger = await feed.open()
  const other = { ...feed.source, settings: { file: `${feed.file}-2`, refusing: `${feed.file}-no` } }
  assert.throws(() => ledger.useFeeds([feed.source, other]), RangeError)
  const ids = await recordSome(ledger, 5)
  await hasTaken(feed, ids)
  assert.deepEqual(feed.taken(), ids)
})

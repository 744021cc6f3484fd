import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { journalPath } from '../directory.ts'
import { bytes, closedOf, dayMs, keptLog, openedOf, testLedger } from '../exchange.fixture.ts'
import { type Ledger, LedgerError, QuestionError } from '../index.ts'
import { ask } from '../query/query.fixture.ts'
import { Store } from '../store/store.ts'
import type { SearchPage, SearchQuery } from './index.ts'
import { Needle } from './needle.ts'
import type { BodyPlaces } from './places.ts'
import { scan } from './scan.ts'
import { SearchThread } from './thread.ts'

const startMs = Date.UTC(2026, 10, 20)
const day = { workload: 'hr-bot', fromMs: startMs, toMs: startMs + dayMs }

/** Ids that sort in the order in which they are made. */
let made = 0
const nextId = (): string => `0199c0de-0000-7000-8000-${String(++made).padStart(12, '0')}`

interface Said {
  readonly request?: string
  readonly response?: readonly string[]
  readonly workload?: string
  readonly startedAtMs?: number
  readonly stream?: boolean
}

async function say(ledger: Ledger, said: Said): Promise<string> {
  const { request = '', response = [], workload = 'hr-bot', startedAtMs = startMs + 1_000, stream = false } = said
  const id = nextId()
  const last = response.at(-1) ?? ''
  await ledger.journal.open(openedOf(id, { workload, startedAtMs, stream }), [bytes(request)])
  for (const part of response.slice(0, -1)) await ledger.journal.progress(id, 'response', [bytes(part)])
  await ledger.journal.close(closedOf(id, { requestBytes: 10, responseBytes: 10 }), [bytes(last)])
  return id
}

const delta = (content: string): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`

/** All pages of a search, one hit each. */
async function pages(ledger: Ledger, query: SearchQuery): Promise<SearchPage[]> {
  const found: SearchPage[] = []
  for (let before: string | undefined; found.length < 100; ) {
    const page = await ledger.search({ ...query, limit: 1, ...(before === undefined ? {} : { before }) })
    found.push(page)
    if (page.next === null) break
    before = page.next
  }
  return found
}

// One entry of the journal ends anywhere, in a word and in an event.
test('a text is found in requests and answers of one workload and day, newest first, across entries and deltas', async t => {
  const ledger = await testLedger(t, temporaryDirectory('ledger'), { journal: { segmentBytesMax: 2_000 } })
  const events = delta('the xylo') + delta('phone of Zoë')
  const first = await say(ledger, { request: '{"input":"a Xylophone, please"}' })
  const second = await say(ledger, {
    response: [events.slice(0, 45), events.slice(45, 70), events.slice(70)],
    stream: true,
  })
  await say(ledger, { request: '{"input":"xylophone"}', workload: 'other' })
  await say(ledger, { request: '{"input":"xylophone"}', startedAtMs: startMs + dayMs })
  await say(ledger, { request: '{"input":"xylophone"}', startedAtMs: startMs - 1 })
  for (let index = 0; index < 20; index++) await say(ledger, { request: `{"input":"something else ${index}"}` })
  const page = await ledger.search({ ...day, text: 'XYLOPHONE' })
  const common = {
    startedAtMs: startMs + 1_000,
    callerKey: 'user:11111111-2222-3333-4444-555555555555/22222222-3333-4444-5555-666666666666',
    callerName: 'Alice Example',
  }
  assert.deepEqual(page, {
    hits: [
      { id: second, ...common, in: 'response', before: 'the ', found: 'xylophone', after: ' of Zoë' },
      { id: first, ...common, in: 'request', before: 'a ', found: 'Xylophone', after: ', please' },
    ],
    ...{ searched: 22, records: 22, deleted: 0, uncaptured: 0, unread: 0, next: null },
  })
  const bobs = await ledger.search({ ...day, text: 'XYLOPHONE', caller: 'Bob' })
  assert.deepEqual([bobs.hits.length, bobs.records], [0, 0])
  assert.equal((await ledger.search({ ...day, text: 'XYLOPHONE', caller: 'Alice Example' })).hits.length, 2)
})

test('a search that stopped goes on where it stopped, and its pages are the whole', async t => {
  const ledger = await testLedger(t, temporaryDirectory('ledger'))
  const ids: string[] = []
  for (let index = 0; index < 9; index++) {
    ids.push(await say(ledger, { request: index % 3 === 0 ? '{"input":"needle"}' : '{"input":"straw"}' }))
  }
  const found = await pages(ledger, { ...day, text: 'needle' })
  assert.deepEqual(
    found.flatMap(({ hits }) => hits.map(({ id }) => id)),
    [ids[6], ids[3], ids[0]],
  )
  assert.deepEqual(
    found.map(({ searched, records }) => [searched, records]),
    [
      [3, 9],
      [3, 6],
      [3, 3],
    ],
  )
})

test('records whose bodies were deleted or never kept are counted, not searched', async t => {
  const directory = temporaryDirectory('ledger')
  const over = { clock: () => startMs + dayMs, retain: { records: 400 * dayMs, bodies: dayMs / 2 } }
  const ledger = await testLedger(t, directory, over)
  await say(ledger, { request: '{"input":"needle"}' })
  const kept = await say(ledger, { request: '{"input":"needle"}', startedAtMs: startMs + 0.6 * dayMs })
  await say(ledger, { startedAtMs: startMs + 0.6 * dayMs })
  const page = await ledger.search({ ...day, text: 'needle' })
  assert.deepEqual(
    page.hits.map(({ id }) => id),
    [kept],
  )
  const { searched, deleted, uncaptured, unread } = page
  assert.deepEqual({ searched, deleted, uncaptured, unread }, { searched: 3, deleted: 1, uncaptured: 1, unread: 0 })
})

// A hold keeps bodies so that they can be found: a search that skips them would say that there was nothing.
test('bodies on legal hold are searched after retain.bodies, and queries have them', async t => {
  const over = { clock: () => startMs + dayMs, retain: { records: 400 * dayMs, bodies: dayMs / 2 } }
  const ledger = await testLedger(t, temporaryDirectory('ledger'), over)
  const held = await say(ledger, { request: '{"input":"needle"}' })
  await say(ledger, { request: '{"input":"needle"}', startedAtMs: startMs + 2_000 })
  const filter = { caller: null, workload: day.workload, fromMs: null, toMs: startMs + 2_000 }
  await ledger.holds.add({ id: held, ...filter, reason: 'Case 41', by: 'user:t/o', atMs: startMs })
  const { hits, deleted } = await ledger.search({ ...day, text: 'needle' })
  assert.deepEqual([hits.map(({ id }) => id), deleted], [[held], 1])
  const { rows, bodies } = await ask(ledger, 'SELECT id FROM bodies', { bodies: day })
  assert.deepEqual([rows, bodies?.deleted], [[[held]], 1])
})

// A day that moved into an archive still has records, and "there are none" would be wrong.
test('records in archives are counted as records whose bodies were deleted', async t => {
  let now = startMs + dayMs
  let look = async (): Promise<void> => {}
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory, {
    clock: () => now,
    retain: { records: 400 * dayMs, bodies: dayMs, archiveAfter: 2 * dayMs },
    scheduler: (_, work) => {
      look = work
      return () => {}
    },
  })
  await say(ledger, { request: '{"input":"needle"}' })
  await ledger.caughtUp()
  now = startMs + 10 * dayMs
  await look()
  assert.deepEqual(readdirSync(join(directory, 'archive')), ['day=2026-11-20'])
  const { hits, searched, records, deleted, next } = await ledger.search({ ...day, text: 'needle' })
  assert.deepEqual(
    { hits, searched, records, deleted, next },
    { hits: [], searched: 1, records: 1, deleted: 1, next: null },
  )
})

/** The packed places of a ledger that was closed, and its journal. */
async function placesOf(t: TestContext, directory: string) {
  const store = await Store.open({ directory, log: keptLog(), names: {}, loadTo: null })
  t.after(() => store.close())
  return { places: await store.bodyPlaces({ ...day, text: 'needle' }, []), journal: journalPath(directory) }
}
const wide = { hits: 10, bytes: 1e9, ms: 1e9, recordBytes: 1e9 }

// A day of a million calls must not keep the thread, nor the reader, for minutes.
test('a search stops after its bytes, its time and its hits, and says where', async t => {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory)
  const ids = [1, 2, 3].map(() => say(ledger, { request: '{"input":"needle"}' }))
  const newest = (await Promise.all(ids)).at(-1)
  await ledger.close()
  const { places, journal } = await placesOf(t, directory)
  for (const bound of [{ bytes: 1 }, { ms: 0 }, { hits: 1 }]) {
    const page = scan(journal, places, new Needle('needle'), 0, { ...wide, ...bound })
    assert.deepEqual([page.searched, page.records, page.next], [1, 3, newest], JSON.stringify(bound))
  }
  const all = scan(journal, places, new Needle('needle'), 0, wide)
  assert.deepEqual([all.hits.length, all.next], [3, null])
})

test('bodies that are too large, damaged or gone do not end a search', async t => {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory)
  await say(ledger, { request: `{"input":"${'large '.repeat(100)}"}` })
  await say(ledger, { request: '{"input":"needle"}' })
  await ledger.close()
  const { places, journal } = await placesOf(t, directory)
  const bounded = scan(journal, places, new Needle('needle'), 0, { ...wide, recordBytes: 200 })
  assert.deepEqual([bounded.hits.length, bounded.unread, bounded.searched], [1, 1, 2])
  const [name = ''] = readdirSync(journal)
  const segment = readFileSync(join(journal, name))
  segment.write('N', segment.indexOf('needle'))
  writeFileSync(join(journal, name), segment)
  const damaged = scan(journal, places, new Needle('needle'), 0, wide)
  assert.deepEqual([damaged.hits.length, damaged.unread, damaged.searched], [0, 1, 2])
  rmSync(join(journal, name))
  const gone = scan(journal, places, new Needle('needle'), 0, wide)
  assert.deepEqual([gone.hits.length, gone.deleted, gone.next], [0, 2, null])
})

test('a question that makes no sense is refused in words', async t => {
  const ledger = await testLedger(t, temporaryDirectory('ledger'), { names: { workload: ['hr-bot'] } })
  const refused = async (query: Partial<SearchQuery>, message: RegExp) =>
    assert.rejects(ledger.search({ ...day, text: 'needle', ...query }), (error: unknown) => {
      return error instanceof QuestionError && message.test(error.message)
    })
  await refused({ workload: 'nobody' }, /no such workload/)
  await refused({ text: ' a ' }, /at least 2 characters/)
  await refused({ text: 'a'.repeat(257) }, /at most 256 characters/)
  await refused({ limit: 0 }, /from 1 to 200/)
  await refused({ before: 'x' }, /id of a record/)
  const nothing = await ledger.search({ ...day, text: 'needle' })
  assert.deepEqual([nothing.records, nothing.next], [0, null])
})

const withCode = (code: string) => (error: unknown) => error instanceof LedgerError && error.code === code

/** More records than a search reads in its time. */
function manyTimes(places: BodyPlaces): BodyPlaces {
  const { numbers, ids } = places
  const copies = 500_000
  return {
    ...places,
    numbers: Float64Array.from({ length: copies * numbers.length }, (_, at) => numbers[at % numbers.length] ?? 0),
    ids: ids.repeat(copies),
  }
}

test('a search that nobody waits for is stopped, and the next one has its answer', async t => {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory)
  await say(ledger, { request: '{"input":"needle"}' })
  await ledger.close()
  const { places, journal } = await placesOf(t, directory)
  const threads = new SearchThread(journal)
  t.after(() => threads.close())
  const leaving = new AbortController()
  const left = threads.search(manyTimes(places), { text: 'straw' }, 0, leaving.signal)
  // The thread has begun by then.
  setImmediate(() => leaving.abort())
  await assert.rejects(left, withCode('ledger_busy'))
  await assert.rejects(threads.search(places, { text: 'needle' }, 0, leaving.signal), withCode('ledger_busy'))
  assert.equal((await threads.search(places, { text: 'needle' }, 0)).hits.length, 1)
})

test('closing ends the search that runs and those that wait, and a closed ledger searches no more', async t => {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory)
  await say(ledger, { request: '{"input":"needle"}' })
  await ledger.close()
  await assert.rejects(ledger.search({ ...day, text: 'needle' }), withCode('ledger_closed'))
  const { places, journal } = await placesOf(t, directory)
  const threads = new SearchThread(journal)
  const searches = [manyTimes(places), places].map(some => threads.search(some, { text: 'straw' }, 0))
  // The thread of the first one has begun by then.
  setImmediate(() => threads.close())
  await Promise.all(searches.map(search => assert.rejects(search, withCode('ledger_closed'))))
})

import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { eventually } from '../../../../../test/support/wait.ts'
import { bytes, closedOf, keptLog, newId, openedOf, testLedger } from '../exchange.fixture.ts'
import type { Ledger } from '../index.ts'
import { endOfFiles } from '../journal/follower.ts'
import { at, frameHeadBytes, frameKind } from '../journal/frame.ts'
import { preambleBytes, segmentNumbers, segmentPath } from '../journal/segments.ts'
import type { Feed, RecordedExchange } from './index.ts'
import { type FeedLine, type LinesSettings, linesModule, linesOf } from './lines.fixture.ts'
import { FeedRunner } from './runner.ts'

interface FedLedger {
  readonly directory: string
  readonly settings: LinesSettings
  readonly log: ReturnType<typeof keptLog>
  open(): Promise<Ledger>
  lines(): FeedLine[]
  /** Waits until the feed has written a line for this exchange. */
  hasTaken(id: string): Promise<void>
}

/** A ledger with small segments and one feed that writes lines. */
function ledgerWithFeed(t: TestContext): FedLedger {
  const ledgers: Ledger[] = []
  // Before the directories are removed: a feed that still runs would write into them.
  t.after(() => Promise.all(ledgers.map(ledger => ledger.close())))
  const directory = temporaryDirectory('ledger')
  const aside = temporaryDirectory('ledger')
  const settings = { file: join(aside, 'lines'), refusing: join(aside, 'refusing') }
  const log = keptLog()
  return {
    directory,
    settings,
    log,
    async open() {
      const feeds = [{ name: 'lines', kind: 'lines', module: linesModule, settings }]
      const journal = { segmentBytesMax: 20_000 }
      const ledger = await testLedger(t, directory, { log, journal, loadEveryMs: 5, feeds })
      ledgers.push(ledger)
      return ledger
    },
    lines: () => linesOf(settings.file),
    async hasTaken(id) {
      await eventually(`the feed takes ${id}`, () => linesOf(settings.file).some(line => line.id === id) || null)
    },
  }
}

/**
 * Records exchanges that overlap: each is closed after the two that follow it were opened.
 * @returns ids in the order of their ends.
 */
async function recordSome(ledger: Ledger, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, newId)
  const end = async (id: string): Promise<void> => {
    void ledger.journal.progress(id, 'response', [bytes('part ')])
    await ledger.journal.close(closedOf(id), [bytes(`answer ${id}`)])
  }
  for (const [index, id] of ids.entries()) {
    await ledger.journal.open(openedOf(id), [bytes(`question ${id}`)])
    const ended = ids[index - 2]
    if (ended !== undefined) await end(ended)
  }
  for (const id of ids.slice(-2)) await end(id)
  return ids
}

const lineOf = (id: string): FeedLine => ({
  id,
  opened: id,
  outcome: 'completed',
  request: `question ${id}`,
  response: `part answer ${id}`,
})

/** Each id once, where it came first: what a receiver keeps that takes exchanges at least once. */
const firstOf = (lines: readonly FeedLine[]): string[] => [...new Set(lines.map(({ id }) => id))]

// A feed that misses an exchange, or mixes two, makes a bill or an audit elsewhere wrong.
test('a feed gets every exchange once, in the order of their ends, with both halves and bodies, across segments', async t => {
  const fed = ledgerWithFeed(t)
  const ledger = await fed.open()
  const ids = await recordSome(ledger, 300)
  const refused = newId()
  const opened = openedOf(refused, { callerKind: null })
  await ledger.journal.close(closedOf(refused, { outcome: 'refused', opened }), [bytes('no')], [bytes('please')])
  await fed.hasTaken(refused)
  assert.ok(segmentNumbers(join(fed.directory, 'journal')).length > 5)
  const last = { id: refused, opened: refused, outcome: 'refused', request: 'please', response: 'no' }
  assert.deepEqual(fed.lines(), [...ids.map(lineOf), last])
  assert.deepEqual(
    fed.log.lines.filter(({ level }) => level !== 'info'),
    [],
  )
})

// After an update of the gateway the other side must not get the whole history again.
test('a feed goes on at its cursor after a restart, also with exchanges that were open over it', async t => {
  const fed = ledgerWithFeed(t)
  const first = await fed.open()
  const before = await recordSome(first, 40)
  const interrupted = newId()
  await first.journal.open(openedOf(interrupted), [bytes('question')])
  await fed.hasTaken(before.at(-1) ?? '')
  await first.close()
  const second = await fed.open()
  await second.caughtUp()
  const after = await recordSome(second, 40)
  await fed.hasTaken(after.at(-1) ?? '')
  const lines = fed.lines()
  assert.deepEqual(
    lines.map(({ id }) => id),
    [...before, interrupted, ...after],
  )
  const line = lines.find(({ id }) => id === interrupted)
  assert.deepEqual(line, {
    id: interrupted,
    opened: interrupted,
    outcome: 'interrupted',
    request: 'question',
    response: '',
  })
})

// The other side is down for a minute, or takes half of a batch and fails.
test('a feed that rejects is offered the same exchanges again, and the log says so once', async t => {
  const fed = ledgerWithFeed(t)
  writeFileSync(fed.settings.refusing, '')
  const ledger = await fed.open()
  const ids = await recordSome(ledger, 60)
  await eventually('the feed has refused a few times', () => fed.lines().length > 80 || null)
  rmSync(fed.settings.refusing)
  await fed.hasTaken(ids.at(-1) ?? '')
  assert.deepEqual(firstOf(fed.lines()), ids)
  await eventually('it is logged', () => fed.log.lines.some(({ level }) => level === 'info') || null)
  const said = fed.log.lines.map(({ level, message }) => `${level}: ${message}`)
  assert.deepEqual(said, ['error: feed_failed', 'info: feed_back'])
})

const damages: readonly (readonly [name: string, damage: (text: string) => string])[] = [
  ['cut short', text => text.slice(0, text.length >> 1)],
  ['empty', () => ''],
  [
    'changed in one digit',
    text => text.replace(/"takenTo":\[(\d+)/, (_, segment) => `"takenTo":[${Number(segment) + 1}`),
  ],
  ['of another consumer', text => resealed(text, { consumer: 'other' })],
  ['beyond the end of the journal', text => resealed(text, { takenTo: [9_999, 64] })],
  ['of a journal that was replaced', text => resealed(text, { marker: '0011223344556677' })],
]

/** Changes the content of a cursor and gives it the right checksum. */
function resealed(text: string, over: object): string {
  const { checksum: _, ...content } = { ...(JSON.parse(text) as Record<string, unknown>), ...over }
  return JSON.stringify({ ...content, checksum: crc32(JSON.stringify(content)) })
}

/** A feed in this thread, over the files of a ledger that is closed. */
function runnerOver(t: TestContext, directory: string, log: ReturnType<typeof keptLog>, name = 'here') {
  const taken: RecordedExchange[] = []
  const feed: Feed = {
    async take(exchanges) {
      taken.push(...exchanges)
    },
  }
  const journal = join(directory, 'journal')
  const runner = new FeedRunner(feed, {
    name,
    journal,
    cursors: join(directory, 'cursors'),
    written: () => endOfFiles(journal),
    everyMs: 1,
    scheduler: () => () => {},
    needs: () => {},
    log,
  })
  t.after(() => runner.close())
  return { runner, taken }
}

async function closedLedger(
  t: TestContext,
  count: number,
  segmentBytesMax = 64 * 1024 * 1024,
): Promise<{ directory: string; ids: string[] }> {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory, { journal: { segmentBytesMax } })
  const ids = await recordSome(ledger, count)
  await ledger.close()
  return { directory, ids }
}

// Trusting a wrong cursor would skip exchanges in silence. Receivers are built to ignore repeated ones.
test('a cursor that cannot be trusted is logged, and the feed reads from the beginning again', async t => {
  const { directory, ids } = await closedLedger(t, 5)
  const cursor = join(directory, 'cursors', 'here.journal.json')
  const taken = async (log: ReturnType<typeof keptLog>): Promise<string[]> => {
    const feed = runnerOver(t, directory, log)
    await feed.runner.caughtUp()
    return feed.taken.map(({ id }) => id)
  }
  assert.deepEqual(await taken(keptLog()), ids)
  assert.deepEqual(await taken(keptLog()), [], 'a good cursor is used')
  for (const [name, damage] of damages) {
    writeFileSync(cursor, damage(readFileSync(cursor, 'utf8')))
    const log = keptLog()
    assert.deepEqual(await taken(log), ids, name)
    assert.deepEqual(
      log.lines.map(({ level, message }) => `${level}: ${message}`),
      ['error: cursor_unusable'],
      name,
    )
  }
})

/**
 * Changes the last entry of this kind and exchange in the first segment; its checksum is made right again when `reseal`
 * is set.
 */
function changeEntry(
  directory: string,
  id: string,
  kind: number,
  change: (entry: Buffer) => void,
  reseal: boolean,
): void {
  const path = segmentPath(join(directory, 'journal'), 1)
  const segment = readFileSync(path)
  const idBytes = Buffer.from(id.replaceAll('-', ''), 'hex')
  for (let from = preambleBytes; from < segment.byteLength; ) {
    const entry = segment.subarray(from)
    const metaEnd = frameHeadBytes + entry.readUInt32LE(at.metaBytes)
    if (entry.subarray(at.id, frameHeadBytes).equals(idBytes) && entry.readUInt8(at.kind) === kind) {
      change(entry)
      if (reseal) entry.writeUInt32LE(crc32(entry.subarray(at.bodyCrc, metaEnd)), at.headCrc)
    }
    from += metaEnd + entry.readUInt32LE(at.bodyBytes)
  }
  writeFileSync(path, segment)
}

// A bad sector must cost the feed what it hit and nothing after it.
test('a feed reads on after damage; an end whose beginning is lost is set aside', async t => {
  const { directory, ids } = await closedLedger(t, 8)
  changeEntry(directory, ids[3] ?? '', frameKind.opened, entry => entry.writeUInt8(9, at.flags), false)
  changeEntry(directory, ids[5] ?? '', frameKind.closed, entry => entry.writeUInt8(9, at.flags), false)
  const log = keptLog()
  const { runner, taken } = runnerOver(t, directory, log)
  await runner.caughtUp()
  assert.deepEqual(
    taken.map(({ id }) => id),
    ids.filter((_, index) => index !== 5 && index !== 3),
  )
  assert.deepEqual(setAsideIn(directory), [ids[3]])
  assert.equal(runner.progress().setAside, 1)
  assert.equal(log.lines.filter(({ message }) => message === 'journal_damaged').length, 2)
})

/** Ids that a feed of `runnerOver` has set aside. */
function setAsideIn(directory: string): string[] {
  const path = join(directory, 'cursors', 'here.aside.jsonl')
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
  return lines.map(line => (JSON.parse(line) as { readonly id: string }).id)
}

// The ledger has such a record whole. A half of it elsewhere would lack the workload and the caller.
test('a new feed sets aside what began in segments that are gone, and ships no half of it', async t => {
  const { directory, ids } = await closedLedger(t, 30, 3_000)
  const journal = join(directory, 'journal')
  const [first, second] = segmentNumbers(journal)
  assert.ok(first !== undefined && second !== undefined)
  rmSync(segmentPath(journal, first))
  const { runner, taken } = runnerOver(t, directory, keptLog())
  await runner.caughtUp()
  const whole = taken.map(({ id }) => id)
  const halves = setAsideIn(directory)
  assert.ok(halves.length > 0 && taken.every(({ opened }) => opened.workload === 'hr-bot'))
  assert.deepEqual([...halves, ...whole], ids.slice(-(halves.length + whole.length)))
})

// The same for any damage of one byte, in any segment: nothing is repeated, swapped, or lost beyond what was hit.
test('a flipped bit costs a feed at most the exchange that it hit, and never changes the order', async t => {
  const { directory, ids } = await closedLedger(t, 30, 3_000)
  const journal = join(directory, 'journal')
  const numbers = segmentNumbers(journal)
  assert.ok(numbers.length > 5)
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(7), async (which, where, bit) => {
      const path = segmentPath(journal, numbers[which % numbers.length] ?? 1)
      const content = readFileSync(path)
      const damaged = Buffer.from(content)
      const offset = Math.min(content.byteLength - 1, Math.floor(content.byteLength * where))
      damaged.writeUInt8(damaged.readUInt8(offset) ^ (1 << bit), offset)
      writeFileSync(path, damaged)
      run += 1
      const { runner, taken } = runnerOver(t, directory, keptLog(), `run-${run}`)
      await runner.caughtUp()
      writeFileSync(path, content)
      const got = taken.map(({ id }) => id)
      assert.deepEqual(
        got,
        ids.filter(id => got.includes(id)),
      )
      assert.ok(got.length >= ids.length - 1, `${got.length} of ${ids.length}`)
      assert.ok(taken.every(({ opened, id }) => opened.id === id))
    }),
    { numRuns: 80 },
  )
})

// Skipping what it does not understand would lose records; the feed must stop there and say which version can go on.
test('a feed stops at an entry of a later version and takes nothing after it', async t => {
  const { directory, ids } = await closedLedger(t, 8)
  changeEntry(directory, ids[4] ?? '', frameKind.closed, entry => entry.writeUInt8(5, at.kind), true)
  const log = keptLog()
  const { runner, taken } = runnerOver(t, directory, log)
  for (let time = 0; time < 3; time++) await assert.rejects(runner.caughtUp(), /newer version .*entries of kind 5/)
  assert.ok(!taken.some(({ id }) => ids.indexOf(id) >= 4))
  assert.equal(log.lines.length, 1)
  assert.match(JSON.stringify(log.lines), /Run that version/)
})

// Bodies are purged while a slow feed still has the exchange in its hands.
test('bodies of segments that were deleted are null, figures stay', async t => {
  const { directory, ids } = await closedLedger(t, 2)
  const { runner, taken } = runnerOver(t, directory, keptLog())
  await runner.caughtUp()
  assert.equal(Buffer.concat(taken[0]?.readBodies()?.request ?? []).toString(), `question ${ids[0]}`)
  for (const number of segmentNumbers(join(directory, 'journal')))
    rmSync(segmentPath(join(directory, 'journal'), number))
  assert.equal(taken[0]?.readBodies(), null)
  assert.equal(taken[0]?.closed.usage.totalTokens, 15)
})

test('a feed whose name cannot be part of a file name is refused', async t => {
  const { directory } = await closedLedger(t, 1)
  const options = { journal: join(directory, 'journal'), cursors: directory, written: () => 0, everyMs: 1 }
  for (const name of ['', '../up', 'Big', 'a'.repeat(41)]) {
    assert.throws(
      () =>
        new FeedRunner(
          { take: async () => {} },
          {
            ...options,
            name,
            scheduler: () => () => {},
            needs: () => {},
            log: keptLog(),
          },
        ),
      RangeError,
    )
  }
})

/** A module whose thread dies until the file of its settings is there; then each record is a line of it. */
const dyingModule = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { appendFileSync, existsSync } from 'node:fs'
    export function openFeed(file) {
      if (!existsSync(file)) throw new Error('not yet')
      return { take: async taken => appendFileSync(file, taken.map(({ id }) => id + '\\n').join('')) }
    }`)}`,
)

// A thread that runs out of memory must not take the gateway with it, nor stay away until somebody restarts that.
test('a feed whose thread dies is reported as stopped, and its thread is started again', async t => {
  const file = join(temporaryDirectory('ledger'), 'ids')
  const feeds = [{ name: 'dying', kind: 'dying', module: dyingModule, settings: file }]
  const ledger = await testLedger(t, temporaryDirectory('ledger'), { feeds, loadEveryMs: 5 })
  const ids = await recordSome(ledger, 5)
  const state = await eventually('it has died', async () => {
    const [found] = await ledger.feeds.states()
    return found?.status === 'stopped' ? found : null
  })
  assert.match(state.lastError ?? '', /not yet/)
  assert.equal(ledger.feeds.troubled, 1)
  await assert.rejects(ledger.feeds.pause('dying'), /has ended; it is started again/)
  assert.equal(await ledger.feeds.pause('other'), null)
  writeFileSync(file, '')
  await eventually('it works', () => readFileSync(file, 'utf8').split('\n').length === 6 || null)
  assert.deepEqual(readFileSync(file, 'utf8').split('\n').slice(0, -1), ids)
  const [after] = await ledger.feeds.states()
  assert.deepEqual([after?.status, ledger.feeds.troubled], ['running', 0])
})

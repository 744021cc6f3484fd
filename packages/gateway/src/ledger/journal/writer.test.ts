import assert from 'node:assert/strict'
import { mkdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { closedOf, keptLog, newId, openedOf } from '../exchange.fixture.ts'
import { LedgerError } from '../index.ts'
import { systemScheduler } from '../scheduler.ts'
import { at } from './frame.ts'
import { readId } from './ids.ts'
import { type JournalPosition, offsetOf } from './position.ts'
import { SegmentScanner } from './scanner.ts'
import { readPreamble, segmentNumbers, segmentPath } from './segments.ts'
import { JournalWriter } from './writer.ts'
import type { JournalWriterOptions } from './writer-options.ts'

async function open(
  t: TestContext,
  directory: string,
  over: Partial<JournalWriterOptions> = {},
): Promise<JournalWriter> {
  const writer = await JournalWriter.open({
    directory,
    end: 0,
    fsync: 1_000,
    clock: () => 1_780_000_000_000,
    scheduler: systemScheduler,
    log: keptLog(),
    onWritten: () => {},
    readBack: async () => [],
    ...over,
  })
  t.after(() => writer.finish())
  return writer
}

/** Ids of the entries in the files, segment after segment. */
function idsIn(directory: string): string[] {
  return segmentNumbers(directory).flatMap(number => {
    const scanner = new SegmentScanner(directory, number)
    const ids: string[] = []
    while (scanner.next(scanner.fileBytes)) ids.push(readId(scanner.window, scanner.headAt + at.id))
    scanner.close()
    return ids
  })
}

// The data plane calls the backend once the promise resolves, and the call costs money.
for (const fsync of ['batch', 1_000] as const) {
  test(`an entry is in the file when its promise resolves, with fsync ${fsync}`, async t => {
    const directory = temporaryDirectory('ledger')
    const ends: JournalPosition[] = []
    const writer = await open(t, directory, { fsync, onWritten: end => ends.push(end) })
    const expected: string[] = []
    for (let round = 0; round < 20; round++) {
      const ids = Array.from({ length: 1 + (round % 5) }, newId)
      await Promise.all(ids.map(id => writer.open(openedOf(id), [Buffer.alloc(round * 3_000, 'x')])))
      expected.push(...ids)
      assert.deepEqual(idsIn(directory), expected)
      assert.equal(statSync(segmentPath(directory, 1)).size, offsetOf(ends.at(-1) ?? 0))
    }
  })
}

// Without this, a reader would take a torn tail for entries, or miss where one file continues in the next.
test('each segment states where the previous one ends', async t => {
  const directory = temporaryDirectory('ledger')
  const writer = await open(t, directory, { segmentBytesMax: 2_000 })
  const ids = Array.from({ length: 40 }, newId)
  for (const id of ids) await writer.open(openedOf(id), [Buffer.alloc(500)])
  const numbers = segmentNumbers(directory)
  assert.ok(numbers.length > 5)
  assert.deepEqual(idsIn(directory), ids)
  for (const number of numbers.slice(1)) {
    const preamble = readPreamble(directory, number)
    assert.equal(preamble?.previousNumber, number - 1)
    assert.equal(preamble?.previousBytes, statSync(segmentPath(directory, number - 1)).size)
  }
})

// The pieces of a body are useless in another order.
test('entries are written in the order of the calls, large and small', async t => {
  const directory = temporaryDirectory('ledger')
  const writer = await open(t, directory, { segmentBytesMax: 300_000 })
  const ids = Array.from({ length: 300 }, newId)
  for (const [index, id] of ids.entries()) {
    const body = [Buffer.alloc(index % 7 === 0 ? 100_000 : 10, index & 0xff), Buffer.from('tail')]
    void writer.progress(id, 'response', body)
    if (index % 50 === 0) await writer.flushed()
  }
  await writer.flushed()
  assert.deepEqual(idsIn(directory), ids)
})

// A machine that was paused wakes while another process goes on with its journal: its next segment has the number of
// one that the other writes.
test('a writer never writes over a segment that another process has created', async t => {
  const directory = temporaryDirectory('ledger')
  const slept = await open(t, directory, { segmentBytesMax: 1_000 })
  await slept.open(openedOf(newId()), [Buffer.alloc(2_000)])
  const successor = await open(t, directory, { end: slept.end })
  const kept = newId()
  await successor.open(openedOf(kept), [])
  await assert.rejects(slept.open(openedOf(newId()), []), (error: unknown) => {
    assert.ok(error instanceof LedgerError && error.code === 'ledger_unwritable')
    assert.match(error.message, /EEXIST.*Another process writes it/)
    return true
  })
  assert.equal(idsIn(directory).at(-1), kept)
  assert.equal(readPreamble(directory, 2)?.previousBytes, offsetOf(slept.end))
})

// The directory can vanish while the gateway runs: an unmounted share, a clean-up job. The gateway must report it, and
// continue when the directory is back.
test('a journal whose directory is gone refuses exchanges and continues by itself when it is back', async t => {
  const parent = temporaryDirectory('ledger')
  const directory = join(parent, 'journal')
  mkdirSync(directory)
  const log = keptLog()
  const writer = await open(t, directory, { segmentBytesMax: 1_000, retryMs: 5, log })
  const kept = newId()
  await writer.open(openedOf(kept), [Buffer.alloc(2_000)])
  renameSync(directory, `${directory}-away`)
  const refused = newId()
  await assert.rejects(writer.open(openedOf(refused), []), (error: unknown) => {
    assert.ok(error instanceof LedgerError && error.code === 'ledger_unwritable')
    assert.match(error.message, /ENOENT/)
    return true
  })
  assert.equal(writer.writable, false)
  await assert.rejects(writer.close(closedOf(kept), [Buffer.from('answer')]), LedgerError)
  await assert.rejects(writer.open(openedOf(newId()), []), LedgerError)
  renameSync(`${directory}-away`, directory)
  while (!writer.writable) await new Promise(resolve => setImmediate(resolve))
  const later = newId()
  await writer.open(openedOf(later), [])
  assert.deepEqual(idsIn(directory), [kept, kept, later])
  assert.equal(log.lines.filter(({ level }) => level === 'error').length, 1, 'logged once, not with every call')
})

// A disk that stays full for an hour must not fill the gateway's memory, and the bill must survive it.
test('entries that wait for the disk are bounded: bodies are dropped before ends of exchanges', async t => {
  const parent = temporaryDirectory('ledger')
  const directory = join(parent, 'journal')
  mkdirSync(directory)
  const writer = await open(t, directory, { segmentBytesMax: 1_000, retryMs: 5, heldBytesMax: 50_000 })
  const ids = Array.from({ length: 30 }, newId)
  for (const id of ids) await writer.open(openedOf(id), [])
  renameSync(directory, `${directory}-away`)
  await assert.rejects(writer.open(openedOf(newId()), [Buffer.alloc(2_000)]), LedgerError)
  const rejected = await Promise.allSettled(ids.map(id => writer.close(closedOf(id), [Buffer.alloc(5_000)])))
  assert.ok(rejected.every(({ status }) => status === 'rejected'))
  const never = newId()
  await assert.rejects(writer.close(closedOf(never, { opened: openedOf(never) }), [Buffer.alloc(60_000)]), LedgerError)
  assert.ok(writer.losses.bodyBytes >= 20 * 5_000)
  assert.equal(writer.losses.records, 1)
  renameSync(`${directory}-away`, directory)
  while (!writer.writable) await new Promise(resolve => setImmediate(resolve))
  const counts = new Map<string, number>()
  for (const id of idsIn(directory)) counts.set(id, (counts.get(id) ?? 0) + 1)
  for (const id of ids) assert.equal(counts.get(id), 2, 'opened and closed')
})

// With a wrong path the first start must fail, not the first call.
test('a journal that cannot be created is refused when it is opened', async t => {
  const directory = join(temporaryDirectory('ledger'), 'missing')
  await assert.rejects(
    open(t, directory),
    (error: unknown) => error instanceof LedgerError && error.code === 'ledger_unwritable',
  )
})

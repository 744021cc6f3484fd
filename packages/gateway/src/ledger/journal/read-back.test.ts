import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { mountSmallDisk } from '../../../../../test/support/small-disk.ts'
import { eventually } from '../../../../../test/support/wait.ts'
import { journalPath, prepareDirectory } from '../directory.ts'
import { bytes, keptLog, newId, openedOf } from '../exchange.fixture.ts'
import { systemScheduler } from '../scheduler.ts'
import { startStore } from '../store/client.ts'
import { frameHeadBytes, frameKind } from './frame.ts'
import { type JournalPosition, offsetOf } from './position.ts'
import { SegmentScanner } from './scanner.ts'
import { JournalWriter } from './writer.ts'
import type { JournalWriterOptions } from './writer-options.ts'

type Changes = Pick<JournalWriterOptions, 'directory' | 'readBack'> & Partial<JournalWriterOptions>

function open(options: Changes): Promise<JournalWriter> {
  return JournalWriter.open({
    end: 0,
    fsync: 1_000,
    clock: Date.now,
    scheduler: systemScheduler,
    log: keptLog(),
    onWritten: () => {},
    retryMs: 5,
    ...options,
  })
}

const textOf = (parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString()

/** What the first segment has of the answers before a position. */
function answersBefore(directory: string, end: JournalPosition): Buffer[] {
  const scanner = new SegmentScanner(directory, 1)
  const parts: Buffer[] = []
  while (scanner.next(offsetOf(end))) {
    if (scanner.kind !== frameKind.responseBytes) continue
    const from = scanner.headAt + frameHeadBytes
    parts.push(Buffer.from(scanner.window.subarray(from, from + scanner.bodyBytes)))
  }
  scanner.close()
  return parts
}

/** A journal on a disk that is full, with an open exchange: half of its answer is in the file, the rest waits. */
async function halfWritten(t: TestContext, options: (disk: { empty(): Promise<void> }) => Omit<Changes, 'directory'>) {
  const closers: (() => unknown)[] = []
  t.after(async () => {
    for (const close of closers.reverse()) await close()
  })
  const disk = await mountSmallDisk({ after: close => closers.push(close) }, 4)
  const directory = join(disk.directory, 'journal')
  mkdirSync(directory)
  const writer = await open({ directory, ...options(disk) })
  closers.push(() => writer.finish())
  const id = newId()
  await writer.open(openedOf(id), [])
  await writer.progress(id, 'response', [bytes('one ')])
  await disk.fill()
  await assert.rejects(writer.progress(id, 'response', [Buffer.alloc(65_536, 'x')]), { code: 'ledger_unwritable' })
  await assert.rejects(writer.progress(id, 'response', [bytes(' three')]), { code: 'ledger_unwritable' })
  return { disk, directory, writer, id, whole: `one ${'x'.repeat(65_536)} three` }
}

// Tokens of an answer whose usage was not reported are counted from it: half of an answer would be half of the price.
test('an answer is read back whole although the disk takes the rest of it meanwhile', async t => {
  const { writer, id, whole } = await halfWritten(t, disk => ({
    async readBack() {
      await disk.empty()
      await eventually('nothing waits', () => (writer.heldEntries === 0 ? true : null))
      return [Buffer.from('one ')]
    },
  }))
  assert.equal(textOf(await writer.written(id, 'response')), whole)
})

test('an answer is read back once, however close to the moment at which the rest of it is written', async t => {
  const asked: Promise<readonly Buffer[]>[] = []
  let askAtOnce = (): void => {}
  const { disk, directory, writer, id, whole } = await halfWritten(t, () => ({
    readBack: async (_id, _direction, end) => answersBefore(directory, end),
    onWritten: () => askAtOnce(),
  }))
  askAtOnce = () => {
    const ask = (): void => void asked.push(writer.written(id, 'response'))
    ask()
    let later = Promise.resolve()
    for (let turns = 1; turns < 20; turns += 1) later = later.then(ask)
  }
  await disk.empty()
  await eventually('nothing waits', () => (writer.heldEntries === 0 ? true : null))
  await eventually('all were asked', () => (asked.length >= 20 ? true : null))
  for (const found of await Promise.all(asked)) assert.equal(textOf(found).length, whole.length)
})

// The store reads on while it is asked: what it finds then is among what waited.
for (const kind of ['duckdb', 'none'] as const) {
  test(`the store (${kind}) reads back no more than up to the position that it is asked for`, async t => {
    const directory = prepareDirectory(temporaryDirectory('ledger'))
    const store = await startStore({ kind, directory, log: keptLog(), loadEveryMs: 3_600_000, names: {} })
    t.after(async () => {
      await store.ask('close')
      await store.ended
    })
    const writer = await open({ directory: journalPath(directory), readBack: async () => [], onWritten: store.wrote })
    t.after(() => writer.finish())
    const id = newId()
    await writer.open(openedOf(id), [bytes('question')])
    const ends: JournalPosition[] = []
    for (const part of ['a', 'b', 'c']) {
      ends.push(writer.end)
      await writer.progress(id, 'response', [bytes(part)])
    }
    await store.ask('load', writer.end)
    const found = await Promise.all([...ends, writer.end].map(end => store.ask('written', id, 'response', end)))
    assert.deepEqual(found.map(textOf), ['', 'a', 'ab', 'abc'])
    assert.equal(textOf(await store.ask('written', id, 'request', ends[0] ?? 0)), 'question')
  })
}

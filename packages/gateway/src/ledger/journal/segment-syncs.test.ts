import assert from 'node:assert/strict'
import { closeSync, openSync, readdirSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { eventually } from '../../../../../test/support/wait.ts'
import { closedOf, keptLog, newId, openedOf } from '../exchange.fixture.ts'
import { LedgerError } from '../index.ts'
import { canFailCalls, failCalls } from './failing-disk.fixture.ts'
import { at } from './frame.ts'
import { readId } from './ids.ts'
import { SegmentScanner } from './scanner.ts'
import { segmentNumbers, segmentPath } from './segments.ts'
import { JournalWriter } from './writer.ts'
import type { JournalWriterOptions } from './writer-options.ts'

interface Written {
  readonly writer: JournalWriter
  readonly directory: string
  readonly log: ReturnType<typeof keptLog>
  /** What the interval does. */
  sync(): Promise<void>
  retry(): Promise<void>
  /** Looks whether a write takes too long. */
  look(): Promise<void>
}

async function startWriter(t: TestContext, fsync: JournalWriterOptions['fsync']): Promise<Written> {
  const directory = temporaryDirectory('ledger')
  const log = keptLog()
  const works = new Map<number, () => Promise<void>>()
  const writer = await JournalWriter.open({
    ...{ directory, end: 0, fsync, log, retryMs: 5, slowMsMax: 40 },
    clock: () => 1_780_000_000_000,
    scheduler: (everyMs, work) => {
      works.set(everyMs, work)
      return () => {}
    },
    onWritten: () => {},
    readBack: async () => [],
  })
  t.after(() => writer.finish())
  const workOf = (everyMs: number) => async () => works.get(everyMs)?.()
  return { writer, directory, log, sync: workOf(1_000), retry: workOf(5), look: workOf(10) }
}

const body = [Buffer.alloc(5_000, 'x')]

async function openSome(writer: JournalWriter, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, newId)
  for (const id of ids) await writer.open(openedOf(id), body)
  return ids
}

/** Ids of the entries whose bodies are as they were written, by segment. */
function idsIn(directory: string): string[][] {
  return segmentNumbers(directory).map(number => {
    const scanner = new SegmentScanner(directory, number)
    const ids: string[] = []
    while (scanner.next(scanner.fileBytes)) {
      if (scanner.body() !== null) ids.push(readId(scanner.window, scanner.headAt + at.id))
    }
    scanner.close()
    return ids
  })
}

const fileNumber = (directory: string, segment: number): number => statSync(segmentPath(directory, segment)).ino

const messagesOf = ({ log }: Written): string[] => log.lines.map(({ level, message }) => `${level}: ${message}`)

const inDoubt = 'error: journal_sync_failed'
const saved = 'info: journal_sync_repaired'

// After a failed sync, Linux reports success at the next one, though it has dropped what it could not write.
test('after a sync that failed, what is in doubt is written to a new file, and calls go on', canFailCalls, async t => {
  const written = await startWriter(t, 1_000)
  const { writer, directory, sync } = written
  const synced = await openSome(writer, 3)
  await sync()
  const doubtful = await openSome(writer, 3)
  const before = fileNumber(directory, 1)
  const calls = await failCalls(t, 'fdatasync', 'error=EIO', segmentPath(directory, 1))
  await sync()
  const later = await openSome(writer, 2)
  await eventually('it is written again', () => messagesOf(written).includes(saved) || null)
  await calls.stop()
  assert.deepEqual(messagesOf(written), [inDoubt, saved])
  assert.ok(writer.writable)
  assert.notEqual(fileNumber(directory, 1), before)
  assert.deepEqual(idsIn(directory), [[...synced, ...doubtful], later])
  const facts = written.log.lines[1]?.fields as { readonly bytes: number }
  assert.ok(facts.bytes > 3 * 5_000 && facts.bytes < 4 * 5_000, 'only what came after the good sync is in doubt')
})

// Going on would promise a durability that the disk does not give.
test(
  'while nothing can be synced the ledger counts as unwritable, and it recovers with everything',
  canFailCalls,
  async t => {
    const written = await startWriter(t, 1_000)
    const { writer, directory, sync, retry } = written
    const opened = await openSome(writer, 3)
    const calls = await failCalls(t, 'fdatasync', 'error=EIO')
    await sync()
    await eventually('it is unwritable', () => !writer.writable || null)
    await assert.rejects(
      writer.open(openedOf(newId()), body),
      (error: unknown) => error instanceof LedgerError && /\(EIO\)/.test(error.message),
    )
    const [first = ''] = opened
    await assert.rejects(writer.close(closedOf(first), body), LedgerError)
    for (let time = 0; time < 5; time += 1) await retry()
    assert.ok(!writer.writable)
    assert.ok(readdirSync(directory).length <= 2, 'tries leave no files')
    await calls.stop()
    await retry()
    assert.ok(writer.writable)
    const later = await openSome(writer, 1)
    assert.deepEqual(idsIn(directory), [opened, [first, ...later]])
    assert.deepEqual(
      readdirSync(directory).filter(name => !name.endsWith('.seg')),
      [],
    )
  },
)

test('what was lost with a failed sync is reported', canFailCalls, async t => {
  const written = await startWriter(t, 1_000)
  const { writer, directory, sync } = written
  const [first = '', second = '', third = ''] = await openSome(writer, 3)
  // The kernel dropped a page of the second entry.
  const file = openSync(segmentPath(directory, 1), 'r+')
  writeSync(file, Buffer.alloc(4_096), 0, 4_096, 6_000)
  closeSync(file)
  const calls = await failCalls(t, 'fdatasync', 'error=EIO', segmentPath(directory, 1))
  await sync()
  await eventually(
    'it is reported',
    () => written.log.lines.some(({ message }) => message === 'journal_sync_lost') || null,
  )
  await calls.stop()
  const line = written.log.lines.at(-1) ?? assert.fail()
  const { lost } = line.fields as { readonly lost: number }
  assert.equal(line.level, 'error')
  assert.ok(lost >= 5_000 && lost < 11_000, `${lost} bytes`)
  const kept = idsIn(directory).flat()
  assert.ok(kept.includes(first) && !kept.includes(second))
  assert.ok(kept.includes(third) || lost > 10_000)
})

test(
  'with fsync batch, a group that could not be synced is rejected and written to a new segment',
  canFailCalls,
  async t => {
    const written = await startWriter(t, 'batch')
    const { writer, directory, retry } = written
    const opened = await openSome(writer, 2)
    const calls = await failCalls(t, 'fdatasync', 'error=EIO', segmentPath(directory, 1))
    const [first = ''] = opened
    await assert.rejects(writer.close(closedOf(first), body), /\(EIO\)/)
    await calls.stop()
    assert.ok(!writer.writable)
    await retry()
    assert.ok(writer.writable)
    assert.deepEqual(idsIn(directory), [opened, [first]])
  },
)

test('a full segment whose sync fails is written again in the background', canFailCalls, async t => {
  const written = await startWriter(t, 1_000)
  const { writer, directory } = written
  const opened = await openSome(writer, 3)
  const calls = await failCalls(t, 'fdatasync', 'error=EIO', segmentPath(directory, 1))
  const before = fileNumber(directory, 1)
  await writer.finish()
  await calls.stop()
  assert.deepEqual(messagesOf(written), [inDoubt, saved])
  assert.notEqual(fileNumber(directory, 1), before)
  assert.deepEqual(idsIn(directory), [opened])
})

// Calls would wait for as long as the disk does, and time out, and nobody would know why.
test(
  'while a write does not end the ledger counts as unwritable, and nothing is lost or out of order',
  canFailCalls,
  async t => {
    const written = await startWriter(t, 'batch')
    const { writer, directory, retry, look } = written
    const opened = await openSome(writer, 2)
    const [first = '', second = ''] = opened
    const calls = await failCalls(t, 'fdatasync', 'delay_enter=60000000', segmentPath(directory, 1))
    const slowly = newId()
    const slow = writer.open(openedOf(slowly), body)
    const rejection = assert.rejects(slow, /its disk is slow, a write has not ended/)
    await eventually('it is unwritable', async () => {
      await look()
      return !writer.writable || null
    })
    await rejection
    const ends = [writer.progress(first, 'response', body), writer.close(closedOf(first), body)]
    ends.push(writer.close(closedOf(second), body))
    assert.ok((await Promise.allSettled(ends)).every(({ status }) => status === 'rejected'))
    await assert.rejects(writer.open(openedOf(newId()), body), /its disk is slow/)
    await calls.stop()
    await retry()
    assert.ok(writer.writable)
    const later = await openSome(writer, 1)
    assert.deepEqual(idsIn(directory), [[...opened, slowly, first, first, second, ...later]])
    assert.deepEqual(messagesOf(written), ['error: ledger_unwritable', 'info: ledger_writable_again'])
  },
)

test(
  'entries of a slow write that fails in the end are written before those that came later',
  canFailCalls,
  async t => {
    const { writer, directory, retry, look } = await startWriter(t, 'batch')
    const [first = ''] = await openSome(writer, 1)
    const calls = await failCalls(t, 'fdatasync', 'error=EIO:delay_enter=1000000', segmentPath(directory, 1))
    const part = (text: string) => writer.progress(first, 'response', [Buffer.from(text)])
    const parts = [part('one')]
    await eventually('it is unwritable', async () => {
      await look()
      return !writer.writable || null
    })
    parts.push(part('two'))
    await Promise.allSettled(parts)
    await writer.flushed()
    await calls.stop()
    parts.push(part('three'))
    await Promise.allSettled(parts)
    await retry()
    assert.ok(writer.writable)
    const texts = segmentNumbers(directory).map(number => {
      const scanner = new SegmentScanner(directory, number)
      const bodies: string[] = []
      while (scanner.next(scanner.fileBytes)) bodies.push(String(scanner.body()))
      scanner.close()
      return bodies
    })
    assert.deepEqual(texts.slice(1), [['one', 'two', 'three']])
  },
)

// A file system that has found an error in itself goes read-only under the gateway.
test(
  'on a file system that became read-only exchanges are refused, and ends are written when it is not',
  canFailCalls,
  async t => {
    const { writer, directory, sync, retry } = await startWriter(t, 1_000)
    const opened = await openSome(writer, 2)
    const [first = '', second = ''] = opened
    const calls = await failCalls(t, 'pwrite64,pwritev,ftruncate,fdatasync', 'error=EROFS')
    await assert.rejects(writer.open(openedOf(newId()), body), /\(EROFS\)\. The file system became read-only/)
    await assert.rejects(writer.close(closedOf(first), body), LedgerError)
    await sync()
    for (let time = 0; time < 3; time += 1) await retry()
    assert.ok(!writer.writable)
    await calls.stop()
    await retry()
    assert.ok(writer.writable)
    await writer.close(closedOf(second), body)
    assert.deepEqual(idsIn(directory).flat(), [...opened, first, second])
  },
)

// It may hold prompts, and no retention would ever delete it.
test('a half-written copy that a killed process left is removed', async () => {
  const directory = temporaryDirectory('ledger')
  const left = join(directory, '0000000001.seg.new')
  writeFileSync(left, 'half')
  const options = { directory, end: 0, fsync: 1_000, log: keptLog(), clock: () => 0, scheduler: () => () => {} }
  const writer = await JournalWriter.open({ ...options, onWritten: () => {}, readBack: async () => [] })
  await writer.finish()
  assert.deepEqual(readdirSync(directory), ['0000000001.seg'])
})

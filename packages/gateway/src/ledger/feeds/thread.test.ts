import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { eventually } from '../../../../../test/support/wait.ts'
import { bytes, closedOf, keptLog, newId, openedOf, testLedger } from '../exchange.fixture.ts'
import { endOfFiles } from '../journal/follower.ts'
import { FeedThread, type FeedThreadOptions, UnansweredError } from './thread.ts'

/**
 * A feed that counts in shared memory how often it was offered something. `acts` says, as code, what it does then;
 * `wait()` blocks its thread until the test calls `release`.
 */
function moduleThat(acts: string): URL {
  const code = `
    export function openFeed(shared) {
      const cell = new Int32Array(shared)
      const wait = () => Atomics.wait(cell, 1, 0)
      return {
        async take(taken) {
          const offers = Atomics.add(cell, 0, 1) + 1
          ${acts}
          Atomics.add(cell, 2, taken.length)
        },
      }
    }`
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`)
}

interface Threaded {
  readonly thread: FeedThread
  readonly offers: () => number
  readonly taken: () => number
  readonly release: () => void
}

/** A feed's thread over a closed ledger with three records. */
async function startThread(t: TestContext, acts: string, over: Partial<FeedThreadOptions> = {}): Promise<Threaded> {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory)
  for (let record = 0; record < 3; record += 1) {
    const id = newId()
    await ledger.journal.close(closedOf(id, { opened: openedOf(id) }), [bytes('answer')])
  }
  await ledger.close()
  const journal = join(directory, 'journal')
  const written = new SharedArrayBuffer(8)
  Atomics.store(new BigInt64Array(written), 0, BigInt(endOfFiles(journal)))
  const shared = new SharedArrayBuffer(12)
  const cell = new Int32Array(shared)
  const release = (): void => {
    Atomics.store(cell, 1, 1)
    Atomics.notify(cell, 1)
  }
  const source = { name: 'threaded', kind: 'test', module: moduleThat(acts), settings: shared }
  const cursors = join(directory, 'cursors')
  const thread = new FeedThread(source, { journal, cursors, written, everyMs: 5, log: keptLog(), ...over })
  t.after(async () => {
    release()
    await thread.close()
  })
  return { thread, offers: () => Atomics.load(cell, 0), taken: () => Atomics.load(cell, 2), release }
}

// The operator was told that a feed is paused, and it went on for a minute.
test('an order that a busy feed does not answer fails, and may still be obeyed', async t => {
  const { thread, offers, release } = await startThread(t, 'wait()', { answerMsMax: 20 })
  await eventually('it is busy', () => offers() === 1 || null)
  await assert.rejects(thread.state({ kind: 'pause' }), UnansweredError)
  await assert.rejects(thread.state({ kind: 'rewind', toMs: 0 }), /may still do what it was asked for/)
  assert.equal((await thread.state()).sent, 0, 'its state is the last one that it gave')
  release()
  await eventually('it is paused', async () => (await thread.state()).status === 'paused' || null)
})

test('an order fails when the thread ends before it answers', async t => {
  const { thread, offers, release } = await startThread(t, 'wait(); process.exit()')
  await eventually('it is busy', () => offers() === 1 || null)
  const order = thread.state({ kind: 'resume' })
  release()
  await assert.rejects(order, UnansweredError)
})

// Otherwise /readyz warns of the feed until the gateway is started again.
test('a feed that failed and then ended is in no trouble when its next thread works', async t => {
  const acts = "if (offers === 1) throw new Error('away'); if (offers === 2) process.exit()"
  const { thread, taken } = await startThread(t, acts, { restartMs: 5 })
  await eventually('it has taken everything', () => taken() === 3 || null)
  assert.equal(thread.isTroubled, false)
  assert.equal((await thread.state()).status, 'running')
})

// A machine without memory for a thread must not lose the gateway as well.
test('a thread that cannot be started is reported and tried again', async t => {
  const directory = temporaryDirectory('ledger')
  const source = { name: 'threadless', kind: 'test', module: moduleThat(''), settings: () => 'cannot be copied' }
  const log = keptLog()
  const written = new SharedArrayBuffer(8)
  const places = { journal: directory, cursors: directory, written }
  const thread = new FeedThread(source, { ...places, everyMs: 5, log, restartMs: 5 })
  t.after(() => thread.close())
  assert.ok(thread.isTroubled)
  const { status, lastError } = await thread.state()
  assert.equal(status, 'stopped')
  assert.match(lastError ?? '', /could not be cloned/)
  await assert.rejects(thread.state({ kind: 'pause' }), /it is started again within seconds/)
  await eventually('it is tried again', () => log.lines.length > 2 || null)
})

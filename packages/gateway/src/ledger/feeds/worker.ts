/** A feed's thread: loads the feed's module and offers it what the journal holds. */
import { parentPort, workerData } from 'node:worker_threads'
import { systemScheduler } from '../scheduler.ts'
import type { FeedModule } from './index.ts'
import type { FeedOrder, FeedThreadData, FromFeed, ToFeed } from './messages.ts'
import { FeedRunner, feedParts } from './runner.ts'

const port = parentPort
if (port === null) throw new Error('This file is the entry of a worker thread.')
const { name, module, settings, selection, batch, journal, cursors, everyMs, ...shared } = workerData as FeedThreadData
const written = new BigInt64Array(shared.written)
const needed = new BigInt64Array(shared.needed)
const send = (message: FromFeed): void => port.postMessage(message)
const say =
  (level: 'info' | 'warn' | 'error') =>
  (fields: object, message: string): void =>
    send({ kind: 'log', level, fields, message })
const log = { info: say('info'), warn: say('warn'), error: say('error') }

const { openFeed } = (await import(module)) as FeedModule
let running: FeedRunner | null = null
const feed = await openFeed(
  settings,
  feedParts({ name, log, cursors }, () => running),
)
const runner = new FeedRunner(feed, {
  ...{ name, journal, cursors, everyMs, log },
  ...(selection === undefined ? {} : { selection }),
  ...(batch === undefined ? {} : { batch }),
  written: () => Number(Atomics.load(written, 0)),
  needs: from => {
    Atomics.store(needed, 0, BigInt(from))
  },
  scheduler: systemScheduler,
  onTrouble: isFailing => send({ kind: 'trouble', isFailing }),
})
running = runner

async function obey(order: FeedOrder): Promise<void> {
  switch (order.kind) {
    case 'progress':
      return
    case 'pause':
      return runner.pause()
    case 'resume':
      return runner.resume()
    case 'rewind':
      return runner.rewind(order.toMs)
    default:
      order satisfies never
  }
}

port.on('message', (message: ToFeed) => {
  if (message === 'close') {
    void runner.close().finally(() => port.close())
    return
  }
  const { number, order } = message
  obey(order).then(
    () => send({ kind: 'answer', number, progress: runner.progress() }),
    error => send({ kind: 'refusal', number, reason: error instanceof Error ? error.message : String(error) }),
  )
})

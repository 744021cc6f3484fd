/** A feed's thread: loads the feed's module and offers it what the journal holds. */
import { parentPort, workerData } from 'node:worker_threads'
import { systemScheduler } from '../scheduler.ts'
import type { FeedModule } from './index.ts'
import type { FeedThreadData, FromFeed, ToFeed } from './messages.ts'
import { FeedRunner } from './runner.ts'

const port = parentPort
if (port === null) throw new Error('This file is the entry of a worker thread.')
const { name, module, settings, journal, cursors, everyMs, ...shared } = workerData as FeedThreadData
const written = new BigInt64Array(shared.written)
const needed = new BigInt64Array(shared.needed)
const send = (message: FromFeed): void => port.postMessage(message)
const say =
  (level: 'info' | 'warn' | 'error') =>
  (fields: object, message: string): void =>
    send({ level, fields, message })
const log = { info: say('info'), warn: say('warn'), error: say('error') }

const { openFeed } = (await import(module)) as FeedModule
const runner = new FeedRunner(await openFeed(settings, log), {
  name,
  journal,
  cursors,
  everyMs,
  written: () => Number(Atomics.load(written, 0)),
  needs: from => {
    Atomics.store(needed, 0, BigInt(from))
  },
  scheduler: systemScheduler,
  log,
})

port.on('message', (message: ToFeed) => {
  if (message === 'close') void runner.close().then(() => port.close())
})

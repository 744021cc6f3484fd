import { Worker } from 'node:worker_threads'
import type { Log } from '../../log.ts'
import { workerUrl } from '../../worker-url.ts'
import type { JournalPosition } from '../journal/position.ts'
import type { FeedSource } from './index.ts'
import type { FeedThreadData, FromFeed, ToFeed } from './messages.ts'

export interface FeedThreadOptions {
  /** Directory of the segments, and that of the cursor files. */
  readonly journal: string
  readonly cursors: string
  /** One `BigInt64`: the position before which everything is with the kernel. */
  readonly written: SharedArrayBuffer
  readonly everyMs: number
  readonly log: Log
}

/** A feed that runs. Its failures are logged and never reach the data plane. */
export interface RunningFeed {
  readonly name: string
  /** The journal is needed from here on; 0 until the feed's thread has said so. */
  readonly neededFrom: JournalPosition
  /** Waits for what the feed is taking, at most five seconds. What it has not taken comes at the next start. */
  close(): Promise<void>
}

const closeMsMax = 5_000

export function startFeed({ name, module, settings }: FeedSource, options: FeedThreadOptions): RunningFeed {
  const { log, ...rest } = options
  const needed = new SharedArrayBuffer(8)
  const cell = new BigInt64Array(needed)
  const data: FeedThreadData = { name, module: module.href, settings, needed, ...rest }
  const worker = new Worker(workerUrl('./worker.ts', import.meta.url), { workerData: data })
  const ended = new Promise<void>(resolve => worker.on('exit', () => resolve()))
  let isClosing = false
  worker.on('message', (message: FromFeed) => log[message.level]({ ...message.fields }, message.message))
  // Without this listener an error in the thread would end the process. The journal keeps everything for the next
  // start.
  worker.on('error', error => log.error({ consumer: name, cause: String(error) }, "a feed's thread died"))
  worker.on('exit', () => {
    if (!isClosing) log.error({ consumer: name }, 'a feed ended; the journal keeps what it has not taken')
  })
  return {
    name,
    get neededFrom() {
      return Number(Atomics.load(cell, 0))
    },
    async close() {
      isClosing = true
      worker.postMessage('close' satisfies ToFeed)
      const timer = setTimeout(() => void worker.terminate(), closeMsMax)
      await ended
      clearTimeout(timer)
    },
  }
}

import { Worker } from 'node:worker_threads'
import type { Log } from '../../log.ts'
import { workerUrl } from '../../worker-url.ts'
import type { JournalPosition } from '../journal/position.ts'
import type { FeedProgress, FeedSource, FeedState, FeedStatus } from './index.ts'
import type { FeedOrder, FeedThreadData, FromFeed, ToFeed } from './messages.ts'

export interface FeedThreadOptions {
  /** Directory of the segments, and that of the cursor files. */
  readonly journal: string
  readonly cursors: string
  /** One `BigInt64`: the position before which everything is with the kernel. */
  readonly written: SharedArrayBuffer
  readonly everyMs: number
  readonly log: Log
  /** Longest wait for the answer of a thread that is busy, in milliseconds. Default 5,000. */
  readonly answerMsMax?: number
  /** Time until a thread that ended is started again, in milliseconds. Default 5,000. */
  readonly restartMs?: number
}

/** An order was given to a feed's thread, and no answer came. */
export class UnansweredError extends Error {
  constructor() {
    super('It gave no answer in time. It may still do what it was asked for, or has done it already.')
    this.name = 'UnansweredError'
  }
}

const closeMsMax = 5_000
const restartMsDefault = 5_000
const answerMsMaxDefault = 5_000

const noProgress: FeedProgress = {
  isPaused: false,
  ...{ lagRecords: 0, lagSeconds: 0, lagBytes: 0 },
  ...{ sent: 0, sentBytes: 0, retried: 0, setAside: 0 },
  ...{ lastSentAtMs: null, lastError: null, lastErrorAtMs: null },
}

/** A feed that runs in a thread of its own. Its failures are logged and never reach the data plane. */
export class FeedThread {
  readonly source: FeedSource
  /** Segments that retention deleted before the feed had read them. */
  droppedSegments = 0
  readonly #options: FeedThreadOptions
  readonly #needed = new SharedArrayBuffer(8)
  readonly #cell = new BigInt64Array(this.#needed)
  readonly #waiting = new Map<number, (progress: FeedProgress | Error | null) => void>()
  #asked = 0
  #worker: Worker | null = null
  #ended: Promise<void> = Promise.resolve()
  #restart: NodeJS.Timeout | undefined
  #isClosing = false
  #isFailing = false
  #death: { readonly reason: string; readonly atMs: number } | null = null
  #last: FeedProgress = noProgress

  constructor(source: FeedSource, options: FeedThreadOptions) {
    this.source = source
    this.#options = options
    this.#start()
  }

  /** The journal is needed from here on; 0 until the feed's thread has said so. */
  get neededFrom(): JournalPosition {
    return Number(Atomics.load(this.#cell, 0))
  }

  get isTroubled(): boolean {
    return this.#isFailing || this.#worker === null
  }

  /**
   * The feed's state after the order. For `progress`, a thread that does not answer gives the last state that it gave.
   * @throws Error when the order fails, or UnansweredError when it is not known whether it did.
   */
  async state(order: FeedOrder = { kind: 'progress' }): Promise<FeedState> {
    const { isPaused, ...progress } = await this.#ask(order)
    const { name, kind } = this.source
    const death = this.#worker === null ? this.#death : null
    const error = death === null ? {} : { lastError: death.reason, lastErrorAtMs: death.atMs }
    return {
      name,
      kind,
      status: this.#statusOf(isPaused),
      ...progress,
      ...error,
      droppedSegments: this.droppedSegments,
    }
  }

  /** Waits for what the feed is taking, at most five seconds. What it has not taken comes at the next start. */
  async close(): Promise<void> {
    this.#isClosing = true
    clearTimeout(this.#restart)
    const worker = this.#worker
    if (worker === null) return
    worker.postMessage('close' satisfies ToFeed)
    const timer = setTimeout(() => void worker.terminate(), closeMsMax)
    await this.#ended
    clearTimeout(timer)
  }

  #statusOf(isPaused: boolean): FeedStatus {
    if (this.#worker === null) return 'stopped'
    if (isPaused) return 'paused'
    return this.#isFailing ? 'failing' : 'running'
  }

  async #ask(order: FeedOrder): Promise<FeedProgress> {
    const worker = this.#worker
    const isOrder = order.kind !== 'progress'
    if (worker === null) {
      if (!isOrder) return this.#last
      throw new Error('The thread of the feed has ended; it is started again within seconds.')
    }
    const { promise, resolve } = Promise.withResolvers<FeedProgress | Error | null>()
    const number = ++this.#asked
    this.#waiting.set(number, resolve)
    worker.postMessage({ number, order } satisfies ToFeed)
    const timer = setTimeout(() => resolve(null), this.#options.answerMsMax ?? answerMsMaxDefault)
    const answer = await promise
    clearTimeout(timer)
    this.#waiting.delete(number)
    if (answer instanceof Error) throw answer
    if (answer === null && isOrder) throw new UnansweredError()
    if (answer !== null) this.#last = answer
    return this.#last
  }

  #start(): void {
    const { name, module, settings, selection, batch } = this.source
    const { journal, cursors, written, everyMs, log } = this.#options
    const needed = this.#needed
    const places = { journal, cursors, written, needed, everyMs }
    const data: FeedThreadData = { name, module: module.href, settings, selection, batch, ...places }
    const { promise, resolve } = Promise.withResolvers<void>()
    let worker: Worker
    try {
      worker = new Worker(workerUrl('./worker.ts', import.meta.url), { workerData: data })
    } catch (error) {
      this.#died(error)
      this.#startLater()
      return
    }
    this.#worker = worker
    this.#ended = promise
    worker.on('message', (message: FromFeed) => this.#hear(message))
    // Without this listener an error in the thread would end the process. The journal keeps everything for the next
    // start.
    worker.on('error', error => this.#died(error))
    worker.on('exit', () => {
      this.#worker = null
      // The next thread begins without a failure, and would not report that there is none.
      this.#isFailing = false
      resolve()
      for (const answer of this.#waiting.values()) answer(null)
      if (this.#isClosing) return
      log.error({ consumer: name }, 'feed_ended')
      this.#startLater()
    })
  }

  #died(error: unknown): void {
    this.#death = { reason: String(error), atMs: Date.now() }
    const { log } = this.#options
    log.error({ consumer: this.source.name, cause: String(error) }, 'feed_thread_died')
  }

  #startLater(): void {
    this.#restart = setTimeout(() => this.#start(), this.#options.restartMs ?? restartMsDefault)
  }

  #hear(message: FromFeed): void {
    switch (message.kind) {
      case 'log':
        this.#options.log[message.level]({ ...message.fields }, message.message)
        return
      case 'trouble':
        this.#isFailing = message.isFailing
        return
      case 'answer':
        this.#waiting.get(message.number)?.(message.progress)
        return
      case 'refusal':
        this.#waiting.get(message.number)?.(new Error(message.reason))
        return
      default:
        message satisfies never
    }
  }
}

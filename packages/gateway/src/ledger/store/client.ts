import { stat } from 'node:fs/promises'
import { Worker } from 'node:worker_threads'
import type { Log } from '../../log.ts'
import { withoutExperimentalWarnings } from '../../thread-slice.ts'
import { workerUrl } from '../../worker-url.ts'
import { LedgerError, QuestionError } from '../index.ts'
import type { JournalPosition } from '../journal/position.ts'
import type { LedgerNames } from '../names.ts'
import { givingWay } from './giving-way.ts'
import type {
  FromStore,
  SentError,
  StoreAnswer,
  StoreArguments,
  StoreCall,
  StoreData,
  StoreKind,
  StoreQuestion,
} from './messages.ts'

/**
 * The store's thread, as the main thread sees it. A thread that dies is started again and loads what it missed; until
 * then questions reject with `ledger_busy`.
 */
export interface StoreClient {
  /** After the last valid entry that the files had when the store was opened. */
  readonly position: JournalPosition
  /** Exchanges that an earlier process left open, oldest first. */
  readonly openIds: readonly string[]
  /** Calls a method of the store. Rejects with `ledger_closed` after `close`. */
  ask<C extends StoreCall>(call: C, ...args: StoreArguments<C>): Promise<StoreAnswer<C>>
  /** Notes how far the journal is written, so that the store and the feeds can read it. */
  wrote(position: JournalPosition): void
  /** Position before which everything is in the store. @throws LedgerError while the thread is away */
  readonly loadedTo: JournalPosition
  /** One `BigInt64`: the position that `wrote` was last called with, for feeds' threads. */
  readonly written: SharedArrayBuffer
  /** Resolves when the store is closed and its thread has ended. */
  readonly ended: Promise<void>
}

interface PendingAnswer {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

export interface StoreClientOptions {
  readonly kind: StoreKind
  readonly directory: string
  readonly log: Log
  /** Milliseconds between two loads. */
  readonly loadEveryMs: number
  readonly names: LedgerNames
}

/** Wait before a thread that died is started again; twice as long each time that it dies soon after. */
const restartMs = 1_000
const restartMsMax = 60_000

/** Starts the store's thread. Rejects when the store cannot be opened. */
export async function startStore(options: StoreClientOptions): Promise<StoreClient> {
  // The threads for files come with the first such call, and have the priority of the thread that makes it. They write
  // the journal, so it must not be that of the store's thread, which is lower.
  await stat(options.directory)
  const store = new StoreThread(options)
  const { position, openIds } = await store.opened
  return {
    position,
    openIds,
    // The names of calls and their types are those of `Store`.
    ask: ((call: StoreCall, ...args: readonly unknown[]) => store.ask(call, args)) as StoreClient['ask'],
    wrote: to => store.wrote(to),
    get loadedTo() {
      return store.loadedTo
    },
    written: store.written,
    ended: store.ended,
  }
}

type Ready = Extract<FromStore, { readonly kind: 'ready' }>

class StoreThread {
  readonly written = new SharedArrayBuffer(8)
  readonly ended: Promise<void>
  /** The first opening. */
  readonly opened: Promise<Ready>
  readonly #options: StoreClientOptions
  readonly #cell = new BigInt64Array(this.written)
  readonly #loaded = new SharedArrayBuffer(8)
  readonly #loadedCell = new BigInt64Array(this.#loaded)
  readonly #givingWay = givingWay(this.#loaded)
  readonly #waiting = new Map<number, PendingAnswer>()
  readonly #first = Promise.withResolvers<Ready>()
  readonly #end = Promise.withResolvers<void>()
  /** With those that a reload of the configuration brought. */
  #names: LedgerNames
  #worker: Worker | null = null
  #isReady = false
  #isFirst = true
  #isClosing = false
  #numbers = 0
  #restart: NodeJS.Timeout | undefined
  #nextRestartMs = restartMs
  #startedAtMs = 0

  constructor(options: StoreClientOptions) {
    this.#options = options
    this.#names = options.names
    this.opened = this.#first.promise
    this.ended = this.#end.promise
    this.#start()
  }

  wrote(position: JournalPosition): void {
    Atomics.store(this.#cell, 0, BigInt(position))
    if (this.#isReady) this.#givingWay.wrote(position)
  }

  get loadedTo(): JournalPosition {
    if (this.#isClosing) throw closed()
    if (!this.#isReady) throw away()
    return Number(Atomics.load(this.#loadedCell, 0))
  }

  ask(call: StoreCall, args: readonly unknown[]): Promise<unknown> {
    if (this.#isClosing) return Promise.reject(closed())
    if (call === 'keepNames') this.#names = args[0] as LedgerNames
    if (call === 'close') {
      this.#isClosing = true
      if (!this.#isReady) return this.#stop()
    }
    const worker = this.#worker
    if (worker === null || !this.#isReady) return Promise.reject(away())
    return new Promise((resolve, reject) => {
      this.#numbers += 1
      this.#waiting.set(this.#numbers, { resolve, reject })
      const question: StoreQuestion = { number: this.#numbers, call, args }
      worker.postMessage(question)
    })
  }

  /** Ends a store that is not open: nothing of it has to be written. */
  async #stop(): Promise<void> {
    clearTimeout(this.#restart)
    if (this.#worker === null) this.#end.resolve()
    else await this.#worker.terminate()
  }

  #start(): void {
    const { log, names: _, ...options } = this.#options
    const shared = { written: this.written, loaded: this.#loaded }
    const data: StoreData = { ...options, ...shared, names: this.#names, isRestart: !this.#isFirst }
    const execArgv = [...withoutExperimentalWarnings]
    const worker = new Worker(workerUrl('./worker.ts', import.meta.url), { workerData: data, execArgv })
    this.#worker = worker
    this.#startedAtMs = performance.now()
    worker.on('message', (message: FromStore) => this.#hear(message))
    // Without this listener an error in the thread would end the process, and with it the gateway. The journal needs no
    // store.
    worker.on('error', error => {
      log.error({ cause: String(error) }, 'store_thread_failed')
      this.#first.reject(neverOpen(error))
    })
    worker.on('exit', () => this.#exited())
  }

  #hear(message: FromStore): void {
    const { log } = this.#options
    switch (message.kind) {
      case 'ready':
        if (!this.#isFirst) log.warn({}, 'store_restarted')
        this.#isReady = true
        this.#isFirst = false
        this.#first.resolve(message)
        return
      case 'failed':
        // The one who opens the ledger gets the error of the first opening.
        if (this.#isFirst) this.#first.reject(received(message.error))
        else log.error({ cause: message.error.message }, 'store_not_restarted')
        return
      case 'log':
        log[message.level](message.fields, message.message)
        return
      case 'answer':
        this.#waiting.get(message.number)?.resolve(message.answer)
        this.#waiting.delete(message.number)
        return
      case 'refusal':
        this.#waiting.get(message.number)?.reject(received(message.error))
        this.#waiting.delete(message.number)
        return
      default:
        message satisfies never
    }
  }

  #exited(): void {
    this.#worker = null
    this.#isReady = false
    const reason = this.#isClosing ? closed() : away()
    for (const { reject } of this.#waiting.values()) reject(reason)
    this.#waiting.clear()
    if (this.#isFirst || this.#isClosing) {
      this.#first.reject(closed())
      this.#end.resolve()
      return
    }
    const lived = performance.now() - this.#startedAtMs
    const waitMs = lived > restartMsMax ? restartMs : this.#nextRestartMs
    this.#nextRestartMs = Math.min(2 * waitMs, restartMsMax)
    this.#options.log.error({ restartInMs: waitMs }, 'store_thread_died')
    this.#restart = setTimeout(() => this.#start(), waitMs)
  }
}

function closed(): LedgerError {
  return new LedgerError('ledger_closed', 'The store of the ledger has been closed.')
}

/** For who opens the ledger: without it only the exit of the thread would be known, and not its reason. */
function neverOpen(cause: unknown): LedgerError {
  const message = `The store's thread failed before the store was open: ${String(cause)}`
  return new LedgerError('ledger_closed', message, { cause })
}

function away(): LedgerError {
  return new LedgerError(
    'ledger_busy',
    'The store of the ledger stopped and is being started again. No record is lost: the journal has them. Try again in a few seconds; if it lasts, the log of the gateway says why.',
  )
}

function received({ code, range, message }: SentError): Error {
  if (code !== null) return new LedgerError(code, message)
  return range ? new QuestionError(message) : new Error(message)
}

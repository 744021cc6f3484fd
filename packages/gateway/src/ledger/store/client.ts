import { Worker } from 'node:worker_threads'
import type { Log } from '../../log.ts'
import { workerUrl } from '../../worker-url.ts'
import { LedgerError, QuestionError } from '../index.ts'
import type { JournalPosition } from '../journal/position.ts'
import type { LedgerNames } from '../names.ts'
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

export interface StoreClient {
  /** After the last valid entry that the files had when the store was opened. */
  readonly position: JournalPosition
  /** Exchanges that an earlier process left open, oldest first. */
  readonly openIds: readonly string[]
  /** Calls a method of the store. Rejects with `ledger_closed` when the thread has ended. */
  ask<C extends StoreCall>(call: C, ...args: StoreArguments<C>): Promise<StoreAnswer<C>>
  /** Notes how far the journal is written, so that the store and the feeds can read it. */
  wrote(position: JournalPosition): void
  /** One `BigInt64`: the position that `wrote` was last called with, for feeds' threads. */
  readonly written: SharedArrayBuffer
  /** Resolves when the thread has ended. */
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

/** Starts the store's thread. Rejects when the store cannot be opened. */
export function startStore({ log, ...options }: StoreClientOptions): Promise<StoreClient> {
  const written = new SharedArrayBuffer(8)
  const cell = new BigInt64Array(written)
  const data: StoreData = { ...options, written }
  const worker = new Worker(workerUrl('./worker.ts', import.meta.url), { workerData: data })
  const waiting = new Map<number, PendingAnswer>()
  const ready = Promise.withResolvers<StoreClient>()
  const ended = Promise.withResolvers<void>()
  let numbers = 0
  let alive = true

  const ask = (call: StoreCall, ...args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (!alive) return reject(gone())
      numbers += 1
      waiting.set(numbers, { resolve, reject })
      const question: StoreQuestion = { number: numbers, call, args }
      worker.postMessage(question)
    })

  const take = (message: FromStore): void => {
    switch (message.kind) {
      case 'ready':
        ready.resolve({
          position: message.position,
          openIds: message.openIds,
          // The names of calls and their types are those of `Store`.
          ask: ask as StoreClient['ask'],
          wrote: position => {
            Atomics.store(cell, 0, BigInt(position))
          },
          written,
          ended: ended.promise,
        })
        return
      case 'failed':
        ready.reject(received(message.error))
        return
      case 'log':
        log[message.level](message.fields, message.message)
        return
      case 'answer':
        waiting.get(message.number)?.resolve(message.answer)
        waiting.delete(message.number)
        return
      case 'refusal':
        waiting.get(message.number)?.reject(received(message.error))
        waiting.delete(message.number)
        return
      default:
        message satisfies never
    }
  }
  worker.on('message', take)
  // Without this listener an error in the thread would end the process, and with it the gateway. The journal needs no
  // store.
  worker.on('error', error =>
    log.error({ cause: String(error) }, "the store's thread died; records are kept in the journal"),
  )
  worker.on('exit', () => {
    alive = false
    for (const { reject } of waiting.values()) reject(gone())
    waiting.clear()
    ready.reject(gone())
    ended.resolve()
  })
  return ready.promise
}

function gone(): LedgerError {
  return new LedgerError('ledger_closed', 'The store of the ledger has been closed.')
}

function received({ code, range, message }: SentError): Error {
  if (code !== null) return new LedgerError(code, message)
  return range ? new QuestionError(message) : new Error(message)
}

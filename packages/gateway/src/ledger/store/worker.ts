/** The store's thread: loads the journal on a timer and answers questions. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Log, LogSeverity } from '../../log.ts'
import { lowerThreadPriority } from '../../thread-priority.ts'
import { shortenMainSlice } from '../../thread-slice.ts'
import { LedgerError, QuestionError } from '../index.ts'
import type { JournalPosition } from '../journal/position.ts'
import type { FromStore, SentError, StoreCall, StoreData, StoreQuestion } from './messages.ts'
import type { Store } from './store.ts'

const port = parentPort
if (port === null) throw new Error('This file is the entry of a worker thread.')
const { kind, directory, names, loadEveryMs, isRestart, ...shared } = workerData as StoreData
const written = new BigInt64Array(shared.written)
const loaded = new BigInt64Array(shared.loaded)
const send = (message: FromStore): void => port.postMessage(message)
const say =
  (level: Exclude<LogSeverity, 'debug'>): Log[typeof level] =>
  (fields, message) =>
    send({ kind: 'log', level, fields, message })

const log: Log = { info: say('info'), warn: say('warn'), error: say('error') }

function sent(error: unknown): SentError {
  return {
    code: error instanceof LedgerError ? error.code : null,
    range: error instanceof QuestionError,
    message: error instanceof Error ? error.message : String(error),
  }
}

/** The store, or what takes its place. */
type OpenStore = Pick<Store, StoreCall | 'position' | 'openIds' | 'abandon'>

/** Questions that are being answered. */
const answering = new Set<Promise<void>>()
let isFailing = false

/** A question may load further than the timer, which looks only at what it knows to be written. */
async function load(store: OpenStore, limit: JournalPosition): Promise<void> {
  await store.load(limit)
  if (BigInt(limit) > Atomics.load(loaded, 0)) Atomics.store(loaded, 0, BigInt(limit))
}

async function answer(store: OpenStore, { number, call, args }: StoreQuestion): Promise<void> {
  try {
    // The types of the main thread's side check names and arguments against this class.
    const method = store[call] as (...args: readonly unknown[]) => unknown
    const result =
      call === 'load' ? await load(store, args[0] as JournalPosition) : await method.apply(store, [...args])
    send({ kind: 'answer', number, answer: result })
  } catch (error) {
    // A failing thread interrupts its questions. They are rejected when it has ended.
    if (!isFailing) send({ kind: 'refusal', number, error: sent(error) })
  }
}

/**
 * Ends the thread after an error that nothing caught. What DuckDB is doing for the thread must end first: a result that
 * comes for a thread that has gone ends the whole process.
 */
async function fail(store: OpenStore, error: unknown): Promise<void> {
  if (isFailing) return
  isFailing = true
  log.error({ cause: String(error) }, 'store_thread_failed')
  await store.abandon(Promise.all(answering)).catch(() => {})
  process.exit(1)
}

/**
 * A restarted store must not read what is not with the kernel yet: a write that fails is taken back and comes again.
 */
const loadTo = isRestart ? Number(Atomics.load(written, 0)) : null

/** Each kind loads only what it needs: without a store, no DuckDB is in the process. */
const kinds: Readonly<Record<StoreData['kind'], () => Promise<OpenStore>>> = {
  duckdb: async () => (await import('./store.ts')).Store.open({ directory, names, log, loadTo }),
  none: async () => (await import('./alone.ts')).JournalAlone.open({ directory, log, loadTo }),
}

async function run(): Promise<void> {
  // The process is waiting for it to open.
  lowerThreadPriority(5)
  shortenMainSlice()
  const store = await kinds[kind]()
  // Reports and loading can wait. Just after a call the main thread has had its share of the core, and the next call
  // waits up to a tick of the kernel, until this thread has had its own: the smaller that is, the rarer this happens.
  // With the steps above this is 15.
  lowerThreadPriority(10)
  if (!isRestart) Atomics.store(written, 0, BigInt(store.position))
  Atomics.store(loaded, 0, BigInt(store.position))
  process.on('uncaughtException', error => void fail(store, error))
  let loading = false
  const timer = setInterval(() => {
    if (loading || isFailing) return
    loading = true
    load(store, Number(Atomics.load(written, 0)))
      .catch(error => log.error({ cause: String(error) }, 'store_load_failed'))
      .finally(() => {
        loading = false
      })
  }, loadEveryMs)
  port?.on('message', (question: StoreQuestion) => {
    if (isFailing) return
    if (question.call === 'close') clearInterval(timer)
    const answered = answer(store, question).then(() => {
      answering.delete(answered)
      if (question.call === 'close') port.close()
    })
    answering.add(answered)
  })
  send({ kind: 'ready', position: store.position, openIds: store.openIds() })
}

run().catch(error => {
  send({ kind: 'failed', error: sent(error) })
  port.close()
})

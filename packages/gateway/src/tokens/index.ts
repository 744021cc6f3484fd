/**
 * Counting off the hot path, for answers that report no usage. One worker thread, started with the first job and ended when idle: it holds
 * 65 MB per encoding, and most processes never need it.
 */
import { Worker } from 'node:worker_threads'
import { workerUrl } from '../worker-url.ts'
import { type CountedTokens, type JoinedTokenJob, nothingCounted, type TokenJob } from './job.ts'

export type { CountedTokens, TokenJob } from './job.ts'

export interface TokenCounter {
  /**
   * Counts in the order of the calls. The bytes must not change until the answer is there. Never rejects: what cannot be counted is null, and
   * so is a job that took longer than `jobMsMax`, in which the thread died, or that came after `close`.
   */
  count(job: TokenJob): Promise<CountedTokens>
  /** Finishes what was asked before, then ends the thread. */
  close(): Promise<void>
}

export interface TokenCounterOptions {
  /** Milliseconds without a job after which the thread ends. Default 30,000. */
  readonly idleMs?: number
  /** Milliseconds for one job. Default 60,000: 30 MB of text without a break. */
  readonly jobMsMax?: number
  /** Heap of the thread in MB. Default 1,024. */
  readonly heapMbMax?: number
}

interface Waiting {
  readonly job: TokenJob
  readonly resolve: (counted: CountedTokens) => void
}

export function createTokenCounter(options: TokenCounterOptions = {}): TokenCounter {
  const { idleMs = 30_000, jobMsMax = 60_000, heapMbMax = 1_024 } = options
  const waiting: Waiting[] = []
  let thread: Worker | null = null
  let current: Waiting | null = null
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let drained: (() => void) | null = null

  /** Answers the current job and goes on to the next. */
  const settle = (counted: CountedTokens): void => {
    clearTimeout(timer)
    current?.resolve(counted)
    current = null
    next()
  }
  const drop = async (): Promise<void> => {
    const ending = thread
    thread = null
    clearTimeout(timer)
    await ending?.terminate()
  }
  const start = (): Worker => {
    const started = new Worker(workerUrl('./worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: heapMbMax },
    })
    // A thread that was given up may still answer: its answer belongs to no later job.
    started.on('message', counted => {
      if (thread === started) settle(counted)
    })
    // A thread that dies says so in `exit`; without this listener its error would end the process.
    started.on('error', () => {})
    started.on('exit', () => {
      if (thread !== started) return
      thread = null
      settle(nothingCounted)
    })
    return started
  }
  const next = (): void => {
    current = waiting.shift() ?? null
    if (current === null) {
      drained?.()
      // An idle thread keeps no process alive.
      thread?.unref()
      timer = setTimeout(drop, idleMs).unref()
      return
    }
    thread ??= start()
    thread.ref()
    const job = joinedJob(current.job)
    thread.postMessage(job, [job.requestBody.buffer, job.responseBody.buffer])
    timer = setTimeout(() => {
      void drop()
      settle(nothingCounted)
    }, jobMsMax).unref()
  }
  return {
    count(job) {
      if (closed) return Promise.resolve(nothingCounted)
      return new Promise(resolve => {
        waiting.push({ job, resolve })
        if (current === null) {
          clearTimeout(timer)
          next()
        }
      })
    },
    async close() {
      closed = true
      if (current !== null) {
        await new Promise<void>(resolve => {
          drained = resolve
        })
      }
      await drop()
    },
  }
}

/** One fresh copy per body: a view on a shared pool would take the whole pool along. */
function joinedJob(job: TokenJob): JoinedTokenJob {
  return { ...job, requestBody: joined(job.requestBody), responseBody: joined(job.responseBody) }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}

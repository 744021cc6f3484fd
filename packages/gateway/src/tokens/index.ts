/**
 * Counting off the hot path, for answers that report no usage. One worker thread, started with the first job and ended
 * when idle: it holds 65 MB per encoding, and most processes never need it.
 */
import { Worker } from 'node:worker_threads'
import { workerUrl } from '../worker-url.ts'
import { type CountedTokens, type JoinedTokenJob, nothingCounted, type TokenJob } from './job.ts'

export type { CountedTokens, TokenJob } from './job.ts'

export interface TokenCounter {
  /**
   * Counts jobs in the order of the calls. The bytes must not change until the promise resolves. It never rejects: a
   * figure that cannot be counted is null. Both are null for a job that took longer than `jobMsMax`, in which the
   * thread died, or that came after `close`.
   */
  count(job: TokenJob): Promise<CountedTokens>
  /** Finishes the jobs that came before, then ends the thread. */
  close(): Promise<void>
}

export interface TokenCounterOptions {
  /** Milliseconds without a job after which the thread ends. Default 30,000. */
  readonly idleMs?: number
  /** Longest time of one job, in ms. Default 60,000, enough for 30 MB of text without a space. */
  readonly jobMsMax?: number
  /** Heap of the thread in MB. Default 1,024. */
  readonly heapMbMax?: number
}

/** A job with the promise of its figures. */
interface QueuedJob {
  readonly job: TokenJob
  readonly resolve: (counted: CountedTokens) => void
}

export function createTokenCounter(options: TokenCounterOptions = {}): TokenCounter {
  const { idleMs = 30_000, jobMsMax = 60_000, heapMbMax = 1_024 } = options
  const queue: QueuedJob[] = []
  let thread: Worker | null = null
  let current: QueuedJob | null = null
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let drained: (() => void) | null = null

  /** Resolves the current job and starts the next one. */
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
    // A thread that was dropped may still answer. Its answer belongs to no later job.
    started.on('message', counted => {
      if (thread === started) settle(counted)
    })
    // The death of a thread is handled in `exit`. Without this listener its error would end the process.
    started.on('error', () => {})
    started.on('exit', () => {
      if (thread !== started) return
      thread = null
      settle(nothingCounted)
    })
    return started
  }
  const next = (): void => {
    current = queue.shift() ?? null
    if (current === null) {
      drained?.()
      // An idle thread must not keep the process alive.
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
        queue.push({ job, resolve })
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

/** One new buffer per body, because transferring a view on a shared pool would transfer the whole pool. */
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

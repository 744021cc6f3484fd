/** Runs checks in a thread of its own: the clients of feeds take seconds to load, and calls must not wait for that. */
import { Worker } from 'node:worker_threads'
import { workerUrl } from '../worker-url.ts'
import type { Examined, Question } from './index.ts'

/** Calls `found` for each check when it has ended. Resolves when all have, or when `signal` is aborted. */
export type Examine = (question: Question, found: (examined: Examined) => void, signal: AbortSignal) => Promise<void>

export const examineInThread: Examine = async (question, found, signal) => {
  const worker = new Worker(workerUrl('./worker.ts', import.meta.url), { workerData: question })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const stop = (): void => {
    void worker.terminate()
  }
  signal.addEventListener('abort', stop, { once: true })
  worker.on('message', found)
  worker.on('error', reject)
  worker.on('exit', () => resolve())
  try {
    await promise
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

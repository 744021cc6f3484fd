/** Runs a replay in a thread of its own: a thousand calls take longer than calls of clients may wait. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { workerUrl } from '../../../worker-url.ts'
import type { ReplayQuestion, ReplayReport } from './index.ts'
import type { SpentOf } from './limits.ts'

type Message =
  | { readonly kind: 'spent'; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'report'; readonly report: ReplayReport }

/** Longest time of a replay, in ms. A thousand calls take half a second of a free processor, and the thread another. */
const mostMs = 50_000

/** @returns null when it took too long. Rejects with what the thread threw. */
export async function replayInThread(question: ReplayQuestion, spent: SpentOf): Promise<ReplayReport | null> {
  const worker = new Worker(workerUrl('./worker.ts', import.meta.url), { workerData: question })
  const { promise, resolve, reject } = Promise.withResolvers<ReplayReport | null>()
  const timer = setTimeout(() => resolve(null), mostMs).unref()
  worker.on('message', (message: Message) => {
    if (message.kind === 'report') return resolve(message.report)
    spent(message.fromMs, message.toMs).then(groups => worker.postMessage(groups), reject)
  })
  worker.on('error', reject)
  worker.on('exit', () => reject(new Error('the thread of the replay ended without a report')))
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    const exited = worker.threadId === -1 ? null : once(worker, 'exit')
    await worker.terminate()
    await exited
  }
}

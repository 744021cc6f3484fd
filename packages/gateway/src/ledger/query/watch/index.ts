/** Bounds of the process of a question that hold while DuckDB keeps its main thread busy. */
import { Worker } from 'node:worker_threads'
import { workerUrl } from '../../../worker-url.ts'

export interface WatchData {
  /** Bytes of memory that the process may use. */
  readonly bytesMax: number
  /** Milliseconds that it may live. */
  readonly lifeMs: number
  /** The process that waits for the answer. */
  readonly parent: number
}

/** Kills the own process when it uses too much memory, lives too long, or its parent has gone. */
export function watchProcess(data: WatchData): void {
  new Worker(workerUrl('./worker.ts', import.meta.url), { workerData: data }).unref()
}

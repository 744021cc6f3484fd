/** Bounds of the process of a question that hold while DuckDB keeps its main thread busy. */
import { Worker } from 'node:worker_threads'
import { workerUrl } from '../../../worker-url.ts'
import type { WatchData } from './messages.ts'

/** Kills the own process when it uses too much memory, lives too long, or its parent has gone. */
export function watchProcess(data: WatchData): void {
  new Worker(workerUrl('./worker.ts', import.meta.url), { workerData: data }).unref()
}

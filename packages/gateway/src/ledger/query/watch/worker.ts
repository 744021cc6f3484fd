/** The thread that ends the process of a question. */
import { workerData } from 'node:worker_threads'
import type { WatchData } from './messages.ts'

const everyMs = 20
const { bytesMax, lifeMs, parent } = workerData as WatchData
const began = performance.now()

setInterval(() => {
  const isOver = performance.now() - began > lifeMs
  // A process without its parent is given to another one.
  const isAlone = process.ppid !== parent
  if (isOver || isAlone || process.memoryUsage.rss() > bytesMax) process.kill(process.pid, 'SIGKILL')
}, everyMs)

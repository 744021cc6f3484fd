/** The counting thread: takes one `JoinedTokenJob` at a time and answers with its `CountedTokens`. */
import { parentPort } from 'node:worker_threads'
import { countJob } from './job.ts'

parentPort?.on('message', job => parentPort?.postMessage(countJob(job)))

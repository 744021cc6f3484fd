/** The thread that counts: takes one `JoinedTokenJob` at a time, answers with its `CountedTokens`. */
import { parentPort } from 'node:worker_threads'
import { countJob } from './job.ts'

parentPort?.on('message', job => parentPort?.postMessage(countJob(job)))

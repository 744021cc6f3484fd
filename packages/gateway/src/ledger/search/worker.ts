/** The thread of one search. */
import { parentPort, workerData } from 'node:worker_threads'
import type { SearchPage } from './index.ts'
import type { SearchData } from './messages.ts'
import { Needle } from './needle.ts'
import { scan } from './scan.ts'

const { journal, places, text, deletedBeforeMs, bounds } = workerData as SearchData
const page: SearchPage = scan(journal, places, new Needle(text), deletedBeforeMs, bounds)
parentPort?.postMessage(page)

/** The thread of a replay. It asks the other side for what the ledger knows, and then answers with the report. */
import { parentPort, workerData } from 'node:worker_threads'
import type { SpentGroup } from '../../../ledger/reports.ts'
import { type ReplayQuestion, replay } from './index.ts'

const port = parentPort
if (port === null) throw new TypeError('this module is the beginning of a thread')
const waiting: ((groups: readonly SpentGroup[]) => void)[] = []
port.on('message', (groups: readonly SpentGroup[]) => waiting.shift()?.(groups))

const report = await replay(workerData as ReplayQuestion, (fromMs, toMs) => {
  const { promise, resolve } = Promise.withResolvers<readonly SpentGroup[]>()
  waiting.push(resolve)
  port.postMessage({ kind: 'spent', fromMs, toMs })
  return promise
})
port.postMessage({ kind: 'report', report })
port.close()

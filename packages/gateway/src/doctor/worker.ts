/** Thread of `thread.ts`: runs checks, and sends the findings of each when it has ended. */
import { parentPort, workerData } from 'node:worker_threads'
import { checks } from './checks.ts'
import { runCheck, subjectOf } from './diagnose.ts'
import type { Examined, Question } from './index.ts'

const { loaded, names } = workerData as Question
const subject = subjectOf(loaded, {})
await Promise.all(
  names.map(async name => {
    const examined: Examined = { name, findings: await runCheck(name, subject, checks[name].timeoutMs) }
    parentPort?.postMessage(examined)
  }),
)
// Clients of the other sides may hold it.
process.exit()

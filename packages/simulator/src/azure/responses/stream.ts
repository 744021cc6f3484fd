/**
 * Sends the events of a response: those of a synchronous one as they are made, those of one in the background whenever
 * a client reads them.
 */

import type { Spent } from '../billing/bill.ts'
import type { Call } from '../call.ts'
import { EventStream } from '../http/answer.ts'
import type { Run } from './run.ts'

/** Shortest pause between two looks at the clock, in ms. */
const lookMs = 25

/** Every event that was sent is in the bill at once; the last event settles it. */
export async function streamSynchronous(call: Call, run: Run, spent: Spent, reportsUsage: boolean): Promise<void> {
  const stream = await EventStream.open(call)
  for (const { text, thoughtTokens, tokens, isLast } of run.timedEvents(run.ask.obfuscates)) {
    if (!(await stream.think(thoughtTokens))) return
    if (!isLast) {
      if (!(await stream.send(text, tokens))) return
    } else if (reportsUsage) {
      await stream.report(text, spent)
      await stream.end('', spent)
    } else await stream.end(text, spent)
  }
}

/**
 * Sends the events from number `next` on, each when it is available, until the response is over. A reader pays nothing:
 * the call that began the response does. Reading it to its end counts as a read.
 */
export async function followRun(call: Call, run: Run, next: number, obfuscates: boolean): Promise<void> {
  const { clock, sleep } = call.service
  const stream = await EventStream.open(call)
  let at = 0
  for (const { text, atMs } of run.timedEvents(obfuscates)) {
    while (run.stage === 'in_progress' && clock() < atMs && !call.gone.aborted) {
      await sleep(Math.min(lookMs, atMs - clock()), call.gone)
    }
    if (run.stage === 'cancelled') break
    if (at >= next && !(await stream.send(text))) return
    at += 1
  }
  run.end()
  const { promptTokens, completionTokens } = call.line
  return stream.end('', { promptTokens, completionTokens })
}

/**
 * Hedging: a second member gets the call when the first takes longer than such calls usually do, and the client gets
 * the answer that is complete first.
 */
import type { Candidate, Hedge } from '../../../instances/pool.ts'
import type { Log } from '../../../log.ts'
import type { WholeAnswer } from '../../backend/answer-head.ts'
import type { Sending } from '../../backend/sending.ts'
import type { Exchange } from '../../exchange.ts'
import { aboutCall } from '../../trace.ts'
import type { Attempts } from '../8-relay/attempts.ts'

/** A percentile of fewer calls says nothing. */
const hedgeCallsLeast = 20

/** Milliseconds after which a second member gets the call; null where none does. */
export function hedgeAfterMs(hedge: Hedge, { route, request }: Sending, { lane }: Candidate): number | null {
  if (!hedge.operations.has(route.operation.name) || !(request.send instanceof Buffer)) return null
  hedge.calls += 1
  return lane.latency.percentile(hedge.afterPercentile, hedgeCallsLeast)
}

/** What `hedged` needs when the time is over. */
export interface Hedging {
  readonly hedge: Hedge
  readonly afterMs: number
  readonly attempts: Pick<Attempts, 'state' | 'replaceWith'>
  /** Sends the call to a second member. Never rejects. @returns null when it has no answer that a client can use. */
  ask(): Promise<WholeAnswer | null>
  readonly exchange: Pick<Exchange, 'call' | 'grant'>
  readonly log: Log
}

/** @returns the result of the first attempt, which is read to its end even when the second answer is quicker. */
export async function hedged<T>(sending: Promise<T>, hedging: Hedging): Promise<T> {
  const timer = setTimeout(() => {
    const { hedge, attempts } = hedging
    if (attempts.state !== 'waiting' || hedge.hedged + 1 > hedge.maxShare * hedge.calls) return
    hedge.hedged += 1
    void answerFrom(hedging)
  }, hedging.afterMs)
  try {
    return await sending
  } finally {
    clearTimeout(timer)
  }
}

async function answerFrom({ ask, attempts, exchange, log }: Hedging): Promise<void> {
  const answer = await ask()
  if (answer === null) return
  try {
    attempts.replaceWith(answer)
  } catch (error) {
    // The first attempt is still in flight, and its answer is the client's.
    log.warn({ ...aboutCall(exchange), error: error instanceof Error ? error.name : '' }, 'hedge_failed')
  }
}

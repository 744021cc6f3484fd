/** Queues a call for a member: only where queueing is on, and while a member takes calls again soon enough. */
import type { Clock } from '../../../clock.ts'
import { shortestWaitMs } from '../../../instances/choose.ts'
import type { Candidate, Candidates } from '../../../instances/pool.ts'
import type { Limits } from '../../../limits/index.ts'
import type { Admitted } from '../../exchange.ts'
import { CallWaiting } from '../6-admit/waiting.ts'

/** The parts that waiting for a member needs. */
export interface WaitingParts {
  readonly limits: Pick<Limits, 'line'>
  readonly clock: Clock
}

/** A member may take calls a moment later than the clock says. Milliseconds. */
const slackMs = 2

/** Calls that wait for the same members have the same key. */
export function lineKey(target: string, deployment: string | null): string {
  return `${target}/${deployment ?? ''}`
}

/**
 * @param attempt looks for a member; called again while the call waits.
 * @returns the member to try; null when waiting is not worth it, or found none.
 * @throws ClientLeft; Refusal shutting_down
 */
export async function waitInLine(
  exchange: Admitted,
  candidates: Candidates,
  parts: WaitingParts,
  attempt: () => Candidate | null,
): Promise<Candidate | null> {
  const { line } = parts.limits
  const { grant, request, call } = exchange
  const { waitMaxMs } = exchange.plan
  if (!line.isOpen || call.res?.destroyed === true) return null
  const shortestMs = shortestWaitMs(candidates, { nowMs: parts.clock(), tried: null, prefixHash: -1 })
  if (shortestMs === null || shortestMs > waitMaxMs) return null
  // No event says when a member takes calls again.
  const nudges = setInterval(() => line.nudge(), Math.max(10, shortestMs + slackMs))
  const waiting = new CallWaiting(call, waitMaxMs)
  try {
    return await line.wait({
      keys: [lineKey(grant.target.name, request.deployment)],
      priority: grant.workload.priority,
      workload: grant.workload.name,
      waiting,
      attempt,
    })
  } finally {
    clearInterval(nudges)
    waiting.end()
  }
}

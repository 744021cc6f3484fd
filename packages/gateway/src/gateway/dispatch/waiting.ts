/** Standing in line for a member: only where the line is open, and while a member comes back soon enough. */
import { shortestWaitMs } from '../../instances/choose.ts'
import type { Candidate, Candidates } from '../../instances/pool.ts'
import { CallWaiting } from '../admit/waiting.ts'
import type { Admitted } from '../exchange.ts'
import type { GatewayParts } from '../parts.ts'

/** A member's time may be over a moment later than the clock says. Milliseconds. */
const slackMs = 2

/** Calls that wait for the same members stand in one line. */
export function lineKey(target: string, deployment: string | null): string {
  return `${target}/${deployment ?? ''}`
}

/**
 * @returns the member to try; null when it is not worth waiting, or when it came to nothing.
 * @throws ClientLeft; Refusal shutting_down
 */
export async function waitInLine(
  exchange: Admitted,
  candidates: Candidates,
  parts: GatewayParts,
  attempt: () => Candidate | null,
): Promise<Candidate | null> {
  const { line } = parts.limits
  const { grant, asked, call } = exchange
  if (!line.isOpen || call.res?.destroyed === true) return null
  const shortestMs = shortestWaitMs(candidates, { nowMs: parts.clock(), tried: null, prefixHash: -1 })
  if (shortestMs === null || shortestMs > parts.plan.waitMaxMs) return null
  // Nobody tells when a member's time is over.
  const nudges = setInterval(() => line.nudge(), Math.max(10, shortestMs + slackMs))
  const waiting = new CallWaiting(call, parts.plan.waitMaxMs)
  try {
    return await line.wait({
      keys: [lineKey(grant.target.name, asked.deployment)],
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

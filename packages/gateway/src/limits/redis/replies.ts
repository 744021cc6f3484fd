/** What the scripts answer, as outcomes. Per claim there are three figures: sum, milliseconds until some of it is back, milliseconds until there is room. */
import type { Claim, Counter, Outcome, Standing } from '../counting/counters.ts'
import { GaugesSoFar } from '../counting/gauges.ts'
import { untilSettledMs } from '../counting/windows.ts'
import type { SharedTaken } from './taken.ts'

export type Reply = readonly number[]

/** Where the figures of the first claim stand. */
const first = 2

/** Remembers what a counter's sum is over all replicas. */
function tell(counter: Counter, sum: number, atMs: number, resetMs: number): void {
  const endMs = counter.window.kind === 'calendar' ? atMs + resetMs : 0
  const { told } = counter
  if (told === null) counter.told = { sum, atMs, endMs }
  else {
    told.sum = sum
    told.atMs = atMs
    told.endMs = endMs
  }
}

/** Number of the step, or end of the window, in which each claim's amount stands. */
export function slotsOf(claims: readonly Claim[], reply: Reply): number[] {
  const nowMs = reply[1] ?? 0
  return claims.map(({ counter: { window } }, index) => {
    if (window.kind === 'sliding') return Math.floor(nowMs / window.stepMs)
    return window.kind === 'calendar' ? nowMs + (reply[first + 1 + index * 3] ?? 0) : 0
  })
}

/** Gauges and shadowed claims of what was taken. */
export function fillTaken(taken: SharedTaken, reply: Reply): void {
  const gauges = new GaugesSoFar()
  let shadowed: Claim[] | null = null
  for (const [index, claim] of taken.claims.entries()) {
    const at = first + index * 3
    const sum = reply[at] ?? 0
    const reset = reply[at + 1] ?? 0
    tell(claim.counter, sum, taken.at.atMs, reset)
    if (reply[at + 2] !== 0) {
      shadowed ??= []
      shadowed.push(claim)
    }
    if (gauges.isTighter(claim, sum)) gauges.add(claim, sum, sum === 0 ? 0 : reset)
  }
  taken.tokens = gauges.tokens
  taken.requests = gauges.requests
  if (shadowed !== null) taken.shadowed = shadowed
}

export function shortOf(claims: readonly Claim[], reply: Reply): Outcome {
  const nowMs = reply[1] ?? 0
  const full: Claim[] = []
  const gauges = new GaugesSoFar()
  let worst: Claim | null = null
  let retryAfterMs = 0
  let remaining = 0
  for (const [index, claim] of claims.entries()) {
    const at = first + index * 3
    const [sum = 0, reset = 0, room = 0] = reply.slice(at, at + 3)
    tell(claim.counter, sum, nowMs, reset)
    if (gauges.isTighter(claim, sum)) gauges.add(claim, sum, sum === 0 ? 0 : reset)
    if (room === 0 || !claim.enforce) continue
    full.push(claim)
    if (worst !== null && room <= retryAfterMs) continue
    worst = claim
    retryAfterMs = room
    remaining = Math.max(0, claim.limit - sum)
  }
  const isSpent = worst?.counter.window.kind === 'calendar' && retryAfterMs > untilSettledMs
  const renewsAtMs = isSpent ? nowMs + retryAfterMs : null
  const { tokens, requests } = gauges
  return { taken: null, short: { full, worst, retryAfterMs, remaining, renewsAtMs, tokens, requests, state: 'ok' } }
}

/** Calls that have been under way for longer than the window are no part of it any more. */
export function standingOf(sum: number, reserved: number, renewsAtMs: number | null): Standing {
  return { used: Math.max(0, sum - reserved), reserved: Math.min(sum, reserved), renewsAtMs }
}

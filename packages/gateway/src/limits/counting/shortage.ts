import type { Claim, RoomShortage } from './counters.ts'
import { untilSettledMs } from './windows.ts'

export interface ShortageFacts extends Pick<RoomShortage, 'tokens' | 'requests' | 'state'> {
  /** Time until the claim has room, in ms. */
  roomInMs(claim: Claim): number
  /** Free part of the claim's limit. */
  leftOf(claim: Claim): number
  readonly nowMs: number
}

/** @param full The enforced claims without room. */
export function shortageOf(full: readonly [Claim, ...Claim[]], facts: ShortageFacts): RoomShortage {
  let [worst] = full
  let retryAfterMs = facts.roomInMs(worst)
  for (let index = 1; index < full.length; index += 1) {
    const claim = full[index] ?? worst
    const roomInMs = facts.roomInMs(claim)
    if (roomInMs <= retryAfterMs) continue
    worst = claim
    retryAfterMs = roomInMs
  }
  const isUsedUp = worst.counter.window.kind === 'calendar' && retryAfterMs > untilSettledMs
  const { nowMs, tokens, requests, state } = facts
  return {
    kind: 'room',
    full,
    worst,
    retryAfterMs,
    remaining: Math.max(0, facts.leftOf(worst)),
    renewsAtMs: isUsedUp ? nowMs + retryAfterMs : null,
    tokens,
    requests,
    state,
  }
}

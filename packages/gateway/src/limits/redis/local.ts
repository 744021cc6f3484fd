/** Decisions of one process without Redis. */
import { amountOf, type Claim, type Requested, type RoomShortage } from '../counting/counters.ts'
import { TightestGauges } from '../counting/gauges.ts'
import { shortageOf } from '../counting/shortage.ts'
import type { Moment } from '../counting/tally.ts'
import type { Shares } from './shares.ts'

/** `whenStoreIsDown: allow` admits every call. */
const noShares = { of: () => Number.POSITIVE_INFINITY }

export interface LocalMode {
  readonly mode: 'local' | 'allow'
  readonly shares: Shares
}

export interface LocalDecision {
  /** Null when the call may pass. */
  readonly shortage: RoomShortage | null
  readonly shadowed: readonly Claim[]
  readonly gauges: TightestGauges
}

/** Decides from what this process knows; reserves nothing. */
export function decideLocally(
  claims: readonly Claim[],
  requested: Requested,
  { mode, shares }: LocalMode,
  now: Moment,
): LocalDecision {
  const share = mode === 'local' ? shares : noShares
  const full: Claim[] = []
  const shadowed: Claim[] = []
  const gauges = new TightestGauges()
  for (const claim of claims) {
    const { own } = claim.counter
    const amount = amountOf(claim, requested)
    const sum = own.sum(now)
    const most = share.of(claim.counter, claim.limit, now)
    const fits = amount === 0 || sum + amount <= most
    if (!fits) (claim.enforce ? full : shadowed).push(claim)
    // Gauges show the shares of other replicas as used.
    const seen = Math.max(0, claim.limit - Math.min(claim.limit, most)) + sum
    if (gauges.isTighter(claim, seen)) gauges.add(claim, seen, own.resetInMs(now))
  }
  const [first, ...others] = full
  if (first === undefined) return { shortage: null, shadowed, gauges }
  const shareOf = (claim: Claim): number => share.of(claim.counter, claim.limit, now)
  const shortage = shortageOf([first, ...others], {
    roomInMs: claim => claim.counter.own.roomInMs(amountOf(claim, requested), shareOf(claim), now),
    leftOf: claim => shareOf(claim) - claim.counter.own.sum(now),
    nowMs: now.atMs,
    tokens: gauges.tokens,
    requests: gauges.requests,
    state: mode,
  })
  return { shortage, shadowed, gauges }
}

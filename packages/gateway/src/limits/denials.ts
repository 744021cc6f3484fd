/** Refusals by limits: each is built here, and counted for the reports and metrics. */
import type { Claim, Reservation, RoomShortage, Shortage } from './counting/counters.ts'
import type { Ask, Denial, LimitsObserver, RuleDenial, StoreDenial } from './index.ts'
import { type ClaimList, impossibleClaim, wholeAmountOf } from './rules/claims.ts'

const storeDenial: StoreDenial = { kind: 'store', retryAfterMs: 1_000 }
/** A waiter in front may be admitted at any time, so a new call may try again soon. */
const retryBehindOthersMs = 1_000

/** Counts and builds the refusal of a call that the store could not reserve for. */
export function ofShortage(shortage: Shortage, ask: Ask, observer: LimitsObserver): Denial {
  if (shortage.kind === 'store') {
    observer.withoutStore('refuse')
    return storeDenial
  }
  count(shortage.worst, observer)
  return ofRoom(shortage, ask)
}

/** As `ofShortage`, for a call whose client has left: it is not counted as refused. */
export function uncounted(shortage: Shortage, ask: Ask): Denial {
  return shortage.kind === 'store' ? storeDenial : ofRoom(shortage, ask)
}

function ofRoom(
  { worst, retryAfterMs, renewsAtMs, remaining, tokens, requests, state }: RoomShortage,
  ask: Ask,
): RuleDenial {
  const { rule, counter, limit } = worst
  return {
    kind: renewsAtMs === null ? 'passes' : 'budget',
    rule,
    measure: counter.measure,
    limit,
    asked: wholeAmountOf(worst, ask),
    remaining,
    retryAfterMs,
    renewsAtMs,
    tokens,
    requests,
    store: state,
  }
}

/**
 * Counts and builds the refusal of a call that never reached the store, because equally urgent calls wait for the same
 * limit.
 */
export function behindOthers(claim: Claim, ask: Ask, observer: LimitsObserver): RuleDenial {
  count(claim, observer)
  return {
    kind: 'passes',
    rule: claim.rule,
    measure: claim.counter.measure,
    limit: claim.limit,
    asked: wholeAmountOf(claim, ask),
    remaining: 0,
    retryAfterMs: retryBehindOthersMs,
    renewsAtMs: null,
    tokens: null,
    requests: null,
    store: 'ok',
  }
}

/** Counts and builds the refusal of a call that certainly needs more than a whole limit; null for all others. */
export function impossibleDenial(list: ClaimList, ask: Ask, observer: LimitsObserver): RuleDenial | null {
  const claim = impossibleClaim(list, ask)
  if (claim === null) return null
  count(claim, observer)
  return neverPasses(claim, ask)
}

/** As `impossibleDenial`, for a call that nobody has sent: it is not counted as refused. */
export function uncountedImpossible(list: ClaimList, ask: Ask): RuleDenial | null {
  const claim = impossibleClaim(list, ask)
  return claim === null ? null : neverPasses(claim, ask)
}

function neverPasses({ rule, counter, limit }: Claim, ask: Ask): RuleDenial {
  return {
    kind: 'never',
    rule,
    measure: counter.measure,
    limit,
    asked: ask.leastTokens,
    remaining: limit,
    retryAfterMs: 0,
    renewsAtMs: null,
    tokens: null,
    requests: null,
    store: 'ok',
  }
}

/**
 * Counts and reports what rules in mode shadow would have refused, and calls that were admitted while the store was
 * down.
 */
export function reportReserved(reservation: Reservation, observer: LimitsObserver): void {
  for (const claim of reservation.shadowed) count(claim, observer)
  if (reservation.state !== 'ok') observer.withoutStore(reservation.state)
}

function count({ counter, rule, enforce }: Claim, observer: LimitsObserver): void {
  counter.refused ??= new Map()
  counter.refused.set(rule, (counter.refused.get(rule) ?? 0) + 1)
  observer.refused(rule, counter.measure, !enforce)
}

/**
 * Choosing a member for a call. Of those that can take it the lowest priority; there by the pool's strategy. Nothing is allocated:
 * this runs for every call.
 */
import type { Instance } from './index.ts'
import { type Candidate, type Candidates, lookFirstMs, type Target } from './pool.ts'

/** While it does not drain, each look waits twice as long, up to this: of a small deployment looks alone could be all it can serve. */
const lookMostMs = 8_000
/** A latency of longer ago says nothing about now. */
const latencyForMs = 60_000
/** Below it, differences are those of the moment. Milliseconds. */
const latencyLeastMs = 50
/** Of free capacity as last reported: the least share that a member keeps, since the report may be late. */
const shareLeast = 0.001

export interface ChoiceHints {
  readonly nowMs: number
  /** Instances that this call has tried or that had no room for it; null before the first. */
  readonly tried: readonly Instance[] | null
  /** Of the prompt's beginning, 32 bits; -1 where it does not decide. */
  readonly prefixHash: number
}

/**
 * The member that takes the call; null when there is none, all of them being tried or left alone for a while.
 *
 * A provisioned member that spills is passed over while a later priority can take the call, and taken rather than nobody.
 */
export function choose(target: Target, candidates: Candidates, hints: ChoiceHints): Candidate | null {
  let spilling = false
  for (const tier of candidates.tiers) {
    for (const one of tier) {
      one.share = isFree(one, hints) ? 1 : 0
      if (one.share === 0 || one.spillAt === null || !passesOver(one, one.spillAt, hints.nowMs)) continue
      one.share = 0
      spilling = true
    }
    const chosen = pick(tier, target, hints)
    if (chosen !== null) return taken(chosen, hints.nowMs)
  }
  return spilling ? chooseSpilling(target, candidates, hints) : null
}

function chooseSpilling(target: Target, candidates: Candidates, hints: ChoiceHints): Candidate | null {
  for (const tier of candidates.tiers) {
    for (const one of tier) one.share = isFree(one, hints) ? 1 : 0
    const chosen = pick(tier, target, hints)
    if (chosen !== null) return taken(chosen, hints.nowMs)
  }
  return null
}

/** Milliseconds until some member that was not tried may be tried again; null when all of them were. */
export function shortestWaitMs(candidates: Candidates, hints: ChoiceHints): number | null {
  let shortest: number | null = null
  for (const one of candidates.all) {
    if (hints.tried?.includes(one.instance)) continue
    const waitMs = one.lane.waitMs(hints.nowMs)
    if (shortest === null || waitMs < shortest) shortest = waitMs
  }
  return shortest
}

function isFree(one: Candidate, { tried, nowMs }: ChoiceHints): boolean {
  return one.lane.admits(nowMs) && (tried === null || !tried.includes(one.instance))
}

function taken(one: Candidate, nowMs: number): Candidate {
  if (one.spillAt === null) return one
  if (one.isSpilling) one.lookEveryMs = one.lane.isDraining ? lookFirstMs : Math.min(lookMostMs, one.lookEveryMs * 2)
  one.lookedAtMs = nowMs
  return one
}

/** Whether new calls go to the next priority instead. */
function passesOver(one: Candidate, spillAt: number, nowMs: number): boolean {
  const { lane } = one
  const used = lane.utilization(nowMs)
  if (used === null || used < one.returnAt) one.isSpilling = false
  else if (used >= spillAt) one.isSpilling = true
  lane.isSpilling = one.isSpilling
  if (!one.isSpilling) one.lookEveryMs = lookFirstMs
  if (!one.isSpilling && (used === null || used + lane.expectedRise < spillAt)) return false
  const sinceMs = nowMs - one.lookedAtMs
  // A clock that was set back must not keep everybody away.
  return sinceMs < one.lookEveryMs && sinceMs >= 0
}

function pick(tier: readonly Candidate[], target: Target, hints: ChoiceHints): Candidate | null {
  let only: Candidate | null = null
  let free = 0
  for (const one of tier) {
    if (one.share === 0) continue
    only = one
    free += 1
  }
  if (free < 2) return only
  if (hints.prefixHash !== -1) return pickByPrefix(tier, hints.prefixHash)
  switch (target.strategy) {
    case 'weighted':
      shareByWeight(tier, hints.nowMs)
      break
    case 'least-loaded':
      shareByLoad(tier)
      break
    case 'lowest-latency':
      shareByLatency(tier, hints.nowMs)
      break
    case 'round-robin':
      break
    default:
      return target.strategy satisfies never
  }
  return nextTurn(tier)
}

/** Smooth weighted turns: each gets its share over a round, spread evenly over it. */
function nextTurn(tier: readonly Candidate[]): Candidate | null {
  let total = 0
  let next: Candidate | null = null
  for (const one of tier) {
    if (one.share === 0) continue
    total += one.share
    one.turn += one.share
    if (next === null || one.turn > next.turn + 1e-9) next = one
  }
  if (next !== null) next.turn -= total
  return next
}

/**
 * By weight; less for a member with less free capacity than the best one, with more calls under way, and for one that is more
 * than twice as slow as the fastest. Differences below that are the calls' own.
 */
function shareByWeight(tier: readonly Candidate[], nowMs: number): void {
  let fastestMs = Number.POSITIVE_INFINITY
  let mostTokens = 0
  let mostRequests = 0
  for (const one of tier) {
    if (one.share === 0) continue
    fastestMs = Math.min(fastestMs, latencyOf(one, nowMs))
    mostTokens = Math.max(mostTokens, one.lane.remainingTokens(nowMs) ?? 0)
    mostRequests = Math.max(mostRequests, one.lane.remainingRequests(nowMs) ?? 0)
  }
  for (const one of tier) {
    if (one.share === 0) continue
    const { lane, weight } = one
    const latencyMs = latencyOf(one, nowMs)
    const ordinaryMs = 2 * Math.max(latencyLeastMs, fastestMs)
    const speed = latencyMs > ordinaryMs && latencyMs !== Number.POSITIVE_INFINITY ? ordinaryMs / latencyMs : 1
    const free = Math.min(
      shareOf(lane.remainingTokens(nowMs), mostTokens),
      shareOf(lane.remainingRequests(nowMs), mostRequests),
    )
    one.share = (weight * speed * free) / (1 + lane.inFlight / weight)
  }
}

function shareOf(remaining: number | null, most: number): number {
  return remaining === null || most === 0 ? 1 : Math.max(shareLeast, remaining / most)
}

function shareByLoad(tier: readonly Candidate[]): void {
  let least = Number.POSITIVE_INFINITY
  for (const one of tier) if (one.share !== 0) least = Math.min(least, one.lane.inFlight / one.weight)
  for (const one of tier) if (one.share !== 0) one.share = one.lane.inFlight / one.weight === least ? one.weight : 0
}

/** One whose latency is not known is asked first; after a minute without calls it is not known any more. */
function shareByLatency(tier: readonly Candidate[], nowMs: number): void {
  let least = Number.POSITIVE_INFINITY
  for (const one of tier) if (one.share !== 0) least = Math.min(least, knownLatency(one, nowMs))
  for (const one of tier) if (one.share !== 0) one.share = knownLatency(one, nowMs) === least ? one.weight : 0
}

/** Infinite when it is not known. */
function latencyOf({ lane: { latency } }: Candidate, nowMs: number): number {
  return latency.meanMs === null || nowMs - latency.lastAtMs > latencyForMs ? Number.POSITIVE_INFINITY : latency.meanMs
}

/** 0 when it is not known, but for a member that is being asked already. */
function knownLatency(one: Candidate, nowMs: number): number {
  const ms = latencyOf(one, nowMs)
  if (ms !== Number.POSITIVE_INFINITY) return ms
  return one.lane.inFlight === 0 ? 0 : (one.lane.latency.meanMs ?? Number.MAX_VALUE)
}

/**
 * Rendezvous hashing: the same beginning goes to the same member, and when one leaves only its own calls move. A member with more
 * than twice the mean load is passed over: a popular prompt must not drown it.
 */
function pickByPrefix(tier: readonly Candidate[], prefixHash: number): Candidate | null {
  let load = 0
  let weights = 0
  for (const one of tier) {
    if (one.share === 0) continue
    load += one.lane.inFlight
    weights += one.weight
  }
  const mean = (load + 1) / weights
  let best: Candidate | null = null
  let bestScore = Number.NEGATIVE_INFINITY
  let idlest: Candidate | null = null
  for (const one of tier) {
    if (one.share === 0) continue
    if (idlest === null || one.lane.inFlight / one.weight < idlest.lane.inFlight / idlest.weight) idlest = one
    if (one.lane.inFlight >= 4 && one.lane.inFlight / one.weight > 2 * mean) continue
    const score = one.weight / -Math.log((mix(prefixHash, one.seed) + 0.5) / 0x1_0000_0000)
    if (score <= bestScore) continue
    bestScore = score
    best = one
  }
  return best ?? idlest
}

/** Two numbers of 32 bits to one, well spread (the finisher of MurmurHash3). */
function mix(a: number, b: number): number {
  let hash = (a ^ b) >>> 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/**
 * Chooses a member for a call: the lowest priority that can take it, and within a priority by the pool's strategy. It
 * allocates nothing, because it runs for every call.
 */
import type { Instance } from './index.ts'
import { type Candidate, type Candidates, lookFirstMs, type Target } from './pool.ts'

/**
 * Longest time between two test calls while the utilisation does not fall; each wait is twice as long as the one
 * before. On a small deployment, test calls alone could use all of its capacity.
 */
const lookMostMs = 8_000
/** An older latency says nothing about the present. */
const latencyForMs = 60_000
/** Below this, differences of latency are noise. Milliseconds. */
const latencyLeastMs = 50
/** Least share that a member keeps by its reported free capacity, since the report may be late. */
const shareLeast = 0.001

export interface ChoiceHints {
  readonly nowMs: number
  /** Instances that this call has tried, or that had no room for it; null before the first. */
  readonly tried: readonly Instance[] | null
  /** Hash of the prompt's beginning, 32 bits; -1 where the prompt does not decide. */
  readonly prefixHash: number
}

/**
 * The member that takes the call; null when there is none, because all were tried or are paused.
 *
 * A provisioned member that spills is skipped while a later priority can take the call. If no other member can, it is
 * chosen.
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

/** Milliseconds until a member that was not tried may be tried again; null when all were tried or are drained. */
export function shortestWaitMs(candidates: Candidates, hints: ChoiceHints): number | null {
  let shortest: number | null = null
  for (const one of candidates.all) {
    if (one.lane.isDrained || hints.tried?.includes(one.instance)) continue
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

/** True when new calls go to the next priority instead. */
function passesOver(one: Candidate, spillAt: number, nowMs: number): boolean {
  const { lane } = one
  const used = lane.utilization(nowMs)
  if (used === null || used < one.returnAt) one.isSpilling = false
  else if (used >= spillAt) one.isSpilling = true
  lane.isSpilling = one.isSpilling
  if (!one.isSpilling) one.lookEveryMs = lookFirstMs
  if (!one.isSpilling && (used === null || used + lane.expectedRise < spillAt)) return false
  const sinceMs = nowMs - one.lookedAtMs
  // A clock that was set back must not keep all calls away.
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

/** Smooth weighted round robin: each member gets its share over a round, spread evenly. */
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
 * Weighted by the configuration. A member gets less with less free capacity than the best one, with more calls in
 * flight, and when it is more than twice as slow as the fastest. Smaller differences come from the calls themselves.
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

/** Members with an unknown latency are tried first; after a minute without calls a latency is unknown again. */
function shareByLatency(tier: readonly Candidate[], nowMs: number): void {
  let least = Number.POSITIVE_INFINITY
  for (const one of tier) if (one.share !== 0) least = Math.min(least, knownLatency(one, nowMs))
  for (const one of tier) if (one.share !== 0) one.share = knownLatency(one, nowMs) === least ? one.weight : 0
}

/** Infinite when the latency is unknown. */
function latencyOf({ lane: { latency } }: Candidate, nowMs: number): number {
  return latency.meanMs === null || nowMs - latency.lastAtMs > latencyForMs ? Number.POSITIVE_INFINITY : latency.meanMs
}

/** 0 when the latency is unknown, except for a member that has a call in flight. */
function knownLatency(one: Candidate, nowMs: number): number {
  const ms = latencyOf(one, nowMs)
  if (ms !== Number.POSITIVE_INFINITY) return ms
  return one.lane.inFlight === 0 ? 0 : (one.lane.latency.meanMs ?? Number.MAX_VALUE)
}

/**
 * Rendezvous hashing: prompts with the same beginning go to the same member, and when a member drops out only its own
 * calls move. A member with more than twice the mean load is skipped, so that a popular prompt does not overload it.
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

/** Mixes two numbers of 32 bits into one (the finisher of MurmurHash3). */
function mix(a: number, b: number): number {
  let hash = (a ^ b) >>> 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

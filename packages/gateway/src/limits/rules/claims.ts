/** Claims: the counters that a call meets, and the amounts it asks of them. */
import type { LimitName } from '../../config/schema/index.ts'
import { amountOf, type Claim, type Counter, type CounterIdentity, type Requested } from '../counting/counters.ts'
import type { Ask } from '../index.ts'
import type { LimitRule } from './rules.ts'

/** Claims that are reserved together, and the keys of their counters. */
export interface ClaimList {
  readonly claims: readonly Claim[]
  readonly keys: readonly string[]
  /** The smallest enforced limit on tokens: a call that certainly needs more can never pass. Infinity without any. */
  readonly tokensMost: number
  /** Counters of the list that the store may drop: those with a subject. */
  readonly droppable: readonly Counter[]
}

/** The values that a `per` rule may count separately, for one call. */
export interface CountedSubjects {
  readonly workload: string
  readonly caller: string
  readonly deployment: string | null
  readonly instance: string | null
}

export type CounterOf = (identity: CounterIdentity) => Counter

export function identityOf(rule: LimitRule, measure: LimitName, of: CountedSubjects): CounterIdentity {
  const { base, per } = rule
  const subject = per.length === 0 ? null : per.map(name => of[name] ?? '').join(' ')
  return { key: subject === null ? `${base}:${measure}` : `${base}|${subject}:${measure}`, base, subject, measure }
}

/**
 * One claim per limit of each rule. Among claims that share a counter only one takes: the largest enforced one. The
 * reason: an estimate above a limit is cut to that limit, and the other claims must see everything that is reserved.
 */
export function claimsOf(rules: readonly LimitRule[], of: CountedSubjects, counterOf: CounterOf): ClaimList {
  const list = composed(rules, of, counterOf)
  // Creating the later counters may have made the store drop the first ones, which are still unused.
  return isStale(list) ? composed(rules, of, counterOf) : list
}

function composed(rules: readonly LimitRule[], of: CountedSubjects, counterOf: CounterOf): ClaimList {
  const claims = rules.flatMap(rule =>
    rule.limits.map(({ measure, limit }) => {
      const counter = counterOf(identityOf(rule, measure, of))
      const { own, unit } = counter
      return {
        counter,
        own,
        unit,
        limit,
        limitText: String(limit),
        enforce: rule.enforce,
        takes: true,
        rule: rule.name,
      }
    }),
  )
  const takers = new Map<Counter, Claim>()
  for (const claim of claims) {
    const other = takers.get(claim.counter)
    if (other === undefined || takesBefore(claim, other)) takers.set(claim.counter, claim)
  }
  for (const claim of claims) claim.takes = takers.get(claim.counter) === claim
  const tokens = claims.filter(claim => claim.enforce && claim.unit === 'tokens')
  return {
    // A claim that only checks comes before the claim that takes from the same counter.
    claims: [...claims.filter(claim => !claim.takes), ...claims.filter(claim => claim.takes)],
    keys: [...takers.keys()].map(counter => counter.key),
    droppable: [...takers.keys()].filter(counter => counter.subject !== null),
    tokensMost: Math.min(...tokens.map(claim => claim.limit)),
  }
}

function takesBefore(one: Claim, other: Claim): boolean {
  return one.enforce === other.enforce ? one.limit > other.limit : one.enforce
}

/** True when the store has dropped a counter of the list, so that the list must be made again. */
export function isStale(list: ClaimList): boolean {
  for (const counter of list.droppable) if (counter.isDropped) return true
  return false
}

/** An enforced claim that the call can never pass, because it certainly needs more than the whole limit. */
export function impossibleClaim({ claims, tokensMost }: ClaimList, { leastTokens }: Ask): Claim | null {
  if (leastTokens <= tokensMost) return null
  return claims.find(claim => claim.enforce && claim.unit === 'tokens' && leastTokens > claim.limit) ?? null
}

/**
 * The whole amount that the call asks of a claim. (Only for counting is an amount above the limit cut to the limit.)
 */
export function wholeAmountOf(claim: Claim, requested: Requested): number {
  switch (claim.unit) {
    case 'tokens':
      return requested.tokens
    case 'cost':
      return requested.costNano
    default:
      return amountOf(claim, requested)
  }
}

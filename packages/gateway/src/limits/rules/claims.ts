/** Which counters a call meets. Made ready per workload and deployment, and for rules about callers per caller: a call looks up. */

import type { LimitName } from '../../config/schema.ts'
import { type Caller, callerKey } from '../../identity/index.ts'
import { type Asked, amountOf, type Claim, type Counter, type CounterIdentity, measures } from '../counting/counters.ts'
import type { Ask, Figure, LimitsObserver, Meets, PromptSize, Spent } from '../index.ts'
import type { CompletionEstimate, Estimates, PromptEstimate } from './estimates.ts'
import { concerns, type LimitRule, needsCaller, needsInstance, type Place } from './rules.ts'

/** Claims that are taken together, and the keys of their counters. */
export interface ClaimList {
  readonly claims: readonly Claim[]
  readonly keys: readonly string[]
  /** The least of the enforced limits on tokens: a call that surely needs more can never pass. Infinity without any. */
  readonly tokensMost: number
  /** Counters of the list that the store may forget: those of single callers and the like. */
  readonly droppable: readonly Counter[]
}

/** What a rule may count by itself, for one call. */
export interface Subjects {
  readonly workload: string
  readonly caller: string
  readonly deployment: string | null
  readonly instance: string | null
}

type CounterOf = (identity: CounterIdentity) => Counter

export function identityOf(rule: LimitRule, measure: LimitName, of: Subjects): CounterIdentity {
  const { base, per } = rule
  const subject = per.length === 0 ? null : per.map(name => of[name] ?? '').join(' ')
  return { key: subject === null ? `${base}:${measure}` : `${base}|${subject}:${measure}`, base, subject, measure }
}

/**
 * One claim per limit of each rule. Of those that share a counter one takes: the largest of the enforced ones, since an estimate beyond a
 * limit is cut to it, and the others are to see all that is reserved.
 */
export function claimsOf(rules: readonly LimitRule[], of: Subjects, counterOf: CounterOf): ClaimList {
  const list = composed(rules, of, counterOf)
  // Making the later counters may have made the store forget the first ones, which nobody has used yet.
  return isStale(list) ? composed(rules, of, counterOf) : list
}

function composed(rules: readonly LimitRule[], of: Subjects, counterOf: CounterOf): ClaimList {
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
    if (other === undefined || goesBefore(claim, other)) takers.set(claim.counter, claim)
  }
  for (const claim of claims) claim.takes = takers.get(claim.counter) === claim
  const tokens = claims.filter(claim => claim.enforce && claim.unit === 'tokens')
  return {
    // Who only looks comes before who takes from the same counter.
    claims: [...claims.filter(claim => !claim.takes), ...claims.filter(claim => claim.takes)],
    keys: [...takers.keys()].map(counter => counter.key),
    droppable: [...takers.keys()].filter(counter => counter.subject !== null),
    tokensMost: Math.min(...tokens.map(claim => claim.limit)),
  }
}

function goesBefore(one: Claim, other: Claim): boolean {
  return one.enforce === other.enforce ? one.limit > other.limit : one.enforce
}

function isStale(list: ClaimList): boolean {
  for (const counter of list.droppable) if (counter.isDropped) return true
  return false
}

export interface EntryParts {
  readonly counterOf: CounterOf
  readonly estimates: Estimates
  readonly observer: Pick<LimitsObserver, 'estimateErrors'>
  readonly completionTokensAssumed: number
  /** The configured model of a deployment. */
  readonly modelOf: (deployment: string) => string
}

/** Calls of one workload on one deployment. */
export class Entry implements Meets {
  readonly place: Place
  readonly tokens: boolean
  readonly cost: boolean
  readonly model: string
  readonly meetsInstances: boolean
  readonly #prompt: PromptEstimate
  readonly #completion: CompletionEstimate
  readonly #parts: EntryParts
  /** Null until the first call is settled. */
  #errors: Figure | null = null
  /** Rules that are asked when a call is admitted, and those that are asked when its instance is chosen. */
  readonly #rules: readonly LimitRule[]
  readonly #instanceRules: readonly LimitRule[]
  /** For every caller, where no rule looks at callers. */
  #forAll: ClaimList | null = null
  readonly #perCaller = new WeakMap<Caller, ClaimList>()
  readonly #perInstance = new WeakMap<Caller, Map<string, ClaimList>>()
  readonly #looksAtCallers: boolean

  constructor(place: Place, rules: readonly LimitRule[], parts: EntryParts) {
    this.place = place
    this.#parts = parts
    this.#rules = rules.filter(rule => !needsInstance(rule))
    this.#instanceRules = rules.filter(needsInstance)
    this.meetsInstances = this.#instanceRules.length > 0
    this.#looksAtCallers = this.#rules.some(needsCaller)
    this.tokens = counts(rules, 'tokens')
    this.cost = counts(rules, 'cost')
    const deployment = place.deployment ?? ''
    this.model = parts.modelOf(deployment)
    this.#prompt = parts.estimates.prompt(deployment)
    this.#completion = parts.estimates.completion(place.workload, deployment)
  }

  promptTokens(prompt: PromptSize): number {
    return this.#prompt.of(prompt)
  }

  completionTokens(): number {
    return this.#completion.of(this.#parts.completionTokensAssumed)
  }

  /** Compares what was estimated with what the call turned out to be. Nothing where the backend reported no usage. */
  learn(ask: Ask, { promptTokens, completionTokens }: Spent): void {
    if (promptTokens === null || ask.tokens === 0) return
    if (promptTokens > 0) {
      this.#errors ??= this.#parts.observer.estimateErrors(this.place.deployment ?? '')
      this.#errors.add((ask.promptTokens - promptTokens) / promptTokens)
    }
    this.#prompt.learn(ask.prompt, promptTokens)
    if (completionTokens !== null && !ask.maximumGiven) this.#completion.learn(completionTokens)
  }

  claimsFor(caller: Caller): ClaimList {
    const known = this.#looksAtCallers ? this.#perCaller.get(caller) : this.#forAll
    if (known !== undefined && known !== null && !isStale(known)) return known
    const rules = this.#rules.filter(rule => rule.callers === null || rule.callers(caller) !== null)
    const list = claimsOf(rules, { ...this.place, caller: callerKey(caller), instance: null }, this.#parts.counterOf)
    if (this.#looksAtCallers) this.#perCaller.set(caller, list)
    else this.#forAll = list
    return list
  }

  /** @param deployment Its name on that instance. */
  claimsAt(instance: string, deployment: string | null, caller: Caller): ClaimList {
    let known = this.#perInstance.get(caller)
    if (known === undefined) {
      known = new Map()
      this.#perInstance.set(caller, known)
    }
    const key = deployment === null || deployment === this.place.deployment ? instance : `${instance}/${deployment}`
    const found = known.get(key)
    if (found !== undefined && !isStale(found)) return found
    const rules = this.rulesAt(instance, deployment).filter(
      rule => rule.callers === null || rule.callers(caller) !== null,
    )
    const list = claimsOf(rules, { ...this.place, caller: callerKey(caller), instance }, this.#parts.counterOf)
    known.set(key, list)
    return list
  }

  rulesAt(instance: string, deployment: string | null): readonly LimitRule[] {
    return this.#instanceRules.filter(
      rule =>
        (rule.instances === null || rule.instances.has(instance)) &&
        (rule.deploymentThere === null || rule.deploymentThere === deployment),
    )
  }

  /** Those that are asked wherever the call goes. */
  get rulesAnywhere(): readonly LimitRule[] {
    return this.#rules
  }
}

function counts(rules: readonly LimitRule[], unit: 'tokens' | 'cost'): boolean {
  return rules.some(rule => rule.limits.some(({ measure }) => measures[measure].unit === unit))
}

/** An enforced claim that the call can never meet, because it surely needs more than the limit ever has. */
export function impossible({ claims, tokensMost }: ClaimList, { leastTokens }: Ask): Claim | null {
  if (leastTokens <= tokensMost) return null
  return claims.find(claim => claim.enforce && claim.unit === 'tokens' && leastTokens > claim.limit) ?? null
}

/** What the claim was asked for, whole: an amount beyond the limit is cut only for counting. */
export function askedOf(claim: Claim, asked: Asked): number {
  switch (claim.unit) {
    case 'tokens':
      return asked.tokens
    case 'cost':
      return asked.costNano
    default:
      return amountOf(claim, asked)
  }
}

/** Every rule, and the entries of the places that have been asked for. */
export class RuleBook {
  readonly rules: readonly LimitRule[]
  readonly #parts: EntryParts
  readonly #entries = new Map<string, Map<string | null, Entry | null>>()

  constructor(rules: readonly LimitRule[], parts: EntryParts) {
    this.rules = rules
    this.#parts = parts
  }

  /** Null when no rule concerns such calls. Places are configured ones: a call has been authorised before it asks. */
  entry(workload: string, deployment: string | null): Entry | null {
    let byDeployment = this.#entries.get(workload)
    if (byDeployment === undefined) {
      byDeployment = new Map()
      this.#entries.set(workload, byDeployment)
    }
    const known = byDeployment.get(deployment)
    if (known !== undefined) return known
    const place = { workload, deployment }
    const rules = this.rules.filter(rule => concerns(rule, place))
    const entry = rules.length === 0 ? null : new Entry(place, rules, this.#parts)
    byDeployment.set(deployment, entry)
    return entry
  }
}

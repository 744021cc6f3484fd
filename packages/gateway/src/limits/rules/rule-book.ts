/**
 * The limits of each scope, prepared per workload and deployment, and per caller where rules need it, so that a call
 * only looks them up.
 */
import { type Caller, callerKey } from '../../identity/index.ts'
import { measures } from '../counting/measures.ts'
import type { Ask, ErrorFigure, LimitsObserver, MetLimits, PromptSize, Spent } from '../index.ts'
import { type ClaimList, type CounterOf, claimsOf, isStale } from './claims.ts'
import type { CompletionEstimate, Estimates, PromptEstimate } from './estimates.ts'
import { type CallScope, type LimitRule, needsCaller } from './rules.ts'
import { rulesAt, rulesForCaller, rulesOfScope, type ScopeRules } from './scope-rules.ts'

export interface RuleBookParts {
  readonly counterOf: CounterOf
  readonly estimates: Estimates
  readonly observer: Pick<LimitsObserver, 'estimateErrors'>
  readonly completionTokensAssumed: number
  /** The configured model of a deployment. */
  readonly modelOf: (deployment: string) => string
}

/** The limits that calls of one scope meet. */
export class ScopeLimits implements MetLimits {
  readonly scope: CallScope
  readonly tokens: boolean
  readonly cost: boolean
  readonly model: string
  readonly meetsInstances: boolean
  readonly #prompt: PromptEstimate
  readonly #completion: CompletionEstimate
  readonly #parts: RuleBookParts
  /** Null until the first call is settled. */
  #errors: ErrorFigure | null = null
  readonly #rules: ScopeRules
  /** The claims of every caller, where no rule depends on the caller. */
  #forAll: ClaimList | null = null
  readonly #perCaller = new WeakMap<Caller, ClaimList>()
  readonly #perInstance = new WeakMap<Caller, Map<string, ClaimList>>()
  readonly #dependsOnCaller: boolean

  constructor(scope: CallScope, rules: ScopeRules, parts: RuleBookParts) {
    this.scope = scope
    this.#parts = parts
    this.#rules = rules
    this.meetsInstances = rules.ofInstances.length > 0
    this.#dependsOnCaller = rules.anywhere.some(needsCaller)
    this.tokens = counts(rules.all, 'tokens')
    this.cost = counts(rules.all, 'cost')
    const deployment = scope.deployment ?? ''
    this.model = parts.modelOf(deployment)
    this.#prompt = parts.estimates.prompt(deployment)
    this.#completion = parts.estimates.completion(scope.workload, deployment)
  }

  promptTokens(prompt: PromptSize): number {
    return this.#prompt.of(prompt)
  }

  completionTokens(): number {
    return this.#completion.of(this.#parts.completionTokensAssumed)
  }

  /** Compares the estimates with the reported usage. Does nothing where the backend reported none. */
  learn(ask: Ask, { promptTokens, completionTokens }: Spent): void {
    if (promptTokens === null || ask.tokens === 0) return
    if (promptTokens > 0) {
      this.#errors ??= this.#parts.observer.estimateErrors(this.scope.deployment ?? '')
      this.#errors.add((ask.promptTokens - promptTokens) / promptTokens)
    }
    this.#prompt.learn(ask.prompt, promptTokens)
    if (completionTokens !== null && !ask.maximumGiven) this.#completion.learn(completionTokens)
  }

  claimsFor(caller: Caller): ClaimList {
    const known = this.#dependsOnCaller ? this.#perCaller.get(caller) : this.#forAll
    if (known !== undefined && known !== null && !isStale(known)) return known
    const list = this.#claimsOf(this.#rules.anywhere, caller, null)
    if (this.#dependsOnCaller) this.#perCaller.set(caller, list)
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
    const key = deployment === null || deployment === this.scope.deployment ? instance : `${instance}/${deployment}`
    const found = known.get(key)
    if (found !== undefined && !isStale(found)) return found
    const list = this.#claimsOf(rulesAt(this.#rules, instance, deployment), caller, instance)
    known.set(key, list)
    return list
  }

  #claimsOf(rules: readonly LimitRule[], caller: Caller, instance: string | null): ClaimList {
    const subjects = { ...this.scope, caller: callerKey(caller), instance }
    return claimsOf(rulesForCaller(rules, caller), subjects, this.#parts.counterOf)
  }
}

function counts(rules: readonly LimitRule[], unit: 'tokens' | 'cost'): boolean {
  return rules.some(rule => rule.limits.some(({ measure }) => measures[measure].unit === unit))
}

/** Every rule, and the limits of the scopes that were looked up. */
export class RuleBook {
  readonly rules: readonly LimitRule[]
  readonly #parts: RuleBookParts
  readonly #byWorkload = new Map<string, Map<string | null, ScopeLimits | null>>()

  constructor(rules: readonly LimitRule[], parts: RuleBookParts) {
    this.rules = rules
    this.#parts = parts
  }

  /**
   * Null when no rule applies. Workload and deployment are configured ones, since a call is authorised first; so the
   * maps stay small.
   */
  limitsOf(workload: string, deployment: string | null): ScopeLimits | null {
    let byDeployment = this.#byWorkload.get(workload)
    if (byDeployment === undefined) {
      byDeployment = new Map()
      this.#byWorkload.set(workload, byDeployment)
    }
    const known = byDeployment.get(deployment)
    if (known !== undefined) return known
    const scope = { workload, deployment }
    const rules = rulesOfScope(this.rules, scope)
    const limits = rules.all.length === 0 ? null : new ScopeLimits(scope, rules, this.#parts)
    byDeployment.set(deployment, limits)
    return limits
  }
}

/** Limits for the data plane: admission, the waiting line, and reports. */
import type { Config } from '../config/schema/index.ts'
import type { Calendar } from './counting/calendar.ts'
import type { Counter, CounterStore, ReserveResult, Shortage } from './counting/counters.ts'
import { impossibleDenial, ofShortage, reportReserved, uncounted, uncountedImpossible } from './denials.ts'
import {
  type Admission,
  type Ask,
  type CallEstimates,
  type Denial,
  type EarlierAdmission,
  type KeptReservation,
  type LimitOverride,
  type Limits,
  type LimitsObserver,
  type LimitsReport,
  nothingSpent,
  type Preview,
  type StoreState,
  type WaitBounds,
} from './index.ts'
import { KeptLease, type LeaseParts, OpenLease, reserveLasting } from './lease.ts'
import { type LineOptions, WaitingLine } from './line.ts'
import type { Estimates } from './rules/estimates.ts'
import { deploymentNamesAt } from './rules/facts.ts'
import { overridden } from './rules/overridden.ts'
import { reportOf } from './rules/report.ts'
import { RuleBook, type ScopeLimits } from './rules/rule-book.ts'
import { compileLimits } from './rules/rules.ts'
import { WaitingCall, type WaitReason } from './waiting-call.ts'

export interface AdmissionParts {
  readonly store: CounterStore
  readonly calendar: Calendar
  readonly estimates: Estimates
  readonly observer: LimitsObserver
}

export class ActiveLimits implements Limits {
  readonly line: WaitingLine
  readonly #parts: AdmissionParts
  readonly #leases: LeaseParts
  #config: Config
  #overrides: readonly LimitOverride[] = []
  #book: RuleBook

  constructor(config: Config, parts: AdmissionParts) {
    const { store, observer } = parts
    this.#parts = parts
    this.#config = config
    this.line = new WaitingLine(lineOptions(config), observer)
    this.#leases = { store, observer, line: this.line }
    this.#book = this.#compile(config)
  }

  use(config: Config): void {
    this.#book = this.#compile(config)
    this.#config = config
    this.line.use(lineOptions(config))
    this.#parts.calendar.use(config.limits)
    // A limit may have been raised, so there may be room.
    this.line.nudge()
  }

  /** Changes limits by these overrides, and by no others, from now on. A reload keeps them. */
  override(overrides: readonly LimitOverride[]): void {
    this.#overrides = overrides
    this.#book = this.#compile(this.#config)
    this.line.nudge()
  }

  #compile(config: Config): RuleBook {
    const { store, estimates, observer } = this.#parts
    return new RuleBook(overridden(compileLimits(config), this.#overrides), {
      counterOf: identity => store.counter(identity),
      estimates,
      observer,
      completionTokensAssumed: config.limits.completionTokensAssumed,
      modelOf: deployment => modelOf(config, deployment),
    })
  }

  get book(): RuleBook {
    return this.#book
  }

  /** Every counter that this process has. */
  counters(): Iterable<Counter> {
    return this.#parts.store.counters()
  }

  get state(): StoreState {
    return this.#parts.store.state
  }

  meets(workload: string, deployment: string | null): ScopeLimits | null {
    return this.#book.limitsOf(workload, deployment)
  }

  learned(workload: string, deployment: string | null): CallEstimates {
    const limits = this.#book.limitsOf(workload, deployment)
    if (limits !== null) return limits
    const { estimates } = this.#parts
    const prompts = estimates.prompt(deployment ?? '')
    const completions = estimates.completion(workload, deployment ?? '')
    const { completionTokensAssumed } = this.#config.limits
    return {
      promptTokens: prompt => prompts.of(prompt),
      completionTokens: () => completions.of(completionTokensAssumed),
    }
  }

  admit(met: ScopeLimits, ask: Ask, bounds: WaitBounds): Admission | Promise<Admission> {
    const list = met.claimsFor(ask.caller)
    const { claims } = list
    const first = claims[0]
    if (first === undefined) return admitted(new OpenLease(this.#leases, met, ask, null, null))
    const never = impossibleDenial(list, ask, this.#parts.observer)
    if (never !== null) return refused(never)
    if (this.line.length > 0 && this.line.isAwaited(list.keys, ask.priority)) {
      return this.#wait(met, ask, bounds, { kind: 'behind', first })
    }
    const result = this.#parts.store.reserve(claims, ask)
    if (!(result instanceof Promise)) return this.#decided(result, met, ask, bounds)
    return result.then(found => this.#decided(found, met, ask, bounds))
  }

  preview(met: ScopeLimits, ask: Ask, instance: { name: string; deployment: string | null } | null): Preview {
    const { store } = this.#parts
    const { caller } = ask
    const list = instance === null ? met.claimsFor(caller) : met.claimsAt(instance.name, instance.deployment, caller)
    if (list.claims.length === 0) return { kind: 'admitted' }
    const never = uncountedImpossible(list, ask)
    if (never !== null) return { kind: 'refused', denial: never }
    if (store.kind !== 'memory') return { kind: 'unknown' }
    const result = store.reserve(list.claims, ask)
    if (result instanceof Promise) return { kind: 'unknown' }
    const { reservation, shortage } = result
    if (shortage === null) {
      store.settle(reservation, nothingSpent)
      return { kind: 'admitted' }
    }
    const { maxWait } = this.#config.limits.waitingLine
    const waits = instance === null && this.line.isOpen && isWorthWaiting(shortage, maxWait)
    return { kind: waits ? 'waits' : 'refused', denial: uncounted(shortage, ask) }
  }

  hold({
    caller,
    workload,
    deployment,
    instance,
    servedDeployment,
    tokens,
    costNano,
    atMs,
  }: EarlierAdmission): KeptReservation | null {
    const limits = this.#book.limitsOf(workload, deployment)
    if (limits === null) return null
    const { store } = this.#parts
    const lists = [limits.claimsFor(caller), limits.claimsAt(instance, servedDeployment ?? deployment, caller)]
    const reserved = lists.flatMap(({ claims }) => reserveLasting(store, claims, { tokens, costNano }, atMs) ?? [])
    return reserved.length === 0 ? null : new KeptLease(this.#leases, limits, null, reserved)
  }

  #decided(
    { reservation, shortage }: ReserveResult,
    met: ScopeLimits,
    ask: Ask,
    bounds: WaitBounds,
  ): Admission | Promise<Admission> {
    if (reservation !== null) {
      if (reservation.shadowed.length > 0 || reservation.state !== 'ok') {
        reportReserved(reservation, this.#parts.observer)
      }
      return admitted(new OpenLease(this.#leases, met, ask, reservation, null))
    }
    const mayWait = this.line.isOpen && bounds.deadlineAt !== 0
    if (!mayWait || !isWorthWaiting(shortage, this.#config.limits.waitingLine.maxWait)) {
      return refused(ofShortage(shortage, ask, this.#parts.observer))
    }
    return this.#wait(met, ask, bounds, shortage)
  }

  #wait(met: ScopeLimits, ask: Ask, bounds: WaitBounds, reason: WaitReason): Admission | Promise<Admission> {
    // Looked up again at each attempt, so that a changed configuration also applies to waiting calls.
    const limitsNow = (): ScopeLimits | null => this.#book.limitsOf(met.scope.workload, met.scope.deployment)
    const call = new WaitingCall({ leases: this.#leases, met, limitsNow, ask, bounds }, reason)
    if (bounds.deadlineAt === 0) return refused(call.denial())
    return this.line.wait(call).then(found => found ?? refused(call.denial()))
  }

  report(): Promise<LimitsReport> {
    return reportOf(this.#book, this.#parts, this.line.length)
  }

  weighTokens(promptTokens: number, cachedTokens: number, completionTokens: number): number {
    const { cachedTokensShare } = this.#config.limits
    const uncounted = Math.floor(Math.min(cachedTokens, promptTokens) * (1 - cachedTokensShare))
    return promptTokens - uncounted + completionTokens
  }

  close(): Promise<void> {
    this.line.close()
    return this.#parts.store.close()
  }
}

function admitted(lease: OpenLease): Admission {
  return { lease, denial: null }
}

function refused(denial: Denial): Admission {
  return { lease: null, denial }
}

/**
 * The configured model of a deployment. The rules of the configuration ensure that it is the same in every instance of
 * a pool.
 */
function modelOf(config: Config, deployment: string): string {
  for (const [name, instance] of Object.entries(config.instances)) {
    const [there] = deploymentNamesAt(config, name, deployment)
    const model = there == null ? undefined : instance.deployments[there]?.model
    if (model !== undefined) return model
  }
  return deployment
}

function lineOptions({ limits }: Config): LineOptions {
  const { length, maxWait, aging } = limits.waitingLine
  return { length, maxWaitMs: maxWait, agingMs: aging, classes: limits.priorityClasses }
}

/** True when there will be room within the wait, or when a call in flight may settle with less than it reserved. */
function isWorthWaiting(shortage: Shortage, maxWaitMs: number): boolean {
  if (shortage.kind === 'store' || shortage.renewsAtMs !== null) return false
  return shortage.retryAfterMs <= maxWaitMs || shortage.worst.counter.own.reserved > 0
}

/**
 * Limits: how many tokens, calls and money each caller, workload and instance may use. A call reserves what it may need
 * before it is sent, and settles what it used after it has ended. A rule without enough room refuses the call, or only
 * reports it (`mode: shadow`). Rules stack: a call passes only when all of its rules have room. It then reserves with
 * all of them; otherwise with none.
 */
import type { Config, LimitName } from '../config/schema/index.ts'
import type { Caller } from '../identity/caller.ts'

/** The call that limits are looked up for. */
export interface Subject {
  readonly caller: Caller
  readonly workload: string
  /** Name that the workload uses; null for operations without a deployment. */
  readonly deployment: string | null
}

/**
 * The largest amounts that a call may need, as far as they are known before it is sent. Every call also counts as one
 * request and as one call in flight.
 */
export interface Ask {
  readonly caller: Caller
  /** The workload's priority class. */
  readonly priority: string
  /** Estimated prompt plus the longest possible completion; 0 for operations that bill nothing. */
  readonly tokens: number
  /** Cost of these tokens, in billionths of the currency; 0 where the price is not known. */
  readonly costNano: number
  /** Tokens that the call certainly needs, however wrong the estimates are: it can never pass a limit below this. */
  readonly leastTokens: number
  /** The prompt's size and the tokens estimated from it. Settling the call improves later estimates. */
  readonly prompt: PromptSize
  readonly promptTokens: number
  /** True when the client set a maximum for the completion. Only calls without one teach how long completions are. */
  readonly maximumGiven: boolean
}

/** Size of a prompt, as far as it can be measured without parsing it. */
export interface PromptSize {
  /** Bytes of the body without encoded media. */
  readonly textBytes: number
  /** Number of encoded images and files. */
  readonly media: number
  /** Tokens of encoded sounds, estimated from their length. */
  readonly soundTokens: number
  /** Number of stored objects (responses, files, ...) that the body refers to: the instance adds their content. */
  readonly stored: number
}

/** Estimates for the next call, learned from earlier calls of the same kind. */
export interface CallEstimates {
  /** Estimated tokens of a prompt, learned per deployment. */
  promptTokens(prompt: PromptSize): number
  /** Estimated completion tokens of a call without a maximum, learned per workload and deployment. */
  completionTokens(): number
}

/** The limits that a group of calls meets, and what they count, so that no call computes more than its limits need. */
export interface MetLimits extends CallEstimates {
  /** True when any of the limits counts tokens. */
  readonly tokens: boolean
  /** True when any of the limits counts cost. */
  readonly cost: boolean
  /** The deployment's configured model, for its price; the deployment's name where no model is configured. */
  readonly model: string
}

/** The amounts that a call used. Zeros when nothing was billed. */
export interface Spent {
  /** Tokens, with cached tokens weighed by `limits.cachedTokensShare` (see `weighTokens`). */
  readonly tokens: number
  readonly costNano: number
  /**
   * Number of backend calls, whether or not they succeeded: usually 1, one per page for a list. 0 when the call was
   * never sent: then it does not count as a request either.
   */
  readonly calls: number
  /** Tokens reported by the backend, not weighed; null when it reported none, so that there is nothing to learn. */
  readonly promptTokens: number | null
  readonly completionTokens: number | null
}

/** Use of a call that never reached a backend. */
export const nothingSpent: Spent = { tokens: 0, costNano: 0, calls: 0, promptTokens: null, completionTokens: null }

/** State of one limit, in its own unit; cost is in billionths of the currency. */
export interface Gauge {
  readonly rule: string
  /** The limit in digits, ready for header fields. */
  readonly limitText: string
  /** Never negative. */
  readonly remaining: number
  /**
   * Time until some (sliding window) or all (calendar window) of the limit is free again; whole seconds, rounded up.
   */
  readonly resetSeconds: number
}

/** Health of the counters' store: `ok`, or the configured behaviour while it is down (`limits.whenStoreIsDown`). */
export type StoreState = 'ok' | 'refuse' | 'local' | 'allow'

/**
 * The reservation of one call. Every lease must be settled, whatever the result of the call; settling it again does
 * nothing.
 */
export interface Lease {
  readonly ask: Ask
  /** The tightest token and request limits that the call met, for the headers of its answer; null where it met none. */
  readonly tokens: Gauge | null
  readonly requests: Gauge | null
  readonly store: StoreState
  /** Time in the waiting line, in ms; null for a call that did not wait. */
  readonly waitedMs: number | null
  /**
   * Reserves with the rules of an instance, before the call is sent there. When the call is sent to another instance
   * afterwards, calling this again refunds the reservation with the first one. Synchronous when the counters are.
   * @param deployment Its name on that instance (an alias where it has one).
   * @returns null when the call may be sent there.
   */
  enter(instance: string, deployment: string | null): Denial | null | Promise<Denial | null>
  /** Corrects the estimates to what was used; never waits. */
  settle(spent: Spent): void
  /**
   * Settles a call that has ended while the work it started goes on: its request is counted and it is no longer in
   * flight, but its tokens and cost stay reserved until the result of that work is settled. Null for a lease that is
   * already settled.
   */
  keep(): KeptReservation | null
}

/**
 * Tokens and cost that stay reserved after the call, in the windows of its admission. It must be settled; settling it
 * again does nothing.
 */
export interface KeptReservation {
  /** `spent.calls` has no effect here: the request was counted with the call. */
  settle(spent: Spent): void
}

/** A call that another process admitted, or this process before its restart, with what it reserved. */
export interface EarlierAdmission extends Subject {
  /** The instance that it was sent to. */
  readonly instance: string
  /** The deployment's name on that instance, where it has another one. */
  readonly servedDeployment: string | null
  readonly tokens: number
  readonly costNano: number
  /** Time of its admission, in ms since the epoch. */
  readonly atMs: number
}

/** The reason why a call may not continue. */
export type Denial = RuleDenial | StoreDenial

/** A rule refused the call. */
export interface RuleDenial {
  /**
   * `passes`: there will be room after `retryAfterMs`. `budget`: a calendar window is used up. `never`: the call alone
   * needs more than the whole limit.
   */
  readonly kind: 'passes' | 'budget' | 'never'
  /** Name of the rule, as `hr-bot` or `limits.rules.company`. */
  readonly rule: string
  readonly measure: LimitName
  /** In the rule's unit: tokens, calls, billionths of the currency. */
  readonly limit: number
  /** The amount that the call asked for, in the rule's unit. */
  readonly asked: number
  /** Free part of the limit, in the rule's unit. */
  readonly remaining: number
  readonly retryAfterMs: number
  /** End of the calendar window, in ms since the epoch; null for other windows. */
  readonly renewsAtMs: number | null
  readonly tokens: Gauge | null
  readonly requests: Gauge | null
  /** Health of the store at the time of the decision. */
  readonly store: StoreState
}

/** The store is down, and `whenStoreIsDown` is `refuse`. No rule decided. */
export interface StoreDenial {
  readonly kind: 'store'
  readonly retryAfterMs: number
}

export type Admission =
  | { readonly lease: Lease; readonly denial: null }
  | { readonly lease: null; readonly denial: Denial }

/** The answer to a call that is only supposed; nothing of it stays reserved, and nothing is counted. */
export type Preview =
  | { readonly kind: 'admitted' }
  /** It would wait in line, for the reason that would refuse it where there is no line. */
  | { readonly kind: 'waits'; readonly denial: Denial }
  | { readonly kind: 'refused'; readonly denial: Denial }
  /** The counters are shared: asking them would reserve, and could refuse a call of a client. */
  | { readonly kind: 'unknown' }

/** One limit of one rule, for reports. */
export interface RuleReport {
  /** As in `RuleDenial.rule`. A rule that counts `per` something adds what it counts, as `hr-bot/caller`. */
  readonly rule: string
  readonly measure: LimitName
  readonly mode: 'enforce' | 'shadow'
  /** The calls that it limits, in words: `workload hr-bot`, `each caller of hr-bot`, `everything`. */
  readonly scope: string
  /**
   * For a `per` rule, the one that this line counts: caller key, workload, ...; null where all are counted together.
   */
  readonly subject: string | null
  /** Workloads that it limits; null for all. */
  readonly workloads: readonly string[] | null
  readonly counter: string
  /** The one that counts now. */
  readonly limit: number
  /** Null where it is that of the configuration. */
  readonly override: OverriddenLimit | null
  readonly used: number
  readonly reserved: number
  readonly remaining: number
  /** Start of a calendar window, in ms since the epoch; null for other windows. */
  readonly beganAtMs: number | null
  /**
   * Time when the window ends or moves on, in ms since the epoch; null for calls in flight, and for a window of a
   * second or a minute in which nothing is used.
   */
  readonly renewsAtMs: number | null
  /**
   * Calls that this rule refused, or (mode shadow) would have refused, since this process started; for a rule on
   * instances, how often it skipped an instance. For a `per` rule, counted since its counter was last empty.
   */
  readonly refused: number
}

/** An operator's order that changes one amount of a rule, or all of them, for a time. */
export interface LimitOverride {
  readonly rule: string
  /** Null for all amounts of the rule. */
  readonly measure: LimitName | null
  /** The configured limit times this, or an amount in the rule's own unit. */
  readonly to: { readonly times: number } | { readonly amount: number }
  /** Milliseconds since the epoch. */
  readonly untilMs: number
  /** Name of the operator, for people to read. */
  readonly by: string
  /** In words of the operator. */
  readonly reason: string
}

/** What a limit is without its override, and where that comes from. */
export interface OverriddenLimit extends Pick<LimitOverride, 'untilMs' | 'by' | 'reason'> {
  /** The limit of the configuration. */
  readonly configured: number
}

export interface LimitsReport {
  readonly store: 'memory' | 'redis'
  readonly state: StoreState
  /** Start of the outage, in ms since the epoch; null when the store is up. */
  readonly downSinceMs: number | null
  readonly waiting: number
  readonly rules: readonly RuleReport[]
}

export interface ErrorFigure {
  add(value: number): void
}

/**
 * Events that limits report to the metrics. Calls wait for every one of these functions: they must be quick and must
 * not throw.
 */
export interface LimitsObserver {
  /** A rule refused a call; with `shadow`, it would have. */
  refused(rule: string, measure: LimitName, shadow: boolean): void
  /**
   * The figure for errors of prompt estimates, (estimated - actual) / actual. Looked up once per deployment, then
   * updated by each settled call.
   */
  estimateErrors(deployment: string): ErrorFigure
  /** A call left the waiting line. */
  waited(priority: string, ms: number, admitted: boolean): void
  /** A call met limits while the store was down. */
  withoutStore(state: StoreState): void
  /** The store answered after this time, in ms. */
  storeAnswered(ms: number): void
}

export interface Limits {
  /**
   * The limits for calls of this workload on this deployment; null when there are none. A look-up, cheap enough for
   * every call.
   */
  meets(workload: string, deployment: string | null): MetLimits | null
  /** Estimates for calls of this workload on this deployment, whether or not they meet a limit. */
  learned(workload: string, deployment: string | null): CallEstimates
  /**
   * Reserves with all rules that the call meets, or with none. Queues the call where that is configured and useful, at
   * most until `bounds.deadlineAt`; `bounds.signal` takes the call out of the line. Synchronous unless there is
   * something to wait for.
   * @param met The result of `meets` for this call.
   */
  admit(met: MetLimits, ask: Ask, bounds: WaitBounds): Admission | Promise<Admission>
  /**
   * The answer that this call would get now. Synchronous, so no call comes between.
   * @param instance null for the rules that apply whichever instance serves the call.
   */
  preview(
    met: MetLimits,
    ask: Ask,
    instance: { readonly name: string; readonly deployment: string | null } | null,
  ): Preview
  /**
   * Reserves for the running work of a call that was admitted earlier, even beyond the limits; null where it meets no
   * limit on tokens or cost.
   */
  hold(earlier: EarlierAdmission): KeptReservation | null
  /** The most urgent call is first. */
  readonly line: CapacityLine
  report(): Promise<LimitsReport>
  readonly state: StoreState
  /** Tokens to count in token limits. */
  weighTokens(promptTokens: number, cachedTokens: number, completionTokens: number): number
  /**
   * Switches to a changed configuration. What was used stays counted, a changed limit applies at once, and calls in
   * flight end under the old rules.
   */
  use(config: Config): void
  close(): Promise<void>
}

/** Bounds on the wait of a call. */
export interface WaitBounds {
  /** By `performance.now()`; 0 for a call that must not wait. */
  readonly deadlineAt: number
  /** Ends the wait when it is aborted. */
  readonly signal: AbortSignal | null
}

/** One limit of one rule, in words. */
export interface RuleFacts {
  readonly rule: string
  readonly measure: LimitName
  readonly limit: number
  readonly mode: 'enforce' | 'shadow'
  readonly scope: string
  /** Place of the amount in the configuration. */
  readonly path: readonly string[]
}

/** Line of calls that wait for capacity: bounded, ordered by priority and age. */
export interface CapacityLine {
  /** False when no call may wait at all (`limits.waitingLine.length: 0`). */
  readonly isOpen: boolean
  readonly length: number
  /** True when an equally or more urgent call waits for one of these keys: a new call must then queue behind it. */
  isAwaited(keys: readonly string[], priority: string): boolean
  /**
   * Queues until `attempt` returns a result. Resolves with null when the line is full, the time is over, or the signal
   * is aborted. No attempt is made while a more urgent call waits for one of the waiter's `keys`. The result of an
   * attempt is passed on even when the signal was aborted meanwhile: the caller then owns it and must give it back.
   */
  wait<T>(waiter: LineWaiter<T>): Promise<T | null>
  /** Capacity was freed: attempts will be made soon. Costs nothing while no call waits. */
  nudge(): void
}

export interface LineWaiter<T> {
  /** All keys that an attempt reserves. No attempt is made while a more urgent waiter waits for one of them. */
  readonly keys: readonly string[]
  /**
   * The keys that had no room: other calls must not overtake this one for them. All of `keys` when absent. May change
   * with each attempt; a key that was once in it stays protected until the waiter leaves the line.
   */
  readonly waitsFor?: readonly string[]
  readonly priority: string
  /**
   * The waiter's workload: a full line evicts a waiter of the workload that has most for one of a workload that has
   * fewer.
   */
  readonly workload: string
  readonly waiting: WaitBounds
  /** Null while there is no room. */
  attempt(): T | null | Promise<T | null>
}

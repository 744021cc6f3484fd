/**
 * Limits: how much who may use. A call reserves what it may need before it is sent and settles what it did use after it; a
 * rule that has no room left refuses, or only reports (`mode: shadow`). Rules stack: a call passes when all of its rules have
 * room, and then takes from all of them, or it takes from none.
 */
import type { Config, LimitName } from '../config/schema.ts'
import type { Caller } from '../identity/caller.ts'

/** Whom limits are asked about. */
export interface Subject {
  readonly caller: Caller
  readonly workload: string
  /** As the workload names it; null for operations without one. */
  readonly deployment: string | null
}

/** Who asks, and what the call may need, at most, as far as it can be known before. It always asks for one request and one call in flight. */
export interface Ask {
  readonly caller: Caller
  /** The workload's priority class. */
  readonly priority: string
  /** Estimated prompt plus the most that may be answered; 0 for operations that bill nothing. */
  readonly tokens: number
  /** Of these tokens, in billionths of the currency; 0 where the price is not known. */
  readonly costNano: number
  /** So many it surely needs, whatever the estimates are worth: a limit below it can never let the call pass. */
  readonly leastTokens: number
  /** What the prompt was estimated from and as; teaches further estimates when the call is settled. */
  readonly prompt: PromptSize
  readonly promptTokens: number
  /** Whether the client gave a maximum for the answer: only calls without one teach how long answers are. */
  readonly maximumGiven: boolean
}

/** A prompt as far as it can be measured without reading it. */
export interface PromptSize {
  /** Bytes of the body without encoded media. */
  readonly textBytes: number
  /** Encoded images and files in it. */
  readonly media: number
  /** Tokens of encoded sounds in it, by their length. */
  readonly soundTokens: number
  /** Stored objects (responses, files, ...) that it refers to: the instance adds what is in them. */
  readonly stored: number
}

/** What is known of calls like one that is to come. */
export interface Learned {
  /** Estimated tokens of a prompt, as learned per deployment. */
  promptTokens(prompt: PromptSize): number
  /** Completion tokens of a call that gives no maximum, as learned per workload and deployment. */
  completionTokens(): number
}

/** The limits that some calls meet, and what these count: so that no more is worked out for a call than is needed. */
export interface Meets extends Learned {
  /** Whether any of them counts tokens, whether any counts cost. */
  readonly tokens: boolean
  readonly cost: boolean
  /** The configured model of the deployment, for its price; the deployment's name where none is configured. */
  readonly model: string
}

/** What a call did use. Zeros when nothing was billed. */
export interface Spent {
  /** Tokens, cached ones weighed by `limits.cachedTokensShare` (`weighTokens`). */
  readonly tokens: number
  readonly costNano: number
  /**
   * Calls of backends that it took, whatever came of them: 1 for most, one per page for a list; 0 when it was never sent, and then does not
   * count as a request either.
   */
  readonly calls: number
  /** As the backend reported them, unweighed; null where it reported none, so that there is nothing to learn. */
  readonly promptTokens: number | null
  readonly completionTokens: number | null
}

/** Of a call that never reached a backend. */
export const nothingSpent: Spent = { tokens: 0, costNano: 0, calls: 0, promptTokens: null, completionTokens: null }

/** Where a limit stands, in its own unit; of cost in billionths of the currency. */
export interface Gauge {
  readonly rule: string
  /** The limit in digits, as header fields have it. */
  readonly limitText: string
  /** Never negative. */
  readonly remaining: number
  /** Until some (sliding window) or all (calendar window) of it is back; whole seconds, rounded up. */
  readonly resetSeconds: number
}

/** How the counters' store fares: `ok`, or what is done while it is down (`limits.whenStoreIsDown`). */
export type StoreState = 'ok' | 'refuse' | 'local' | 'allow'

/** A lease: what one call has reserved. It must be settled, whatever becomes of the call; a second time does nothing. */
export interface Lease {
  readonly ask: Ask
  /** The tightest token and request limits that the call met, for its answer's header; null where it met none. */
  readonly tokens: Gauge | null
  readonly requests: Gauge | null
  readonly store: StoreState
  /** Milliseconds in the waiting line; null for a call that did not wait. */
  readonly waitedMs: number | null
  /**
   * Reserves with the rules of an instance, before the call is sent there. A call that is sent elsewhere afterwards
   * gives the first instance's part back by calling this again. Synchronous where the counters are.
   * @param deployment Its name on that instance (an alias where it has one).
   * @returns null when it may be sent there.
   */
  enter(instance: string, deployment: string | null): Denial | null | Promise<Denial | null>
  /** Gives back or takes what was estimated wrongly; never waits. */
  settle(spent: Spent): void
  /**
   * The call has ended, and what it began goes on: its request is settled and its place in flight given back, while tokens and cost stay
   * reserved until the result is settled. Null for a lease that was settled before.
   */
  keep(): Kept | null
}

/** Tokens and cost that stay reserved beyond the call, in the windows of its admission. It must be settled; a second time does nothing. */
export interface Kept {
  /** `spent.calls` says nothing here: the request was counted with the call. */
  settle(spent: Spent): void
}

/** What a call had reserved that another process admitted, or this one before it was started again. */
export interface Held extends Subject {
  /** Where it was sent. */
  readonly instance: string
  /** The deployment's name there, where it has another one. */
  readonly servedDeployment: string | null
  readonly tokens: number
  readonly costNano: number
  /** When it was admitted, milliseconds since the epoch. */
  readonly atMs: number
}

/** Why a call may not go on. */
export interface Denial {
  /**
   * `passes`: there is room again after `retryAfterMs`. `budget`: a calendar window is used up. `never`: the call alone asks for
   * more than the rule ever has. `store`: the counters cannot be asked, and `whenStoreIsDown` is `refuse`.
   */
  readonly kind: 'passes' | 'budget' | 'never' | 'store'
  /** Name of the rule, as `hr-bot` or `limits.rules.company`; empty for kind `store`. */
  readonly rule: string
  readonly measure: LimitName
  /** In the rule's unit: tokens, calls, billionths of the currency. */
  readonly limit: number
  readonly asked: number
  /** What is left of it. */
  readonly remaining: number
  readonly retryAfterMs: number
  /** End of the calendar window, milliseconds since the epoch; null for others. */
  readonly renewsAtMs: number | null
  readonly tokens: Gauge | null
  readonly requests: Gauge | null
  /** How the store fared when it was decided. */
  readonly store: StoreState
}

export type Admission =
  | { readonly lease: Lease; readonly denial: null }
  | { readonly lease: null; readonly denial: Denial }

/** A rule as reports show it. */
export interface RuleReport {
  /** As in `Denial.rule`; with the counted one behind it where a rule counts `per` something, as `hr-bot/caller`. */
  readonly rule: string
  readonly measure: LimitName
  readonly mode: 'enforce' | 'shadow'
  /** Whom it is for, in words: `workload hr-bot`, `each caller of hr-bot`, `everything`. */
  readonly scope: string
  /** Which of a `per` rule: caller key, workload, ...; null where all are counted together. */
  readonly subject: string | null
  /** Workloads whose calls it may meet; null for all. */
  readonly workloads: readonly string[] | null
  readonly counter: string
  readonly limit: number
  readonly used: number
  readonly reserved: number
  readonly remaining: number
  /** When the window ends or moves on, milliseconds since the epoch; null for calls in flight. */
  readonly renewsAtMs: number | null
  /**
   * Calls that this rule refused, or (mode shadow) would have refused, since the start of this process; for a rule on instances,
   * how often an instance was passed over. Of one that counts `per` something, since it was last without any use.
   */
  readonly refused: number
}

export interface LimitsReport {
  readonly store: 'memory' | 'redis'
  readonly state: StoreState
  /** Since when it is down, null when it is not. */
  readonly downSinceMs: number | null
  readonly waiting: number
  readonly rules: readonly RuleReport[]
}

export interface Figure {
  add(value: number): void
}

/** What limits tell the metrics. Every member is called on the way of a call: it must be quick and must not throw. */
export interface LimitsObserver {
  /** A rule refused; `shadow`: would have. */
  refused(rule: string, measure: LimitName, shadow: boolean): void
  /** Where errors of prompt estimates are counted, (estimated - actual) / actual. Asked for once per deployment, then told of each settled call. */
  estimateErrors(deployment: string): Figure
  /** A call left the waiting line. */
  waited(priority: string, ms: number, admitted: boolean): void
  /** A call that met limits while the store was down. */
  withoutStore(state: StoreState): void
  /** Time that the store took to answer, milliseconds. */
  storeAnswered(ms: number): void
}

export interface Limits {
  /** What the limits count that calls of this workload on this deployment meet; null when they meet none. A look-up. */
  meets(workload: string, deployment: string | null): Meets | null
  /** What calls of this workload on this deployment were seen to need, whether or not they meet a limit. */
  learned(workload: string, deployment: string | null): Learned
  /**
   * Reserves with all rules that the call meets, or with none. Waits in line where that is configured and worth it, at most until
   * `deadlineAt` (`performance.now()`); `signal` takes the call out of the line.
   * Synchronous where nothing must be waited for.
   * @param meets What `meets` has just said of the call.
   */
  admit(meets: Meets, ask: Ask, waiting: Waiting): Admission | Promise<Admission>
  /** Reserves again, whether or not there is room, for what a call began that was admitted before; null where it meets no limit on tokens or cost. */
  hold(held: Held): Kept | null
  /** The most urgent first. */
  readonly line: Line
  /** Names of rules that the call meets, for `config explain`. */
  rulesFor(subject: Subject, instances: readonly string[]): readonly RuleFacts[]
  report(): Promise<LimitsReport>
  readonly state: StoreState
  /** What tokens count in token limits. */
  weighTokens(promptTokens: number, cachedTokens: number, completionTokens: number): number
  /** Takes a changed configuration: what was used stays, a changed limit counts at once, calls under way end on the old rules. */
  use(config: Config): void
  close(): Promise<void>
}

export interface Waiting {
  /** 0 for a call that must not wait. */
  readonly deadlineAt: number
  readonly signal: AbortSignal | null
}

/** A rule, in words. */
export interface RuleFacts {
  readonly rule: string
  readonly measure: LimitName
  readonly limit: number
  readonly mode: 'enforce' | 'shadow'
  readonly scope: string
}

/** Where calls wait for capacity: bounded, by priority, with aging. */
export interface Line {
  /** False when no call may wait at all (`limits.waitingLine.length: 0`). */
  readonly isOpen: boolean
  readonly length: number
  /** True when a call at least as urgent waits for one of these: a newcomer must stand behind it. */
  isSpokenFor(keys: readonly string[], priority: string): boolean
  /**
   * Stands in line until `attempt` gives something. Resolves with null when the line is full, the time is up, or the signal came.
   * While a more urgent call waits for one of its `keys`, an attempt is not made. What an attempt gives is handed over even when the
   * signal came meanwhile: the caller has it then, and must give it back.
   */
  wait<T>(place: Place<T>): Promise<T | null>
  /** Capacity has come back: attempts are made soon. Costs nothing while nobody waits. */
  nudge(): void
}

export interface Place<T> {
  /** All that an attempt takes from: none is made while somebody more urgent waits for one of them. */
  readonly keys: readonly string[]
  /**
   * Those of them that had no room, so that they are spoken for; without it, all. May change with each attempt; what it has once waited for
   * stays spoken for until it leaves the line.
   */
  readonly waitsFor?: readonly string[]
  readonly priority: string
  /** Whose it is: a full line takes a place from the workload that has most of them for one that has fewer. */
  readonly workload: string
  readonly waiting: Waiting
  /** Null while there is no room. */
  attempt(): T | null | Promise<T | null>
}

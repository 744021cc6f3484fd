/** Limits as the data plane uses them: admission, the waiting line behind it, reports. */
import type { Config } from '../config/schema.ts'
import type { Calendar } from './counting/calendar.ts'
import type { Counter, CounterStore, Outcome, Short, Taken } from './counting/counters.ts'
import type {
  Admission,
  Ask,
  Denial,
  Held,
  Kept,
  Learned,
  Limits,
  LimitsObserver,
  LimitsReport,
  Place,
  RuleFacts,
  StoreState,
  Subject,
  Waiting,
} from './index.ts'
import {
  denialOf,
  denied,
  deniedForEver,
  type LeaseParts,
  OpenKept,
  OpenLease,
  takeLasting,
  tellShadowed,
  told,
} from './lease.ts'
import { type LineOptions, WaitingLine } from './line.ts'
import { type Entry, impossible, RuleBook } from './rules/claims.ts'
import type { Estimates } from './rules/estimates.ts'
import { factsOf, namesThere, reportOf } from './rules/report.ts'
import { compileLimits } from './rules/rules.ts'

export interface AdmissionParts {
  readonly store: CounterStore
  readonly calendar: Calendar
  readonly estimates: Estimates
  readonly observer: LimitsObserver
}

export class StandingLimits implements Limits {
  readonly line: WaitingLine
  readonly #parts: AdmissionParts
  readonly #leases: LeaseParts
  #config: Config
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
    this.#parts.calendar.use(config.limits.timeZone)
    // A raised limit is room.
    this.line.nudge()
  }

  #compile(config: Config): RuleBook {
    const { store, estimates, observer } = this.#parts
    return new RuleBook(compileLimits(config), {
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

  /** Every counter that this process holds. */
  counters(): Iterable<Counter> {
    return this.#parts.store.counters()
  }

  get state(): StoreState {
    return this.#parts.store.state
  }

  meets(workload: string, deployment: string | null): Entry | null {
    return this.#book.entry(workload, deployment)
  }

  learned(workload: string, deployment: string | null): Learned {
    const entry = this.#book.entry(workload, deployment)
    if (entry !== null) return entry
    const { estimates } = this.#parts
    const prompts = estimates.prompt(deployment ?? '')
    const completions = estimates.completion(workload, deployment ?? '')
    const { completionTokensAssumed } = this.#config.limits
    return {
      promptTokens: prompt => prompts.of(prompt),
      completionTokens: () => completions.of(completionTokensAssumed),
    }
  }

  admit(entry: Entry, ask: Ask, waiting: Waiting): Admission | Promise<Admission> {
    const list = entry.claimsFor(ask.caller)
    const { claims } = list
    if (claims.length === 0) return admitted(new OpenLease(this.#leases, entry, ask, null, null))
    const never = impossible(list, ask)
    if (never !== null) return refused(told(never, deniedForEver(never, ask), this.#parts.observer))
    if (this.line.length > 0 && this.line.isSpokenFor(list.keys, ask.priority)) {
      return this.#wait(this.#inLine(entry, ask, waiting, null))
    }
    const outcome = this.#parts.store.reserve(claims, ask)
    if (!(outcome instanceof Promise)) return this.#decided(outcome, entry, ask, waiting)
    return outcome.then(found => this.#decided(found, entry, ask, waiting))
  }

  hold({ caller, workload, deployment, instance, servedDeployment, tokens, costNano, atMs }: Held): Kept | null {
    const entry = this.#book.entry(workload, deployment)
    if (entry === null) return null
    const { store } = this.#parts
    const lists = [entry.claimsFor(caller), entry.claimsAt(instance, servedDeployment ?? deployment, caller)]
    const taken = lists.flatMap(({ claims }) => takeLasting(store, claims, { tokens, costNano }, atMs) ?? [])
    return taken.length === 0 ? null : new OpenKept(this.#leases, entry, null, taken)
  }

  #decided(outcome: Outcome, entry: Entry, ask: Ask, waiting: Waiting): Admission | Promise<Admission> {
    const { taken, short } = outcome
    if (taken !== null) {
      if (taken.shadowed.length > 0 || taken.state !== 'ok') tellShadowed(taken, this.#parts.observer)
      return admitted(new OpenLease(this.#leases, entry, ask, taken, null))
    }
    if (
      !this.line.isOpen ||
      waiting.deadlineAt === 0 ||
      !isWorthWaiting(short, this.#config.limits.waitingLine.maxWait)
    ) {
      return refused(denied(short, ask, this.#parts.observer))
    }
    return this.#wait(this.#inLine(entry, ask, waiting, short))
  }

  #inLine(entry: Entry, ask: Ask, waiting: Waiting, short: Short | null): InLine {
    // Asked for at each attempt: a change of configuration is for those who wait, too.
    const entryNow = (): Entry | null => this.#book.entry(entry.place.workload, entry.place.deployment)
    return new InLine({ leases: this.#leases, entry, entryNow, ask, waiting }, short)
  }

  #wait(call: InLine): Admission | Promise<Admission> {
    if (call.waiting.deadlineAt === 0) return refused(call.denied())
    return this.line.wait(call).then(found => found ?? refused(call.denied()))
  }

  rulesFor(subject: Subject, instances: readonly string[]): readonly RuleFacts[] {
    return factsOf(this.#book.entry(subject.workload, subject.deployment), subject, instances, this.#config)
  }

  report(): Promise<LimitsReport> {
    return reportOf(this.#book, this.#parts.store, this.line.length)
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

/** The same in every instance of a pool, as the configuration's rules see to. */
function modelOf(config: Config, deployment: string): string {
  for (const [name, instance] of Object.entries(config.instances)) {
    const [there] = namesThere(config, name, deployment)
    const model = there == null ? undefined : instance.deployments[there]?.model
    if (model !== undefined) return model
  }
  return deployment
}

function lineOptions({ limits }: Config): LineOptions {
  const { length, maxWait, aging } = limits.waitingLine
  return { length, maxWaitMs: maxWait, agingMs: aging, classes: limits.priorityClasses }
}

/** Room comes within the wait, or may come when a call under way gives back what it has not used. */
function isWorthWaiting({ worst, retryAfterMs, renewsAtMs }: Short, maxWaitMs: number): boolean {
  if (worst === null || renewsAtMs !== null) return false
  return retryAfterMs <= maxWaitMs || worst.counter.own.reserved > 0
}

interface InLineParts {
  readonly leases: LeaseParts
  /** As it was when the call came. */
  readonly entry: Entry
  /** Null when no rule concerns the call any more. */
  readonly entryNow: () => Entry | null
  readonly ask: Ask
  readonly waiting: Waiting
}

/** A call that stands in line. */
class InLine implements Place<Admission> {
  readonly priority: string
  readonly workload: string
  readonly waiting: Waiting
  readonly #parts: InLineParts
  readonly #sinceAt = performance.now()
  #short: Short | null

  /** @param short why it did not pass at once; null for one that stands behind others without an attempt of its own. */
  constructor(parts: InLineParts, short: Short | null) {
    this.priority = parts.ask.priority
    this.workload = parts.entry.place.workload
    this.waiting = parts.waiting
    this.#parts = parts
    this.#short = short
  }

  get keys(): readonly string[] {
    const { entry, ask } = this.#parts
    return entry.claimsFor(ask.caller).keys
  }

  get waitsFor(): readonly string[] {
    if (this.#short !== null) return this.#short.full.map(claim => claim.counter.key)
    // Of others before it: it must not speak for what there is room of.
    return this.keys.filter(key => this.#parts.leases.line.isSpokenFor([key], this.priority))
  }

  attempt(): Admission | null | Promise<Admission | null> {
    const { leases, entryNow, ask } = this.#parts
    const entry = entryNow()
    const claims = entry?.claimsFor(ask.caller).claims ?? []
    if (entry === null || claims.length === 0) return this.#admitted(null)
    const outcome = leases.store.reserve(claims, ask)
    return outcome instanceof Promise ? outcome.then(found => this.#found(found)) : this.#found(outcome)
  }

  #found({ taken, short }: Outcome): Admission | null {
    if (taken !== null) return this.#admitted(taken)
    this.#short = short
    // A budget that has been used up meanwhile, or a store that went down: waiting does not help.
    return short.worst === null || short.renewsAtMs !== null ? refused(this.denied()) : null
  }

  #admitted(taken: Taken | null): Admission {
    const { leases, entry, ask } = this.#parts
    if (taken !== null) tellShadowed(taken, leases.observer)
    const waitedMs = Math.round(performance.now() - this.#sinceAt)
    return admitted(new OpenLease(leases, entry, ask, taken, waitedMs))
  }

  /** Why it went without. One that never made an attempt stood behind others for the first of its claims that they wait for. */
  denied(): Denial {
    const { leases, entry, ask } = this.#parts
    // Who has left was not refused.
    if (this.#short !== null && this.waiting.signal?.aborted) return denialOf(this.#short, ask)
    if (this.#short !== null) return denied(this.#short, ask, leases.observer)
    const { claims } = entry.claimsFor(ask.caller)
    const spokenFor = claims.find(({ counter }) => leases.line.isSpokenFor([counter.key], this.priority))
    const worst = spokenFor ?? claims[0] ?? null
    const behind = {
      full: [],
      worst,
      retryAfterMs: 1_000,
      remaining: 0,
      renewsAtMs: null,
      tokens: null,
      requests: null,
    }
    return told(worst, denialOf({ ...behind, state: 'ok' }, ask), leases.observer)
  }
}

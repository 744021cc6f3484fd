/** Limits as the data plane uses them: admission, the waiting line behind it, reports. */
import type { Config } from '../config/schema.ts'
import type { Calendar } from './calendar.ts'
import { type Entry, impossible, RuleBook } from './claims.ts'
import type { Counter, CounterStore, Outcome, Short } from './counters.ts'
import type { Estimates } from './estimates.ts'
import type {
  Admission,
  Ask,
  Denial,
  Limits,
  LimitsObserver,
  LimitsReport,
  Meets,
  Place,
  RuleFacts,
  StoreState,
  Subject,
  Waiting,
} from './index.ts'
import { denialOf, denied, deniedForEver, type LeaseParts, OpenLease, tellShadowed, told } from './lease.ts'
import { type LineOptions, WaitingLine } from './line.ts'
import { factsOf, namesThere, reportOf } from './report.ts'
import { compileLimits } from './rules.ts'

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
    const { store, estimates } = this.#parts
    return new RuleBook(compileLimits(config), {
      counterOf: identity => store.counter(identity),
      estimates,
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

  meets(workload: string, deployment: string | null): Meets | null {
    return this.#book.entry(workload, deployment)
  }

  admit(subject: Subject, ask: Ask, waiting: Waiting): Admission | Promise<Admission> {
    const entry = this.#book.entry(subject.workload, subject.deployment)
    if (entry === null) throw new TypeError('a call that meets no limit is not admitted by limits')
    const { claims, keys } = entry.claimsFor(subject.caller)
    if (claims.length === 0) return admitted(new OpenLease(this.#leases, entry, subject.caller, ask, null, null))
    const never = impossible(claims, ask)
    if (never !== null) return refused(told(never, deniedForEver(never, ask), this.#parts.observer))
    if (this.line.length > 0 && this.line.isSpokenFor(keys, subject.priority)) {
      return this.#wait(new Standing(this.#leases, entry, subject, ask, waiting, null))
    }
    const outcome = this.#parts.store.reserve(claims, ask)
    if (!(outcome instanceof Promise)) return this.#decided(outcome, entry, subject, ask, waiting)
    return outcome.then(found => this.#decided(found, entry, subject, ask, waiting))
  }

  #decided(
    outcome: Outcome,
    entry: Entry,
    subject: Subject,
    ask: Ask,
    waiting: Waiting,
  ): Admission | Promise<Admission> {
    const { taken, short } = outcome
    if (taken !== null) {
      if (taken.shadowed.length > 0 || taken.state !== 'ok') tellShadowed(taken, this.#parts.observer)
      return admitted(new OpenLease(this.#leases, entry, subject.caller, ask, taken, null))
    }
    if (!this.line.isOpen || !isWorthWaiting(short, this.#config.limits.waitingLine.maxWait)) {
      return refused(denied(short, ask, this.#parts.observer))
    }
    return this.#wait(new Standing(this.#leases, entry, subject, ask, waiting, short))
  }

  async #wait(standing: Standing): Promise<Admission> {
    const found = await this.line.wait(standing)
    return found ?? refused(standing.denied())
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

/** A call that stands in line. What it waits for is what had no room at its last attempt. */
class Standing implements Place<Admission> {
  readonly priority: string
  readonly waiting: Waiting
  readonly #leases: LeaseParts
  readonly #entry: Entry
  readonly #subject: Subject
  readonly #ask: Ask
  readonly #sinceAt = performance.now()
  #short: Short | null

  constructor(leases: LeaseParts, entry: Entry, subject: Subject, ask: Ask, waiting: Waiting, short: Short | null) {
    this.#leases = leases
    this.#entry = entry
    this.#subject = subject
    this.#ask = ask
    this.priority = subject.priority
    this.waiting = waiting
    this.#short = short
  }

  get keys(): readonly string[] {
    if (this.#short === null) return this.#entry.claimsFor(this.#subject.caller).keys
    return this.#short.full.map(claim => claim.counter.key)
  }

  attempt(): Admission | null | Promise<Admission | null> {
    const { claims } = this.#entry.claimsFor(this.#subject.caller)
    const outcome = this.#leases.store.reserve(claims, this.#ask)
    return outcome instanceof Promise ? outcome.then(found => this.#found(found)) : this.#found(outcome)
  }

  #found({ taken, short }: Outcome): Admission | null {
    if (taken !== null) {
      tellShadowed(taken, this.#leases.observer)
      const waitedMs = performance.now() - this.#sinceAt
      return admitted(new OpenLease(this.#leases, this.#entry, this.#subject.caller, this.#ask, taken, waitedMs))
    }
    this.#short = short
    // A budget that has been used up meanwhile, or a store that went down: waiting does not help.
    return short.worst === null || short.renewsAtMs !== null ? refused(this.denied()) : null
  }

  /** Why it went without. One that never made an attempt stood behind others for the first of its claims. */
  denied(): Denial {
    const short = this.#short
    if (short !== null) return denied(short, this.#ask, this.#leases.observer)
    const { claims } = this.#entry.claimsFor(this.#subject.caller)
    const worst =
      claims.find(({ counter }) => this.#leases.line.isSpokenFor([counter.key], this.priority)) ?? claims[0] ?? null
    const behind = {
      full: [],
      worst,
      retryAfterMs: 1_000,
      remaining: 0,
      renewsAtMs: null,
      tokens: null,
      requests: null,
    }
    return told(worst, denialOf({ ...behind, state: 'ok' }, this.#ask), this.#leases.observer)
  }
}

import type { Asked, Claim, CounterStore, Outcome, Short, Taken, Used } from './counting/counters.ts'
import type { Ask, Denial, Gauge, Kept, Lease, LimitsObserver, Spent, StoreState } from './index.ts'
import type { WaitingLine } from './line.ts'
import type { Entry } from './rules/claims.ts'
import { askedOf, impossible } from './rules/claims.ts'

/** What leases share. */
export interface LeaseParts {
  readonly store: CounterStore
  readonly observer: LimitsObserver
  readonly line: WaitingLine
}

const onlyTheCall: Spent = { tokens: 0, costNano: 0, calls: 1, promptTokens: null, completionTokens: null }
const nothingUsed: Used = { tokens: 0, costNano: 0, calls: 0 }

export class OpenLease implements Lease {
  readonly ask: Ask
  readonly waitedMs: number | null
  readonly #parts: LeaseParts
  readonly #entry: Entry
  /** Null when no rule had to be asked. */
  readonly #taken: Taken | null
  #atInstance: Taken | null = null
  #isSettled = false

  constructor(parts: LeaseParts, entry: Entry, ask: Ask, taken: Taken | null, waitedMs: number | null) {
    this.#parts = parts
    this.#entry = entry
    this.ask = ask
    this.#taken = taken
    this.waitedMs = waitedMs
  }

  get tokens(): Gauge | null {
    return this.#taken === null ? null : this.#taken.tokens
  }

  get requests(): Gauge | null {
    return this.#taken === null ? null : this.#taken.requests
  }

  get store(): StoreState {
    return this.#taken === null ? 'ok' : this.#taken.state
  }

  enter(instance: string, deployment: string | null): Denial | null | Promise<Denial | null> {
    if (!this.#entry.meetsInstances || this.#isSettled) return null
    this.#leaveInstance()
    const list = this.#entry.claimsAt(instance, deployment, this.ask.caller)
    const { claims } = list
    if (claims.length === 0) return null
    const never = impossible(list, this.ask)
    if (never !== null) return told(never, deniedForEver(never, this.ask), this.#parts.observer)
    const outcome = this.#parts.store.reserve(claims, this.ask)
    return outcome instanceof Promise ? outcome.then(found => this.#entered(found)) : this.#entered(outcome)
  }

  #entered({ taken, short }: Outcome): Denial | null {
    const { store, observer } = this.#parts
    if (short !== null) return denied(short, this.ask, observer)
    // Settled while the store was asked: nobody would give it back otherwise.
    if (this.#isSettled) store.settle(taken, nothingUsed)
    else this.#atInstance = taken
    tellShadowed(taken, observer)
    return null
  }

  #leaveInstance(): void {
    if (this.#atInstance === null) return
    this.#parts.store.settle(this.#atInstance, nothingUsed)
    this.#atInstance = null
    this.#parts.line.nudge()
  }

  keep(): Kept | null {
    if (this.#isSettled) return null
    const { store } = this.#parts
    const taken = [this.#taken, this.#atInstance].flatMap(one => {
      // Taken before the call gives it back: no call in between finds room that is none.
      const kept = one === null ? null : takeLasting(store, one.claims, one.asked, one.at.atMs)
      return kept ?? []
    })
    this.settle(onlyTheCall)
    return new OpenKept(this.#parts, this.#entry, this.ask, taken)
  }

  settle(spent: Spent): void {
    if (this.#isSettled) return
    this.#isSettled = true
    const { store, line } = this.#parts
    if (this.#taken !== null) store.settle(this.#taken, spent)
    if (this.#atInstance !== null) store.settle(this.#atInstance, spent)
    this.#entry.learn(this.ask, spent)
    line.nudge()
  }
}

/** Tokens and cost of a call whose work goes on. */
export class OpenKept implements Kept {
  readonly #parts: LeaseParts
  readonly #entry: Entry
  /** Null for what was taken over from elsewhere: nothing is learned from it. */
  readonly #ask: Ask | null
  readonly #taken: readonly Taken[]
  #isSettled = false

  constructor(parts: LeaseParts, entry: Entry, ask: Ask | null, taken: readonly Taken[]) {
    this.#parts = parts
    this.#entry = entry
    this.#ask = ask
    this.#taken = taken
  }

  settle(spent: Spent): void {
    if (this.#isSettled) return
    this.#isSettled = true
    const { store, line } = this.#parts
    for (const taken of this.#taken) store.settle(taken, spent)
    if (this.#ask !== null) this.#entry.learn(this.#ask, spent)
    line.nudge()
  }
}

/** Takes the claims on tokens and cost among these; null when there are none. */
export function takeLasting(store: CounterStore, claims: readonly Claim[], asked: Asked, atMs: number): Taken | null {
  const lasting = claims.filter(({ unit, takes }) => takes && (unit === 'tokens' || unit === 'cost'))
  return lasting.length === 0 ? null : store.take(lasting, asked, atMs)
}

/** Tells and counts what rules in mode shadow would have refused, and calls that met a store that was down. */
export function tellShadowed(taken: Taken, observer: LimitsObserver): void {
  for (const claim of taken.shadowed) count(claim, observer)
  if (taken.state !== 'ok') observer.withoutStore(taken.state)
}

function count({ counter, rule, enforce }: Claim, observer: LimitsObserver): void {
  counter.refused ??= new Map()
  counter.refused.set(rule, (counter.refused.get(rule) ?? 0) + 1)
  observer.refused(rule, counter.measure, !enforce)
}

/** Counts a refusal with the rule that refused. */
export function told(claim: Claim | null, denial: Denial, observer: LimitsObserver): Denial {
  if (claim !== null) count(claim, observer)
  else observer.withoutStore('refuse')
  return denial
}

export function denied(short: Short, ask: Ask, observer: LimitsObserver): Denial {
  return told(short.worst, denialOf(short, ask), observer)
}

export function denialOf(short: Short, ask: Ask): Denial {
  const { worst, retryAfterMs, renewsAtMs, remaining, tokens, requests, state: store } = short
  if (worst === null) return withoutStore
  const { rule, counter, limit } = worst
  const kind = renewsAtMs === null ? 'passes' : 'budget'
  const asked = askedOf(worst, ask)
  return {
    kind,
    rule,
    measure: counter.measure,
    limit,
    asked,
    remaining,
    retryAfterMs,
    renewsAtMs,
    tokens,
    requests,
    store,
  }
}

export function deniedForEver({ rule, counter, limit }: Claim, ask: Ask): Denial {
  return {
    kind: 'never',
    rule,
    measure: counter.measure,
    limit,
    asked: ask.leastTokens,
    remaining: limit,
    retryAfterMs: 0,
    renewsAtMs: null,
    tokens: null,
    requests: null,
    store: 'ok',
  }
}

const withoutStore: Denial = {
  kind: 'store',
  rule: '',
  measure: 'requestsPerMinute',
  limit: 0,
  asked: 0,
  remaining: 0,
  retryAfterMs: 1_000,
  renewsAtMs: null,
  tokens: null,
  requests: null,
  store: 'refuse',
}

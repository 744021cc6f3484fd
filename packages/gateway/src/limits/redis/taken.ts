/** What a process has in Redis: its leases, and how counters are named there. */
import type { Calendar } from '../counting/calendar.ts'
import type { Asked, CalendarUnit, Claim, Counter, Taken } from '../counting/counters.ts'
import type { Moment } from '../counting/tally.ts'
import type { Gauge, StoreState } from '../index.ts'

/** As whom a process holds leases. It takes another name after it was given up for dead, so that old and new leases are told apart. */
export interface Holder {
  readonly id: string
  /** Keys: its leases, the mark that it was given up, the number of what it told last. */
  readonly leases: string
  readonly gone: string
  readonly told: string
}

export class SharedTaken implements Taken {
  readonly claims: readonly Claim[]
  readonly asked: Asked
  readonly at: Moment
  readonly lease: string
  /** Where each claim's amount stands: number of the step, or end of the window; 0 for calls in flight. */
  readonly slots: readonly number[]
  holder: Holder
  /** Whether Redis knows it, or is told next. */
  isTold: boolean
  tokens: Gauge | null = null
  requests: Gauge | null = null
  shadowed: readonly Claim[] = noClaims
  state: StoreState = 'ok'

  constructor(lease: string, holder: Holder, claims: readonly Claim[], asked: Asked, atMs: number, slots: number[]) {
    this.lease = lease
    this.holder = holder
    this.claims = claims
    this.asked = asked
    this.at = { atMs, steadyMs: atMs }
    this.slots = slots
    this.isTold = true
  }
}

export const noClaims: readonly Claim[] = []

type Argument = string | number

/** Names and windows of counters as scripts take them. */
export class Places {
  readonly #calendar: Calendar
  readonly #prefix: string
  readonly #keys = new WeakMap<Counter, string>()
  readonly #windows = new Map<CalendarUnit, { startMs: number; endMs: number; nextEndMs: number }>()

  /** @param prefix Beginning of every counter's key. */
  constructor(calendar: Calendar, prefix: string) {
    this.#calendar = calendar
    this.#prefix = prefix
  }

  keyOf(counter: Counter): string {
    let key = this.#keys.get(counter)
    if (key === undefined) {
      // Leases are lists with blanks between.
      key = this.#prefix + counter.key.replace(/[%\s]/g, encodeURIComponent)
      this.#keys.set(counter, key)
    }
    return key
  }

  /** Adds kind and parameters. @param nowMs The server's time, as far as it is known. */
  describe(counter: Counter, nowMs: number, args: Argument[]): void {
    const { window } = counter
    if (window.kind === 'sliding') args.push('s', window.stepMs, spanOf(window))
    else if (window.kind === 'inFlight') args.push('i', 0, 0)
    else {
      const { endMs, nextEndMs } = this.#windowAt(window.unit, nowMs)
      args.push('c', endMs, nextEndMs)
    }
  }

  slotAt(counter: Counter, nowMs: number): number {
    const { window } = counter
    if (window.kind === 'sliding') return Math.floor(nowMs / window.stepMs)
    return window.kind === 'inFlight' ? 0 : this.#windowAt(window.unit, nowMs).endMs
  }

  #windowAt(unit: CalendarUnit, nowMs: number): { readonly endMs: number; readonly nextEndMs: number } {
    let known = this.#windows.get(unit)
    if (known === undefined || nowMs >= known.endMs || nowMs < known.startMs) {
      const nextEndMs = this.#calendar.windowAt(unit, this.#calendar.windowAt(unit, nowMs).endMs).endMs
      // Last, since the calendar remembers what it was asked last.
      known = { ...this.#calendar.windowAt(unit, nowMs), nextEndMs }
      this.#windows.set(unit, known)
    }
    return known
  }
}

/** Steps that count at once: those of the window, and the one that has begun. */
function spanOf({ lengthMs, stepMs }: { readonly lengthMs: number; readonly stepMs: number }): number {
  return Math.ceil(lengthMs / stepMs) + 1
}

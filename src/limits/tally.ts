/** Tallies: sums over windows, without I/O. Amounts are whole numbers up to 2^53. Time comes in with every call. */
import type { Calendar } from './calendar.ts'
import type { CalendarUnit, WindowFacts } from './counters.ts'

/** A moment: by the wall clock for calendar windows, and by a clock that never goes back for sliding ones. Milliseconds. */
export interface Moment {
  readonly atMs: number
  readonly steadyMs: number
}

export interface Tally {
  /** Taken by calls under way. 0 when all have ended. */
  readonly reserved: number
  /** Settled and reserved within the window, after moving it on to `now`. */
  sum(now: Moment): number
  /** Takes for a call under way. The window must have been moved on (`sum`). */
  take(amount: number, now: Moment): void
  /**
   * A call that took `amount` at `taken` has ended and used `used`. What has left the window meanwhile changes nothing. It needs no clock:
   * the amount leaves with the step or window of its taking, whenever that is noticed.
   */
  settle(taken: Moment, amount: number, used: number): void
  /** Adds what was used at `at`, as restored from elsewhere; nothing when that has left the window. */
  book(amount: number, at: Moment, now: Moment): void
  /**
   * Milliseconds until `amount` has room under `limit`, if nothing is given back before; where only calls under way keep it,
   * nobody knows: `untilSettledMs`.
   */
  roomInMs(amount: number, limit: number, now: Moment): number
  /** Milliseconds until some (sliding) or all (calendar) of it is back; 0 when nothing is used, or for calls in flight. */
  resetInMs(now: Moment): number
  /** Neither used nor reserved: forgetting it changes nothing. */
  isIdle(now: Moment): boolean
  /** What it is made of, reserved amounts included. */
  contents(now: Moment): readonly Content[]
}

/** An amount and where it stands: number of the step, counted from the epoch, or end of the window in milliseconds since the epoch. */
export interface Content {
  readonly slot: number
  readonly amount: number
}

/** After which trying again is worth it where calls under way keep the room. Milliseconds. */
export const untilSettledMs = 1_000

export function tallyFor(window: WindowFacts, calendar: Calendar): Tally {
  switch (window.kind) {
    case 'sliding':
      return new SlidingTally(window.lengthMs, window.stepMs)
    case 'calendar':
      return new CalendarTally(window.unit, calendar)
    case 'inFlight':
      return new InFlightTally()
  }
}

/**
 * A ring of steps. A step leaves when all of it is older than the window: late by one step at most, never early. Steps are counted from
 * the first moment seen, so that they stay small integers, and the ring's size is a power of two: both for speed.
 */
export class SlidingTally implements Tally {
  reserved = 0
  readonly #stepMs: number
  /** Steps that count at once: those of the window, and the one that has begun. */
  readonly #span: number
  readonly #steps: Float64Array
  readonly #mask: number
  #sum = 0
  #originMs = Number.NaN
  /** When the newest step began and ends: nearly every call falls into it, and needs no division then. Empty before the first. */
  #startMs = Number.POSITIVE_INFINITY
  #endMs = Number.NEGATIVE_INFINITY
  /** Every step in (newest - span, newest] has its place in the ring; places beyond are 0. */
  #newest = 0
  /** No step before it has anything. */
  #oldest = 0

  constructor(lengthMs: number, stepMs: number) {
    this.#stepMs = stepMs
    this.#span = Math.ceil(lengthMs / stepMs) + 1
    const size = 2 ** Math.ceil(Math.log2(this.#span))
    this.#steps = new Float64Array(size)
    this.#mask = size - 1
  }

  sum(now: Moment): number {
    if (now.steadyMs >= this.#endMs) this.#moveTo(this.#stepAt(now.steadyMs))
    return this.#sum
  }

  #stepAt(steadyMs: number): number {
    // On a multiple of the step, so that all processes have the same boundaries.
    if (Number.isNaN(this.#originMs)) this.#originMs = Math.floor(steadyMs / this.#stepMs) * this.#stepMs
    return Math.floor((steadyMs - this.#originMs) / this.#stepMs)
  }

  #moveTo(step: number): void {
    this.#startMs = this.#originMs + step * this.#stepMs
    this.#endMs = this.#startMs + this.#stepMs
    const first = step - this.#span + 1
    if (first > this.#newest) {
      if (this.#sum !== 0) this.#steps.fill(0)
      this.#sum = 0
      this.#oldest = step
    } else {
      for (; this.#oldest < first; this.#oldest += 1) {
        const place = this.#oldest & this.#mask
        this.#sum -= this.#steps[place] ?? 0
        this.#steps[place] = 0
      }
    }
    this.#newest = step
  }

  take(amount: number, now: Moment): void {
    this.#add(amount, now)
    this.reserved += amount
  }

  settle(taken: Moment, amount: number, used: number): void {
    this.reserved -= amount
    if (used !== amount) this.#add(used - amount, taken)
  }

  book(amount: number, at: Moment, now: Moment): void {
    this.sum(now)
    this.#add(amount, at)
  }

  #add(amount: number, at: Moment): void {
    const step = at.steadyMs >= this.#startMs ? this.#newest : this.#stepAt(at.steadyMs)
    if (step <= this.#newest - this.#span) return
    const place = step & this.#mask
    this.#steps[place] = (this.#steps[place] ?? 0) + amount
    this.#sum += amount
    if (step < this.#oldest) this.#oldest = step
  }

  roomInMs(amount: number, limit: number, now: Moment): number {
    let sum = this.sum(now)
    if (sum + amount <= limit) return 0
    for (let step = this.#oldest; step < this.#newest; step += 1) {
      sum -= this.#steps[step & this.#mask] ?? 0
      if (sum + amount <= limit) return this.#leavesInMs(step, now)
    }
    return this.#leavesInMs(this.#newest, now)
  }

  resetInMs(now: Moment): number {
    if (this.sum(now) === 0) return 0
    while (this.#oldest < this.#newest && this.#steps[this.#oldest & this.#mask] === 0) this.#oldest += 1
    return this.#leavesInMs(this.#oldest, now)
  }

  #leavesInMs(step: number, now: Moment): number {
    return Math.max(0, this.#originMs + (step + this.#span) * this.#stepMs - now.steadyMs)
  }

  isIdle(now: Moment): boolean {
    return this.reserved === 0 && this.sum(now) === 0
  }

  contents(now: Moment): readonly Content[] {
    const contents: Content[] = []
    if (this.sum(now) === 0) return contents
    const origin = this.#originMs / this.#stepMs
    for (let step = this.#oldest; step <= this.#newest; step += 1) {
      const amount = this.#steps[step & this.#mask] ?? 0
      if (amount !== 0) contents.push({ slot: origin + step, amount })
    }
    return contents
  }
}

/**
 * One sum, from a boundary to the next. A clock that is set back before the window's start goes to the window of its time and takes
 * along what was used: turning a clock gives no budget. (`Moments` keeps small corrections of the clock away.)
 */
export class CalendarTally implements Tally {
  reserved = 0
  readonly #unit: CalendarUnit
  readonly #calendar: Calendar
  #sum = 0
  #startMs = Number.NEGATIVE_INFINITY
  #endMs = Number.NEGATIVE_INFINITY

  constructor(unit: CalendarUnit, calendar: Calendar) {
    this.#unit = unit
    this.#calendar = calendar
  }

  sum(now: Moment): number {
    const { atMs } = now
    if (atMs >= this.#endMs) {
      this.#sum = 0
      this.#moveTo(atMs)
    } else if (atMs < this.#startMs) this.#moveTo(atMs)
    return this.#sum
  }

  #moveTo(atMs: number): void {
    const window = this.#calendar.windowAt(this.#unit, atMs)
    this.#startMs = window.startMs
    this.#endMs = window.endMs
  }

  take(amount: number, _now: Moment): void {
    this.#sum += amount
    this.reserved += amount
  }

  settle(taken: Moment, amount: number, used: number): void {
    this.reserved -= amount
    // Never asked before: the counter of the taking was forgotten meanwhile, and this one stands for it.
    if (this.#endMs === Number.NEGATIVE_INFINITY) this.#moveTo(taken.atMs)
    this.#add(used - amount, taken)
  }

  book(amount: number, at: Moment, now: Moment): void {
    this.sum(now)
    this.#add(amount, at)
  }

  #add(amount: number, at: Moment): void {
    // What was taken before the clock was set back lies in the future, and was taken along.
    if (at.atMs >= this.#startMs) this.#sum += amount
  }

  roomInMs(amount: number, limit: number, now: Moment): number {
    const settled = this.sum(now) - this.reserved
    return settled + amount <= limit ? untilSettledMs : Math.max(1, this.#endMs - now.atMs)
  }

  resetInMs(now: Moment): number {
    return this.sum(now) === 0 ? 0 : Math.max(1, this.#endMs - now.atMs)
  }

  isIdle(now: Moment): boolean {
    return this.reserved === 0 && this.sum(now) === 0
  }

  contents(now: Moment): readonly Content[] {
    const amount = this.sum(now)
    return amount === 0 ? [] : [{ slot: this.#endMs, amount }]
  }
}

/** Calls under way. Nothing of it stays. */
export class InFlightTally implements Tally {
  reserved = 0

  sum(_now: Moment): number {
    return this.reserved
  }

  take(amount: number, _now: Moment): void {
    this.reserved += amount
  }

  settle(_taken: Moment, amount: number): void {
    this.reserved -= amount
  }

  book(): void {}

  roomInMs(): number {
    return untilSettledMs
  }

  resetInMs(): number {
    return 0
  }

  isIdle(): boolean {
    return this.reserved === 0
  }

  contents(): readonly Content[] {
    return []
  }
}

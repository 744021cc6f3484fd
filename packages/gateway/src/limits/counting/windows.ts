/**
 * Windows: which part of a tally's amounts counts at a given time. A window keeps what was added before its newest
 * stretch (a step of a sliding window, the whole of a calendar window). The tally itself keeps what is added in that
 * stretch, so nearly every call is plain arithmetic.
 */
import type { Calendar } from './calendar.ts'
import type { CalendarUnit, WindowFacts } from './measures.ts'

/** Time after which a retry is useful when calls in flight take the room. In ms. */
export const untilSettledMs = 1_000

/** An amount and its slot: number of the step, counted from the epoch, or end of the window in ms since the epoch. */
export interface SlotAmount {
  readonly slot: number
  readonly amount: number
}

/** The amounts of a tally that count now. */
export interface TallyAmounts {
  readonly sum: number
  /** The part of the sum that was added in the newest stretch. */
  readonly recent: number
  /** The part of the sum that calls in flight have reserved. */
  readonly reserved: number
}

export interface Window {
  /** True for the clock that never goes back, false for the wall clock. */
  readonly isSteady: boolean
  /** The newest stretch. Before the first `moveTo` it is empty: from infinity to minus infinity. */
  readonly startMs: number
  readonly endMs: number
  /**
   * Time when some (sliding) or all (calendar) of the sum is free again, if the sum is above 0; minus infinity for
   * calls in flight.
   */
  readonly backMs: number
  /** Moves to a time outside the newest stretch. @returns the part of the sum that still counts. */
  moveTo(ms: number, amounts: TallyAmounts): number
  /** Adds to a time before the newest stretch. @returns false when that time has left the window. */
  addEarlier(ms: number, amount: number): boolean
  /**
   * Time until `amount` has room under `limit`, in ms, if nothing is refunded before. Where only calls in flight take
   * the room, that is unknown: `untilSettledMs`.
   */
  roomInMs(amount: number, limit: number, amounts: TallyAmounts, ms: number): number
  /** The parts of the sum, reserved amounts included. Call it only for a sum above 0. */
  contents(amounts: TallyAmounts): readonly SlotAmount[]
}

export function windowFor(facts: WindowFacts, calendar: Calendar): Window {
  switch (facts.kind) {
    case 'sliding':
      return new SlidingWindow(facts.lengthMs, facts.stepMs)
    case 'calendar':
      return new CalendarWindow(facts.unit, calendar)
    case 'inFlight':
      return inFlight
  }
}

/**
 * A ring of steps. A step expires when all of it is older than the window: late by one step at most, never early. Steps
 * are counted from the first moment seen, so that they stay small integers, and the ring's size is a power of two; both
 * for speed.
 */
class SlidingWindow implements Window {
  readonly isSteady = true
  startMs = Number.POSITIVE_INFINITY
  endMs = Number.NEGATIVE_INFINITY
  backMs = Number.NEGATIVE_INFINITY
  readonly #stepMs: number
  /** Steps that count at once: those of the window, and the one that has begun. */
  readonly #span: number
  readonly #steps: Float64Array
  readonly #mask: number
  #originMs = Number.NaN
  /**
   * Every step in (newest - span, newest] has an index in the ring. All other entries are 0, and so is the newest
   * step's.
   */
  #newest = 0
  /** The first step with an amount; the newest when no step before it has one. */
  #oldest = 0

  constructor(lengthMs: number, stepMs: number) {
    this.#stepMs = stepMs
    this.#span = Math.ceil(lengthMs / stepMs) + 1
    const size = 2 ** Math.ceil(Math.log2(this.#span))
    this.#steps = new Float64Array(size)
    this.#mask = size - 1
  }

  #stepAt(ms: number): number {
    // A multiple of the step, so that all processes have the same boundaries.
    if (Number.isNaN(this.#originMs)) this.#originMs = Math.floor(ms / this.#stepMs) * this.#stepMs
    return Math.floor((ms - this.#originMs) / this.#stepMs)
  }

  moveTo(ms: number, { sum, recent }: TallyAmounts): number {
    const step = this.#stepAt(ms)
    // The time given is older than the newest step: keep the newer amounts.
    if (step < this.#newest) return sum
    this.#steps[this.#newest & this.#mask] = recent
    this.startMs = this.#originMs + step * this.#stepMs
    this.endMs = this.startMs + this.#stepMs
    const first = step - this.#span + 1
    let left = sum
    if (first > this.#newest) {
      if (sum !== 0) this.#steps.fill(0)
      left = 0
      this.#oldest = step
    } else {
      for (; this.#oldest < first; this.#oldest += 1) {
        const index = this.#oldest & this.#mask
        left -= this.#steps[index] ?? 0
        this.#steps[index] = 0
      }
    }
    this.#newest = step
    this.#findOldest()
    return left
  }

  #findOldest(): void {
    while (this.#oldest < this.#newest && this.#steps[this.#oldest & this.#mask] === 0) this.#oldest += 1
    this.backMs = this.#expiresMs(this.#oldest)
  }

  addEarlier(ms: number, amount: number): boolean {
    const step = this.#stepAt(ms)
    if (step <= this.#newest - this.#span) return false
    const index = step & this.#mask
    this.#steps[index] = (this.#steps[index] ?? 0) + amount
    if (step < this.#oldest) this.#oldest = step
    this.#findOldest()
    return true
  }

  roomInMs(amount: number, limit: number, { sum }: TallyAmounts, ms: number): number {
    let left = sum
    if (left + amount <= limit) return 0
    for (let step = this.#oldest; step < this.#newest; step += 1) {
      left -= this.#steps[step & this.#mask] ?? 0
      if (left + amount <= limit) return this.#expiresMs(step) - ms
    }
    return this.#expiresMs(this.#newest) - ms
  }

  #expiresMs(step: number): number {
    return this.#originMs + (step + this.#span) * this.#stepMs
  }

  contents({ recent }: TallyAmounts): readonly SlotAmount[] {
    const contents: SlotAmount[] = []
    const origin = this.#originMs / this.#stepMs
    for (let step = this.#oldest; step <= this.#newest; step += 1) {
      const amount = step === this.#newest ? recent : (this.#steps[step & this.#mask] ?? 0)
      if (amount !== 0) contents.push({ slot: origin + step, amount })
    }
    return contents
  }
}

/**
 * From one boundary of the calendar to the next. When the clock is set back before the window's start, the window of
 * the new time keeps the used amounts: setting a clock back gives no new budget. (`Moments` hides small corrections of
 * the clock.)
 */
class CalendarWindow implements Window {
  readonly isSteady = false
  startMs = Number.POSITIVE_INFINITY
  endMs = Number.NEGATIVE_INFINITY
  readonly #unit: CalendarUnit
  readonly #calendar: Calendar

  constructor(unit: CalendarUnit, calendar: Calendar) {
    this.#unit = unit
    this.#calendar = calendar
  }

  moveTo(ms: number, { sum }: TallyAmounts): number {
    const left = ms >= this.endMs ? 0 : sum
    const { startMs, endMs } = this.#calendar.windowAt(this.#unit, ms)
    this.startMs = startMs
    this.endMs = endMs
    return left
  }

  get backMs(): number {
    return this.endMs
  }

  addEarlier(): boolean {
    return false
  }

  roomInMs(amount: number, limit: number, { sum, reserved }: TallyAmounts, ms: number): number {
    return sum - reserved + amount <= limit ? untilSettledMs : this.endMs - ms
  }

  contents({ sum }: TallyAmounts): readonly SlotAmount[] {
    return [{ slot: this.endMs, amount: sum }]
  }
}

/** Calls in flight: one stretch without end. A call leaves nothing behind when it ends. */
const inFlight: Window = {
  isSteady: true,
  startMs: Number.NEGATIVE_INFINITY,
  endMs: Number.POSITIVE_INFINITY,
  backMs: Number.NEGATIVE_INFINITY,
  moveTo: (_ms, { sum }) => sum,
  addEarlier: () => false,
  roomInMs: () => untilSettledMs,
  contents: () => [],
}

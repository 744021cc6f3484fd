/**
 * Windows: which part of a tally's amounts counts at a time. A window knows what came before its newest stretch (a step of a sliding window,
 * the whole of a calendar window); what is added in that stretch the tally keeps itself, so that nearly every call is arithmetic.
 */
import type { Calendar } from './calendar.ts'
import type { CalendarUnit, WindowFacts } from './counters.ts'

/** After which trying again is worth it where calls under way keep the room. Milliseconds. */
export const untilSettledMs = 1_000

/** An amount and where it stands: number of the step, counted from the epoch, or end of the window in milliseconds since the epoch. */
export interface SlotAmount {
  readonly slot: number
  readonly amount: number
}

/** What of a tally counts. */
export interface TallyAmounts {
  readonly sum: number
  /** Part of the sum: added in the newest stretch. */
  readonly recent: number
  /** Part of the sum: taken by calls under way. */
  readonly reserved: number
}

export interface Window {
  /** By the clock that never goes back, or by the wall clock. */
  readonly isSteady: boolean
  /** The newest stretch. Before the first `moveTo` nothing is in it: from infinity to minus infinity. */
  readonly startMs: number
  readonly endMs: number
  /** When some (sliding) or all (calendar) of the sum is back, if the sum is more than 0; minus infinity for calls in flight. */
  readonly backMs: number
  /** To a time outside the newest stretch. @returns what is left of the sum. */
  moveTo(ms: number, amounts: TallyAmounts): number
  /** Adds before the newest stretch. @returns false when that has left the window. */
  addEarlier(ms: number, amount: number): boolean
  /**
   * Milliseconds until `amount` has room under `limit`, if nothing is given back before; where only calls under way keep it,
   * nobody knows: `untilSettledMs`.
   */
  roomInMs(amount: number, limit: number, amounts: TallyAmounts, ms: number): number
  /** What the sum is made of, reserved amounts included. The sum is more than 0. */
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
 * A ring of steps. A step leaves when all of it is older than the window: late by one step at most, never early. Steps are counted from
 * the first moment seen, so that they stay small integers, and the ring's size is a power of two: both for speed.
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
  /** Every step in (newest - span, newest] has its place in the ring; places beyond are 0, and so is that of the newest. */
  #newest = 0
  /** The first step that has anything; the newest when none before it has. */
  #oldest = 0

  constructor(lengthMs: number, stepMs: number) {
    this.#stepMs = stepMs
    this.#span = Math.ceil(lengthMs / stepMs) + 1
    const size = 2 ** Math.ceil(Math.log2(this.#span))
    this.#steps = new Float64Array(size)
    this.#mask = size - 1
  }

  #stepAt(ms: number): number {
    // On a multiple of the step, so that all processes have the same boundaries.
    if (Number.isNaN(this.#originMs)) this.#originMs = Math.floor(ms / this.#stepMs) * this.#stepMs
    return Math.floor((ms - this.#originMs) / this.#stepMs)
  }

  moveTo(ms: number, { sum, recent }: TallyAmounts): number {
    const step = this.#stepAt(ms)
    // Somebody is behind: what is newer stays.
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
        const place = this.#oldest & this.#mask
        left -= this.#steps[place] ?? 0
        this.#steps[place] = 0
      }
    }
    this.#newest = step
    this.#lookForOldest()
    return left
  }

  #lookForOldest(): void {
    while (this.#oldest < this.#newest && this.#steps[this.#oldest & this.#mask] === 0) this.#oldest += 1
    this.backMs = this.#leavesMs(this.#oldest)
  }

  addEarlier(ms: number, amount: number): boolean {
    const step = this.#stepAt(ms)
    if (step <= this.#newest - this.#span) return false
    const place = step & this.#mask
    this.#steps[place] = (this.#steps[place] ?? 0) + amount
    if (step < this.#oldest) this.#oldest = step
    this.#lookForOldest()
    return true
  }

  roomInMs(amount: number, limit: number, { sum }: TallyAmounts, ms: number): number {
    let left = sum
    if (left + amount <= limit) return 0
    for (let step = this.#oldest; step < this.#newest; step += 1) {
      left -= this.#steps[step & this.#mask] ?? 0
      if (left + amount <= limit) return this.#leavesMs(step) - ms
    }
    return this.#leavesMs(this.#newest) - ms
  }

  #leavesMs(step: number): number {
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
 * From a boundary to the next. A clock that is set back before the window's start goes to the window of its time and takes along what was
 * used: turning a clock gives no budget. (`Moments` keeps small corrections of the clock away.)
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

/** What is under way now, however long: one stretch without end. Nothing of a call stays. */
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

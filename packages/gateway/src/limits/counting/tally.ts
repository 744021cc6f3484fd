/** Tallies: sums over windows, without I/O. Amounts are whole numbers up to 2^53. Time comes in with every call. */
import type { SlotAmount, TallyAmounts, Window } from './windows.ts'

/** A moment: by the wall clock for calendar windows, and by a clock that never goes back for sliding ones. Milliseconds. */
export interface Moment {
  readonly atMs: number
  readonly steadyMs: number
}

/** One class for all windows, with what nearly every call needs in itself: calls go through several tallies of several kinds. */
export class Tally {
  /** Taken by calls under way. 0 when all have ended. */
  reserved = 0
  #sum = 0
  /** Part of the sum that was added in the window's newest stretch. */
  #recent = 0
  /** The newest stretch, and the clock that the window goes by. */
  #startMs: number
  #endMs: number
  #backMs: number
  readonly #isSteady: boolean
  readonly #window: Window

  constructor(window: Window) {
    this.#startMs = window.startMs
    this.#endMs = window.endMs
    this.#backMs = window.backMs
    this.#isSteady = window.isSteady
    this.#window = window
  }

  /** Settled and reserved within the window, after moving it on to `now`. */
  sum(now: Moment): number {
    const ms = this.#isSteady ? now.steadyMs : now.atMs
    if (ms >= this.#endMs || ms < this.#startMs) this.#moveTo(ms)
    return this.#sum
  }

  #moveTo(ms: number): void {
    const window = this.#window
    this.#sum = window.moveTo(ms, this.#amounts())
    // Unless it has stayed where it was.
    if (window.endMs !== this.#endMs) this.#recent = 0
    this.#startMs = window.startMs
    this.#endMs = window.endMs
    this.#backMs = window.backMs
  }

  #amounts(): TallyAmounts {
    return { sum: this.#sum, recent: this.#recent, reserved: this.reserved }
  }

  /** Takes for a call under way. @returns the sum with it. */
  take(amount: number, now: Moment): number {
    const sum = this.sum(now)
    this.#add(amount, now)
    this.reserved += amount
    return sum + amount
  }

  /** As `take`, for what was taken at an earlier time: it stands where it would if it had been taken then. */
  hold(amount: number, at: Moment, now: Moment): void {
    this.book(amount, at, now)
    this.reserved += amount
  }

  /**
   * A call that took `amount` at `taken` has ended and used `used`. What has left the window meanwhile changes nothing. It needs no clock:
   * the amount leaves with the step or window of its taking, whenever that is noticed.
   */
  settle(taken: Moment, amount: number, used: number): void {
    this.reserved -= amount
    if (used !== amount) this.#add(used - amount, taken)
  }

  /** Adds what was used at `at`, as restored from elsewhere; nothing when that has left the window. */
  book(amount: number, at: Moment, now: Moment): void {
    this.sum(now)
    this.#add(amount, at)
  }

  #add(amount: number, at: Moment): void {
    const ms = this.#isSteady ? at.steadyMs : at.atMs
    // What was taken before a clock was set back lies in the future, and counts now.
    if (ms >= this.#startMs) {
      this.#sum += amount
      this.#recent += amount
    } else this.#addEarlier(amount, ms)
  }

  #addEarlier(amount: number, ms: number): void {
    if (this.#endMs === Number.NEGATIVE_INFINITY) {
      // Never asked before: the counter of the taking was forgotten meanwhile, and this one stands for it.
      this.#moveTo(ms)
      this.#recent += amount
    } else if (!this.#window.addEarlier(ms, amount)) return
    this.#sum += amount
    this.#backMs = this.#window.backMs
  }

  /**
   * Milliseconds until `amount` has room under `limit`, if nothing is given back before; where only calls under way keep it,
   * nobody knows: `untilSettledMs`.
   */
  roomInMs(amount: number, limit: number, now: Moment): number {
    this.sum(now)
    return this.#window.roomInMs(amount, limit, this.#amounts(), this.#isSteady ? now.steadyMs : now.atMs)
  }

  /** Milliseconds until some (sliding) or all (calendar) of it is back; 0 when nothing is used, or for calls in flight. */
  resetInMs(now: Moment): number {
    return this.sum(now) === 0 ? 0 : Math.max(0, this.#backMs - (this.#isSteady ? now.steadyMs : now.atMs))
  }

  /** Neither used nor reserved: forgetting it changes nothing. */
  isIdle(now: Moment): boolean {
    return this.reserved === 0 && this.sum(now) === 0
  }

  /** What it is made of, reserved amounts included. */
  contents(now: Moment): readonly SlotAmount[] {
    return this.sum(now) === 0 ? [] : this.#window.contents(this.#amounts())
  }
}

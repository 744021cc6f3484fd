/**
 * Tallies: sums over windows, without I/O. Amounts are whole numbers up to 2^53. Every function receives the time as a
 * parameter.
 */
import type { SlotAmount, TallyAmounts, Window } from './windows.ts'

/** A moment, in ms: by the wall clock for calendar windows, and by a clock that never goes back for sliding ones. */
export interface Moment {
  readonly atMs: number
  readonly steadyMs: number
}

/**
 * One class for all kinds of windows. It holds what nearly every call needs, since a call goes through several tallies
 * of several kinds.
 */
export class Tally {
  /** Reserved by calls in flight. 0 when all have ended. */
  reserved = 0
  #sum = 0
  /** The part of the sum that was added in the window's newest stretch. */
  #recent = 0
  /** The window's newest stretch, and the clock that it uses. */
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

  /** Settled and reserved amounts in the window, after moving it on to `now`. */
  sum(now: Moment): number {
    const ms = this.#isSteady ? now.steadyMs : now.atMs
    if (ms >= this.#endMs || ms < this.#startMs) this.#moveTo(ms)
    return this.#sum
  }

  #moveTo(ms: number): void {
    const window = this.#window
    this.#sum = window.moveTo(ms, this.#amounts())
    // A window that did not move keeps its newest stretch.
    if (window.endMs !== this.#endMs) this.#recent = 0
    this.#startMs = window.startMs
    this.#endMs = window.endMs
    this.#backMs = window.backMs
  }

  #amounts(): TallyAmounts {
    return { sum: this.#sum, recent: this.#recent, reserved: this.reserved }
  }

  /** Reserves for a call. @returns the sum including it. */
  take(amount: number, now: Moment): number {
    const sum = this.sum(now)
    this.#add(amount, now)
    this.reserved += amount
    return sum + amount
  }

  /** As `take`, for a call that reserved at an earlier time: the amount goes to the slot of that time. */
  hold(amount: number, at: Moment, now: Moment): void {
    this.book(amount, at, now)
    this.reserved += amount
  }

  /**
   * A call that reserved `amount` at `reservedAt` has ended and used `used`. Changes nothing in the sum when that time
   * has left the window. It needs no clock: the amount expires with the step or window of its reservation, whenever the
   * window is moved on.
   */
  settle(reservedAt: Moment, amount: number, used: number): void {
    this.reserved -= amount
    if (used !== amount) this.#add(used - amount, reservedAt)
  }

  /**
   * Adds an amount that was used at `at`, for example from the ledger. Does nothing when that time has left the window.
   */
  book(amount: number, at: Moment, now: Moment): void {
    this.sum(now)
    this.#add(amount, at)
  }

  #add(amount: number, at: Moment): void {
    const ms = this.#isSteady ? at.steadyMs : at.atMs
    // An amount from before a clock was set back lies in the future; it counts now.
    if (ms >= this.#startMs) {
      this.#sum += amount
      this.#recent += amount
    } else this.#addEarlier(amount, ms)
  }

  #addEarlier(amount: number, ms: number): void {
    if (this.#endMs === Number.NEGATIVE_INFINITY) {
      // A new tally: the counter that the call reserved with was dropped meanwhile, and this one replaces it.
      this.#moveTo(ms)
      this.#recent += amount
    } else if (!this.#window.addEarlier(ms, amount)) return
    this.#sum += amount
    this.#backMs = this.#window.backMs
  }

  /**
   * Time until `amount` has room under `limit`, in ms, if nothing is refunded before. Where only calls in flight take
   * the room, that is unknown: `untilSettledMs`.
   */
  roomInMs(amount: number, limit: number, now: Moment): number {
    this.sum(now)
    return this.#window.roomInMs(amount, limit, this.#amounts(), this.#isSteady ? now.steadyMs : now.atMs)
  }

  /**
   * Time until some (sliding) or all (calendar) of the sum is free again, in ms; 0 when nothing is used, or for calls
   * in flight.
   */
  resetInMs(now: Moment): number {
    return this.sum(now) === 0 ? 0 : Math.max(0, this.#backMs - (this.#isSteady ? now.steadyMs : now.atMs))
  }

  /** True when nothing is used or reserved, so that the counter can be dropped. */
  isIdle(now: Moment): boolean {
    return this.reserved === 0 && this.sum(now) === 0
  }

  /** The parts of the sum, reserved amounts included. */
  contents(now: Moment): readonly SlotAmount[] {
    return this.sum(now) === 0 ? [] : this.#window.contents(this.#amounts())
  }
}

import type { Calendar } from '../counting/calendar.ts'
import type { Counter } from '../counting/counters.ts'
import type { CalendarUnit } from '../counting/measures.ts'

type Argument = string | number

/** Keys and windows of counters, in the form that scripts take. */
export class RedisKeys {
  readonly #calendar: Calendar
  readonly #prefix: string
  readonly #keys = new WeakMap<Counter, string>()
  readonly #windows = new Map<CalendarUnit, { startMs: number; endMs: number; nextEndMs: number }>()

  /** @param prefix Start of every counter's key. */
  constructor(calendar: Calendar, prefix: string) {
    this.#calendar = calendar
    this.#prefix = prefix
  }

  keyOf(counter: Counter): string {
    let key = this.#keys.get(counter)
    if (key === undefined) {
      // The text of a lease has blanks between its parts, so a key must have none.
      key = this.#prefix + counter.key.replace(/[%\s]/g, encodeURIComponent)
      this.#keys.set(counter, key)
    }
    return key
  }

  /** Adds kind and parameters of a counter. @param nowMs The server's time, as far as it is known. */
  describe(counter: Counter, nowMs: number, args: Argument[]): void {
    const { window } = counter
    if (window.kind === 'sliding') args.push('s', window.stepMs, stepsOf(window))
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
      // The current window last, since the calendar caches the window of the last look-up.
      known = { ...this.#calendar.windowAt(unit, nowMs), nextEndMs }
      this.#windows.set(unit, known)
    }
    return known
  }
}

/** Steps that count at once: those of the window, and the one that has begun. */
function stepsOf({ lengthMs, stepMs }: { readonly lengthMs: number; readonly stepMs: number }): number {
  return Math.ceil(lengthMs / stepMs) + 1
}

/**
 * The waiting line. Its order is class first, then time: each `aging` of waiting counts as one class more urgent, so that nobody
 * starves. Since all age alike, a call's place is settled when it comes: when it came, plus its class times `aging`.
 * Nobody passes somebody at least as urgent who waits for the same: not a newcomer, nor one behind whose attempt would succeed.
 */
import type { LimitsObserver, Line, Place } from './index.ts'

export interface LineOptions {
  /** Calls that may wait at once. */
  readonly length: number
  readonly maxWaitMs: number
  readonly agingMs: number
  /** The most urgent first. */
  readonly classes: readonly string[]
}

/** While somebody waits, room that nobody announces (a window that has moved on, another replica's) is looked for this often. Milliseconds. */
const lookEveryMs = 25

interface Waiter {
  readonly place: Place<unknown>
  /** The smaller, the more urgent; by `performance.now()`. */
  readonly order: number
  readonly sinceAt: number
  readonly untilAt: number
  /** All that it has waited for. */
  readonly spokenFor: Set<string>
  readonly leave: () => void
  readonly resolve: (given: unknown) => void
  readonly reject: (error: unknown) => void
  /** An attempt is under way: its result is awaited, whatever happens meanwhile. */
  isTrying: boolean
  isGone: boolean
}

export class WaitingLine implements Line {
  #options: LineOptions
  readonly #observer: Pick<LimitsObserver, 'waited'>
  readonly #now: () => number
  /** The most urgent first. */
  readonly #waiters: Waiter[] = []
  /** Orders of those who wait for a key, smallest first. */
  readonly #byKey = new Map<string, number[]>()
  #timer: NodeJS.Timeout | null = null
  #isMoving = false
  #moveAgain = false

  /** @param now As `performance.now()`. */
  constructor(
    options: LineOptions,
    observer: Pick<LimitsObserver, 'waited'>,
    now: () => number = () => performance.now(),
  ) {
    this.#options = options
    this.#observer = observer
    this.#now = now
  }

  /** Those who wait keep their places. */
  use(options: LineOptions): void {
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#options.length > 0
  }

  get length(): number {
    return this.#waiters.length
  }

  isSpokenFor(keys: readonly string[], priority: string): boolean {
    if (this.#waiters.length === 0) return false
    const order = this.#orderOf(priority, this.#now())
    return keys.some(key => (this.#byKey.get(key)?.[0] ?? Number.POSITIVE_INFINITY) <= order)
  }

  async wait<T>(place: Place<T>): Promise<T | null> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const now = this.#now()
    const { signal, deadlineAt } = place.waiting
    if (signal?.aborted) return null
    const leave = (): void => this.#turnAway(waiter)
    const waiter: Waiter = {
      place,
      order: this.#orderOf(place.priority, now),
      sinceAt: now,
      untilAt: Math.min(deadlineAt, now + this.#options.maxWaitMs),
      spokenFor: new Set(),
      leave,
      resolve,
      reject,
      isTrying: false,
      isGone: false,
    }
    if (!this.#makeRoomFor(waiter)) return null
    this.#enter(waiter)
    signal?.addEventListener('abort', leave, { once: true })
    this.nudge()
    return (await promise) as T | null
  }

  nudge(): void {
    if (this.#waiters.length === 0) return
    if (this.#isMoving) {
      this.#moveAgain = true
      return
    }
    this.#isMoving = true
    // Soon, not now: whoever settles goes on first, and what is settled in the same turn makes one pass.
    queueMicrotask(() => void this.#move())
  }

  /** Everybody is turned away. */
  close(): void {
    for (const waiter of [...this.#waiters]) this.#turnAway(waiter)
    this.#stopLooking()
  }

  #orderOf(priority: string, at: number): number {
    // A class that a change of configuration has taken away is the least urgent.
    return at + rankOf(priority, this.#options.classes) * this.#options.agingMs
  }

  /**
   * A full line turns its least urgent call away for a more urgent one, else the last call of the workload that has most places for one of a
   * workload that has fewer: nobody can take all places.
   */
  #makeRoomFor(waiter: Waiter): boolean {
    if (this.#waiters.length < this.#options.length) return true
    const last = this.#waiters.at(-1)
    if (last === undefined) return false
    const leaves = !last.isTrying && last.order > waiter.order ? last : this.#overShare(waiter)
    if (leaves === null) return false
    this.#turnAway(leaves)
    return true
  }

  /** The call that leaves for the sake of equal shares; null where none must. A more urgent class never leaves for a less urgent one. */
  #overShare({ place }: Waiter): Waiter | null {
    const places = new Map<string, number>()
    for (const { place: other } of this.#waiters) places.set(other.workload, (places.get(other.workload) ?? 0) + 1)
    const least = (places.get(place.workload) ?? 0) + 1
    let leaves: Waiter | null = null
    let most = least
    for (const other of this.#waiters) {
      const held = places.get(other.place.workload) ?? 0
      if (held < most || held <= least || other.isTrying || this.#rankOf(other.place) < this.#rankOf(place)) continue
      most = held
      leaves = other
    }
    return leaves
  }

  #rankOf({ priority }: Place<unknown>): number {
    return rankOf(priority, this.#options.classes)
  }

  #enter(waiter: Waiter): void {
    this.#waiters.splice(
      placeFor(waiter.order, this.#waiters.length, at => this.#waiters[at]?.order ?? 0),
      0,
      waiter,
    )
    this.#speakFor(waiter)
    this.#timer ??= setInterval(() => this.#look(), lookEveryMs).unref()
  }

  #speakFor(waiter: Waiter): void {
    const { keys, waitsFor = keys } = waiter.place
    for (const key of waitsFor) {
      if (waiter.spokenFor.has(key)) continue
      waiter.spokenFor.add(key)
      const orders = this.#byKey.get(key)
      if (orders === undefined) this.#byKey.set(key, [waiter.order])
      else
        orders.splice(
          placeFor(waiter.order, orders.length, at => orders[at] ?? 0),
          0,
          waiter.order,
        )
    }
  }

  #remove(waiter: Waiter): void {
    waiter.isGone = true
    waiter.place.waiting.signal?.removeEventListener('abort', waiter.leave)
    this.#waiters.splice(this.#waiters.indexOf(waiter), 1)
    for (const key of waiter.spokenFor) {
      const orders = this.#byKey.get(key)
      if (orders === undefined || orders.length === 1) this.#byKey.delete(key)
      else orders.splice(orders.indexOf(waiter.order), 1)
    }
    if (this.#waiters.length === 0) this.#stopLooking()
  }

  #stopLooking(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  /** Its attempt, when one is under way, decides instead. */
  #turnAway(waiter: Waiter): void {
    if (waiter.isGone || waiter.isTrying) return
    this.#end(waiter, null)
    // It may have kept others from going on.
    this.nudge()
  }

  #end(waiter: Waiter, given: unknown): void {
    this.#remove(waiter)
    this.#observer.waited(waiter.place.priority, this.#now() - waiter.sinceAt, given !== null)
    waiter.resolve(given)
  }

  #look(): void {
    const now = this.#now()
    for (const waiter of this.#waiters.filter(one => now >= one.untilAt)) this.#turnAway(waiter)
    this.nudge()
  }

  async #move(): Promise<void> {
    this.#moveAgain = false
    await this.#pass()
    // Once more at most: an attempt may itself give something back, and would go round for ever. The timer sees to the rest.
    if (this.#moveAgain) await this.#pass()
    this.#isMoving = false
  }

  /** Everybody once, the most urgent first, but for those who would take what somebody before them waits for in vain. */
  async #pass(): Promise<void> {
    const inVain = new Set<string>()
    let at = 0
    for (let waiter = this.#waiters[at]; waiter !== undefined; waiter = this.#waiters[at]) {
      if (!waiter.place.keys.some(key => inVain.has(key))) await this.#attempt(waiter)
      // What has gone has left its place to the next one; while an attempt was awaited, others may have come before.
      if (waiter.isGone) continue
      at = (this.#waiters[at] === waiter ? at : this.#waiters.indexOf(waiter)) + 1
      for (const key of waiter.spokenFor) inVain.add(key)
      // Everybody behind waits for one of these: a long line is not walked to its end for each call that ends.
      if (inVain.size >= this.#byKey.size) return
    }
  }

  async #attempt(waiter: Waiter): Promise<void> {
    waiter.isTrying = true
    try {
      const attempt = waiter.place.attempt()
      // Where counters are in memory nothing is awaited: a whole line passes in one turn.
      const given = attempt instanceof Promise ? await attempt : attempt
      waiter.isTrying = false
      if (given !== null) this.#end(waiter, given)
      else if (this.#isOver(waiter)) this.#turnAway(waiter)
      else this.#speakFor(waiter)
    } catch (error) {
      waiter.isTrying = false
      this.#remove(waiter)
      waiter.reject(error)
    }
  }

  #isOver(waiter: Waiter): boolean {
    return waiter.place.waiting.signal?.aborted === true || this.#now() >= waiter.untilAt
  }
}

function rankOf(priority: string, classes: readonly string[]): number {
  const rank = classes.indexOf(priority)
  return rank === -1 ? classes.length : rank
}

/** Behind all of the same order: first come, first served. */
function placeFor(order: number, length: number, orderAt: (index: number) => number): number {
  let from = 0
  let to = length
  while (from < to) {
    const middle = (from + to) >> 1
    if (orderAt(middle) <= order) from = middle + 1
    else to = middle
  }
  return from
}

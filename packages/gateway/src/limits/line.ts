/**
 * The waiting line. Its order is priority class first, then time: each `aging` of waiting makes a call one class more
 * urgent, so no call starves. All calls age alike, so the order of a call is known when it arrives: its arrival time
 * plus its class times `aging`. No call overtakes an equally or more urgent one that waits for the same key: neither a
 * new call, nor a later one whose attempt would succeed.
 */
import type { CapacityLine, LimitsObserver, LineWaiter } from './index.ts'

export interface LineOptions {
  /** Calls that may wait at the same time. */
  readonly length: number
  readonly maxWaitMs: number
  readonly agingMs: number
  /** The most urgent first. */
  readonly classes: readonly string[]
}

/**
 * While calls wait, the line looks this often for room that no event announces (a window moved on, another replica
 * settled). In ms.
 */
const lookEveryMs = 25

interface QueuedWaiter {
  readonly waiter: LineWaiter<unknown>
  /** The smaller, the more urgent; by `performance.now()`. */
  readonly order: number
  readonly sinceAt: number
  readonly untilAt: number
  /** All keys that it has waited for so far. */
  readonly awaited: Set<string>
  readonly leave: () => void
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
  /** True during an attempt: then the attempt's result decides, whatever happens meanwhile. */
  isTrying: boolean
  isGone: boolean
}

export class WaitingLine implements CapacityLine {
  #options: LineOptions
  readonly #observer: Pick<LimitsObserver, 'waited'>
  readonly #now: () => number
  /** The most urgent first. */
  readonly #queue: QueuedWaiter[] = []
  /** Orders of the waiters for each key, smallest first. */
  readonly #ordersByKey = new Map<string, number[]>()
  #timer: NodeJS.Timeout | null = null
  #isPassing = false
  #passAgain = false

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

  /** Waiting calls keep their order. */
  use(options: LineOptions): void {
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#options.length > 0
  }

  get length(): number {
    return this.#queue.length
  }

  isAwaited(keys: readonly string[], priority: string): boolean {
    if (this.#queue.length === 0) return false
    const order = this.#orderOf(priority, this.#now())
    return keys.some(key => (this.#ordersByKey.get(key)?.[0] ?? Number.POSITIVE_INFINITY) <= order)
  }

  async wait<T>(waiter: LineWaiter<T>): Promise<T | null> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const now = this.#now()
    const { signal, deadlineAt } = waiter.waiting
    if (signal?.aborted) return null
    const leave = (): void => this.#turnAway(queued)
    const queued: QueuedWaiter = {
      waiter,
      order: this.#orderOf(waiter.priority, now),
      sinceAt: now,
      untilAt: Math.min(deadlineAt, now + this.#options.maxWaitMs),
      awaited: new Set(),
      leave,
      resolve,
      reject,
      isTrying: false,
      isGone: false,
    }
    if (!this.#makeRoomFor(queued)) return null
    this.#enter(queued)
    signal?.addEventListener('abort', leave, { once: true })
    this.nudge()
    return (await promise) as T | null
  }

  nudge(): void {
    if (this.#queue.length === 0) return
    if (this.#isPassing) {
      this.#passAgain = true
      return
    }
    this.#isPassing = true
    // In a microtask: the call that settles continues first, and all calls that settle in the same turn share one pass.
    queueMicrotask(() => void this.#passes())
  }

  /** Turns every waiter away. */
  close(): void {
    for (const queued of [...this.#queue]) this.#turnAway(queued)
    this.#stopTimer()
  }

  #orderOf(priority: string, at: number): number {
    return at + this.#rankOf(priority) * this.#options.agingMs
  }

  /** A class that a changed configuration has removed is the least urgent one. */
  #rankOf(priority: string): number {
    const { classes } = this.#options
    const rank = classes.indexOf(priority)
    return rank === -1 ? classes.length : rank
  }

  /**
   * A full line evicts its least urgent waiter for a more urgent one. Otherwise it evicts the last waiter of the
   * workload that has most, for a workload that has fewer, so no workload can fill the line.
   */
  #makeRoomFor(queued: QueuedWaiter): boolean {
    if (this.#queue.length < this.#options.length) return true
    const last = this.#queue.at(-1)
    if (last === undefined) return false
    const evicted = !last.isTrying && last.order > queued.order ? last : this.#overShare(queued)
    if (evicted === null) return false
    this.#turnAway(evicted)
    return true
  }

  /**
   * The waiter to evict for equal shares; null where there is none. A more urgent class is never evicted for a less
   * urgent one.
   */
  #overShare({ waiter }: QueuedWaiter): QueuedWaiter | null {
    const counts = new Map<string, number>()
    for (const { waiter: other } of this.#queue) counts.set(other.workload, (counts.get(other.workload) ?? 0) + 1)
    const least = (counts.get(waiter.workload) ?? 0) + 1
    let evicted: QueuedWaiter | null = null
    let most = least
    for (const other of this.#queue) {
      const count = counts.get(other.waiter.workload) ?? 0
      const isMoreUrgent = this.#rankOf(other.waiter.priority) < this.#rankOf(waiter.priority)
      if (count < most || count <= least || other.isTrying || isMoreUrgent) continue
      most = count
      evicted = other
    }
    return evicted
  }

  #enter(queued: QueuedWaiter): void {
    this.#queue.splice(
      indexFor(queued.order, this.#queue.length, at => this.#queue[at]?.order ?? 0),
      0,
      queued,
    )
    this.#markAwaited(queued)
    this.#timer ??= setInterval(() => this.#look(), lookEveryMs).unref()
  }

  #markAwaited(queued: QueuedWaiter): void {
    const { keys, waitsFor = keys } = queued.waiter
    for (const key of waitsFor) {
      if (queued.awaited.has(key)) continue
      queued.awaited.add(key)
      const orders = this.#ordersByKey.get(key)
      if (orders === undefined) this.#ordersByKey.set(key, [queued.order])
      else
        orders.splice(
          indexFor(queued.order, orders.length, at => orders[at] ?? 0),
          0,
          queued.order,
        )
    }
  }

  #remove(queued: QueuedWaiter): void {
    queued.isGone = true
    queued.waiter.waiting.signal?.removeEventListener('abort', queued.leave)
    this.#queue.splice(this.#queue.indexOf(queued), 1)
    for (const key of queued.awaited) {
      const orders = this.#ordersByKey.get(key)
      if (orders === undefined || orders.length === 1) this.#ordersByKey.delete(key)
      else orders.splice(orders.indexOf(queued.order), 1)
    }
    if (this.#queue.length === 0) this.#stopTimer()
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  /** Does nothing during an attempt: the attempt's result decides instead. */
  #turnAway(queued: QueuedWaiter): void {
    if (queued.isGone || queued.isTrying) return
    this.#end(queued, null)
    // It may have blocked others.
    this.nudge()
  }

  #end(queued: QueuedWaiter, result: unknown): void {
    this.#remove(queued)
    this.#observer.waited(queued.waiter.priority, this.#now() - queued.sinceAt, result !== null)
    queued.resolve(result)
  }

  #look(): void {
    const now = this.#now()
    for (const queued of this.#queue.filter(one => now >= one.untilAt)) this.#turnAway(queued)
    this.nudge()
  }

  async #passes(): Promise<void> {
    this.#passAgain = false
    await this.#pass()
    // At most once more: an attempt may itself free something, and the passes would never end. The timer covers the
    // rest.
    if (this.#passAgain) await this.#pass()
    this.#isPassing = false
  }

  /** One pass in order of urgency. Skips a waiter that needs something a more urgent one is still waiting for. */
  async #pass(): Promise<void> {
    const blocked = new Set<string>()
    let at = 0
    for (let queued = this.#queue[at]; queued !== undefined; queued = this.#queue[at]) {
      if (!queued.waiter.keys.some(key => blocked.has(key))) await this.#attempt(queued)
      // After a removal the next waiter is at the same index. During an awaited attempt, others may have entered before
      // it.
      if (queued.isGone) continue
      at = (this.#queue[at] === queued ? at : this.#queue.indexOf(queued)) + 1
      for (const key of queued.awaited) blocked.add(key)
      // Every later waiter waits for a blocked key: a long line is not walked to its end for each call that settles.
      if (blocked.size >= this.#ordersByKey.size) return
    }
  }

  async #attempt(queued: QueuedWaiter): Promise<void> {
    queued.isTrying = true
    try {
      const attempt = queued.waiter.attempt()
      // With counters in memory nothing is awaited, so a whole line passes in one turn.
      const result = attempt instanceof Promise ? await attempt : attempt
      queued.isTrying = false
      if (result !== null) this.#end(queued, result)
      else if (this.#isOver(queued)) this.#turnAway(queued)
      else this.#markAwaited(queued)
    } catch (error) {
      queued.isTrying = false
      this.#remove(queued)
      queued.reject(error)
    }
  }

  #isOver(queued: QueuedWaiter): boolean {
    return queued.waiter.waiting.signal?.aborted === true || this.#now() >= queued.untilAt
  }
}

/** Index after all entries of the same order: first come, first served. */
function indexFor(order: number, length: number, orderAt: (index: number) => number): number {
  let from = 0
  let to = length
  while (from < to) {
    const middle = (from + to) >> 1
    if (orderAt(middle) <= order) from = middle + 1
    else to = middle
  }
  return from
}

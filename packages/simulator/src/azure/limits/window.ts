interface Mark {
  readonly atMs: number
  amount: number
}

/**
 * A sliding window: what was added counts for `windowMs` and then no longer. Times come from the caller and may stand still; one that
 * lies a whole window back starts anew (a clock that was set), one that lies less far back counts as the newest.
 */
export class SlidingWindow {
  readonly limit: number
  readonly #windowMs: number
  #marks: Mark[] = []
  #first = 0
  #sum = 0

  constructor(limit: number, windowMs: number) {
    this.limit = limit
    this.#windowMs = windowMs
  }

  add(amount: number, nowMs: number): void {
    const now = this.#forget(nowMs)
    const newest = this.#marks.at(-1)
    if (newest !== undefined && newest.atMs === now) newest.amount += amount
    else this.#marks.push({ atMs: now, amount })
    this.#sum += amount
  }

  sum(nowMs: number): number {
    this.#forget(nowMs)
    return this.#sum
  }

  /** Milliseconds until at most `sum` counts, when nothing is added meanwhile; 0 when that is so already. */
  untilAtMost(sum: number, nowMs: number): number {
    const now = this.#forget(nowMs)
    let left = this.#sum
    for (let at = this.#first; left > sum; at += 1) {
      const mark = this.#marks[at]
      if (mark === undefined) return 0
      left -= mark.amount
      if (left <= sum || at === this.#marks.length - 1) return mark.atMs + this.#windowMs - now
    }
    return 0
  }

  #forget(nowMs: number): number {
    if (nowMs <= (this.#marks.at(-1)?.atMs ?? nowMs) - this.#windowMs) this.#clear()
    const now = Math.max(nowMs, this.#marks.at(-1)?.atMs ?? nowMs)
    for (;;) {
      const mark = this.#marks[this.#first]
      if (mark === undefined || mark.atMs > now - this.#windowMs) break
      this.#sum -= mark.amount
      this.#first += 1
    }
    if (this.#first === this.#marks.length) this.#clear()
    else if (this.#first > 1_000) {
      this.#marks = this.#marks.slice(this.#first)
      this.#first = 0
    }
    return now
  }

  #clear(): void {
    this.#marks = []
    this.#first = 0
    this.#sum = 0
  }
}

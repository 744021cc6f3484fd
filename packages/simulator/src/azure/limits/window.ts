interface Mark {
  readonly atMs: number
  amount: number
}

/**
 * A sliding window: what was added counts for `windowMs`. Times come from the caller and need not advance. One that is
 * a whole window in the past starts the window again (a clock that was set back); one that is less far back counts as
 * the newest.
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

  /** Milliseconds until at most `sum` counts, if nothing is added meanwhile; 0 when that is already true. */
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

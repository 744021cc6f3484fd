import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { readPreamble, segmentNumbers } from './journal/segments.ts'

/** Larger than what a time service corrects step by step. */
const jumpMsMin = 5 * 60_000
/** A gateway begins a segment a day. After a longer time the gateway may have been off, or the clock may be wrong. */
const gapMsMax = 2 * 24 * 3_600_000
const holdMs = 24 * 3_600_000

/**
 * Stops deletion while the clock may be wrong: one that is a year ahead for an hour would make everything too old. A
 * clock that has kept its pace for a day is believed.
 */
export class DeletionHold {
  readonly #clock: Clock
  readonly #monotonic: Clock
  readonly #log: Log
  /** What the clock was ahead of the monotonic one. */
  #aheadMs: number
  #untilMs: number

  /**
   * @param monotonic milliseconds that go on at the pace of time, whatever the clock does.
   * @param newestMs when the newest segment was made; null when there is none.
   */
  constructor(clock: Clock, monotonic: Clock, newestMs: number | null, log: Log) {
    this.#clock = clock
    this.#monotonic = monotonic
    this.#log = log
    this.#aheadMs = clock() - monotonic()
    const isLongAgo = newestMs !== null && clock() - newestMs > gapMsMax
    this.#untilMs = isLongAgo ? monotonic() + holdMs : monotonic()
  }

  /** To be called before each deletion. */
  mayDelete(): boolean {
    const aheadMs = this.#clock() - this.#monotonic()
    const jumpMs = Math.round(aheadMs - this.#aheadMs)
    this.#aheadMs = aheadMs
    if (Math.abs(jumpMs) >= jumpMsMin) {
      this.#untilMs = this.#monotonic() + holdMs
      this.#log.error({ jumpMs }, 'clock_jumped')
    }
    return this.#monotonic() >= this.#untilMs
  }
}

/** When the newest segment of a journal was made; null when there is none that says so. */
export function newestSegmentMs(journal: string): number | null {
  const last = segmentNumbers(journal).at(-1)
  return last === undefined ? null : (readPreamble(journal, last)?.createdAtMs ?? null)
}

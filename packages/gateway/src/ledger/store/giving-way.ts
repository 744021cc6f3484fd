import type { JournalPosition } from '../journal/position.ts'

export interface GivingWayParts {
  /** One `BigInt64`: the position before which the store has loaded everything. */
  readonly loaded: SharedArrayBuffer
  /** Milliseconds that only go forward. */
  readonly now: () => number
  /** Share of the time since it was last asked that this thread was busy, 0..1. */
  readonly busy: () => number
  /** Leaves the core for so many milliseconds. */
  readonly leave: (ms: number) => void
}

/** A record that is not loaded after this time is late. Loads begin every second. */
const lateMs = 3_000
/** Milliseconds between two looks, or from the end of a leave to the next look. */
const lookMs = 20
/** Milliseconds of a leave at first, and at most: a record is then two and a half times as late. */
const leaveMs = 2
const leaveMsMax = 5
/** The store cannot be late because of a thread that often had nothing to do. */
const busyShare = 0.9

/**
 * Lets the store load while calls use up the core that both threads have. The store's thread is so nice that it would
 * hardly get there, and calls that ask the store wait until it has caught up. So when records are late, this thread
 * leaves the core for a tenth of the time, and the later they are the longer, up to a fifth.
 */
export class GivingWay {
  readonly #parts: GivingWayParts
  readonly #loaded: BigInt64Array
  /** A position that was written, and when. */
  #mark = 0n
  #markMs = 0
  #lookedMs = 0

  constructor(parts: GivingWayParts) {
    this.#parts = parts
    this.#loaded = new BigInt64Array(parts.loaded)
  }

  /** The journal was written up to here. May leave the core for some milliseconds. */
  wrote(position: JournalPosition): void {
    const now = this.#parts.now()
    if (now - this.#lookedMs < lookMs) return
    this.#lookedMs = now
    if (Atomics.load(this.#loaded, 0) >= this.#mark) {
      this.#mark = BigInt(position)
      this.#markMs = now
      return
    }
    const late = (now - this.#markMs) / lateMs
    // Asked before it matters, so that it speaks of the time since the last look.
    const isBusy = this.#parts.busy() > busyShare
    if (late < 1 || !isBusy) return
    this.#parts.leave(Math.min(leaveMs * late, leaveMsMax))
    this.#lookedMs = this.#parts.now()
  }
}

/** For the main thread of a process. */
export function givingWay(loaded: SharedArrayBuffer): GivingWay {
  const nobody = new Int32Array(new SharedArrayBuffer(4))
  let since = performance.eventLoopUtilization()
  return new GivingWay({
    loaded,
    now: () => performance.now(),
    busy() {
      const until = performance.eventLoopUtilization()
      const { utilization } = performance.eventLoopUtilization(until, since)
      since = until
      return utilization
    },
    leave: ms => void Atomics.wait(nobody, 0, 0, ms),
  })
}

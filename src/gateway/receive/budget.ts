/**
 * How many bytes of request bodies this process holds at once, of all calls together and of each caller. Bounds of single bodies do not
 * bound their sum: a call holds its body until its answer has ended, because it may have to be sent again or counted.
 */
import { type Caller, callerKey } from '../../identity/index.ts'
import type { Call } from '../call.ts'
import { Refusal } from '../refusals.ts'

export interface BodyBudgetOptions {
  /** `gateway.bodyBytesInFlight` */
  readonly bytesMax: number
  /** `gateway.bodyBytesInFlightPerCaller` */
  readonly callerBytesMax: number
}

/** A body that is announced waits so long for others to end, milliseconds. */
const waitMsMax = 5_000
/** More bodies do not wait, of all callers and of one: what they wait for would not come in time. */
const waitingMax = 1_000
const callersWaitingMax = 100
/** Bodies up to this size are in the sum of the process alone: as many as connections cannot fill a caller's share with them. */
const smallBytes = 16_384

interface Waiter {
  readonly hold: BodyHold
  readonly bytes: number
  readonly go: (hasRoom: boolean) => void
}

export class BodyBudget {
  #options: BodyBudgetOptions
  readonly #byCaller = new Map<string, number>()
  /** First come, first served; who waits for its own caller's room is passed by the others. */
  readonly #waiting = new Set<Waiter>()
  #bytes = 0

  constructor(options: BodyBudgetOptions) {
    this.#options = options
  }

  /** What calls hold stays theirs. */
  use(options: BodyBudgetOptions): void {
    this.#options = options
    this.#serve()
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** @returns false, and takes nothing, where there is no room. */
  take(hold: BodyHold, bytes: number): boolean {
    if (!this.#fits(hold, bytes)) return false
    this.#book(hold, bytes)
    return true
  }

  /** As `take`, but waits a while for room. */
  wait(hold: BodyHold, bytes: number): Promise<boolean> {
    const { bytesMax, callerBytesMax } = this.#options
    if (hold.bytes + bytes > Math.min(bytesMax, callerBytesMax) || this.#isCrowded(hold)) return Promise.resolve(false)
    return new Promise(resolve => {
      const waiter: Waiter = {
        hold,
        bytes,
        go: hasRoom => {
          clearTimeout(timer)
          this.#waiting.delete(waiter)
          resolve(hasRoom)
        },
      }
      const timer = setTimeout(() => waiter.go(false), waitMsMax).unref()
      this.#waiting.add(waiter)
      this.#serve()
    })
  }

  /** Everything that the call holds. */
  release(hold: BodyHold): void {
    this.#bytes -= hold.bytes
    if (hold.callersBytes > 0) {
      const left = (this.#byCaller.get(hold.key) ?? 0) - hold.callersBytes
      if (left > 0) this.#byCaller.set(hold.key, left)
      else this.#byCaller.delete(hold.key)
    }
    hold.bytes = 0
    hold.callersBytes = 0
    if (this.#waiting.size > 0) this.#serve()
  }

  /** Which of the two had no room, for the message. */
  fullOf(hold: BodyHold, bytes: number): 'this caller' | 'all callers' {
    return this.#callersBytes(hold, bytes) > this.#options.callerBytesMax ? 'this caller' : 'all callers'
  }

  #isCrowded(hold: BodyHold): boolean {
    if (this.#waiting.size < callersWaitingMax) return false
    const own = [...this.#waiting].filter(waiter => waiter.hold.key === hold.key)
    return own.length >= callersWaitingMax || this.#waiting.size >= waitingMax
  }

  #fits(hold: BodyHold, bytes: number): boolean {
    const { bytesMax, callerBytesMax } = this.#options
    if (this.#bytes + bytes > bytesMax) return false
    return hold.bytes + bytes <= smallBytes || this.#callersBytes(hold, bytes) <= callerBytesMax
  }

  #callersBytes(hold: BodyHold, bytes: number): number {
    return (this.#byCaller.get(hold.key) ?? 0) - hold.callersBytes + hold.bytes + bytes
  }

  #book(hold: BodyHold, bytes: number): void {
    this.#bytes += bytes
    if (hold.bytes + bytes > smallBytes) {
      this.#byCaller.set(hold.key, this.#callersBytes(hold, bytes))
      hold.callersBytes = hold.bytes + bytes
    }
    hold.bytes += bytes
  }

  #serve(): void {
    for (const waiter of this.#waiting) {
      if (!this.#fits(waiter.hold, waiter.bytes)) continue
      this.#book(waiter.hold, waiter.bytes)
      waiter.go(true)
    }
  }
}

/** What one call holds. It must be released, whatever becomes of the call; a second time does nothing. */
export class BodyHold {
  readonly #budget: BodyBudget
  /** Null before it is known; nothing is held then. */
  caller: Caller | null = null
  /** Written by the budget alone. */
  bytes = 0
  /** Those of them that are in the caller's sum. */
  callersBytes = 0

  constructor(budget: BodyBudget) {
    this.#budget = budget
  }

  get key(): string {
    return this.caller === null ? '' : callerKey(this.caller)
  }

  /** @throws Refusal bodies_full */
  take(bytes: number): void {
    if (!this.#budget.take(this, bytes)) throw this.#full(bytes)
  }

  /**
   * Waits a while where there is no room now. Synchronous where there is.
   * @throws Refusal bodies_full, as a rejection
   */
  takeOrWait(bytes: number): Promise<void> | undefined {
    return this.#budget.take(this, bytes) ? undefined : this.#wait(bytes)
  }

  release(): void {
    if (this.bytes > 0) this.#budget.release(this)
  }

  async #wait(bytes: number): Promise<void> {
    if (!(await this.#budget.wait(this, bytes))) throw this.#full(bytes)
  }

  #full(bytes: number): Refusal {
    return new Refusal('bodies_full', { whose: this.#budget.fullOf(this, bytes) }, { retryAfterMs: 1_000 })
  }
}

/** Bytes of the body that a call announces, 0 where it does not. */
export function announcedBytes({ req }: Pick<Call, 'req'>): number {
  const announced = Number(req.headers['content-length'] ?? 0)
  return Number.isSafeInteger(announced) && announced > 0 ? announced : 0
}

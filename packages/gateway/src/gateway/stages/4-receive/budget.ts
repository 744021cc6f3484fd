/**
 * Bounds the bytes of request bodies that this process holds at once, for all calls together and for each caller.
 * Bounds of single bodies do not bound their sum: a call holds its body until its answer has ended, because the body
 * may have to be sent again or counted.
 */
import { type Caller, callerKey } from '../../../identity/index.ts'
import { Refusal } from '../../refusals.ts'

export interface BodyBudgetOptions {
  /** `gateway.bodyBytesInFlight` */
  readonly bytesMax: number
  /** `gateway.bodyBytesInFlightPerCaller` */
  readonly callerBytesMax: number
}

/** Longest time that a body waits for others to end, in ms. It is not read meanwhile. */
const waitMsMax = 5_000
/** Most bodies that wait, of all callers and of one caller. Room for more would not come in time. */
const waitingMax = 1_000
const callersWaitingMax = 100
/**
 * Bodies up to this size, in bytes, count only for the process: even one per connection cannot fill a caller's share.
 */
const smallBytes = 16_384

interface Waiter {
  readonly hold: BodyHold
  readonly bytes: number
  readonly go: (hasRoom: boolean) => void
}

export class BodyBudget {
  #options: BodyBudgetOptions
  readonly #byCaller = new Map<string, number>()
  /** First come, first served. A body that waits for room of its own caller is overtaken by bodies of others. */
  readonly #waiting = new Set<Waiter>()
  /** Bodies that are still coming, the oldest first. Bodies that come in one piece are not in it. */
  readonly #coming = new Set<BodyHold>()
  #bytes = 0

  constructor(options: BodyBudgetOptions) {
    this.#options = options
  }

  /** Changes the bounds. Calls keep what they hold. */
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

  /** @returns false, and takes nothing, when there is no room. */
  take(hold: BodyHold, bytes: number): boolean {
    if (!this.#fits(hold, bytes)) return false
    this.#book(hold, bytes)
    return true
  }

  /** Takes the bytes like `take`, but waits a while for room. */
  wait(hold: BodyHold, bytes: number): Promise<boolean> {
    const { bytesMax, callerBytesMax } = this.#options
    if (hold.bytes + bytes > Math.min(bytesMax, callerBytesMax) || this.#isCrowded(hold)) return Promise.resolve(false)
    if (this.#givesWay(hold)) return Promise.resolve(false)
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

  /** The call's body is coming in pieces. */
  comes(hold: BodyHold): void {
    this.#coming.add(hold)
  }

  hasCome(hold: BodyHold): void {
    this.#coming.delete(hold)
  }

  /** Releases everything that the call holds or waits for. */
  release(hold: BodyHold): void {
    for (const waiter of this.#waiting) if (waiter.hold === hold) waiter.go(false)
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

  /** The sum that had no room, for the message. */
  fullOf(hold: BodyHold, bytes: number): 'this caller' | 'all callers' {
    return this.#callersBytes(hold, bytes) > this.#options.callerBytesMax ? 'this caller' : 'all callers'
  }

  /**
   * Bodies of one caller that each hold a part and wait for the rest would never be whole. So the youngest body that is
   * still coming gives way to an older one that waits. Bodies of other callers do not give way: a caller that sends
   * slowly must not be able to push them out.
   * @returns true when this body gives way.
   */
  #givesWay(hold: BodyHold): boolean {
    if (hold.bytes === 0) return false
    const own = [...this.#coming].filter(other => other.bytes > 0 && other.key === hold.key)
    const youngest = own.at(-1)
    if (youngest !== hold) youngest?.giveWay()
    return youngest === hold && [...this.#waiting].some(waiter => own.includes(waiter.hold))
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

/**
 * The bytes that one call holds. It must be released, whatever becomes of the call; releasing it again does nothing.
 */
export class BodyHold {
  readonly #budget: BodyBudget
  #key: string | null = null
  /** Null before it is known. Nothing is held until then. */
  caller: Caller | null = null
  /** Only the budget writes it. */
  bytes = 0
  /** The part of `bytes` that is in the caller's sum. */
  callersBytes = 0
  /** Ends the reading of the body that is still coming; null when none is. */
  refuse: ((refusal: Refusal) => void) | null = null

  constructor(budget: BodyBudget) {
    this.#budget = budget
  }

  /** Key of the caller. Made once, for bodies that are counted by caller. */
  get key(): string {
    this.#key ??= this.caller === null ? null : callerKey(this.caller)
    return this.#key ?? ''
  }

  /** @throws Refusal bodies_full */
  take(bytes: number): void {
    if (!this.#budget.take(this, bytes)) throw this.#full(bytes)
  }

  /**
   * Takes the bytes, or waits a while for room. Synchronous when there is room.
   * @param refuse called when the body must give way to an older one, while it waits or afterwards.
   * @throws Refusal bodies_full, as a rejection
   */
  takeOrWait(bytes: number, refuse: (refusal: Refusal) => void): Promise<void> | undefined {
    if (this.#budget.take(this, bytes)) return undefined
    this.comes(refuse)
    return this.#wait(bytes)
  }

  release(): void {
    this.#budget.hasCome(this)
    this.#budget.release(this)
  }

  /** The body is coming in pieces. @param refuse called once when it must give way to an older body of its caller. */
  comes(refuse: (refusal: Refusal) => void): void {
    this.refuse = refuse
    this.#budget.comes(this)
  }

  hasCome(): void {
    if (this.refuse === null) return
    this.refuse = null
    this.#budget.hasCome(this)
  }

  giveWay(): void {
    const { refuse } = this
    this.hasCome()
    refuse?.(this.#full(0))
  }

  async #wait(bytes: number): Promise<void> {
    if (!(await this.#budget.wait(this, bytes))) throw this.#full(bytes)
  }

  #full(bytes: number): Refusal {
    return new Refusal('bodies_full', { whose: this.#budget.fullOf(this, bytes) }, { retryAfterMs: 1_000 })
  }
}

/**
 * Brings this process and Redis back together: at the start, after an outage, and when Redis is found in another epoch.
 * Reports what Redis does not know, and waits until the other members have done the same, since counters that not all
 * have reported to are too low.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { CounterBook } from '../counting/counter-book.ts'
import type { Moment } from '../counting/tally.ts'
import type { Membership } from './membership.ts'
import { EpochChanged, type Outbox } from './outbox.ts'
import type { SharedReservation } from './reservation.ts'

/** Time between two questions whether other members have reported. In ms. */
const betweenAsksMs = 40

export interface RejoinParts {
  readonly fleet: Membership
  readonly outbox: Outbox
  readonly book: CounterBook
  /** Reservations of calls in flight, by lease. */
  readonly inFlight: ReadonlyMap<string, SharedReservation>
  readonly now: () => Moment
  /** Called after each attempt, whether or not it succeeded. */
  readonly onEnd: () => void
}

export class Rejoin {
  readonly #parts: RejoinParts
  #running: Promise<void> | null = null
  #isClosed = false
  /** The data that everything was last queued for. What Redis has not answered yet is still in the outbox. */
  #queuedFor = ''

  constructor(parts: RejoinParts) {
    this.#parts = parts
  }

  get isRunning(): boolean {
    return this.#running !== null
  }

  close(): void {
    this.#isClosed = true
  }

  /** Resolves when counters in Redis can be relied on. Only one attempt runs at a time. @throws RedisDown */
  run(): Promise<void> {
    this.#running ??= this.#attempt().finally(() => {
      this.#running = null
      this.#parts.onEnd()
    })
    return this.#running
  }

  /** As `run`, for callers that do not wait: the connection reports failures. */
  start(): void {
    this.run().catch(() => {})
  }

  async #attempt(): Promise<void> {
    for (let tries = 0; !this.#isClosed; tries += 1) {
      try {
        await this.#joinAndReport(tries === 0)
        return
      } catch (error) {
        if (!(error instanceof EpochChanged)) throw error
      }
    }
  }

  async #joinAndReport(mayCall: boolean): Promise<void> {
    const { fleet, outbox } = this.#parts
    await this.#join(mayCall)
    await outbox.flush(fleet.holder)
    while ((await fleet.reportedAll()) && !this.#isClosed) {
      await delay(betweenAsksMs)
      this.adoptUnreported()
      await outbox.flush(fleet.holder)
    }
    await fleet.heartbeat()
    this.adoptUnreported()
    await outbox.flush(fleet.holder)
  }

  /**
   * @param mayCall True when it may call all members to report. Only in the first try, or two processes would call each
   *   other for ever.
   */
  async #join(mayCall: boolean): Promise<void> {
    const { fleet, outbox, inFlight } = this.#parts
    const hasNews = mayCall && (outbox.hasNews || [...inFlight.values()].some(one => !one.isReported))
    const { isLost, isKnown } = await fleet.join(hasNews)
    if (isLost) outbox.clear()
    // Queueing everything a second time would count what Redis has added already without its reply having arrived.
    if (isKnown || fleet.dataId === this.#queuedFor) this.adoptUnreported()
    else this.#reportEverything()
  }

  /** Queues all amounts and reservations of this process, for a Redis that knows none of them. */
  #reportEverything(): void {
    const { fleet, outbox, book, inFlight } = this.#parts
    outbox.clear()
    this.#queuedFor = fleet.dataId
    const now = this.#parts.now()
    for (const counter of book.values()) {
      for (const { slot, amount } of counter.own.contents(now)) outbox.add(counter, slot, amount)
    }
    outbox.queueBookings(fleet.holder)
    for (const reservation of inFlight.values()) this.#adopt(reservation, false)
  }

  /** Queues the reservations of calls that were admitted without Redis. */
  adoptUnreported(): void {
    for (const reservation of this.#parts.inFlight.values()) if (!reservation.isReported) this.#adopt(reservation, true)
  }

  #adopt(reservation: SharedReservation, counts: boolean): void {
    reservation.holder = this.#parts.fleet.holder
    reservation.isReported = true
    this.#parts.outbox.adopt(reservation, counts)
  }
}

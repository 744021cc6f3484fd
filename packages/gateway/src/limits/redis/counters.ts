/**
 * Counters that replicas share in Redis. Reserving is one script and one round trip; settling is sent afterwards, and
 * no call waits for it. Each process also counts its own amounts: it decides by them while Redis is down, and reports
 * them again to a Redis that has lost its data. PROTOCOL.md draws the whole exchange.
 */
import type { Config } from '../../config/schema/index.ts'
import type { Log } from '../../log.ts'
import { RedisScriptFailed } from '../../redis/index.ts'
import type { Calendar } from '../counting/calendar.ts'
import { CounterBook } from '../counting/counter-book.ts'
import {
  amountOf,
  type Booking,
  type Claim,
  type Counter,
  type CounterIdentity,
  type CounterReading,
  type CounterStore,
  noClaims,
  type Requested,
  type Reservation,
  type ReserveResult,
  readingOf,
  storeShortage,
  type Used,
  usedOf,
} from '../counting/counters.ts'
import { Moments } from '../counting/moments.ts'
import type { Moment } from '../counting/tally.ts'
import type { LimitsObserver, StoreState } from '../index.ts'
import { FreshSums } from './fresh-sums.ts'
import { RedisKeys } from './keys.ts'
import { decideLocally } from './local.ts'
import { Membership, type MembershipParts } from './membership.ts'
import { EpochChanged, Outbox } from './outbox.ts'
import { type ReadParts, readAll } from './read.ts'
import { Rejoin } from './rejoin.ts'
import { fillReservation, refusalOf, type ScriptReply, slotsOf } from './replies.ts'
import { type Holder, SharedReservation } from './reservation.ts'
import { scripts } from './scripts.ts'
import { Shares } from './shares.ts'

export interface RedisCountersParts extends MembershipParts {
  readonly calendar: Calendar
  readonly log: Log
  readonly observer: Pick<LimitsObserver, 'storeAnswered'>
  readonly whenDown: NonNullable<Config['limits']['whenStoreIsDown']>
}

/**
 * Longest time between two heartbeats of a process. Also the time in which an idle process notices that others come
 * back. In ms.
 */
const beatMsMax = 500

export class RedisCounters implements CounterStore {
  readonly kind = 'redis'
  readonly #parts: RedisCountersParts
  readonly #book: CounterBook
  readonly #freshSums: FreshSums
  readonly #moments: Moments
  readonly #keys: RedisKeys
  readonly #outbox: Outbox
  readonly #fleet: Membership
  readonly #rejoin: Rejoin
  /** Reservations of calls in flight, by lease. */
  readonly #inFlight = new Map<string, SharedReservation>()
  readonly #timers: NodeJS.Timeout[] = []
  #leases = 0
  #isClosed = false
  #isBeating = false
  #isFlushing = false
  /** Null while Redis is up. */
  #outage: { readonly sinceMs: number; readonly shares: Shares } | null = null
  /** Leases in Redis under this process's name that it did not know at the last audit. */
  #unknownLeases = new Set<string>()

  constructor(parts: RedisCountersParts) {
    this.#parts = parts
    const { redis, calendar, log } = parts
    const fleet = new Membership(parts)
    this.#fleet = fleet
    this.#moments = new Moments(() => fleet.serverMs())
    this.#book = new CounterBook(calendar, this.#moments)
    this.#freshSums = new FreshSums(this.#book)
    this.#keys = new RedisKeys(calendar, redis.key('c:'))
    this.#outbox = new Outbox({
      redis,
      log,
      keys: this.#keys,
      epochKey: fleet.epochKey,
      firstArguments: () => [fleet.epoch, fleet.timeArgument()],
      nowMs: () => this.#now().atMs,
    })
    this.#rejoin = new Rejoin({
      fleet,
      outbox: this.#outbox,
      book: this.#book,
      inFlight: this.#inFlight,
      now: () => this.#now(),
      onEnd: () => {
        if (redis.isUp) this.#endOutage()
      },
    })
    redis.onReturn(() => this.#return())
    const beatMs = Math.min(beatMsMax, parts.leaseExpiryMs / 5)
    this.#timers.push(setInterval(() => void this.beat(), beatMs).unref())
    this.#timers.push(setInterval(() => void this.#audit(), parts.leaseExpiryMs).unref())
  }

  /** By the server's clock, as far as it is known. */
  #now(): Moment {
    const { atMs } = this.#moments.now()
    return { atMs, steadyMs: atMs }
  }

  get #isUsable(): boolean {
    return this.#parts.redis.isUp && !this.#rejoin.isRunning
  }

  get state(): StoreState {
    return this.#isUsable ? 'ok' : this.#parts.whenDown
  }

  get downSinceMs(): number | null {
    return this.#isUsable ? null : (this.#parts.redis.downSinceMs ?? this.#outage?.sinceMs ?? null)
  }

  counter(identity: CounterIdentity): Counter {
    return this.#book.get(identity)
  }

  counters(): Iterable<Counter> {
    return this.#book.values()
  }

  /** Adds what was used before this process started. Call it before the connection is opened. */
  restore(bookings: readonly Booking[]): void {
    const now = this.#now()
    for (const { counter, amount, atMs } of bookings) {
      this.#book.live(counter).own.book(amount, { atMs, steadyMs: atMs }, now)
    }
  }

  reserve(claims: readonly Claim[], requested: Requested): ReserveResult | Promise<ReserveResult> {
    return this.#isUsable ? this.#reserveInRedis(claims, requested, true) : this.#reserveWithout(claims, requested)
  }

  async #reserveInRedis(claims: readonly Claim[], requested: Requested, mayRetry: boolean): Promise<ReserveResult> {
    const { redis, observer } = this.#parts
    const lease = this.#nextLease()
    const { holder } = this.#fleet
    const keys = [this.#fleet.epochKey, holder.leases]
    const args: (string | number)[] = [this.#fleet.epoch, this.#fleet.timeArgument(), lease]
    const nowMs = this.#moments.now().atMs
    for (const claim of claims) {
      keys.push(this.#keys.keyOf(claim.counter))
      this.#keys.describe(claim.counter, nowMs, args)
      args.push(amountOf(claim, requested), claim.limit, (claim.enforce ? 1 : 0) + (claim.takes ? 2 : 0))
    }
    const sentAt = performance.now()
    let reply: ScriptReply
    try {
      reply = (await redis.run(scripts.reserve, keys, args)) as ScriptReply
    } catch (error) {
      if (error instanceof RedisScriptFailed) this.#parts.log.error({ cause: error }, 'limits_not_asked')
      // Redis may have reserved although its reply was lost. Then the reservation must be refunded.
      this.#outbox.release(holder, lease)
      return this.#reserveWithout(claims, requested)
    }
    observer.storeAnswered(performance.now() - sentAt)
    const [verdict = 0, serverMs = 0] = reply
    this.#fleet.noteServerTime(serverMs)
    if (verdict === 1) {
      return { reservation: this.#reserved(claims, requested, lease, holder, reply), shortage: null }
    }
    return verdict === 0 ? refusalOf(claims, reply) : this.#reserveInNextEpoch(claims, requested, mayRetry)
  }

  /** All members must report again. That takes milliseconds, so it is no reason to refuse a call. */
  async #reserveInNextEpoch(claims: readonly Claim[], requested: Requested, mayRetry: boolean): Promise<ReserveResult> {
    const rejoined = this.#rejoin.run()
    rejoined.catch(() => {})
    if (mayRetry && this.#parts.whenDown === 'refuse' && (await isDoneWithin(rejoined, retryWithinMs))) {
      return this.#isUsable ? this.#reserveInRedis(claims, requested, false) : this.#reserveWithout(claims, requested)
    }
    return this.#reserveWithout(claims, requested)
  }

  #nextLease(): string {
    this.#leases += 1
    return this.#leases.toString(36)
  }

  #reserved(
    claims: readonly Claim[],
    requested: Requested,
    lease: string,
    holder: Holder,
    reply: ScriptReply,
  ): SharedReservation {
    const slots = slotsOf(claims, reply)
    const reservation = new SharedReservation(lease, holder, claims, requested, reply[1] ?? 0, slots)
    fillReservation(reservation, reply)
    this.#countOwn(reservation)
    return reservation
  }

  /** Counts a reservation in this process too. */
  #countOwn(reservation: SharedReservation): void {
    for (const claim of reservation.claims) {
      if (!claim.takes) continue
      // The counter may have been dropped as idle before Redis answered.
      const { own } = this.#book.live(claim.counter)
      own.take(amountOf(claim, reservation.requested), reservation.at)
    }
    this.#inFlight.set(reservation.lease, reservation)
  }

  #reserveWithout(claims: readonly Claim[], requested: Requested): ReserveResult {
    const { whenDown } = this.#parts
    if (!this.#isUsable) this.#beginOutage()
    const now = this.#now()
    const shares = this.#outage?.shares ?? new Shares(this.#fleet.replicas, now.atMs)
    // Rules in mode shadow refuse nothing, whatever the state of the store.
    const mode = whenDown === 'refuse' && !claims.some(claim => claim.enforce) ? 'allow' : whenDown
    if (mode === 'refuse') return { reservation: null, shortage: storeShortage }
    const { shortage, shadowed, gauges } = decideLocally(claims, requested, { mode, shares }, now)
    if (shortage !== null) return { reservation: null, shortage }
    const reservation = this.#unreported(claims, requested, now.atMs)
    reservation.state = mode
    reservation.tokens = gauges.tokens
    reservation.requests = gauges.requests
    reservation.shadowed = shadowed.length === 0 ? noClaims : shadowed
    this.#countOwn(reservation)
    return { reservation, shortage: null }
  }

  /** A reservation that Redis does not know yet. */
  #unreported(claims: readonly Claim[], requested: Requested, atMs: number): SharedReservation {
    const slots = claims.map(({ counter }) => this.#keys.slotAt(counter, atMs))
    const reservation = new SharedReservation(this.#nextLease(), this.#fleet.holder, claims, requested, atMs, slots)
    reservation.isReported = false
    return reservation
  }

  forceReserve(claims: readonly Claim[], requested: Requested, atMs: number): Reservation {
    const now = this.#now()
    const reservation = this.#unreported(claims, requested, atMs)
    for (const claim of claims) {
      if (claim.takes) this.#book.live(claim.counter).own.hold(amountOf(claim, requested), reservation.at, now)
    }
    this.#inFlight.set(reservation.lease, reservation)
    // Reported like a call that was admitted without Redis: now, or when Redis is back.
    reservation.isReported = this.#isUsable
    if (reservation.isReported) this.#outbox.adopt(reservation, true)
    this.#flushSoon()
    return reservation
  }

  settle(reservation: Reservation, used: Used): void {
    if (!(reservation instanceof SharedReservation)) throw new TypeError('settled with a store that did not reserve it')
    this.#inFlight.delete(reservation.lease)
    for (const [index, claim] of reservation.claims.entries()) {
      if (!claim.takes) continue
      const { own } = this.#book.live(claim.counter)
      own.settle(reservation.at, amountOf(claim, reservation.requested), usedOf(claim, used))
      if (!reservation.isReported) this.#outbox.add(claim.counter, reservation.slots[index] ?? 0, usedOf(claim, used))
    }
    if (reservation.isReported) this.#outbox.settle(reservation, used)
    this.#flushSoon()
  }

  /** After this turn of the event loop, so that what is settled together is sent together. */
  #flushSoon(): void {
    if (this.#isFlushing || !this.#isUsable) return
    this.#isFlushing = true
    setImmediate(() => void this.#flushNow())
  }

  async #flushNow(): Promise<void> {
    try {
      await this.#outbox.flush(this.#fleet.holder)
      this.#isFlushing = false
      if (!this.#outbox.isEmpty) this.#flushSoon()
    } catch (error) {
      this.#isFlushing = false
      if (error instanceof EpochChanged) this.#rejoin.start()
    }
  }

  async read(counters: readonly Counter[]): Promise<readonly CounterReading[]> {
    if (this.#isUsable && counters.length > 0) {
      try {
        return await readAll(counters, this.#readParts())
      } catch {
        // This process's own figures are better than none; `state` says that they are not complete.
      }
    }
    const now = this.#now()
    return counters.map(({ own, window }) => {
      const renewsAtMs = window.kind === 'inFlight' ? null : now.atMs + own.resetInMs(now)
      return readingOf(own.sum(now), own.reserved, renewsAtMs)
    })
  }

  #readParts(): ReadParts {
    const { redis } = this.#parts
    return { redis, keys: this.#keys, time: this.#fleet.timeArgument(), nowMs: this.#moments.now().atMs }
  }

  #beginOutage(): void {
    if (this.#outage !== null || this.#isClosed) return
    const { clock, log, whenDown } = this.#parts
    this.#outage = { sinceMs: clock(), shares: new Shares(this.#fleet.replicas, this.#moments.now().atMs) }
    log.warn({ whenStoreIsDown: whenDown, replicas: this.#fleet.replicas }, 'limits_store_down')
  }

  #endOutage(): void {
    if (this.#outage === null) return
    const { clock, log } = this.#parts
    log.info({ downMs: Math.round(clock() - this.#outage.sinceMs) }, 'limits_store_back')
    this.#outage = null
  }

  /** The connection calls it when Redis answers again. */
  async #return(): Promise<void> {
    if (this.#fleet.epoch !== '') this.#beginOutage()
    await this.#rejoin.run()
    this.#endOutage()
  }

  /**
   * Heartbeat: says that this process lives, refunds what silent ones have reserved, and asks what the others have
   * used. A timer calls it; so do tests that have their own clock.
   */
  async beat(): Promise<void> {
    if (!this.#isUsable || this.#isBeating || this.#isClosed) return
    this.#isBeating = true
    try {
      this.#rejoin.adoptUnreported()
      if (!this.#outbox.isEmpty) this.#flushSoon()
      await this.#fleet.heartbeat()
      await this.#freshSums.step(this.#readParts())
    } catch (error) {
      if (error instanceof EpochChanged) this.#rejoin.start()
    } finally {
      this.#isBeating = false
    }
  }

  /**
   * Refunds leases under this process's name that it did not know in two audits: replies that were lost, and whatever
   * else may go wrong.
   */
  async #audit(): Promise<void> {
    if (!this.#isUsable || this.#isClosed) return
    try {
      const leases = await this.#fleet.leases()
      const unknown = leases.filter(lease => !this.#inFlight.has(lease))
      for (const lease of unknown) if (this.#unknownLeases.has(lease)) this.#outbox.release(this.#fleet.holder, lease)
      this.#unknownLeases = new Set(unknown)
      this.#flushSoon()
    } catch {
      // The connection has logged it.
    }
  }

  /** Resolves when Redis knows everything that was settled so far. @throws RedisDown, EpochChanged */
  flush(): Promise<void> {
    return this.#outbox.flush(this.#fleet.holder)
  }

  /** Sends the rest, and says that this process ends. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    this.#isClosed = true
    this.#rejoin.close()
    if (!this.#isUsable) return
    try {
      await this.flush()
      await this.#fleet.leave()
    } catch {
      // The other replicas give this process up after a while.
    }
  }
}

/** A call waits this long for all members to report again, instead of being refused. In ms. */
const retryWithinMs = 250

async function isDoneWithin(work: Promise<void>, ms: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  // A process that stood still looks first at what has come meanwhile.
  const timer = setTimeout(() => setImmediate(resolve, false), ms)
  try {
    return await Promise.race([work.then(() => true), promise])
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}

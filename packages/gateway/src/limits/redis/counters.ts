/**
 * Counters that replicas share, in Redis: one script and one round trip to reserve; settling is said afterwards and waited for by nobody. Each process
 * also counts what it has taken itself: with it it goes on while Redis is away, and tells it again to a Redis that has lost its data.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from '../../config/schema.ts'
import type { Log } from '../../log.ts'
import { RedisScriptFailed } from '../../redis/index.ts'
import type { Calendar } from '../counting/calendar.ts'
import {
  type Asked,
  amountOf,
  type Booking,
  type Claim,
  type Counter,
  type CounterIdentity,
  type CounterStore,
  type Outcome,
  type Standing,
  type Taken,
  type Used,
  usedOf,
} from '../counting/counters.ts'
import { CounterBook } from '../counting/memory.ts'
import { Moments } from '../counting/moments.ts'
import type { Moment } from '../counting/tally.ts'
import type { LimitsObserver, StoreState } from '../index.ts'
import { Membership, type MembershipParts } from './membership.ts'
import { EpochChanged, Outbox } from './outbox.ts'
import { fillTaken, type Reply, shortOf, slotsOf, standingOf } from './replies.ts'
import { readScript, reserveScript } from './scripts.ts'
import { decide, refusedWithoutStore, Shares } from './shares.ts'
import { type Holder, noClaims, Places, SharedTaken } from './taken.ts'

export interface RedisCountersParts extends MembershipParts {
  readonly calendar: Calendar
  readonly log: Log
  readonly observer: Pick<LimitsObserver, 'storeAnswered'>
  readonly whenDown: NonNullable<Config['limits']['whenStoreIsDown']>
}

/** How often a process says that it lives, at most. Also how soon an idle one hears that others come back. */
const beatMsMax = 500
const betweenAsksMs = 40

export class RedisCounters implements CounterStore {
  readonly kind = 'redis'
  readonly #parts: RedisCountersParts
  readonly #book: CounterBook
  readonly #moments: Moments
  readonly #places: Places
  readonly #outbox: Outbox
  readonly #fleet: Membership
  /** Calls under way, by lease. */
  readonly #live = new Map<string, SharedTaken>()
  readonly #timers: NodeJS.Timeout[] = []
  #leases = 0
  #returning: Promise<void> | null = null
  #isClosed = false
  #isBeating = false
  #isFlushing = false
  /** Set while Redis cannot be asked. */
  #outage: { readonly sinceMs: number; readonly shares: Shares } | null = null
  /** Leases in Redis that nobody here knows, at the last look. */
  #strangers = new Set<string>()

  constructor(parts: RedisCountersParts) {
    this.#parts = parts
    const { redis, calendar, log } = parts
    const fleet = new Membership(parts)
    this.#fleet = fleet
    this.#moments = new Moments(() => fleet.serverMs())
    this.#book = new CounterBook(calendar, this.#moments)
    this.#places = new Places(calendar, redis.key('c:'))
    this.#outbox = new Outbox({
      redis,
      log,
      places: this.#places,
      epochKey: fleet.epochKey,
      opening: () => [fleet.epoch, fleet.time()],
      nowMs: () => this.#now().atMs,
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

  /** True while Redis is asked. */
  get #isUsable(): boolean {
    return this.#parts.redis.isUp && this.#returning === null
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

  /** Adds what was used before this process began; before the connection is opened. */
  restore(bookings: readonly Booking[]): void {
    const now = this.#now()
    for (const { counter, amount, atMs } of bookings) {
      this.#book.live(counter).own.book(amount, { atMs, steadyMs: atMs }, now)
    }
  }

  reserve(claims: readonly Claim[], asked: Asked): Outcome | Promise<Outcome> {
    return this.#isUsable ? this.#ask(claims, asked, true) : this.#withoutStore(claims, asked)
  }

  async #ask(claims: readonly Claim[], asked: Asked, again: boolean): Promise<Outcome> {
    const { redis, observer } = this.#parts
    this.#leases += 1
    const lease = this.#leases.toString(36)
    const holder = this.#fleet.holder
    const keys = [this.#fleet.epochKey, holder.leases]
    const args: (string | number)[] = [this.#fleet.epoch, this.#fleet.time(), lease]
    const nowMs = this.#moments.now().atMs
    for (const claim of claims) {
      keys.push(this.#places.keyOf(claim.counter))
      this.#places.describe(claim.counter, nowMs, args)
      args.push(amountOf(claim, asked), claim.limit, (claim.enforce ? 1 : 0) + (claim.takes ? 2 : 0))
    }
    const askedAt = performance.now()
    let reply: Reply
    try {
      reply = (await redis.run(reserveScript, keys, args)) as Reply
    } catch (error) {
      if (error instanceof RedisScriptFailed) this.#parts.log.error({ cause: error }, 'limits_not_asked')
      // It may have been taken although nobody heard: then it is to be given back.
      this.#outbox.release(holder, lease)
      return this.#withoutStore(claims, asked)
    }
    observer.storeAnswered(performance.now() - askedAt)
    const [verdict = 0, serverMs = 0] = reply
    this.#fleet.heard(serverMs)
    if (verdict === 1) return { taken: this.#taken(claims, asked, lease, holder, reply), short: null }
    if (verdict === 0) return shortOf(claims, reply)
    const returned = this.#catchUp()
    returned.catch(nothing)
    // Everybody has to say what is theirs again: that takes milliseconds, and is no reason to refuse.
    if (again && this.#parts.whenDown === 'refuse' && (await isDoneWithin(returned, retryWithinMs))) {
      return this.#isUsable ? this.#ask(claims, asked, false) : this.#withoutStore(claims, asked)
    }
    return this.#withoutStore(claims, asked)
  }

  #taken(claims: readonly Claim[], asked: Asked, lease: string, holder: Holder, reply: Reply): SharedTaken {
    const taken = new SharedTaken(lease, holder, claims, asked, reply[1] ?? 0, slotsOf(claims, reply))
    fillTaken(taken, reply)
    this.#take(taken)
    return taken
  }

  /** Counts it as this process's own. */
  #take(taken: SharedTaken): void {
    for (const claim of taken.claims) {
      if (!claim.takes) continue
      // Redis may have answered after the counter was dropped as idle.
      const { own } = this.#book.live(claim.counter)
      own.take(amountOf(claim, taken.asked), taken.at)
    }
    this.#live.set(taken.lease, taken)
  }

  #withoutStore(claims: readonly Claim[], asked: Asked): Outcome {
    const { whenDown } = this.#parts
    if (!this.#isUsable) this.#wentDown()
    const now = this.#now()
    const shares = this.#outage?.shares ?? new Shares(this.#fleet.replicas, now.atMs)
    // Rules in mode shadow refuse nothing, whatever has become of the store.
    const mode = whenDown === 'refuse' && !claims.some(claim => claim.enforce) ? 'allow' : whenDown
    if (mode === 'refuse') return refusedWithoutStore
    const { short, shadowed, gauges } = decide(claims, asked, { mode, shares }, now)
    if (short !== null) return { taken: null, short }
    this.#leases += 1
    const slots = claims.map(({ counter }) => this.#places.slotAt(counter, now.atMs))
    const taken = new SharedTaken(this.#leases.toString(36), this.#fleet.holder, claims, asked, now.atMs, slots)
    taken.isTold = false
    taken.state = mode
    taken.tokens = gauges.tokens
    taken.requests = gauges.requests
    taken.shadowed = shadowed.length === 0 ? noClaims : shadowed
    this.#take(taken)
    return { taken, short: null }
  }

  take(claims: readonly Claim[], asked: Asked, atMs: number): Taken {
    const now = this.#now()
    this.#leases += 1
    const slots = claims.map(({ counter }) => this.#places.slotAt(counter, atMs))
    const taken = new SharedTaken(this.#leases.toString(36), this.#fleet.holder, claims, asked, atMs, slots)
    for (const claim of claims) {
      if (claim.takes) this.#book.live(claim.counter).own.hold(amountOf(claim, asked), taken.at, now)
    }
    this.#live.set(taken.lease, taken)
    // Told like a call that passed without the store; where that is away, once it is back.
    taken.isTold = this.#isUsable
    if (taken.isTold) this.#outbox.adopt(taken, true)
    this.#flushSoon()
    return taken
  }

  settle(taken: Taken, used: Used): void {
    if (!(taken instanceof SharedTaken)) throw new TypeError('settled with a store that it was not taken from')
    this.#live.delete(taken.lease)
    for (const [index, claim] of taken.claims.entries()) {
      if (!claim.takes) continue
      this.#book.live(claim.counter).own.settle(taken.at, amountOf(claim, taken.asked), usedOf(claim, used))
      if (!taken.isTold) this.#outbox.add(claim.counter, taken.slots[index] ?? 0, usedOf(claim, used))
    }
    if (taken.isTold) this.#outbox.settle(taken, used)
    this.#flushSoon()
  }

  /** After this turn of the event loop, so that what ends together is said together. */
  #flushSoon(): void {
    if (this.#isFlushing || !this.#isUsable) return
    this.#isFlushing = true
    setImmediate(() => void this.#flush())
  }

  async #flush(): Promise<void> {
    try {
      await this.#outbox.flush(this.#fleet.holder)
      this.#isFlushing = false
      if (!this.#outbox.isEmpty) this.#flushSoon()
    } catch (error) {
      this.#isFlushing = false
      if (error instanceof EpochChanged) this.#catchUp().catch(nothing)
    }
  }

  async read(counters: readonly Counter[]): Promise<readonly Standing[]> {
    if (this.#isUsable && counters.length > 0) {
      try {
        return await this.#readAll(counters)
      } catch {
        // What is known here is better than nothing; `state` says that it is not everything.
      }
    }
    const now = this.#now()
    return counters.map(({ own, window }) => {
      const renewsAtMs = window.kind === 'inFlight' ? null : now.atMs + own.resetInMs(now)
      return standingOf(own.sum(now), own.reserved, renewsAtMs)
    })
  }

  async #readAll(counters: readonly Counter[]): Promise<readonly Standing[]> {
    const standings: Standing[] = []
    for (let from = 0; from < counters.length; from += readMax) {
      const some = counters.slice(from, from + readMax)
      const args: (string | number)[] = [this.#fleet.time()]
      const nowMs = this.#moments.now().atMs
      for (const counter of some) {
        this.#places.describe(counter, nowMs, args)
        args.push(0, 0, 0)
      }
      const keys = some.map(counter => this.#places.keyOf(counter))
      const reply = (await this.#parts.redis.run(readScript, keys, args)) as Reply
      for (const [index, { window }] of some.entries()) {
        const [sum = 0, reserved = 0, reset = 0] = reply.slice(1 + index * 3, 4 + index * 3)
        const renewsAtMs = window.kind === 'inFlight' ? null : (reply[0] ?? 0) + (sum === 0 ? 0 : reset)
        standings.push(standingOf(sum, reserved, renewsAtMs))
      }
    }
    return standings
  }

  #wentDown(): void {
    if (this.#outage !== null || this.#isClosed) return
    const { clock, log, whenDown } = this.#parts
    this.#outage = { sinceMs: clock(), shares: new Shares(this.#fleet.replicas, this.#moments.now().atMs) }
    log.warn({ whenStoreIsDown: whenDown, replicas: this.#fleet.replicas }, 'limits_store_down')
  }

  #cameBack(): void {
    if (this.#outage === null) return
    const { clock, log } = this.#parts
    log.info({ downMs: Math.round(clock() - this.#outage.sinceMs) }, 'limits_store_back')
    this.#outage = null
  }

  /** As the connection calls it. */
  async #return(): Promise<void> {
    if (this.#fleet.epoch !== '') this.#wentDown()
    await this.#catchUp()
    this.#cameBack()
  }

  /** Another epoch, found while the connection holds: as after an outage, without one. */
  #catchUp(): Promise<void> {
    this.#returning ??= this.#tellAndWait().finally(() => {
      this.#returning = null
      if (this.#parts.redis.isUp) this.#cameBack()
    })
    return this.#returning
  }

  async #tellAndWait(): Promise<void> {
    for (let tries = 0; !this.#isClosed; tries += 1) {
      try {
        await this.#join(tries === 0)
        await this.#outbox.flush(this.#fleet.holder)
        while ((await this.#fleet.isGathering()) && !this.#isClosed) {
          await delay(betweenAsksMs)
          this.#adoptLive()
          await this.#outbox.flush(this.#fleet.holder)
        }
        await this.#fleet.sayAlive()
        this.#adoptLive()
        await this.#outbox.flush(this.#fleet.holder)
        return
      } catch (error) {
        if (!(error instanceof EpochChanged)) throw error
      }
    }
  }

  /** @param calls Whether everybody is called together for what is to be told here: once, or two would call each other for ever. */
  async #join(calls: boolean): Promise<void> {
    const hasNews = calls && (this.#outbox.hasNews || [...this.#live.values()].some(taken => !taken.isTold))
    const { isLost, isKnown } = await this.#fleet.join(hasNews)
    if (isLost) this.#outbox.clear()
    if (isKnown) this.#adoptLive()
    else this.#tellAll()
  }

  /** All that is this process's own, to a store that knows none of it. */
  #tellAll(): void {
    this.#outbox.clear()
    const now = this.#now()
    for (const counter of this.#book.values()) {
      for (const { slot, amount } of counter.own.contents(now)) this.#outbox.add(counter, slot, amount)
    }
    this.#outbox.gather(this.#fleet.holder)
    for (const taken of this.#live.values()) {
      taken.holder = this.#fleet.holder
      taken.isTold = true
      this.#outbox.adopt(taken, false)
    }
  }

  /** Calls under way that were let pass without the store. */
  #adoptLive(): void {
    for (const taken of this.#live.values()) {
      if (taken.isTold) continue
      taken.holder = this.#fleet.holder
      taken.isTold = true
      this.#outbox.adopt(taken, true)
    }
  }

  /** Says that this process lives, and gives back what silent ones have reserved. A timer calls it; tests that have their own time do, too. */
  async beat(): Promise<void> {
    if (!this.#isUsable || this.#isBeating || this.#isClosed) return
    this.#isBeating = true
    try {
      this.#adoptLive()
      if (!this.#outbox.isEmpty) this.#flushSoon()
      await this.#fleet.sayAlive()
    } catch (error) {
      if (error instanceof EpochChanged) this.#catchUp().catch(nothing)
    } finally {
      this.#isBeating = false
    }
  }

  /** Gives back what stands in this process's name and what it does not know, seen twice: an answer that was lost, and whatever else may go wrong. */
  async #audit(): Promise<void> {
    if (!this.#isUsable || this.#isClosed) return
    try {
      const leases = await this.#fleet.leases()
      const strangers = leases.filter(lease => !this.#live.has(lease))
      for (const lease of strangers) if (this.#strangers.has(lease)) this.#outbox.release(this.#fleet.holder, lease)
      this.#strangers = new Set(strangers)
      this.#flushSoon()
    } catch {
      // The connection has said so.
    }
  }

  /** Resolves when Redis has heard of everything that was settled so far. @throws RedisDown, EpochChanged */
  told(): Promise<void> {
    return this.#outbox.flush(this.#fleet.holder)
  }

  /** Says what is left to say, and that this process ends. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    this.#isClosed = true
    if (!this.#isUsable) return
    try {
      await this.told()
      await this.#fleet.leave()
    } catch {
      // It is given up in time.
    }
  }
}

function nothing(): void {}

/** Counters that one script call reads. */
const readMax = 100
/** A call waits so long for everybody to say again what is theirs, instead of being refused. */
const retryWithinMs = 250

async function isDoneWithin(work: Promise<void>, ms: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(resolve, ms, false)
  try {
    return await Promise.race([work.then(() => true), promise])
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}

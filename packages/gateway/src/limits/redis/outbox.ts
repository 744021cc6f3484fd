/**
 * Changes that Redis does not know yet, in order. A change that was sent is kept until Redis answers, and sent again
 * after an outage; the scripts apply none of them twice.
 */

import type { Log } from '../../log.ts'
import { RedisScriptFailed, type RedisStore } from '../../redis/index.ts'
import { amountOf, type Counter, type Used, usedOf } from '../counting/counters.ts'
import type { RedisKeys } from './keys.ts'
import type { Holder, SharedReservation } from './reservation.ts'
import { scripts } from './scripts.ts'

/** Redis is in another epoch than expected: it has lost its data, or another process has come back to it. */
export class EpochChanged extends Error {
  readonly code = 'epoch_changed'
}

interface CounterAmount {
  readonly counter: Counter
  readonly slot: number
  readonly amount: number
}

type OutboxEntry =
  | { readonly kind: 'settle'; readonly reservation: SharedReservation; readonly used: Used }
  /** A lease that Redis may have or not, because its reply was lost. */
  | { readonly kind: 'release'; readonly holder: Holder; readonly lease: string }
  /** `counts`: true when its amounts must still be added. */
  | { readonly kind: 'adopt'; readonly reservation: SharedReservation; readonly counts: boolean }
  | {
      readonly kind: 'book'
      readonly holder: Holder
      readonly number: number
      readonly amounts: readonly CounterAmount[]
    }

/** Most leases in one script call, so that none blocks the server for long. */
const settledMax = 50
/** Most amounts in one script call. */
const amountsMax = 200
/** Slots of one counter after which the oldest ones are dropped: by then they are outside of its window. */
const slotsMax = 512

export interface OutboxParts {
  readonly redis: RedisStore
  readonly log: Log
  readonly keys: RedisKeys
  /** First arguments of all scripts: epoch and time. */
  readonly firstArguments: () => readonly [string, string]
  readonly epochKey: string
  /** The server's time as far as it is known, in ms. */
  readonly nowMs: () => number
}

export class Outbox {
  readonly #parts: OutboxParts
  readonly #entries: OutboxEntry[] = []
  /** Used by calls that started and ended while Redis was down: by counter and slot. */
  readonly #unreported = new Map<Counter, Map<number, number>>()
  #number = 0
  #settledMax = settledMax
  #flushing: Promise<void> | null = null

  constructor(parts: OutboxParts) {
    this.#parts = parts
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0 && this.#unreported.size === 0
  }

  /** True when there are used amounts that other replicas do not know. */
  get hasNews(): boolean {
    return this.#unreported.size > 0 || this.#entries.some(({ kind }) => kind === 'book' || kind === 'adopt')
  }

  settle(reservation: SharedReservation, used: Used): void {
    this.#entries.push({ kind: 'settle', reservation, used })
  }

  release(holder: Holder, lease: string): void {
    this.#entries.push({ kind: 'release', holder, lease })
  }

  adopt(reservation: SharedReservation, counts: boolean): void {
    this.#entries.push({ kind: 'adopt', reservation, counts })
  }

  /** Adds a used amount, to be reported when Redis is back. */
  add(counter: Counter, slot: number, amount: number): void {
    if (amount === 0 || counter.window.kind === 'inFlight') return
    const slots = this.#unreported.get(counter) ?? new Map<number, number>()
    this.#unreported.set(counter, slots)
    slots.set(slot, (slots.get(slot) ?? 0) + amount)
    if (slots.size > slotsMax)
      for (const old of [...slots.keys()].slice(0, slots.size - slotsMax / 2)) slots.delete(old)
  }

  /** Drops everything, because Redis has lost the data that it was about. */
  clear(): void {
    this.#entries.length = 0
    this.#unreported.clear()
  }

  /**
   * Sends everything. Only one flush runs at a time; what is settled meanwhile is sent together.
   * @throws RedisDown, EpochChanged; then everything that was not answered stays.
   */
  flush(holder: Holder): Promise<void> {
    this.#flushing ??= this.#sendAll(holder).finally(() => {
      this.#flushing = null
    })
    return this.#flushing
  }

  async #sendAll(holder: Holder): Promise<void> {
    for (;;) {
      this.queueBookings(holder)
      const [first] = this.#entries
      if (first === undefined) return
      const sent = first.kind === 'settle' || first.kind === 'release' ? this.#nextSettled() : [first]
      try {
        await this.#send(first, sent)
      } catch (error) {
        if (!(error instanceof RedisScriptFailed)) throw error
        this.#parts.log.error({ cause: error, what: first.kind, entries: sent.length }, 'limits_not_told')
        // Retry one by one to find the entry that fails; the scripts apply nothing twice. The failing one would fail
        // for ever and block all others, so it is dropped.
        this.#settledMax = sent.length > 1 ? 1 : settledMax
        if (sent.length > 1) continue
      }
      // After `clear` the list begins with another entry.
      if (this.#entries[0] === first) this.#entries.splice(0, sent.length)
    }
  }

  async #send(first: OutboxEntry, sent: readonly OutboxEntry[]): Promise<void> {
    if (first.kind === 'book') await this.#book(first.holder, first.number, first.amounts)
    else if (first.kind === 'adopt') await this.#adopt(first.reservation, first.counts)
    else await this.#settle(sent)
  }

  /** Turns the amounts added so far into entries. */
  queueBookings(holder: Holder): void {
    if (this.#unreported.size === 0) return
    const amounts = [...this.#unreported].flatMap(([counter, slots]) =>
      [...slots].map(([slot, amount]) => ({ counter, slot, amount })),
    )
    this.#unreported.clear()
    for (let from = 0; from < amounts.length; from += amountsMax) {
      this.#number += 1
      const some = amounts.slice(from, from + amountsMax)
      this.#entries.push({ kind: 'book', holder, number: this.#number, amounts: some })
    }
  }

  /** The first entries that fit in one script call. */
  #nextSettled(): readonly OutboxEntry[] {
    let count = 0
    while (count < this.#settledMax) {
      const kind = this.#entries[count]?.kind
      if (kind !== 'settle' && kind !== 'release') break
      count += 1
    }
    return this.#entries.slice(0, count)
  }

  async #settle(entries: readonly OutboxEntry[]): Promise<void> {
    const { redis, keys, epochKey, firstArguments } = this.#parts
    const nowMs = this.#parts.nowMs()
    const names = [epochKey]
    const args: (string | number)[] = [...firstArguments(), entries.length]
    for (const entry of entries) {
      if (entry.kind === 'release') {
        names.push(entry.holder.leases, entry.holder.givenUp)
        args.push(entry.lease, -1)
      } else if (entry.kind === 'settle') {
        const { reservation, used } = entry
        names.push(reservation.holder.leases, reservation.holder.givenUp)
        const counters = args.push(reservation.lease, 0) - 1
        let count = 0
        reservation.claims.forEach((claim, index) => {
          if (!claim.takes) return
          count += 1
          names.push(keys.keyOf(claim.counter))
          keys.describe(claim.counter, nowMs, args)
          args.push(amountOf(claim, reservation.requested), usedOf(claim, used), reservation.slots[index] ?? 0)
        })
        args[counters] = count
      }
    }
    throwIfEpochChanged(await redis.run(scripts.settle, names, args))
  }

  async #book(holder: Holder, number: number, amounts: readonly CounterAmount[]): Promise<void> {
    const { redis, keys, epochKey, firstArguments } = this.#parts
    const nowMs = this.#parts.nowMs()
    const names = [epochKey, holder.lastBooked]
    const args: (string | number)[] = [...firstArguments(), number]
    for (const { counter, slot, amount } of amounts) {
      names.push(keys.keyOf(counter))
      keys.describe(counter, nowMs, args)
      args.push(amount, slot, 0)
    }
    throwIfEpochChanged(await redis.run(scripts.book, names, args))
  }

  async #adopt({ holder, claims, requested, lease, slots }: SharedReservation, counts: boolean): Promise<void> {
    const { redis, keys, epochKey, firstArguments } = this.#parts
    const nowMs = this.#parts.nowMs()
    const names = [epochKey, holder.leases]
    const args: (string | number)[] = [...firstArguments(), lease]
    claims.forEach((claim, index) => {
      if (!claim.takes) return
      names.push(keys.keyOf(claim.counter))
      keys.describe(claim.counter, nowMs, args)
      args.push(amountOf(claim, requested), slots[index] ?? 0, counts ? 1 : 0)
    })
    throwIfEpochChanged(await redis.run(scripts.adopt, names, args))
  }
}

function throwIfEpochChanged(reply: unknown): void {
  if (reply === -1) throw new EpochChanged('Redis has begun another epoch')
}

/**
 * What Redis has not heard of yet, in order. What is said is kept until it is answered, and said again after an outage; the scripts take nothing
 * a second time.
 */

import type { Log } from '../../log.ts'
import { RedisScriptFailed, type RedisStore } from '../../redis/index.ts'
import { amountOf, type Counter, type Used, usedOf } from '../counting/counters.ts'
import { adoptScript, bookScript, settleScript } from './scripts.ts'
import type { Holder, Places, SharedTaken } from './taken.ts'

/** Redis has another epoch than the one that was told: it has lost its data, or somebody has come back to it. */
export class EpochChanged extends Error {
  readonly code = 'epoch_changed'
}

interface Amount {
  readonly counter: Counter
  readonly slot: number
  readonly amount: number
}

type Entry =
  | { readonly kind: 'settle'; readonly taken: SharedTaken; readonly used: Used }
  /** A lease that may be there or not, since nobody heard the answer. */
  | { readonly kind: 'release'; readonly holder: Holder; readonly lease: string }
  /** `counts`: whether its amounts are still to be added. */
  | { readonly kind: 'adopt'; readonly taken: SharedTaken; readonly counts: boolean }
  | { readonly kind: 'book'; readonly holder: Holder; readonly number: number; readonly amounts: readonly Amount[] }

/** Of one script call, so that it never holds up the server for long. */
const settledMax = 50
const amountsMax = 200
/** Slots of one counter before those that nobody asks for any more are dropped. */
const slotsMax = 512

export interface OutboxParts {
  readonly redis: RedisStore
  readonly log: Log
  readonly places: Places
  /** Arguments that all scripts begin with: epoch and time. */
  readonly opening: () => readonly [string, string]
  readonly epochKey: string
  /** The server's time as far as it is known, milliseconds. */
  readonly nowMs: () => number
}

export class Outbox {
  readonly #parts: OutboxParts
  readonly #entries: Entry[] = []
  /** Used by calls that began and ended while Redis could not be told: by counter and slot. */
  readonly #unheard = new Map<Counter, Map<number, number>>()
  #number = 0
  #settledMax = settledMax
  #flushing: Promise<void> | null = null

  constructor(parts: OutboxParts) {
    this.#parts = parts
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0 && this.#unheard.size === 0
  }

  /** True when others do not know of amounts that were used. */
  get hasNews(): boolean {
    return this.#unheard.size > 0 || this.#entries.some(({ kind }) => kind === 'book' || kind === 'adopt')
  }

  settle(taken: SharedTaken, used: Used): void {
    this.#entries.push({ kind: 'settle', taken, used })
  }

  release(holder: Holder, lease: string): void {
    this.#entries.push({ kind: 'release', holder, lease })
  }

  adopt(taken: SharedTaken, counts: boolean): void {
    this.#entries.push({ kind: 'adopt', taken, counts })
  }

  /** Adds what was used, to be told when there is somebody to tell. */
  add(counter: Counter, slot: number, amount: number): void {
    if (amount === 0 || counter.window.kind === 'inFlight') return
    const slots = this.#unheard.get(counter) ?? new Map<number, number>()
    this.#unheard.set(counter, slots)
    slots.set(slot, (slots.get(slot) ?? 0) + amount)
    if (slots.size > slotsMax)
      for (const old of [...slots.keys()].slice(0, slots.size - slotsMax / 2)) slots.delete(old)
  }

  /** Forgets everything: the data that it was about are gone. */
  clear(): void {
    this.#entries.length = 0
    this.#unheard.clear()
  }

  /**
   * Says all there is. One at a time: what is settled meanwhile goes out together.
   * @throws RedisDown, EpochChanged; then what was not answered stays.
   */
  flush(holder: Holder): Promise<void> {
    this.#flushing ??= this.#send(holder).finally(() => {
      this.#flushing = null
    })
    return this.#flushing
  }

  async #send(holder: Holder): Promise<void> {
    for (;;) {
      this.gather(holder)
      const [first] = this.#entries
      if (first === undefined) return
      const said = first.kind === 'settle' || first.kind === 'release' ? this.#settled() : [first]
      try {
        await this.#say(first, said)
      } catch (error) {
        if (!(error instanceof RedisScriptFailed)) throw error
        this.#parts.log.error({ cause: error, what: first.kind, entries: said.length }, 'limits_not_told')
        // One by one, to find the one that it fails on: what was done is not done again. That one would fail for ever, and hold up all behind it.
        this.#settledMax = said.length > 1 ? 1 : settledMax
        if (said.length > 1) continue
      }
      // After `clear` others stand there.
      if (this.#entries[0] === first) this.#entries.splice(0, said.length)
    }
  }

  async #say(first: Entry, said: readonly Entry[]): Promise<void> {
    if (first.kind === 'book') await this.#book(first.holder, first.number, first.amounts)
    else if (first.kind === 'adopt') await this.#adopt(first.taken, first.counts)
    else await this.#settle(said)
  }

  /** Makes what was added so far the next to be said. */
  gather(holder: Holder): void {
    if (this.#unheard.size === 0) return
    const amounts = [...this.#unheard].flatMap(([counter, slots]) =>
      [...slots].map(([slot, amount]) => ({ counter, slot, amount })),
    )
    this.#unheard.clear()
    for (let from = 0; from < amounts.length; from += amountsMax) {
      this.#number += 1
      const some = amounts.slice(from, from + amountsMax)
      this.#entries.push({ kind: 'book', holder, number: this.#number, amounts: some })
    }
  }

  /** The entries in front that go into one script call. */
  #settled(): readonly Entry[] {
    let count = 0
    while (count < this.#settledMax) {
      const kind = this.#entries[count]?.kind
      if (kind !== 'settle' && kind !== 'release') break
      count += 1
    }
    return this.#entries.slice(0, count)
  }

  async #settle(entries: readonly Entry[]): Promise<void> {
    const { redis, places, epochKey, opening } = this.#parts
    const nowMs = this.#parts.nowMs()
    const keys = [epochKey]
    const args: (string | number)[] = [...opening(), entries.length]
    for (const entry of entries) {
      if (entry.kind === 'release') {
        keys.push(entry.holder.leases, entry.holder.gone)
        args.push(entry.lease, -1)
      } else if (entry.kind === 'settle') {
        const { taken, used } = entry
        keys.push(taken.holder.leases, taken.holder.gone)
        const counters = args.push(taken.lease, 0) - 1
        let count = 0
        taken.claims.forEach((claim, index) => {
          if (!claim.takes) return
          count += 1
          keys.push(places.keyOf(claim.counter))
          places.describe(claim.counter, nowMs, args)
          args.push(amountOf(claim, taken.asked), usedOf(claim, used), taken.slots[index] ?? 0)
        })
        args[counters] = count
      }
    }
    this.#heed(await redis.run(settleScript, keys, args))
  }

  async #book(holder: Holder, number: number, amounts: readonly Amount[]): Promise<void> {
    const { redis, places, epochKey, opening } = this.#parts
    const nowMs = this.#parts.nowMs()
    const keys = [epochKey, holder.told]
    const args: (string | number)[] = [...opening(), number]
    for (const { counter, slot, amount } of amounts) {
      keys.push(places.keyOf(counter))
      places.describe(counter, nowMs, args)
      args.push(amount, slot, 0)
    }
    this.#heed(await redis.run(bookScript, keys, args))
  }

  async #adopt({ holder, claims, asked, lease, slots }: SharedTaken, counts: boolean): Promise<void> {
    const { redis, places, epochKey, opening } = this.#parts
    const nowMs = this.#parts.nowMs()
    const keys = [epochKey, holder.leases]
    const args: (string | number)[] = [...opening(), lease]
    claims.forEach((claim, index) => {
      if (!claim.takes) return
      keys.push(places.keyOf(claim.counter))
      places.describe(claim.counter, nowMs, args)
      args.push(amountOf(claim, asked), slots[index] ?? 0, counts ? 1 : 0)
    })
    this.#heed(await redis.run(adoptScript, keys, args))
  }

  #heed(reply: unknown): void {
    if (reply === -1) throw new EpochChanged('Redis has begun another epoch')
  }
}

/**
 * Whose which object is, asked in the order of cost: this process's memory, Redis where replicas share one, this gateway's ledger,
 * which survives restarts.
 */
import type { RedisStore } from '../redis/index.ts'
import { RedisDebts } from './debts.ts'
import { type ObjectHistory, type Objects, ObjectsUnavailable, type Owner, type SharedDebts } from './index.ts'
import { Remembered } from './remembered.ts'
import { Shared } from './shared.ts'

export interface ObjectsParts {
  /** Null where replicas share nothing. */
  readonly redis: RedisStore | null
  readonly history: ObjectHistory
  /** How long Redis keeps an object's owner, milliseconds. */
  readonly rememberMs: number
  /** Objects in memory; beyond, the oldest must be asked for again. Default 200,000, some 22 MB when full. */
  readonly rememberedMax?: number
}

/** As instances give them; nothing else is worth a question. */
const idPattern = /^[\w.:-]{1,256}$/

/** So many ids are remembered that the ledger does not know, and that were deleted. Some 4 MB of each when full. */
const goneMax = 50_000
/** Questions to the ledger at once; more would only hold up each other and everybody else's. */
const questionsMax = 4
/** Objects of one question: one caller's many unknown ids must not be many questions, which others wait for. */
const idsPerQuestion = 250

export function openObjects(parts: ObjectsParts): Objects {
  return new Ownership(parts)
}

class Ownership implements Objects {
  readonly #remembered: Remembered
  readonly #shared: Shared | null
  readonly debts: SharedDebts | null
  readonly #history: ObjectHistory
  /**
   * What this process creates it remembers, so that the ledger's "no" stays true until then. Of Redis nothing is kept: another
   * replica may create an id at any time.
   */
  readonly #notInLedger = new Set<string>()
  /** The ledger and replicas hear of a deletion later, and name the owner until then. */
  readonly #deleted = new Set<string>()
  readonly #asking = new Map<string, Promise<Owner | null>>()
  /** What is to be asked of the ledger with the next question. */
  readonly #toAsk = new Map<string, PromiseWithResolvers<Owner | null>>()
  #questions = 0

  constructor({ redis, history, rememberMs, rememberedMax = 200_000 }: ObjectsParts) {
    this.#remembered = new Remembered(rememberedMax)
    this.#shared = redis === null ? null : new Shared(redis, rememberMs, this.#remembered)
    this.debts = redis === null ? null : new RedisDebts(redis, rememberMs)
    this.#history = history
  }

  get size(): number {
    return this.#remembered.size
  }

  remembered(id: string): Owner | null {
    return this.#remembered.get(id)
  }

  ownerOf(id: string): Owner | null | Promise<Owner | null> {
    const known = this.#remembered.get(id)
    if (known !== null) return known
    if (this.#deleted.has(id) || !idPattern.test(id)) return null
    const asking = this.#asking.get(id)
    if (asking !== undefined) return asking
    const question = this.#ask(id).finally(() => this.#asking.delete(id))
    this.#asking.set(id, question)
    return question
  }

  known(ids: readonly string[]): ReadonlyMap<string, Owner> | Promise<ReadonlyMap<string, Owner>> {
    const found = new Map<string, Owner>()
    const missing: string[] = []
    for (const id of ids) {
      const owner = this.#remembered.get(id)
      if (owner !== null) found.set(id, owner)
      else if (this.#shared !== null && !this.#deleted.has(id) && idPattern.test(id)) missing.push(id)
    }
    return this.#shared === null || missing.length === 0 ? found : this.#knownToReplicas(this.#shared, missing, found)
  }

  created(ids: readonly string[], owner: Owner): void {
    const fresh = ids.filter(id => this.#remembered.put(id, owner))
    for (const id of fresh) {
      this.#notInLedger.delete(id)
      this.#deleted.delete(id)
    }
    if (fresh.length > 0) this.#shared?.put(fresh, owner)
  }

  deleted(id: string): void {
    this.#remembered.delete(id)
    addUpTo(goneMax, this.#deleted, id)
    this.#shared?.put([id], null)
  }

  async close(): Promise<void> {
    await this.#shared?.close()
  }

  async #ask(id: string): Promise<Owner | null> {
    const shared = (await this.#shared?.ownerOf(id)) ?? null
    const found = shared === null || shared === 'unknown' ? await this.#askLedger(id) : shared
    // It may have been created or deleted while others were asked.
    if (this.#deleted.has(id)) return null
    const owner = this.#remembered.get(id) ?? found
    if (owner === null) {
      if (shared === 'unknown') throw new ObjectsUnavailable()
      return null
    }
    this.#remembered.put(id, owner)
    // Of before there was a Redis, or of one that has lost it: other replicas will be asked for it too.
    if (shared === null) this.#shared?.put([id], owner)
    return owner
  }

  async #knownToReplicas(
    shared: Shared,
    ids: readonly string[],
    found: Map<string, Owner>,
  ): Promise<ReadonlyMap<string, Owner>> {
    for (const [id, owner] of await shared.ownersOf(ids)) {
      if (this.#deleted.has(id)) continue
      this.#remembered.put(id, owner)
      // It may have been created while Redis was asked.
      found.set(id, this.#remembered.get(id) ?? owner)
    }
    return found
  }

  async #askLedger(id: string): Promise<Owner | null> {
    if (this.#notInLedger.has(id)) return null
    const question = Promise.withResolvers<Owner | null>()
    this.#toAsk.set(id, question)
    // Behind this turn, so that all ids of one body are one question.
    queueMicrotask(() => this.#askNext())
    return question.promise
  }

  #askNext(): void {
    if (this.#questions >= questionsMax || this.#toAsk.size === 0) return
    const some = [...this.#toAsk.entries().take(idsPerQuestion)]
    for (const [id] of some) this.#toAsk.delete(id)
    this.#questions += 1
    this.#history
      .creatorsOf(some.map(([id]) => id))
      .then(
        owners => {
          for (const [id, question] of some) {
            const owner = owners.get(id) ?? null
            if (owner === null) addUpTo(goneMax, this.#notInLedger, id)
            question.resolve(owner)
          }
        },
        cause => {
          for (const [, question] of some) question.reject(new ObjectsUnavailable({ cause }))
        },
      )
      .finally(() => {
        this.#questions -= 1
        this.#askNext()
      })
  }
}

/** The oldest one makes room. */
function addUpTo(most: number, ids: Set<string>, id: string): void {
  ids.add(id)
  if (ids.size <= most) return
  const [oldest] = ids
  if (oldest !== undefined) ids.delete(oldest)
}

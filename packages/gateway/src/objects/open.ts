/**
 * Looks up the owner of an object, cheapest source first: this process's memory, then Redis where replicas share one,
 * then this gateway's ledger, which survives restarts.
 */
import type { RedisStore } from '../redis/index.ts'
import { RedisDebts } from './debts.ts'
import { type ObjectHistory, type Objects, ObjectsUnavailable, type Owner, type SharedDebts } from './index.ts'
import { OwnerMemory } from './owner-memory.ts'
import { SharedOwners } from './shared-owners.ts'

export interface ObjectsParts {
  /** Null where replicas share nothing. */
  readonly redis: RedisStore | null
  readonly history: ObjectHistory
  /** How long Redis keeps the owner of an object, or that it was deleted. Milliseconds. */
  readonly rememberMs: number
  /** Most objects in memory; beyond it, the oldest are looked up again. Default 200,000, some 22 MB when full. */
  readonly rememberedMax?: number
}

/** Ids as instances give them; anything else is not worth a look-up. */
const idPattern = /^[\w.:-]{1,256}$/

/** Most ids that are remembered as not in the ledger, and as deleted. Some 4 MB of each when full. */
const goneMax = 50_000
/** Questions to the ledger at once; more would only delay one another and those of other readers. */
const questionsMax = 4
/** Objects per question: many unknown ids of one caller must not become many questions that other callers wait for. */
const idsPerQuestion = 250

export function openObjects(parts: ObjectsParts): Objects {
  return new Ownership(parts)
}

class Ownership implements Objects {
  readonly #memory: OwnerMemory
  readonly #shared: SharedOwners | null
  readonly debts: SharedDebts | null
  readonly #history: ObjectHistory
  /**
   * Ids that the ledger does not know. They stay unknown to it until this process creates them, and then it remembers
   * them itself. Nothing of the kind is kept for Redis: another replica may create an id at any time.
   */
  readonly #notInLedger = new Set<string>()
  /**
   * The ledger and the replicas learn of a deletion later and name the owner until then. Ids are never given twice, so
   * a creation that is reported after it is late: an event of the stream that created the object, or another answer
   * about its batch.
   */
  readonly #deleted = new Set<string>()
  readonly #lookups = new Map<string, Promise<Owner | null>>()
  /** Look-ups for the next question to the ledger. */
  readonly #toAsk = new Map<string, PromiseWithResolvers<Owner | null>>()
  #questions = 0

  constructor({ redis, history, rememberMs, rememberedMax = 200_000 }: ObjectsParts) {
    this.#memory = new OwnerMemory(rememberedMax)
    this.#shared =
      redis === null ? null : new SharedOwners(redis, rememberMs, this.#memory, id => this.#noteDeleted(id))
    this.debts = redis === null ? null : new RedisDebts(redis, rememberMs)
    this.#history = history
  }

  get size(): number {
    return this.#memory.size
  }

  remembered(id: string): Owner | null {
    return this.#memory.get(id)
  }

  ownerOf(id: string): Owner | null | Promise<Owner | null> {
    const known = this.#memory.get(id)
    if (known !== null) return known
    if (this.#deleted.has(id) || !idPattern.test(id)) return null
    const running = this.#lookups.get(id)
    if (running !== undefined) return running
    const lookup = this.#lookUp(id).finally(() => this.#lookups.delete(id))
    this.#lookups.set(id, lookup)
    return lookup
  }

  known(ids: readonly string[]): ReadonlyMap<string, Owner> | Promise<ReadonlyMap<string, Owner>> {
    const found = new Map<string, Owner>()
    const missing: string[] = []
    for (const id of ids) {
      const owner = this.#memory.get(id)
      if (owner !== null) found.set(id, owner)
      else if (this.#shared !== null && !this.#deleted.has(id) && idPattern.test(id)) missing.push(id)
    }
    return this.#shared === null || missing.length === 0 ? found : this.#knownToReplicas(this.#shared, missing, found)
  }

  created(ids: readonly string[], owner: Owner): void {
    const fresh = ids.filter(id => !this.#deleted.has(id) && this.#memory.put(id, owner))
    for (const id of fresh) this.#notInLedger.delete(id)
    if (fresh.length > 0) this.#shared?.put(fresh, owner)
  }

  deleted(id: string): void {
    this.#noteDeleted(id)
    this.#shared?.put([id], null)
  }

  async close(): Promise<void> {
    this.debts?.close()
    await this.#shared?.close()
  }

  #noteDeleted(id: string): void {
    this.#memory.delete(id)
    addUpTo(goneMax, this.#deleted, id)
  }

  async #lookUp(id: string): Promise<Owner | null> {
    const shared = (await this.#shared?.ownerOf(id)) ?? null
    if (shared === 'deleted') {
      this.#noteDeleted(id)
      return null
    }
    const found = shared === null || shared === 'unknown' ? await this.#askLedger(id) : shared
    // It may have been created or deleted during the look-up.
    if (this.#deleted.has(id)) return null
    const owner = this.#memory.get(id) ?? found
    if (owner === null) {
      if (shared === 'unknown') throw new ObjectsUnavailable()
      return null
    }
    this.#memory.put(id, owner)
    // Redis did not have it (it is older than this Redis, or was lost): other replicas will look for it too.
    if (shared === null) this.#shared?.put([id], owner)
    return owner
  }

  async #knownToReplicas(
    shared: SharedOwners,
    ids: readonly string[],
    found: Map<string, Owner>,
  ): Promise<ReadonlyMap<string, Owner>> {
    for (const [id, owner] of await shared.ownersOf(ids)) {
      if (this.#deleted.has(id)) continue
      this.#memory.put(id, owner)
      // It may have been created during the look-up.
      found.set(id, this.#memory.get(id) ?? owner)
    }
    return found
  }

  async #askLedger(id: string): Promise<Owner | null> {
    if (this.#notInLedger.has(id)) return null
    const question = Promise.withResolvers<Owner | null>()
    this.#toAsk.set(id, question)
    // After this turn of the loop, so that all ids of one body become one question.
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

/** Adds an id and drops the oldest one beyond the maximum. */
function addUpTo(most: number, ids: Set<string>, id: string): void {
  ids.add(id)
  if (ids.size <= most) return
  const [oldest] = ids
  if (oldest !== undefined) ids.delete(oldest)
}

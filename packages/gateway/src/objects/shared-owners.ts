/**
 * Owners that replicas share: a key per object in Redis. The empty value says that the object was deleted. Writing
 * never waits; what Redis could not take is kept and written when it is back, the newest `unsentMax` of it. A Redis
 * that comes back empty gets everything that this process remembers.
 */
import { randomUUID } from 'node:crypto'
import type { RedisStore, Script } from '../redis/index.ts'
import type { Owner } from './index.ts'
import type { OwnerMemory } from './owner-memory.ts'
import { Resend } from './resend.ts'

const read: Script = { name: 'objects_read', lua: "return redis.call('GET', KEYS[1])" }

const readAll: Script = {
  name: 'objects_read_all',
  lua: "local found = {} for i, key in ipairs(KEYS) do found[i] = redis.call('GET', key) or '' end return found",
}

/**
 * ARGV: the time to live, then a value per key; an empty value deletes. The first owner stays, and so does a deletion:
 * ids are never given twice, so an owner that comes after it is a late event of the call that created the object.
 * Answers which owners came too late.
 */
const write: Script = {
  name: 'objects_write',
  lua: `local late = {}
for i, key in ipairs(KEYS) do
  local value = ARGV[i + 1]
  if value == '' then redis.call('SET', key, '', 'PX', ARGV[1])
  elseif not redis.call('SET', key, value, 'PX', ARGV[1], 'NX') and redis.call('GET', key) == '' then late[#late + 1] = i end
end
return late`,
}

/**
 * Names the data of the server, and its age. A server that is new or has lost everything takes the name from the first
 * that asks.
 */
const begin: Script = {
  name: 'objects_begin',
  lua: `local time = redis.call('TIME')
local seconds = tonumber(time[1])
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. seconds, 'NX')
local name, since = string.match(redis.call('GET', KEYS[1]), '^(%S+) (%d+)$')
return {name, seconds - tonumber(since)}`,
}

/**
 * How long replicas have to write what they know into an empty server: until then, an object that it does not have may
 * exist. Seconds.
 */
const restoreSeconds = 3

const unsentMax = 50_000
const keysPerWrite = 500
const keysPerRead = 500

type Entry = readonly [id: string, owner: Owner | null]

export class SharedOwners {
  readonly #redis: RedisStore
  readonly #rememberMs: number
  readonly #memory: OwnerMemory
  readonly #onDeleted: (id: string) => void
  /** What Redis has not got yet; null says deleted. */
  readonly #unsent = new Map<string, Owner | null>()
  readonly #resend: Resend
  /** Name of the server that has got everything; null before the first. */
  #filledServer: string | null = null
  /** By `performance.now()`. */
  #restoredAt = 0
  readonly #writing = new Set<Promise<void>>()

  /**
   * @param rememberMs how long Redis keeps an owner, or a deletion.
   * @param onDeleted called when Redis says that another replica deleted an object.
   */
  constructor(redis: RedisStore, rememberMs: number, memory: OwnerMemory, onDeleted: (id: string) => void) {
    this.#redis = redis
    this.#rememberMs = rememberMs
    this.#memory = memory
    this.#onDeleted = onDeleted
    this.#resend = new Resend(
      redis,
      () => this.#unsent.size === 0,
      () => this.#sendUnsent(),
    )
    redis.onReturn(() => this.#catchUp())
  }

  /**
   * The owner as replicas know it; `unknown` while Redis does not answer, or while replicas may still have to restore
   * what it lost.
   */
  async ownerOf(id: string): Promise<Owner | 'deleted' | 'unknown' | null> {
    if (!this.#redis.isUp) return 'unknown'
    let value: unknown
    try {
      value = await this.#redis.run(read, [this.#key(id)], [])
    } catch {
      return 'unknown'
    }
    if (value === '') return 'deleted'
    const owner = typeof value === 'string' ? parse(value) : null
    return owner === null && performance.now() < this.#restoredAt ? 'unknown' : owner
  }

  /** Owners that replicas know. Leaves the others out, and all of them while Redis does not answer. Never rejects. */
  async ownersOf(ids: readonly string[]): Promise<ReadonlyMap<string, Owner>> {
    const found = new Map<string, Owner>()
    for (let from = 0; from < ids.length && this.#redis.isUp; from += keysPerRead) {
      const some = ids.slice(from, from + keysPerRead)
      const keys = some.map(id => this.#key(id))
      const values = await this.#redis.run(readAll, keys, []).catch(() => [])
      for (const [at, value] of (Array.isArray(values) ? (values as readonly unknown[]) : []).entries()) {
        const owner = typeof value === 'string' ? parse(value) : null
        const id = some[at]
        if (owner !== null && id !== undefined) found.set(id, owner)
      }
    }
    return found
  }

  /** @param owner null: the objects were deleted. */
  put(ids: readonly string[], owner: Owner | null): void {
    const entries = ids.map(id => [id, owner] as const)
    if (!this.#redis.isUp) {
      this.#keep(entries)
      return
    }
    const writing = this.#write(entries)
      .catch(() => this.#keep(entries))
      .finally(() => this.#writing.delete(writing))
    this.#writing.add(writing)
  }

  /** Resolves when all writes in flight have ended, one way or the other. */
  async close(): Promise<void> {
    this.#resend.close()
    await Promise.all(this.#writing)
  }

  #keep(entries: readonly Entry[]): void {
    for (const [id, owner] of entries) {
      // The newest entry of an object is the true one, and moves to the end: it is dropped last.
      this.#unsent.delete(id)
      this.#unsent.set(id, owner)
    }
    for (const oldest of this.#unsent.keys()) {
      if (this.#unsent.size <= unsentMax) break
      this.#unsent.delete(oldest)
    }
    this.#resend.later()
  }

  /** @throws RedisDown */
  async #sendUnsent(): Promise<void> {
    for (;;) {
      const some = [...this.#unsent.entries().take(keysPerWrite)]
      if (some.length === 0) return
      await this.#write(some)
      for (const [id, owner] of some) if (this.#unsent.get(id) === owner) this.#unsent.delete(id)
    }
  }

  /** @throws RedisDown */
  async #write(entries: readonly Entry[]): Promise<void> {
    const values = entries.map(([, owner]) => (owner === null ? '' : JSON.stringify([owner.workload, owner.instance])))
    const keys = entries.map(([id]) => this.#key(id))
    const late = await this.#redis.run(write, keys, [this.#rememberMs, ...values])
    if (!Array.isArray(late)) return
    for (const place of late as readonly unknown[]) {
      const entry = entries[Number(place) - 1]
      if (entry !== undefined) this.#onDeleted(entry[0])
    }
  }

  /** @throws RedisDown */
  async #catchUp(): Promise<void> {
    const answer = await this.#redis.run(begin, [this.#redis.key('objects')], [randomUUID()])
    const [name, ageSeconds] = Array.isArray(answer) ? (answer as readonly unknown[]) : []
    const isNew = name !== this.#filledServer
    const left = restoreSeconds - Number(ageSeconds ?? 0)
    if (isNew) this.#restoredAt = performance.now() + Math.max(0, left) * 1_000
    await this.#sendUnsent()
    // Not awaited, because limits wait for this too and there may be 200,000 objects.
    if (isNew) {
      void this.#writeAll().then(
        () => {
          this.#filledServer = String(name)
        },
        () => {},
      )
    }
  }

  /** @throws RedisDown */
  async #writeAll(): Promise<void> {
    const all = [...this.#memory.entries()]
    for (let from = 0; from < all.length; from += keysPerWrite) {
      // An object that was deleted meanwhile must not be written again.
      await this.#write(all.slice(from, from + keysPerWrite).filter(([id]) => this.#memory.get(id) !== null))
    }
  }

  #key(id: string): string {
    return this.#redis.key(`object:${id}`)
  }
}

function parse(value: string): Owner | null {
  try {
    const [workload, instance] = JSON.parse(value) as unknown[]
    return typeof workload === 'string' && typeof instance === 'string' ? { workload, instance } : null
  } catch {
    return null
  }
}

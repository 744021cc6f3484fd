/**
 * What replicas share: a key per object in Redis. Writing never waits; what Redis could not take is kept and written when it is
 * back, the newest `unsentMax` of it. A Redis that came back empty is told everything that this process remembers.
 */
import { randomUUID } from 'node:crypto'
import type { RedisStore, Script } from '../redis/index.ts'
import type { Owner } from './index.ts'
import type { Remembered } from './remembered.ts'

const read: Script = { name: 'objects_read', lua: "return redis.call('GET', KEYS[1])" }

const readAll: Script = {
  name: 'objects_read_all',
  lua: "local found = {} for i, key in ipairs(KEYS) do found[i] = redis.call('GET', key) or '' end return found",
}

/** ARGV: the time to live, then a value per key; an empty one deletes. The first owner stays. */
const write: Script = {
  name: 'objects_write',
  lua: `for i, key in ipairs(KEYS) do
  if ARGV[i + 1] == '' then redis.call('DEL', key)
  else redis.call('SET', key, ARGV[i + 1], 'PX', ARGV[1], 'NX') end
end
return #KEYS`,
}

/** The name of what the server holds, which a server that is new or has lost everything takes from who asks first, and its age. */
const begin: Script = {
  name: 'objects_begin',
  lua: `local time = redis.call('TIME')
local seconds = tonumber(time[1])
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. seconds, 'NX')
local name, since = string.match(redis.call('GET', KEYS[1]), '^(%S+) (%d+)$')
return {name, seconds - tonumber(since)}`,
}

/** So long replicas have to tell an empty server what they know: until then what it does not know may exist. Seconds. */
const restoreSeconds = 3

const unsentMax = 50_000
const keysPerWrite = 500
const keysPerRead = 500
/** Between tries to write what Redis has not heard of. */
const laterMs = 500

export class Shared {
  readonly #redis: RedisStore
  readonly #rememberMs: number
  readonly #remembered: Remembered
  /** What Redis has not heard of; null says deleted. */
  readonly #unsent = new Map<string, Owner | null>()
  #timer: NodeJS.Timeout | null = null
  /** What the server was called that has heard of everything; null before the first. */
  #told: string | null = null
  /** By `performance.now()`. */
  #restoredAt = 0
  readonly #underWay = new Set<Promise<void>>()

  constructor(redis: RedisStore, rememberMs: number, remembered: Remembered) {
    this.#redis = redis
    this.#rememberMs = rememberMs
    this.#remembered = remembered
    redis.onReturn(() => this.#catchUp())
  }

  /** Whose it is as far as replicas know; `unknown` when they could not be asked, or not all of them have been heard. */
  async ownerOf(id: string): Promise<Owner | 'unknown' | null> {
    if (!this.#redis.isUp) return 'unknown'
    let value: unknown
    try {
      value = await this.#redis.run(read, [this.#key(id)], [])
    } catch {
      return 'unknown'
    }
    const owner = typeof value === 'string' ? parse(value) : null
    return owner === null && performance.now() < this.#restoredAt ? 'unknown' : owner
  }

  /** Those that replicas know; the others are left out, and all of them when they cannot be asked. Never rejects. */
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

  put(ids: readonly string[], owner: Owner | null): void {
    const entries = ids.map(id => [id, owner] as const)
    if (!this.#redis.isUp) {
      this.#keep(entries)
      return
    }
    const writing = this.#write(entries)
      .then(
        () => {},
        () => this.#keep(entries),
      )
      .finally(() => this.#underWay.delete(writing))
    this.#underWay.add(writing)
  }

  /** What is under way is finished, one way or the other. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    await Promise.all(this.#underWay)
  }

  #keep(entries: readonly (readonly [string, Owner | null])[]): void {
    for (const [id, owner] of entries) {
      // What comes later is the truth, and the last to be given up.
      this.#unsent.delete(id)
      this.#unsent.set(id, owner)
    }
    for (const oldest of this.#unsent.keys()) {
      if (this.#unsent.size <= unsentMax) break
      this.#unsent.delete(oldest)
    }
    this.#tryLater()
  }

  /** What is kept between catching up and the moment from which Redis counts as up would else wait for the next outage. */
  #tryLater(): void {
    if (this.#timer !== null || this.#unsent.size === 0) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      const sent = this.#redis.isUp ? this.#sendUnsent() : Promise.resolve()
      sent.then(
        () => this.#tryLater(),
        () => this.#tryLater(),
      )
    }, laterMs).unref()
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

  #write(entries: readonly (readonly [string, Owner | null])[]): Promise<unknown> {
    const values = entries.map(([, owner]) => (owner === null ? '' : JSON.stringify([owner.workload, owner.instance])))
    return this.#redis.run(
      write,
      entries.map(([id]) => this.#key(id)),
      [this.#rememberMs, ...values],
    )
  }

  /** @throws RedisDown */
  async #catchUp(): Promise<void> {
    const answer = await this.#redis.run(begin, [this.#redis.key('objects')], [randomUUID()])
    const [name, ageSeconds] = Array.isArray(answer) ? (answer as readonly unknown[]) : []
    const isNew = name !== this.#told
    const left = restoreSeconds - Number(ageSeconds ?? 0)
    if (isNew) this.#restoredAt = performance.now() + Math.max(0, left) * 1_000
    await this.#sendUnsent()
    // Behind the return, which limits wait for too: there may be 200,000 of them.
    if (isNew) {
      void this.#tellAll().then(
        () => {
          this.#told = String(name)
        },
        () => {},
      )
    }
  }

  async #tellAll(): Promise<void> {
    const all = [...this.#remembered.entries()]
    for (let from = 0; from < all.length; from += keysPerWrite) {
      // Deleted meanwhile: not to be brought back.
      await this.#write(all.slice(from, from + keysPerWrite).filter(([id]) => this.#remembered.get(id) !== null))
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

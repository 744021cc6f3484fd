/**
 * What replicas share: a key per object in Redis. Writing never waits; what Redis could not take is kept and written when it is
 * back, the newest `unsentMax` of it. A Redis that came back empty is told everything that this process remembers.
 */
import type { RedisStore, Script } from '../redis/index.ts'
import type { Owner } from './index.ts'
import type { Remembered } from './remembered.ts'

const read: Script = { name: 'objects_read', lua: "return redis.call('GET', KEYS[1])" }

/** ARGV: the time to live, then a value per key; an empty one deletes. */
const write: Script = {
  name: 'objects_write',
  lua: `for i, key in ipairs(KEYS) do
  if ARGV[i + 1] == '' then redis.call('DEL', key)
  else redis.call('SET', key, ARGV[i + 1], 'PX', ARGV[1]) end
end
return #KEYS`,
}

/** 1 for who is the first to ask: the server is new, or has lost what it had. */
const begin: Script = {
  name: 'objects_begin',
  lua: "if redis.call('SET', KEYS[1], '1', 'NX') then return 1 end return 0",
}

const unsentMax = 50_000
const keysPerWrite = 500

export class Shared {
  readonly #redis: RedisStore
  readonly #rememberMs: number
  readonly #remembered: Remembered
  /** What Redis has not heard of; null says deleted. */
  readonly #unsent = new Map<string, Owner | null>()
  readonly #underWay = new Set<Promise<void>>()

  constructor(redis: RedisStore, rememberMs: number, remembered: Remembered) {
    this.#redis = redis
    this.#rememberMs = rememberMs
    this.#remembered = remembered
    redis.onReturn(() => this.#catchUp())
  }

  /** Whose it is as far as replicas know. @throws RedisDown */
  async ownerOf(id: string): Promise<Owner | null> {
    const value = await this.#redis.run(read, [this.#key(id)], [])
    return typeof value === 'string' ? parse(value) : null
  }

  get isUp(): boolean {
    return this.#redis.isUp
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
    await Promise.all(this.#underWay)
  }

  #keep(entries: readonly (readonly [string, Owner | null])[]): void {
    for (const [id, owner] of entries) {
      // What comes later is the truth, and the last to be given up.
      this.#unsent.delete(id)
      this.#unsent.set(id, owner)
    }
    for (const oldest of this.#unsent.keys()) {
      if (this.#unsent.size <= unsentMax) return
      this.#unsent.delete(oldest)
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
    const isNew = (await this.#redis.run(begin, [this.#redis.key('objects')], [])) === 1
    for (let some = this.#next(); some.length > 0; some = this.#next()) {
      await this.#write(some)
      for (const [id, owner] of some) if (this.#unsent.get(id) === owner) this.#unsent.delete(id)
    }
    // Behind the return, which limits wait for too: there may be 200,000 of them.
    if (isNew) void this.#tellAll().catch(() => {})
  }

  #next(): (readonly [string, Owner | null])[] {
    return [...this.#unsent.entries().take(keysPerWrite)]
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

import type { RedisStore, Script } from '../redis/index.ts'

const owe: Script = { name: 'objects_owe', lua: "return redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])" }
/** Deleting says whether it was there, and so who was first. */
const collect: Script = { name: 'objects_collect', lua: "return redis.call('DEL', KEYS[1])" }

const owedMax = 50_000

/** Objects whose tokens nobody has counted yet. With Redis a replica other than the one that made it may be the one to see its end. */
export class Debts {
  readonly #redis: RedisStore | null
  readonly #keepMs: number
  /** What Redis does not hold: without one, or while it is down. */
  readonly #own = new Set<string>()

  constructor(redis: RedisStore | null, keepMs: number) {
    this.#redis = redis
    this.#keepMs = keepMs
  }

  owes(id: string): void {
    if (this.#redis?.isUp !== true) this.#keep(id)
    else this.#redis.run(owe, [this.#key(this.#redis, id)], [this.#keepMs]).catch(() => this.#keep(id))
  }

  /** True once. False while Redis is down for what it holds: rather counted later than twice. */
  async collects(id: string): Promise<boolean> {
    if (this.#own.delete(id)) return true
    if (this.#redis?.isUp !== true) return false
    try {
      return (await this.#redis.run(collect, [this.#key(this.#redis, id)], [])) === 1
    } catch {
      return false
    }
  }

  #keep(id: string): void {
    this.#own.add(id)
    if (this.#own.size <= owedMax) return
    const [oldest] = this.#own
    if (oldest !== undefined) this.#own.delete(oldest)
  }

  #key(redis: RedisStore, id: string): string {
    return redis.key(`owed:${id}`)
  }
}

/**
 * Debts in Redis: a key per object, which holds the debt or says that it was paid, and a sorted set of all open debts
 * by the time at which their process last renewed them. What Redis could not take is written when it is back; a Redis
 * that comes back empty gets everything again.
 */
import type { RedisStore, Script } from '../redis/index.ts'
import type { Debt, SharedDebts } from './index.ts'
import { Resend } from './resend.ts'

/** KEYS: debt, set. ARGV: the debt, time to live, id, now. A debt that was paid meanwhile stays paid. */
const owe: Script = {
  name: 'objects_owe',
  lua: `if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3]) end
return 1`,
}

/** KEYS: debt, claim. ARGV: time of the claim, 1 when the caller knows the debt itself. */
const claim: Script = {
  name: 'objects_claim',
  lua: `local debt = redis.call('GET', KEYS[1])
if debt == 'paid' then return 'paid' end
if not debt and ARGV[2] == '0' then return 'none' end
if not redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[1]) then return 'claimed' end
return debt or 'own'`,
}

const look: Script = { name: 'objects_paid', lua: "return redis.call('GET', KEYS[1])" }

/** KEYS: debt, claim, set. ARGV: time to live, id. */
const pay: Script = {
  name: 'objects_pay',
  lua: `redis.call('SET', KEYS[1], 'paid', 'PX', ARGV[1])
redis.call('DEL', KEYS[2])
redis.call('ZREM', KEYS[3], ARGV[2])
return 1`,
}

/** KEYS: set. ARGV: now, ids. */
const tend: Script = {
  name: 'objects_tend',
  lua: `for i = 2, #ARGV do redis.call('ZADD', KEYS[1], 'XX', ARGV[1], ARGV[i]) end
return 1`,
}

/** KEYS: set. ARGV: now, the latest time, how many. The process that gets the ids renews them from now on. */
const adopt: Script = {
  name: 'objects_adopt',
  lua: `local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])
for _, id in ipairs(ids) do redis.call('ZADD', KEYS[1], ARGV[1], id) end
return ids`,
}

/** KEYS: debt, set. ARGV: id. Takes a debt that was paid or has expired out of the set. */
const read: Script = {
  name: 'objects_debt',
  lua: `local debt = redis.call('GET', KEYS[1])
if not debt or debt == 'paid' then
  redis.call('ZREM', KEYS[2], ARGV[1])
  return false
end
return debt`,
}

/** Long enough for a record to be written; afterwards, others may charge what a dead process has claimed. */
const claimMsDefault = 60_000
/** A debt that was not renewed for this long is taken over by others. */
const orphanMs = 180_000
const adoptedMax = 20
const idsPerTending = 500

export class RedisDebts implements SharedDebts {
  readonly #redis: RedisStore
  readonly #keepMs: number
  readonly #claimMs: number
  /** Debts that this process added and that are not paid yet. */
  readonly #open = new Map<string, Debt>()
  /** Debts of `#open` that Redis has not got yet. */
  readonly #unsentOwed = new Set<string>()
  /** Debts that were paid and of which Redis does not know it yet. */
  readonly #unsentPaid = new Set<string>()
  readonly #resend: Resend

  /**
   * @param keepMs how long Redis keeps a debt, or that it was paid.
   * @param claimMs how long a claim excludes others.
   */
  constructor(redis: RedisStore, keepMs: number, claimMs = claimMsDefault) {
    this.#redis = redis
    this.#keepMs = keepMs
    this.#claimMs = claimMs
    this.#resend = new Resend(
      redis,
      () => this.#unsentOwed.size + this.#unsentPaid.size === 0,
      () => this.#write(this.#unsentOwed),
    )
    redis.onReturn(() => this.#write(this.#open.keys()))
  }

  add(debt: Debt): void {
    this.#open.set(debt.objectId, debt)
    this.#unsentOwed.add(debt.objectId)
    this.#writeNow(() => this.#owe(debt))
  }

  async claim(objectId: string, isKnown: boolean): ReturnType<SharedDebts['claim']> {
    if (!this.#redis.isUp) return 'unknown'
    let answer: unknown
    try {
      const keys = [this.#debtKey(objectId), this.#claimKey(objectId)]
      answer = await this.#redis.run(claim, keys, [this.#claimMs, isKnown ? 1 : 0])
    } catch {
      return 'unknown'
    }
    if (answer === 'paid' || answer === 'claimed' || answer === 'none' || answer === 'own') return answer
    return parse(answer) ?? (isKnown ? 'own' : 'none')
  }

  async isPaid(objectId: string): Promise<boolean> {
    if (!this.#redis.isUp) return false
    try {
      return (await this.#redis.run(look, [this.#debtKey(objectId)], [])) === 'paid'
    } catch {
      return false
    }
  }

  async find(objectId: string): Promise<Debt | null> {
    if (!this.#redis.isUp) return null
    try {
      return parse(await this.#redis.run(read, [this.#debtKey(objectId), this.#redis.key('owing')], [objectId]))
    } catch {
      return null
    }
  }

  paid(objectId: string): void {
    this.forget(objectId)
    this.#unsentPaid.add(objectId)
    this.#writeNow(() => this.#pay(objectId))
  }

  forget(objectId: string): void {
    this.#open.delete(objectId)
    this.#unsentOwed.delete(objectId)
  }

  close(): void {
    this.#resend.close()
  }

  async orphans(nowMs: number): Promise<readonly Debt[]> {
    if (!this.#redis.isUp) return []
    const set = this.#redis.key('owing')
    try {
      const ids = (await this.#redis.run(adopt, [set], [nowMs, nowMs - orphanMs, adoptedMax])) as readonly string[]
      const found = await Promise.all(ids.map(id => this.#redis.run(read, [this.#debtKey(id), set], [id])))
      return found.map(parse).filter(debt => debt !== null)
    } catch {
      return []
    }
  }

  renew(objectIds: readonly string[], nowMs: number): void {
    if (!this.#redis.isUp) return
    for (let from = 0; from < objectIds.length; from += idsPerTending) {
      const some = objectIds.slice(from, from + idsPerTending)
      this.#redis.run(tend, [this.#redis.key('owing')], [nowMs, ...some]).catch(() => {})
    }
  }

  #writeNow(write: () => Promise<void>): void {
    if (this.#redis.isUp) write().catch(() => this.#resend.later())
    else this.#resend.later()
  }

  /** Writes what was paid, and these debts. @throws RedisDown */
  async #write(owed: Iterable<string>): Promise<void> {
    for (const id of this.#unsentPaid) await this.#pay(id)
    for (const id of owed) {
      const debt = this.#open.get(id)
      if (debt !== undefined) await this.#owe(debt)
    }
  }

  async #owe(debt: Debt): Promise<void> {
    const { objectId, startedAtMs } = debt
    const keys = [this.#debtKey(objectId), this.#redis.key('owing')]
    await this.#redis.run(owe, keys, [JSON.stringify(debt), this.#keepMs, objectId, startedAtMs])
    this.#unsentOwed.delete(objectId)
  }

  async #pay(objectId: string): Promise<void> {
    const keys = [this.#debtKey(objectId), this.#claimKey(objectId), this.#redis.key('owing')]
    await this.#redis.run(pay, keys, [this.#keepMs, objectId])
    this.#unsentPaid.delete(objectId)
  }

  #debtKey(objectId: string): string {
    return this.#redis.key(`owed:${objectId}`)
  }

  #claimKey(objectId: string): string {
    return this.#redis.key(`owed:${objectId}:claim`)
  }
}

/**
 * A replica of another version may have left out what this one needs: then it is no debt here, and the other process
 * charges it.
 */
function parse(text: unknown): Debt | null {
  if (typeof text !== 'string') return null
  try {
    const debt = JSON.parse(text) as Partial<Debt> | null
    const { objectId, kind, recordId, startedAtMs, caller, workload, target, instance, bound } = debt ?? {}
    const names = [objectId, kind, recordId, workload, target, instance]
    if (names.some(name => typeof name !== 'string') || typeof startedAtMs !== 'number') return null
    return caller === undefined || bound === undefined ? null : (debt as Debt)
  } catch {
    return null
  }
}

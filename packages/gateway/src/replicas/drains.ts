/**
 * Instances that an operator has drained: kept over restarts in a file of the ledger's directory, and shared by all
 * replicas through Redis. Of two orders about one instance the newer one counts.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock } from '../clock.ts'
import { codeOf } from '../errors.ts'
import { type Drained, type Gate, openGate } from '../instances/gate.ts'
import type { Log } from '../log.ts'
import type { RedisStore, Script } from '../redis/index.ts'

export interface DrainsParts {
  /** Null where replicas share nothing. */
  readonly redis: RedisStore | null
  /** Directory of the ledger. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
  /** Milliseconds between two looks at what the other replicas have ordered. Default 1,000. */
  readonly everyMs?: number
}

/** What came of an order. */
export interface DrainState {
  /** Null after a restore. */
  readonly drained: Drained | null
  /** As of `ReplicasReport`: `away` while Redis does not answer; the other replicas follow when it does. */
  readonly sharing: 'ok' | 'alone' | 'away'
}

export interface Drains {
  /** The same gate for the same name, also of an instance that a reload brings. */
  gateOf(instance: string): Gate
  /**
   * Keeps new calls away from an instance. Rejects when the order cannot be kept over a restart; it is not followed
   * then.
   */
  drain(instance: string, by: string): Promise<DrainState>
  restore(instance: string, by: string): Promise<DrainState>
  close(): Promise<void>
}

/** An order about one instance. */
interface Order {
  /** Milliseconds since the epoch; later than every order about the instance that was known. */
  readonly atMs: number
  readonly drained: boolean
  readonly by: string
}

/**
 * KEYS: orders by instance. ARGV: name and order, in turns; an order begins with its time. Keeps the newer ones, and
 * returns all.
 */
const exchange: Script = {
  name: 'drains_exchange',
  lua: `for i = 1, #ARGV, 2 do
  local kept = redis.call('HGET', KEYS[1], ARGV[i])
  local at = kept and tonumber(string.match(kept, '^%d+')) or -1
  if tonumber(string.match(ARGV[i + 1], '^%d+')) > at then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
local found = {}
for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
  found[#found + 1] = name
  found[#found + 1] = redis.call('HGET', KEYS[1], name)
end
return found`,
}

/** Reads what was ordered before, and follows what other replicas order. */
export async function openDrains(parts: DrainsParts): Promise<Drains> {
  const drains = new SharedDrains(parts)
  await drains.read()
  return drains
}

class SharedDrains implements Drains {
  readonly #parts: DrainsParts
  readonly #path: string
  readonly #gates = new Map<string, Gate>()
  readonly #orders = new Map<string, Order>()
  readonly #timer: NodeJS.Timeout | undefined
  /** One writing of the file, or exchange, after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #isFollowing = false

  constructor(parts: DrainsParts) {
    this.#parts = parts
    this.#path = join(parts.directory, 'drains.json')
    if (parts.redis === null) return
    parts.redis.onReturn(() => this.#follow())
    this.#timer = setInterval(() => void this.#follow(), parts.everyMs ?? 1_000)
    this.#timer.unref()
  }

  gateOf(instance: string): Gate {
    let gate = this.#gates.get(instance)
    if (gate === undefined) {
      gate = openGate()
      this.#gates.set(instance, gate)
    }
    return gate
  }

  drain(instance: string, by: string): Promise<DrainState> {
    return this.#order(instance, true, by)
  }

  restore(instance: string, by: string): Promise<DrainState> {
    return this.#order(instance, false, by)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#turn
  }

  async read(): Promise<void> {
    const { log } = this.#parts
    try {
      const kept = JSON.parse(await readFile(this.#path, 'utf8')) as unknown
      for (const [name, order] of ordersIn(kept)) this.#use(name, order)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return
      log.error({ error, path: this.#path }, 'drains_unreadable')
    }
    const names = [...this.#orders].flatMap(([name, { drained }]) => (drained ? [name] : []))
    if (names.length > 0) log.warn({ instances: names }, 'instances_still_drained')
  }

  #order(instance: string, drained: boolean, by: string): Promise<DrainState> {
    return this.#inTurn(async () => {
      const last = this.#orders.get(instance)
      // An order that changes nothing keeps who gave the first one.
      if (last?.drained !== drained && !(last === undefined && !drained)) {
        // Another replica's clock may be ahead: the newest order that is known must not win over this one.
        const order = { atMs: Math.max(Math.floor(this.#parts.clock()), (last?.atMs ?? 0) + 1), drained, by }
        await this.#save(new Map([...this.#orders, [instance, order]]))
        this.#use(instance, order)
      }
      return { drained: this.gateOf(instance).drained, sharing: await this.#exchange() }
    })
  }

  /** Never rejects: the next look comes soon. */
  async #follow(): Promise<void> {
    if (this.#isFollowing) return
    this.#isFollowing = true
    await this.#inTurn(() => this.#exchange()).catch(() => {})
    this.#isFollowing = false
  }

  /** Gives Redis what is newer here, and takes what is newer there. */
  async #exchange(): Promise<DrainState['sharing']> {
    const { redis, log } = this.#parts
    if (redis === null) return 'alone'
    const own = [...this.#orders].flatMap(([name, order]) => [name, textOf(order)])
    const found = await redis.run(exchange, [redis.key('drains')], own).catch(() => null)
    if (found === null) return 'away'
    const cells = (found as readonly string[]).map(String)
    const news: [string, Order][] = []
    for (let at = 0; at < cells.length; at += 2) {
      const [name = '', text = ''] = [cells[at], cells[at + 1]]
      const order = orderIn(text)
      if (order !== null && order.atMs > (this.#orders.get(name)?.atMs ?? -1)) news.push([name, order])
    }
    for (const [instance, order] of news) {
      this.#use(instance, order)
      log.info({ instance, by: order.by }, order.drained ? 'instance_drained_elsewhere' : 'instance_restored_elsewhere')
    }
    if (news.length > 0) {
      // Redis keeps it too; where the file cannot be written, a restart without Redis would not know it.
      await this.#save(this.#orders).catch(error => log.error({ error, path: this.#path }, 'drains_not_kept'))
    }
    return 'ok'
  }

  #use(instance: string, order: Order): void {
    this.#orders.set(instance, order)
    this.gateOf(instance).drained = order.drained ? { sinceMs: order.atMs, by: order.by } : null
  }

  async #save(orders: ReadonlyMap<string, Order>): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 })
    const fresh = `${this.#path}.new`
    const file = await open(fresh, 'w', 0o600)
    try {
      await file.writeFile(JSON.stringify({ form: 1, orders: Object.fromEntries(orders) }))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(fresh, this.#path)
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }
}

function textOf({ atMs, drained, by }: Order): string {
  return `${atMs} ${JSON.stringify({ drained, by })}`
}

/** Null for what another version wrote in another form. */
function orderIn(text: string): Order | null {
  const [, at, json] = /^(\d{1,15}) (.*)$/s.exec(text) ?? []
  if (at === undefined || json === undefined) return null
  try {
    return orderOf({ ...(JSON.parse(json) as object), atMs: Number(at) })
  } catch {
    return null
  }
}

/** @throws SyntaxError for a file of another form. */
function ordersIn(kept: unknown): readonly (readonly [string, Order])[] {
  const orders = typeof kept === 'object' && kept !== null && 'orders' in kept ? kept.orders : null
  if (typeof orders !== 'object' || orders === null) throw new SyntaxError('it has no orders')
  return Object.entries(orders).map(([name, written]) => {
    const order = orderOf(written)
    if (order === null) throw new SyntaxError(`the order about ${name} has another form`)
    return [name, order] as const
  })
}

function orderOf(written: unknown): Order | null {
  if (typeof written !== 'object' || written === null) return null
  const { atMs, drained, by } = written as Partial<Record<keyof Order, unknown>>
  return typeof atMs === 'number' && typeof drained === 'boolean' && typeof by === 'string'
    ? { atMs, drained, by }
    : null
}

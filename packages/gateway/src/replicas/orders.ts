/**
 * Orders of operators about things with names: kept over restarts in a file of the ledger's directory, and shared by
 * all replicas through Redis. The newer of two orders about one name counts.
 */
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock } from '../clock.ts'
import { codeOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { RedisStore, Script } from '../redis/index.ts'

export interface OrdersParts {
  /** Null where replicas share nothing. */
  readonly redis: RedisStore | null
  /** Directory of the ledger. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
  /** Milliseconds between two looks at what the other replicas have ordered. Default 1,000. */
  readonly everyMs?: number
}

/** `ok`; `alone` without Redis; `away` while Redis does not answer: the other replicas follow when it does. */
export type Sharing = 'ok' | 'alone' | 'away'

/** When an order was given, and by whom. */
export interface Given {
  /** Milliseconds since the epoch; later than each order about the same name that was known. */
  readonly atMs: number
  /** Name of the operator, for people to read. */
  readonly by: string
}

/** Fields of a log line. */
export type FileFailure = Readonly<Record<'error' | 'path', unknown>>

/** A kind of orders. */
export interface OrdersKind<Value extends object> {
  /** Name of the file without its ending, and of the hash in Redis. */
  readonly name: string
  /** Reads what an order says; null for what another version wrote in another form. */
  readonly valueOf: (written: object) => Value | null
  /** Called with each order that counts from now on. `origin` brought it: the file, this replica, another one. */
  readonly use: (name: string, order: Value & Given, origin: 'file' | 'here' | 'elsewhere') => void
  /** Called when the file cannot be read; nothing is ordered then. */
  readonly unreadable: (failure: FileFailure) => void
  /** Called when the file cannot take what another replica has ordered: a restart without Redis would not know it. */
  readonly notKept: (failure: FileFailure) => void
}

/**
 * KEYS: orders by name. ARGV: name and order, in turns; an order begins with its time. Keeps the newer ones, and
 * returns all.
 */
const exchange: Script = {
  name: 'orders_exchange',
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

export class Orders<Value extends object> {
  readonly #parts: OrdersParts
  readonly #kind: OrdersKind<Value>
  readonly #path: string
  readonly #orders = new Map<string, Value & Given>()
  readonly #timer: NodeJS.Timeout | undefined
  /** One writing of the file, or exchange, after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #isFollowing = false

  constructor(kind: OrdersKind<Value>, parts: OrdersParts) {
    this.#kind = kind
    this.#parts = parts
    this.#path = join(parts.directory, `${kind.name}.json`)
    if (parts.redis === null) return
    parts.redis.onReturn(() => this.#follow())
    this.#timer = setInterval(() => void this.#follow(), parts.everyMs ?? 1_000)
    this.#timer.unref()
  }

  /** The newest order about each name. */
  get all(): ReadonlyMap<string, Value & Given> {
    return this.#orders
  }

  /** Reads what was ordered before. Never rejects. */
  async read(): Promise<void> {
    try {
      const kept = JSON.parse(await readFile(this.#path, 'utf8')) as unknown
      for (const [name, order] of this.#ordersIn(kept)) this.#use(name, order, 'file')
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return
      this.#kind.unreadable({ error, path: this.#path })
    }
  }

  /**
   * Gives an order, unless `isNews` says that the last one about this name says the same. Rejects when it cannot be
   * kept over a restart; it is not followed then.
   */
  give(
    name: string,
    value: Value,
    by: string,
    isNews: (last: (Value & Given) | undefined) => boolean = () => true,
  ): Promise<Sharing> {
    return this.#inTurn(async () => {
      const last = this.#orders.get(name)
      if (isNews(last)) {
        // Another replica's clock may be ahead: the newest order that is known must not win over this one.
        const order = { ...value, by, atMs: Math.max(Math.floor(this.#parts.clock()), (last?.atMs ?? 0) + 1) }
        await this.#save(new Map([...this.#orders, [name, order]]))
        this.#use(name, order, 'here')
      }
      return this.#exchange()
    })
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#turn
  }

  /** Never rejects: the next look comes soon. */
  async #follow(): Promise<void> {
    if (this.#isFollowing) return
    this.#isFollowing = true
    await this.#inTurn(() => this.#exchange()).catch(() => {})
    this.#isFollowing = false
  }

  /** Gives Redis what is newer here, and takes what is newer there. */
  async #exchange(): Promise<Sharing> {
    const { redis } = this.#parts
    if (redis === null) return 'alone'
    const own = [...this.#orders].flatMap(([name, order]) => [name, textOf(order)])
    const found = await redis.run(exchange, [redis.key(this.#kind.name)], own).catch(() => null)
    if (found === null) return 'away'
    const cells = (found as readonly string[]).map(String)
    const news: [string, Value & Given][] = []
    for (let at = 0; at < cells.length; at += 2) {
      const [name = '', text = ''] = [cells[at], cells[at + 1]]
      const order = this.#orderIn(text)
      if (order !== null && order.atMs > (this.#orders.get(name)?.atMs ?? -1)) news.push([name, order])
    }
    for (const [name, order] of news) this.#use(name, order, 'elsewhere')
    if (news.length > 0) {
      await this.#save(this.#orders).catch(error => this.#kind.notKept({ error, path: this.#path }))
    }
    return 'ok'
  }

  #use(name: string, order: Value & Given, origin: 'file' | 'here' | 'elsewhere'): void {
    this.#orders.set(name, order)
    this.#kind.use(name, order, origin)
  }

  async #save(orders: ReadonlyMap<string, Value & Given>): Promise<void> {
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

  /** Null for what another version wrote in another form. */
  #orderIn(text: string): (Value & Given) | null {
    const [, at, json] = /^(\d{1,15}) (.*)$/s.exec(text) ?? []
    if (at === undefined || json === undefined) return null
    try {
      return this.#orderOf({ ...(JSON.parse(json) as object), atMs: Number(at) })
    } catch {
      return null
    }
  }

  /** @throws SyntaxError for a file of another form. */
  #ordersIn(kept: unknown): readonly (readonly [string, Value & Given])[] {
    const orders = typeof kept === 'object' && kept !== null && 'orders' in kept ? kept.orders : null
    if (typeof orders !== 'object' || orders === null) throw new SyntaxError('it has no orders')
    return Object.entries(orders).map(([name, written]) => {
      const order = this.#orderOf(written)
      if (order === null) throw new SyntaxError(`the order about ${name} has another form`)
      return [name, order] as const
    })
  }

  #orderOf(written: unknown): (Value & Given) | null {
    if (typeof written !== 'object' || written === null) return null
    const { atMs, by } = written as Partial<Record<keyof Given, unknown>>
    const value = this.#kind.valueOf(written)
    return value !== null && typeof atMs === 'number' && typeof by === 'string' ? { ...value, atMs, by } : null
  }
}

function textOf({ atMs, ...rest }: Given): string {
  return `${atMs} ${JSON.stringify(rest)}`
}

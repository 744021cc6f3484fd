import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { type RedisConfig, readAddress } from './address.ts'
import { type Client, connect } from './client.ts'
import { RedisDown, RedisScriptFailed, type RedisStore, type Script } from './index.ts'

export interface RedisParts {
  readonly clock: Clock
  readonly log: Log
}

/** Between tries: constant, because whoever waits for limits to come back waits for this. */
const retryMs = 75
/** A server that refuses who we are is not asked many times a second: it may lock the account. */
const refusedRetryMs = 2_000
/** So long without an answer, and the connection itself is doubted: a machine that vanished closes nothing. */
const silenceMsMax = 5_000

/**
 * Opens no connection yet: see `start`. An absent server is no error; it is tried again until `close`.
 * @throws RedisAddressInvalid when the URL cannot be understood.
 */
export function openRedis(config: RedisConfig, parts: RedisParts): RedisStore {
  return new Store(config, parts)
}

class Store implements RedisStore {
  isUp = false
  downSinceMs: number | null
  readonly #config: RedisConfig
  readonly #parts: RedisParts
  readonly #handlers: (() => Promise<void>)[] = []
  readonly #digests = new Map<Script, string>()
  /** What must never stand in a message. */
  readonly #secret: string | null
  #client: Client | null = null
  #closed = false
  #settled: () => void = () => {}
  /** Counts up with each failure: what was begun before one is void. */
  #falls = 0
  #isProbing = false
  #timer: NodeJS.Timeout | null = null
  #saidDown = false
  #refusal: string | null = null
  #answeredAt = 0

  constructor(config: RedisConfig, parts: RedisParts) {
    this.#config = config
    this.#parts = parts
    this.#secret = readAddress(config).password
    this.downSinceMs = parts.clock()
  }

  key(name: string): string {
    return `{${this.#config.keyPrefix}}:${name}`
  }

  onReturn(handler: () => Promise<void>): void {
    this.#handlers.push(handler)
  }

  start(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#settled = resolve
    this.#answeredAt = performance.now()
    this.#client = connect(this.#config, {
      ready: () => void this.#probe(),
      closed: () => this.#fell('the connection was closed'),
      failed: error => this.#failed(error),
      retryInMs: () => (this.#refusal === null ? retryMs : refusedRetryMs),
    })
    return promise
  }

  async close(): Promise<void> {
    this.#closed = true
    this.isUp = false
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#client?.close()
    this.#settled()
  }

  run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    const client = this.#client
    if (client === null || !client.isReady) return Promise.reject(new RedisDown('Redis is not connected'))
    return client.evalsha(this.#digestOf(script), keys, args).catch((error: Error) => {
      if (!error.message.startsWith('NOSCRIPT')) throw this.#down(error)
      return client.eval(script.lua, keys, args).catch((second: Error) => {
        throw this.#down(second)
      })
    })
  }

  #digestOf(script: Script): string {
    let digest = this.#digests.get(script)
    if (digest === undefined) {
      digest = createHash('sha1').update(script.lua).digest('hex')
      this.#digests.set(script, digest)
    }
    return digest
  }

  /** A failed command: the store is down, unless only this command was at fault. */
  #down(error: Error): RedisDown {
    const reason = this.#wordsOf(error)
    if (isFaultOfScript(error)) return new RedisScriptFailed(reason)
    this.#fell(reason)
    return new RedisDown(reason)
  }

  #fell(reason: string): void {
    this.#falls += 1
    if (this.isUp) {
      this.isUp = false
      this.downSinceMs = this.#parts.clock()
      this.#answeredAt = performance.now()
    }
    if (this.#closed) return
    if (!this.#saidDown) {
      this.#saidDown = true
      this.#parts.log.warn({ reason }, 'redis_down')
    }
    this.#settled()
    this.#later()
  }

  #failed(error: Error): void {
    const refusal = refusalOf(error)
    if (refusal !== null && this.#refusal === null) {
      this.#refusal = refusal
      this.#parts.log.error({ reason: this.#wordsOf(error) }, 'redis_refused')
    }
    this.#fell(this.#wordsOf(error))
  }

  #later(): void {
    if (this.#timer !== null || this.#closed) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      void this.#probe()
    }, retryMs)
  }

  /** Asks whether the server answers, and lets everyone catch up with it before it counts as up. */
  async #probe(): Promise<void> {
    const client = this.#client
    // Unconnected: the client tries again, and says so when it is ready.
    if (client === null || this.#isProbing || this.isUp || this.#closed || !client.isReady) return
    this.#isProbing = true
    const falls = this.#falls
    try {
      await client.probe(this.key('probe'))
      this.#answeredAt = performance.now()
      await Promise.all(this.#handlers.map(handler => handler()))
      if (falls === this.#falls && !this.#closed) this.#returned()
    } catch (error) {
      this.#failed(error instanceof Error ? error : new Error(String(error)))
      if (performance.now() - this.#answeredAt > silenceMsMax && client.isReady) {
        this.#answeredAt = performance.now()
        client.reconnect()
      }
    } finally {
      this.#isProbing = false
      if (!this.isUp) this.#later()
    }
  }

  #returned(): void {
    const { clock, log } = this.#parts
    this.isUp = true
    this.#refusal = null
    if (this.#saidDown) log.info({ downMs: Math.round(clock() - (this.downSinceMs ?? clock())) }, 'redis_back')
    this.#saidDown = false
    this.downSinceMs = null
    this.#settled()
  }

  #wordsOf(error: Error): string {
    let words = error.message
    if (words === 'Command timed out') words = `no answer within ${this.#config.timeout} ms`
    else if (words.startsWith('MOVED')) words = 'the server is part of a cluster: set redis.cluster: true'
    return this.#secret === null ? words : words.replaceAll(this.#secret, '***')
  }
}

/** The first word of what a server says that does not want us, null for everything else. */
function refusalOf(error: Error): string | null {
  return /^(?:WRONGPASS|NOAUTH|NOPERM|ERR invalid password)/.exec(error.message)?.[0] ?? null
}

/** The server answers, and only this script is wrong: asking for others goes on. */
function isFaultOfScript(error: Error): boolean {
  return /^(?:ERR|WRONGTYPE) .*script/i.test(error.message)
}

import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { type RedisConfig, readAddress } from './address.ts'
import { type Client, type ClientEvents, connect, libraryTimeoutMs } from './client.ts'
import { RedisDown, RedisScriptFailed, type RedisStore, type Script } from './index.ts'
import { type SignInParts, TokenSignIn } from './sign-in.ts'

export interface RedisParts extends SignInParts {
  readonly clock: Clock
  readonly log: Log
}

/** Time between attempts, in ms: constant, because calls wait for limits to come back. */
const retryMs = 75
/**
 * Time between attempts after the server has refused our credentials, in ms: it may lock the account after many
 * attempts.
 */
const refusedRetryMs = 2_000
/** Longest silence before the connection is opened again, in ms: a machine that has vanished closes no connection. */
const silenceMsMax = 5_000

/**
 * Opens no connection yet: see `start`. A server that is not there is no error; attempts go on until `close`.
 * @throws RedisAddressInvalid when the URL cannot be parsed.
 */
export function openRedis(config: RedisConfig, parts: RedisParts): RedisStore {
  return new RedisConnection(config, parts)
}

class RedisConnection implements RedisStore {
  isUp = false
  downSinceMs: number | null
  readonly #config: RedisConfig
  readonly #parts: RedisParts
  readonly #handlers: (() => Promise<void>)[] = []
  readonly #digests = new Map<Script, string>()
  /** The configured password, which no message may contain. */
  readonly #password: string | null
  /** Null where no identity is configured. */
  readonly #signIn: TokenSignIn | null
  #client: Client | null = null
  #closed = false
  #started: () => void = () => {}
  /** Number of failures so far: a probe that began before the last one says nothing. */
  #failures = 0
  #isProbing = false
  #timer: NodeJS.Timeout | null = null
  #hasLoggedDown = false
  #refusal: string | null = null
  #answeredAt = 0

  constructor(config: RedisConfig, parts: RedisParts) {
    this.#config = config
    this.#parts = parts
    this.#password = readAddress(config).password
    this.#signIn = config.credential === undefined ? null : new TokenSignIn(config.credential, parts)
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
    this.#started = resolve
    this.#answeredAt = performance.now()
    const events: ClientEvents = {
      ready: () => void this.#probe(),
      closed: () => this.#wentDown('the connection was closed'),
      failed: error => this.#failed(error),
      retryInMs: () => (this.#refusal === null ? retryMs : refusedRetryMs),
    }
    this.#client = connect(this.#config, events, this.#signIn)
    return promise
  }

  async close(): Promise<void> {
    this.#closed = true
    this.isUp = false
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#client?.close()
    this.#started()
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

  /** The error of a failed command. Marks the server as down, unless only the script is at fault. */
  #down(error: Error): RedisDown {
    const reason = this.#messageOf(error)
    if (isFaultOfScript(error)) return new RedisScriptFailed(reason)
    this.#wentDown(reason)
    return new RedisDown(reason)
  }

  #wentDown(reason: string): void {
    this.#failures += 1
    if (this.isUp) {
      this.isUp = false
      this.downSinceMs = this.#parts.clock()
      this.#answeredAt = performance.now()
    }
    if (this.#closed) return
    if (!this.#hasLoggedDown) {
      this.#hasLoggedDown = true
      this.#parts.log.warn({ reason }, 'redis_down')
    }
    this.#started()
    this.#probeLater()
  }

  #failed(error: Error): void {
    const refusal = refusalOf(error)
    if (refusal !== null && this.#refusal === null) {
      this.#refusal = refusal
      this.#parts.log.error({ reason: this.#messageOf(error) }, 'redis_refused')
    }
    this.#wentDown(this.#messageOf(error))
  }

  #probeLater(): void {
    if (this.#timer !== null || this.#closed) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      void this.#probe()
    }, retryMs)
  }

  /** Checks whether the server answers, and runs the handlers before it counts as up. */
  async #probe(): Promise<void> {
    const client = this.#client
    // Without a connection there is nothing to probe: the client reconnects, and its `ready` event starts a probe.
    if (client === null || this.#isProbing || this.isUp || this.#closed || !client.isReady) return
    this.#isProbing = true
    const failures = this.#failures
    try {
      await client.probe(this.key('probe'))
      this.#answeredAt = performance.now()
      await Promise.all(this.#handlers.map(handler => handler()))
      if (failures === this.#failures && !this.#closed) this.#returned()
    } catch (error) {
      this.#failed(error instanceof Error ? error : new Error(String(error)))
      if (performance.now() - this.#answeredAt > silenceMsMax && client.isReady) {
        this.#answeredAt = performance.now()
        client.reconnect()
      }
    } finally {
      this.#isProbing = false
      if (!this.isUp) this.#probeLater()
    }
  }

  #returned(): void {
    const { clock, log } = this.#parts
    this.isUp = true
    this.#refusal = null
    if (this.#hasLoggedDown) log.info({ downMs: Math.round(clock() - (this.downSinceMs ?? clock())) }, 'redis_back')
    this.#hasLoggedDown = false
    this.downSinceMs = null
    this.#started()
  }

  #messageOf(error: Error): string {
    let message = error.message
    if (message === 'Command timed out') message = `no answer within ${libraryTimeoutMs(this.#config)} ms`
    else if (message.startsWith('MOVED')) message = 'the server is part of a cluster: set redis.cluster: true'
    const secret = this.#signIn?.secret ?? this.#password
    return secret === null ? message : message.replaceAll(secret, '***')
  }
}

/** The first word of an error that refuses our credentials or rights; null for all other errors. */
function refusalOf(error: Error): string | null {
  return /^(?:WRONGPASS|NOAUTH|NOPERM|ERR invalid password)/.exec(error.message)?.[0] ?? null
}

/** True when the server answers and only this script fails: other scripts can still run. */
function isFaultOfScript(error: Error): boolean {
  return /^(?:ERR|WRONGTYPE) .*script/i.test(error.message)
}

/** A connection to a real Redis that a test can interrupt. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { configSchema } from '../config/schema/index.ts'
import { silentLog } from '../log.ts'
import { RedisDown, type RedisStore, type Script } from '../redis/index.ts'
import { openRedis } from '../redis/open.ts'

const flush: Script = { name: 'test_flush', lua: "redis.call('FLUSHALL') return 1" }
const set: Script = { name: 'test_set', lua: "redis.call('SET', KEYS[1], ARGV[1]) return 1" }

/** Passes everything on to Redis, until the test takes it down. */
export class InterruptedRedis implements RedisStore {
  /** Calls that fail although Redis counts as up. */
  failures = 0
  readonly #redis: RedisStore
  readonly #handlers: (() => Promise<void>)[] = []
  #isDown = false

  constructor(redis: RedisStore) {
    this.#redis = redis
  }

  get isUp(): boolean {
    return !this.#isDown && this.#redis.isUp
  }
  get downSinceMs(): number | null {
    return this.#redis.downSinceMs
  }
  key(name: string): string {
    return this.#redis.key(name)
  }
  async run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    if (this.#isDown) throw new RedisDown('taken down by the test')
    if (this.failures > 0) {
      this.failures -= 1
      throw new RedisDown('failed by the test')
    }
    return this.#redis.run(script, keys, args)
  }
  onReturn(handler: () => Promise<void>): void {
    this.#handlers.push(handler)
    this.#redis.onReturn(handler)
  }
  start(): Promise<void> {
    return this.#redis.start()
  }
  close(): Promise<void> {
    return this.#redis.close()
  }

  takeDown(): void {
    this.#isDown = true
  }
  /** It counts as up again, with no handler called. */
  comeUp(): void {
    this.#isDown = false
  }
  /** Redis answers again, with or without its data. */
  async bringBack(isEmpty = false): Promise<void> {
    this.#isDown = false
    if (isEmpty) await this.#redis.run(flush, [this.key('any')], [])
    for (const handler of this.#handlers) await handler()
  }
  /** Writes a value as another version of the gateway may have written it. */
  async write(name: string, value: string): Promise<void> {
    await this.#redis.run(set, [this.key(name)], [value])
  }
}

/** Not started: the test adds its handlers first. */
export function redisAt(t: TestContext, url: string): InterruptedRedis {
  const config = configSchema.shape.redis.parse({ url, timeout: '10s' })
  assert.ok(config !== undefined)
  const redis = openRedis(config, { clock: Date.now, log: silentLog })
  t.after(() => redis.close())
  return new InterruptedRedis(redis)
}

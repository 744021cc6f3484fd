/** Sessions in Redis, so that each replica of a gateway knows them and a restart ends none. */
import { RedisDown, type RedisStore, type Script } from '../../redis/index.ts'
import { AdminError } from '../errors.ts'
import type { SessionStore } from './index.ts'

/**
 * KEYS: the session, the list of all by their last use. ARGV: content, idle time in ms, how many are kept. All keys of
 * a gateway are on one node, so a script may name those of the sessions that it ends.
 */
const put: Script = {
  name: 'session-put',
  lua: `
local now = redis.call('TIME')
local nowMs = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('ZADD', KEYS[2], nowMs, KEYS[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', nowMs - ARGV[2])
local beyond = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[3])
if beyond > 0 then
  for _, name in ipairs(redis.call('ZRANGE', KEYS[2], 0, beyond - 1)) do
    redis.call('DEL', name)
    redis.call('ZREM', KEYS[2], name)
  end
end
redis.call('PEXPIRE', KEYS[2], 86400000)
return 1`,
}

/** KEYS: the session, the list. ARGV: idle time in ms. */
const touch: Script = {
  name: 'session-touch',
  lua: `
local sealed = redis.call('GET', KEYS[1])
if not sealed then
  redis.call('ZREM', KEYS[2], KEYS[1])
  return false
end
local now = redis.call('TIME')
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[2], now[1] * 1000 + math.floor(now[2] / 1000), KEYS[1])
redis.call('PEXPIRE', KEYS[2], 86400000)
return sealed`,
}

/** KEYS: the session. */
const has: Script = { name: 'session-has', lua: `return redis.call('EXISTS', KEYS[1])` }

/** KEYS: the session. ARGV: content. */
const replace: Script = {
  name: 'session-replace',
  lua: `return redis.call('SET', KEYS[1], ARGV[1], 'XX', 'KEEPTTL') and 1 or 0`,
}

/** KEYS: the session, the list. */
const remove: Script = {
  name: 'session-remove',
  lua: `redis.call('ZREM', KEYS[2], KEYS[1]) return redis.call('DEL', KEYS[1])`,
}

/** KEYS: the name. ARGV: time in ms. */
const isFirst: Script = {
  name: 'session-first',
  lua: `return redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) and 1 or 0`,
}

export class RedisSessions implements SessionStore {
  readonly #redis: RedisStore

  constructor(redis: RedisStore) {
    this.#redis = redis
  }

  async put(name: string, sealed: Buffer, { idleMs, most }: { idleMs: number; most: number }): Promise<void> {
    await this.#run(put, this.#keys(name), [sealed.toString('base64'), idleMs, most])
  }

  async touch(name: string, idleMs: number): Promise<Buffer | null> {
    const sealed = await this.#run(touch, this.#keys(name), [idleMs])
    return typeof sealed === 'string' ? Buffer.from(sealed, 'base64') : null
  }

  async has(name: string): Promise<boolean> {
    return (await this.#run(has, [this.#key(name)], [])) === 1
  }

  async replace(name: string, sealed: Buffer): Promise<void> {
    await this.#run(replace, [this.#key(name)], [sealed.toString('base64')])
  }

  async remove(name: string): Promise<void> {
    await this.#run(remove, this.#keys(name), [])
  }

  async isFirst(name: string, withinMs: number): Promise<boolean> {
    return (await this.#run(isFirst, [this.#redis.key(`signin:${name}`)], [withinMs])) === 1
  }

  async #run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await this.#redis.run(script, keys, args)
    } catch (cause) {
      if (!(cause instanceof RedisDown)) throw cause
      const message = 'Sessions are kept in Redis, which does not answer. Try again shortly; tokens work meanwhile.'
      throw new AdminError('sessions_unavailable', message, { cause })
    }
  }

  #key(name: string): string {
    return this.#redis.key(`session:${name}`)
  }

  #keys(name: string): readonly string[] {
    return [this.#key(name), this.#redis.key('sessions')]
  }
}

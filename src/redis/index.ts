/** Redis, as limits and objects see it: one connection, scripts, and whether it answers. */

export interface RedisStore {
  /** `{PREFIX}:NAME` with a hash tag, so that all keys of a script are in one slot of a cluster. */
  key(name: string): string
  /**
   * Runs a script by its digest, one round trip; it is loaded again where the server has forgotten it.
   * @throws RedisDown when there is no answer within `redis.timeout`, no connection, or the server refuses.
   */
  run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>
  /** False from the first failure until the server has answered a ping again. */
  readonly isUp: boolean
  readonly downSinceMs: number | null
  /** Called each time after the server has come back, before `isUp` turns true; `isUp` waits for it. */
  onReturn(handler: () => Promise<void>): void
  close(): Promise<void>
}

export interface Script {
  readonly name: string
  readonly lua: string
}

/** The server could not be asked: a fault of the infrastructure, never of the caller. */
export class RedisDown extends Error {
  readonly code = 'redis_down'
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RedisDown'
  }
}

/** Redis, as limits and objects see it: one connection, scripts, and whether it answers. */

export interface RedisStore {
  /** `{PREFIX}:NAME` with a hash tag, so that all keys of a script are in one slot of a cluster. */
  key(name: string): string
  /**
   * Runs a script by its digest, one round trip; it is loaded again where the server has forgotten it. While `isUp` is false it still
   * tries, as handlers of `onReturn` must: whoever can do without asks `isUp` first.
   * @throws RedisScriptFailed when the script fails; RedisDown when there is no answer within `redis.timeout` (it may have run nevertheless), no connection, or the server refuses.
   */
  run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>
  /** False until `start`, and from the first failure until the server has answered again and every handler of `onReturn` is done. */
  readonly isUp: boolean
  /** Milliseconds since the epoch; null when it is up. */
  readonly downSinceMs: number | null
  /**
   * Called each time after the server has begun to answer, the first time included, before `isUp` turns true; `isUp` waits for it. When it rejects,
   * the server counts as down, and everything is tried again soon.
   */
  onReturn(handler: () => Promise<void>): void
  /**
   * Connects. Resolves when `isUp` has turned true, or when it is known that it will not soon (it is tried on); never rejects. To be called once,
   * after handlers were given.
   */
  start(): Promise<void>
  close(): Promise<void>
}

export interface Script {
  readonly name: string
  readonly lua: string
}

/** The server could not be asked: a fault of the infrastructure, never of the caller. */
export class RedisDown extends Error {
  readonly code: 'redis_down' | 'redis_script_failed' = 'redis_down'
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RedisDown'
  }
}

/** The server answers, and this script fails on it: trying again does not help. What the script did before stays done. */
export class RedisScriptFailed extends RedisDown {
  override readonly code = 'redis_script_failed'
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RedisScriptFailed'
  }
}

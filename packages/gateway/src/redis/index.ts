/** The port to Redis for limits and objects: one connection, scripts, and its health. */

export interface RedisStore {
  /** `{PREFIX}:NAME`. The braces are a hash tag, so that all keys of a script are on one node of a cluster. */
  key(name: string): string
  /**
   * Runs a script by its digest, one round trip. Loads it again when the server has lost it. Also tries while `isUp` is
   * false, since handlers of `onReturn` need that: callers that can do without Redis check `isUp` first.
   * @throws RedisScriptFailed when the script fails; RedisDown when there is no reply within `redis.timeout` (it may
   *   have run all the same), no connection, or the server refuses.
   */
  run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>
  /**
   * False until `start`, and from the first failure until the server answers again and every handler of `onReturn` has
   * finished.
   */
  readonly isUp: boolean
  /** Start of the outage, in ms since the epoch; null when Redis is up. */
  readonly downSinceMs: number | null
  /**
   * The handler is called each time the server begins to answer, also the first time. `isUp` becomes true when all
   * handlers have finished. When one rejects, the server counts as down, and is probed again soon.
   */
  onReturn(handler: () => Promise<void>): void
  /**
   * Connects. Resolves when `isUp` is true, or after the first failure (then it keeps trying); never rejects. Call it
   * once, after handlers are added.
   */
  start(): Promise<void>
  close(): Promise<void>
}

export interface Script {
  readonly name: string
  readonly lua: string
}

/** The server did not answer: a fault of the infrastructure, never of the caller. */
export class RedisDown extends Error {
  readonly code: 'redis_down' | 'redis_script_failed' = 'redis_down'
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RedisDown'
  }
}

/** The server answers, but this script fails: a retry does not help. What the script wrote before it failed stays. */
export class RedisScriptFailed extends RedisDown {
  override readonly code = 'redis_script_failed'
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RedisScriptFailed'
  }
}

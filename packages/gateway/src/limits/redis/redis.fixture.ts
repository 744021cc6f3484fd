/** Counters in a real Redis, as one of several replicas; with a clock that the test controls where it needs one. */
import { randomUUID } from 'node:crypto'
import { startRedis, type TestRedis, tell } from '../../../../../test/support/redis.ts'
import type { Scope } from '../../../../../test/support/world.ts'
import { logTo } from '../../log.fixture.ts'
import { RedisDown, type RedisStore } from '../../redis/index.ts'
import { openRedis } from '../../redis/open.ts'
import { utcCalendar } from '../counting/claim.fixture.ts'
import { RedisCounters, type RedisCountersParts } from './counters.ts'

export interface Replica {
  readonly counters: RedisCounters
  /** Events of its log. */
  readonly logged: string[]
  /** Ends like a crash: it reports nothing and does not leave. */
  crash(): Promise<void>
}

export interface ReplicaOptions {
  readonly timeoutMs?: number
  /**
   * Called when the server has run a script. True breaks all of the server's connections, so that the reply counts as
   * lost.
   */
  readonly losesReply?: (script: string) => boolean
}

/** @param t Closes the replica after the test. @param begin Called before the connection is opened. */
export async function startReplica(
  t: Scope,
  redis: TestRedis,
  parts: Partial<RedisCountersParts> & ReplicaOptions = {},
  begin?: (counters: RedisCounters) => void,
): Promise<Replica> {
  const logged: string[] = []
  const log = logTo(({ event }) => void logged.push(event))
  const clock = parts.clock ?? Date.now
  const config = { url: redis.url, cluster: false, keyPrefix: 'gatehouse', timeout: parts.timeoutMs ?? 10_000 }
  const store = openRedis(config, { clock, log })
  const counters = new RedisCounters({
    redis: parts.losesReply === undefined ? store : losing(store, redis, parts.losesReply),
    calendar: utcCalendar,
    clock,
    log,
    observer: { storeAnswered() {} },
    whenDown: 'local',
    leaseExpiryMs: 30_000,
    member: randomUUID(),
    newId: randomUUID,
    ...parts,
  })
  begin?.(counters)
  await store.start()
  let isOpen = true
  const crash = async (): Promise<void> => {
    if (!isOpen) return
    isOpen = false
    await store.close()
    await counters.close()
  }
  t.after(async () => {
    if (isOpen) await counters.close()
    await crash()
  })
  return { counters, logged, crash }
}

function losing(store: RedisStore, redis: TestRedis, losesReply: (script: string) => boolean): RedisStore {
  return {
    key: name => store.key(name),
    async run(script, keys, args) {
      const reply = await store.run(script, keys, args)
      if (!losesReply(script.name)) return reply
      tell(redis.port, 'CLIENT', 'KILL', 'TYPE', 'normal')
      throw new RedisDown('the reply was lost')
    },
    get isUp() {
      return store.isUp
    },
    get downSinceMs() {
      return store.downSinceMs
    },
    onReturn: handler => store.onReturn(handler),
    start: () => store.start(),
    close: () => store.close(),
  }
}

export { startRedis }

import type { Clock } from '../clock.ts'
import type { Config } from '../config/schema/index.ts'
import type { LedgerReader } from '../ledger/index.ts'
import type { Log } from '../log.ts'
import type { RedisStore } from '../redis/index.ts'
import { ActiveLimits } from './admission.ts'
import { Calendar } from './counting/calendar.ts'
import { MemoryStore } from './counting/memory.ts'
import { Moments } from './counting/moments.ts'
import type { LimitsObserver } from './index.ts'
import { RedisCounters } from './redis/counters.ts'
import { replicaIdOf } from './redis/replica-id.ts'
import { Estimates } from './rules/estimates.ts'
import { remembered } from './rules/remembered.ts'

export interface LimitsParts {
  readonly clock: Clock
  readonly observer: LimitsObserver
  /** Queried at start for what was used in the current windows. */
  readonly ledger: Pick<LedgerReader, 'spent'>
  /**
   * Parts of store `redis`; `start` its connection after this. Without them, or with store `memory`, counters are in
   * this process.
   */
  readonly shared?: SharedStoreParts
}

export interface SharedStoreParts {
  readonly redis: RedisStore
  readonly log: Log
  /** Creates names that are unique across processes. */
  readonly newId: () => string
}

/** Opens the limits of a configuration, with the amounts that the ledger remembers already counted. */
export async function openLimits(config: Config, parts: LimitsParts): Promise<ActiveLimits> {
  const { clock, observer, ledger } = parts
  const calendar = new Calendar(config.limits)
  const store = openStore(config, parts, calendar)
  const limits = new ActiveLimits(config, { store, calendar, estimates: new Estimates(), observer })
  const weigh = limits.weighTokens.bind(limits)
  store.restore(await remembered(limits.book, config, { ledger, clock, calendar, store, weigh }))
  return limits
}

function openStore(config: Config, parts: LimitsParts, calendar: Calendar): MemoryStore | RedisCounters {
  const { clock, observer, shared } = parts
  if (config.limits.store === 'memory' || shared === undefined) return new MemoryStore(calendar, new Moments(clock))
  const { whenStoreIsDown, leaseExpiry } = config.limits
  if (whenStoreIsDown === undefined) throw new TypeError('store redis without whenStoreIsDown')
  return new RedisCounters({
    ...shared,
    calendar,
    clock,
    observer,
    whenDown: whenStoreIsDown,
    leaseExpiryMs: leaseExpiry,
    member: replicaIdOf(config.ledger.directory, shared.newId),
  })
}

import type { Clock } from '../clock.ts'
import type { Config } from '../config/schema.ts'
import type { LedgerReader } from '../ledger/index.ts'
import type { Log } from '../log.ts'
import type { RedisStore } from '../redis/index.ts'
import { StandingLimits } from './admission.ts'
import { Calendar } from './counting/calendar.ts'
import { MemoryStore } from './counting/memory.ts'
import { Moments } from './counting/moments.ts'
import type { LimitsObserver } from './index.ts'
import { RedisCounters } from './redis/counters.ts'
import { memberOf } from './redis/member.ts'
import { Estimates } from './rules/estimates.ts'
import { remembered } from './rules/remembered.ts'

export interface LimitsParts {
  readonly clock: Clock
  readonly observer: LimitsObserver
  /** Asked at the start for what was used in the windows that run. */
  readonly ledger: Pick<LedgerReader, 'spent'>
  /** What store `redis` stands on; `start` it after this. Without it, or with store `memory`, counters are in this process. */
  readonly shared?: SharedParts
}

export interface SharedParts {
  readonly redis: RedisStore
  readonly log: Log
  /** Makes names that no other process makes. */
  readonly newId: () => string
}

/** Opens the limits of a configuration, with what the ledger remembers already counted. */
export async function openLimits(config: Config, parts: LimitsParts): Promise<StandingLimits> {
  const { clock, observer, ledger } = parts
  const calendar = new Calendar(config.limits.timeZone)
  const store = openStore(config, parts, calendar)
  const limits = new StandingLimits(config, { store, calendar, estimates: new Estimates(), observer })
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
    member: memberOf(config.ledger.directory, shared.newId),
  })
}

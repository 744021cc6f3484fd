import type { Clock } from '../clock.ts'
import type { Config } from '../config/schema.ts'
import type { LedgerReader } from '../ledger/index.ts'
import { StandingLimits } from './admission.ts'
import { Calendar } from './calendar.ts'
import { Estimates } from './estimates.ts'
import type { LimitsObserver } from './index.ts'
import { MemoryStore } from './memory.ts'
import { Moments } from './moments.ts'
import { remembered } from './remembered.ts'

export interface LimitsParts {
  readonly clock: Clock
  readonly observer: LimitsObserver
  /** Asked at the start for what was used in the windows that run. */
  readonly ledger: Pick<LedgerReader, 'spent'>
}

/** Opens the limits of a configuration, with what the ledger remembers already counted. */
export async function openLimits(config: Config, { clock, observer, ledger }: LimitsParts): Promise<StandingLimits> {
  const calendar = new Calendar(config.limits.timeZone)
  const store = new MemoryStore(calendar, new Moments(clock))
  const limits = new StandingLimits(config, { store, calendar, estimates: new Estimates(), observer })
  const weigh = limits.weighTokens.bind(limits)
  store.restore(await remembered(limits.book, config, { ledger, clock, calendar, store, weigh }))
  return limits
}

import type { LimitName } from '../../config/schema/index.ts'
import { Calendar } from './calendar.ts'
import type { Claim, CounterStore } from './counters.ts'

/** With the default settings of the configuration. */
export const utcCalendar = new Calendar({ timeZone: 'UTC', fiscalYearStart: '01-01' })

/** A claim on a counter of its own. */
export function claim(store: CounterStore, name: string, measure: LimitName, limit: number, enforce = true): Claim {
  const counter = store.counter({ key: `${name}:${measure}`, base: name, subject: null, measure })
  const { own, unit } = counter
  return { counter, own, unit, limit, limitText: String(limit), enforce, takes: true, rule: name }
}

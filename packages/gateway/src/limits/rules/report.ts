import type { Calendar } from '../counting/calendar.ts'
import type { Counter, CounterReading, CounterStore } from '../counting/counters.ts'
import { measures, type WindowFacts } from '../counting/measures.ts'
import type { LimitsReport, RuleReport } from '../index.ts'
import { identityOf } from './claims.ts'
import { modeOf } from './facts.ts'
import type { RuleBook } from './rule-book.ts'
import type { LimitRule } from './rules.ts'

/** Subjects reported of a `per` rule, at most: those that have used most. */
const subjectsMax = 100

export interface ReportParts {
  readonly store: CounterStore
  readonly calendar: Calendar
}

/** Every limit of every rule, in the order of the configuration; one line per subject for a `per` rule. */
export async function reportOf(
  book: RuleBook,
  { store, calendar }: ReportParts,
  waiting: number,
): Promise<LimitsReport> {
  const counters = [...store.counters()]
  const groups = book.rules.flatMap(rule =>
    rule.limits.map(({ measure, limit, override = null }) => ({
      rule,
      limit: { limit, override },
      counters:
        rule.per.length === 0
          ? [store.counter(identityOf(rule, measure, noSubjects))]
          : counters.filter(one => one.base === rule.base && one.measure === measure && one.subject !== null),
    })),
  )
  const unique = [...new Set(groups.flatMap(one => one.counters))]
  const readings = await store.read(unique)
  const byCounter = new Map(unique.map((counter, index) => [counter, readings[index]]))
  return {
    store: store.kind,
    state: store.state,
    downSinceMs: store.downSinceMs,
    waiting,
    rules: groups.flatMap(one =>
      one.counters
        .flatMap(counter => {
          const reading = byCounter.get(counter)
          return reading === undefined ? [] : [lineOf(one.rule, one.limit, counter, reading, calendar)]
        })
        .sort((a, b) => b.used + b.reserved - a.used - a.reserved)
        .slice(0, subjectsMax),
    ),
  }
}

const noSubjects = { workload: '', caller: '', deployment: null, instance: null }

function lineOf(
  rule: LimitRule,
  { limit, override }: Pick<RuleReport, 'limit' | 'override'>,
  counter: Counter,
  reading: CounterReading,
  calendar: Calendar,
): RuleReport {
  const { used, reserved } = reading
  const { window } = measures[counter.measure]
  const renewsAtMs = renewalOf(window, reading, calendar)
  return {
    rule: rule.name,
    measure: counter.measure,
    mode: modeOf(rule),
    scope: rule.scope,
    subject: counter.subject,
    workloads: rule.workloads === null ? null : [...rule.workloads],
    counter: counter.base,
    limit,
    override,
    used,
    reserved,
    remaining: Math.max(0, limit - used - reserved),
    beganAtMs:
      window.kind === 'calendar' && renewsAtMs !== null ? calendar.windowAt(window.unit, renewsAtMs - 1).startMs : null,
    renewsAtMs,
    refused: counter.refused?.get(rule.name) ?? 0,
  }
}

/** Where nothing is used, nothing will be given back, and a reading names the time at which it was made. */
function renewalOf(
  window: WindowFacts,
  { used, reserved, renewsAtMs }: CounterReading,
  calendar: Calendar,
): number | null {
  if (used + reserved > 0 || renewsAtMs === null) return renewsAtMs
  return window.kind === 'calendar' ? calendar.windowAt(window.unit, renewsAtMs).endMs : null
}

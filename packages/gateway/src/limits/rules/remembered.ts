/** Amounts that the ledger knows for the current windows, so that a restart forgets no budget. */
import type { Clock } from '../../clock.ts'
import type { Config, LimitName } from '../../config/schema/index.ts'
import { type Caller, callerWithoutToken } from '../../identity/index.ts'
import type { LedgerReader } from '../../ledger/index.ts'
import type { SpentGroup } from '../../ledger/reports.ts'
import type { Calendar } from '../counting/calendar.ts'
import type { Booking, Claim, CounterStore } from '../counting/counters.ts'
import { measures, type WindowFacts } from '../counting/measures.ts'
import { claimsOf } from './claims.ts'
import { deploymentNamesAt } from './facts.ts'
import type { RuleBook } from './rule-book.ts'
import { concerns, type LimitRule } from './rules.ts'

export interface RememberedParts {
  readonly ledger: Pick<LedgerReader, 'spent'>
  readonly clock: Clock
  readonly calendar: Calendar
  readonly store: Pick<CounterStore, 'counter'>
  readonly weigh: (promptTokens: number, cachedTokens: number, completionTokens: number) => number
}

/** A shorter window is over before a process has started, so the ledger is not queried for it. In ms. */
const shortestMs = 10_000

/**
 * Amounts that calls have used since the start of each window, as bookings. An amount is booked at the time of its
 * group's newest call.
 */
export async function remembered(book: RuleBook, config: Config, parts: RememberedParts): Promise<readonly Booking[]> {
  const nowMs = parts.clock()
  const bookings: Booking[] = []
  for (const [startMs, names] of windowsOf(book.rules, parts.calendar, nowMs)) {
    // The clock may have been ahead when the last calls were recorded.
    for (const group of await parts.ledger.spent(startMs, nowMs + 60_000)) {
      for (const claim of claimsOfGroup(group, names, book.rules, config, parts)) {
        const amount = amountOfGroup(claim, group, parts)
        if (amount > 0) bookings.push({ counter: claim.counter, amount, atMs: group.startedAtMs })
      }
    }
  }
  return bookings
}

/** Measures by the start of their windows, so that each window is queried once. */
function windowsOf(rules: readonly LimitRule[], calendar: Calendar, nowMs: number): Map<number, Set<LimitName>> {
  const windows = new Map<number, Set<LimitName>>()
  for (const { measure } of rules.flatMap(rule => rule.limits)) {
    const startMs = startOf(measures[measure].window, calendar, nowMs)
    if (startMs === null) continue
    const names = windows.get(startMs) ?? new Set()
    windows.set(startMs, names.add(measure))
  }
  return windows
}

function startOf(window: WindowFacts, calendar: Calendar, nowMs: number): number | null {
  switch (window.kind) {
    case 'sliding':
      return window.lengthMs < shortestMs ? null : nowMs - window.lengthMs
    case 'calendar':
      return calendar.windowAt(window.unit, nowMs).startMs
    case 'inFlight':
      return null
  }
}

function claimsOfGroup(
  group: SpentGroup,
  names: ReadonlySet<LimitName>,
  rules: readonly LimitRule[],
  config: Config,
  { store }: RememberedParts,
): readonly Claim[] {
  const { workload, deployment, instance, callerKey } = group
  if (workload === null || callerKey === null) return []
  const caller = callerOf(callerKey)
  const there = instance === null ? [] : deploymentNamesAt(config, instance, deployment)
  const met = rules
    .filter(rule => concerns(rule, { workload, deployment }))
    .filter(rule => rule.callers === null || (caller !== null && rule.callers(caller) !== null))
    .filter(rule => rule.instances === null || (instance !== null && rule.instances.has(instance)))
    .filter(rule => rule.deploymentThere === null || there.includes(rule.deploymentThere))
    .map(rule => ({ ...rule, limits: rule.limits.filter(({ measure }) => names.has(measure)) }))
  const subjects = { workload, caller: callerKey, deployment, instance }
  return claimsOf(met, subjects, identity => store.counter(identity)).claims.filter(claim => claim.takes)
}

function amountOfGroup({ counter }: Claim, group: SpentGroup, { weigh }: RememberedParts): number {
  switch (counter.unit) {
    case 'tokens':
      return weigh(group.promptTokens, group.cachedTokens, group.completionTokens)
    case 'requests':
      return group.calls
    case 'cost':
      return group.costNano
    case 'inFlight':
      return 0
  }
}

/** `user:TENANT/OBJECT` or `app:TENANT/APP` as a caller that rules can match; null for anything else. */
function callerOf(key: string): Caller | null {
  const [, kind, tenantId, id] = /^(user|app):([^/]+)\/(.+)$/.exec(key) ?? []
  if (tenantId === undefined || id === undefined) return null
  return callerWithoutToken({
    kind: kind === 'user' ? 'user' : 'application',
    tenantId,
    objectId: kind === 'user' ? id : '',
    appId: kind === 'user' ? null : id,
    displayName: null,
  })
}

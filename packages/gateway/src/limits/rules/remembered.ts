/** What the ledger knows of the windows that run now: a restart forgets no budget. */
import type { Clock } from '../../clock.ts'
import type { Config, LimitName } from '../../config/schema.ts'
import type { Caller } from '../../identity/index.ts'
import type { LedgerReader } from '../../ledger/index.ts'
import type { SpentGroup } from '../../ledger/reports.ts'
import type { Calendar } from '../counting/calendar.ts'
import { type Booking, type Claim, type CounterStore, measures, type WindowFacts } from '../counting/counters.ts'
import { claimsOf, type RuleBook } from './claims.ts'
import { namesThere } from './report.ts'
import { concerns, type LimitRule } from './rules.ts'

export interface RememberedParts {
  readonly ledger: Pick<LedgerReader, 'spent'>
  readonly clock: Clock
  readonly calendar: Calendar
  readonly store: Pick<CounterStore, 'counter'>
  readonly weigh: (promptTokens: number, cachedTokens: number, completionTokens: number) => number
}

/** A window of less than this has passed before a process has started: it is not asked for. Milliseconds. */
const shortestMs = 10_000

/** What calls since the beginning of each window have used, as bookings; an amount stands at its group's newest call. */
export async function remembered(book: RuleBook, config: Config, parts: RememberedParts): Promise<readonly Booking[]> {
  const nowMs = parts.clock()
  const bookings: Booking[] = []
  for (const [startMs, names] of windowsOf(book.rules, parts.calendar, nowMs)) {
    // A clock may have been ahead of now's when the last calls were recorded.
    for (const group of await parts.ledger.spent(startMs, nowMs + 60_000)) {
      for (const claim of claimsOfGroup(group, names, book.rules, config, parts)) {
        const amount = amountOfGroup(claim, group, parts)
        if (amount > 0) bookings.push({ counter: claim.counter, amount, atMs: group.startedAtMs })
      }
    }
  }
  return bookings
}

/** Measures by the beginning of their windows: each window is asked for once. */
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
  const there = instance === null ? [] : namesThere(config, instance, deployment)
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

/** `user:TENANT/OBJECT` or `app:TENANT/APP` as the caller that a rule of limits can look at; null for anything else. */
function callerOf(key: string): Caller | null {
  const [, kind, tenantId, id] = /^(user|app):([^/]+)\/(.+)$/.exec(key) ?? []
  if (tenantId === undefined || id === undefined) return null
  return {
    kind: kind === 'user' ? 'user' : 'application',
    tenantId,
    objectId: kind === 'user' ? id : '',
    appId: kind === 'user' ? null : id,
    displayName: null,
    groups: [],
    listsGroups: true,
    groupsOverage: false,
    roles: [],
    scopes: [],
    managedIdentityId: null,
    audience: '',
    tokenVersion: '2.0',
    expiresAtMs: 0,
  }
}

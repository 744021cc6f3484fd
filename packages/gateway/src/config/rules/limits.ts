/**
 * Rules of limits: amounts that contradict each other, rules that no call meets, missing stores and unknown time zones.
 */
import { fiscalStartOf } from '../../fiscal.ts'
import { formatPath, nearestOf, type Path, printable, showValue } from '../messages.ts'
import {
  type Config,
  type LimitAmounts,
  type LimitName,
  type LimitRuleConfig,
  type LimitsConfig,
  limitNames,
} from '../schema/index.ts'
import { conflict, listOf, type Notes, refuseDuplicates, unknownName, warn } from './notes.ts'

/** Every set of amounts in the configuration, with its path. */
export interface Amounts {
  readonly path: Path
  readonly written: LimitAmounts
}

export function amountsOfWorkloads(workloads: Config['workloads']): Amounts[] {
  return Object.entries(workloads).flatMap(([name, { limits }]) => {
    const path = ['workloads', name, 'limits']
    if (limits === undefined) return []
    const { perCaller, ...own } = limits
    const inner = perCaller === undefined ? [] : [{ path: [...path, 'perCaller'], written: perCaller }]
    // Limits that only contain `perCaller` need no amounts of their own.
    return namesIn(own).length === 0 && perCaller !== undefined ? inner : [{ path, written: own }, ...inner]
  })
}

export function amountsOfInstances(instances: Config['instances']): Amounts[] {
  return Object.entries(instances).flatMap(([name, { limits, deployments }]) => {
    const path = ['instances', name]
    const own = limits === undefined ? [] : [{ path: [...path, 'limits'], written: limits }]
    const inner = Object.entries(deployments).flatMap(([deployment, { limits: written }]) => {
      return written === undefined ? [] : [{ path: [...path, 'deployments', deployment, 'limits'], written }]
    })
    return [...own, ...inner]
  })
}

export function amountsOfRules(limits: LimitsConfig): Amounts[] {
  return Object.entries(limits.rules).map(([name, written]) => ({ path: ['limits', 'rules', name], written }))
}

function namesIn(written: LimitAmounts): LimitName[] {
  return limitNames.filter(name => written[name] !== undefined)
}

/** Tokens, calls, or nano of a currency. */
function figureOf(written: LimitAmounts, name: LimitName): number | null {
  const amount = written[name]
  if (amount === undefined) return null
  return typeof amount === 'number' ? amount : amount.nano
}

function amountText(written: LimitAmounts, name: LimitName): string {
  const amount = written[name]
  return typeof amount === 'object' ? `${amount.nano / 1e9} ${amount.currency}` : String(amount)
}

/** The windows of each kind of amount, from the shortest to the longest. */
const ladders: readonly (readonly LimitName[])[] = [
  [
    'tokensPerMinute',
    'tokensPerHour',
    'tokensPerDay',
    'tokensPerWeek',
    'tokensPerMonth',
    'tokensPerQuarter',
    'tokensPerYear',
  ],
  ['costPerDay', 'costPerMonth', 'costPerQuarter', 'costPerYear'],
]

export function checkAmounts(all: readonly Amounts[], completionTokensAssumed: number | null, notes: Notes): void {
  for (const { path, written } of all) {
    if (namesIn(written).length === 0) {
      const expected = `at least one amount: ${limitNames.join(', ')}`
      notes.errors.push({ code: 'missing_key', path, seen: 'no amount', expected, nearest: null })
    }
    for (const ladder of ladders) checkLadder(ladder, { path, written }, notes)
    const { requestsPerSecond: second, requestsPerMinute: minute } = written
    if (second !== undefined && minute !== undefined && second * 60 < minute) {
      const expected = `at most 60 times requestsPerSecond (${second * 60}): more can never come in a minute`
      warn(notes, [...path, 'requestsPerMinute'], String(minute), expected)
    }
    if (completionTokensAssumed !== null) checkAssumed({ path, written }, completionTokensAssumed, notes)
  }
}

function checkLadder(ladder: readonly LimitName[], { path, written }: Amounts, notes: Notes): void {
  for (const [index, name] of ladder.entries()) {
    const figure = figureOf(written, name)
    if (figure === null) continue
    const tighter = ladder.slice(index + 1).find(longer => (figureOf(written, longer) ?? figure) < figure)
    if (tighter === undefined) continue
    const expected = `at most ${tighter} (${amountText(written, tighter)}), which is used up before: this one can never be reached`
    warn(notes, [...path, name], amountText(written, name), expected)
  }
}

/** The first call that gives no maximum would reserve more than the limit has. */
function checkAssumed({ path, written }: Amounts, assumed: number, notes: Notes): void {
  const tight = limitNames.find(name => name.startsWith('tokens') && (figureOf(written, name) ?? assumed) < assumed)
  if (tight === undefined) return
  const expected = `at least limits.completionTokensAssumed (${assumed}): a call that gives no maximum reserves that much, and takes all there is`
  warn(notes, [...path, tight], amountText(written, tight), expected)
}

/** An inner limit above its outer limit is never the one that refuses. */
export function checkNested(
  workloads: Config['workloads'] | null,
  instances: Config['instances'] | null,
  notes: Notes,
): void {
  for (const [name, { limits }] of Object.entries(workloads ?? {})) {
    if (limits?.perCaller === undefined) continue
    const path = ['workloads', name, 'limits']
    warnAbove({ path: [...path, 'perCaller'], written: limits.perCaller }, limits, 'the workload as a whole', notes)
  }
  for (const [name, { limits, deployments }] of Object.entries(instances ?? {})) {
    for (const [deployment, { limits: written }] of Object.entries(deployments)) {
      if (limits === undefined || written === undefined) continue
      const path = ['instances', name, 'deployments', deployment, 'limits']
      warnAbove({ path, written }, limits, `the instance ${name}`, notes)
    }
  }
}

function warnAbove(inner: Amounts, outer: LimitAmounts, whose: string, notes: Notes): void {
  // A limit in mode `shadow` constrains nothing.
  if (outer.mode === 'shadow') return
  for (const name of limitNames) {
    const [own, around] = [figureOf(inner.written, name), figureOf(outer, name)]
    if (own === null || around === null || own <= around) continue
    const expected = `at most that of ${whose} (${amountText(outer, name)}): this one can never be reached`
    warn(notes, [...inner.path, name], amountText(inner.written, name), expected)
  }
}

/** A rule that is met by all calls of another rule and has less is always used up before it. */
export function checkOvertaken(limits: LimitsConfig, workloads: Config['workloads'] | null, notes: Notes): void {
  const rules = Object.entries(limits.rules)
  const enforced = rules.filter(([, rule]) => rule.mode === 'enforce' && rule.counter === undefined)
  for (const [name, rule] of rules) {
    for (const [other, around] of enforced) {
      if (name === other || selectionOf(rule) !== selectionOf(around)) continue
      warnOver({ path: ['limits', 'rules', name], written: rule }, around, `the rule ${other}`, notes)
    }
  }
  const ofAll = enforced.filter(([, rule]) => selectionOf(rule) === selectionOf({ per: [] }))
  for (const [name, { limits: own }] of Object.entries(workloads ?? {})) {
    if (own === undefined) continue
    const path = ['workloads', name, 'limits']
    for (const [rule, around] of ofAll)
      warnOver({ path, written: own }, around, `the rule ${rule} for all calls`, notes)
  }
}

/** Equal for rules that count the same calls. */
function selectionOf(rule: Partial<LimitRuleConfig>): string {
  const { workloads, callers, deployments, instances, per = [] } = rule
  const sorted = (names: readonly string[] | undefined): readonly string[] | null => names?.toSorted() ?? null
  const whose = callers?.map(caller => Object.entries(caller).join()).toSorted() ?? null
  return JSON.stringify([sorted(workloads), whose, sorted(deployments), sorted(instances), sorted(per)])
}

function warnOver(inner: Amounts, around: LimitAmounts, whose: string, notes: Notes): void {
  if (inner.written.mode === 'shadow') return
  warnAbove(inner, around, whose, notes)
}

export interface Named {
  readonly workloads: Config['workloads'] | null
  readonly instances: Config['instances'] | null
  readonly pools: Config['pools'] | null
}

export function checkLimitRules(limits: LimitsConfig, named: Named, notes: Notes): void {
  for (const [name, rule] of Object.entries(limits.rules)) {
    const path = ['limits', 'rules', name]
    for (const list of ['workloads', 'callers', 'deployments', 'instances', 'per'] as const) {
      refuseDuplicates(rule[list] ?? [], [...path, list], notes)
    }
    const known = checkSelection(rule, path, named, notes)
    if (known) checkMeets(rule, path, named, notes)
  }
  checkCounters(limits.rules, notes)
}

/** @returns false when a name is unknown: it is then also unknown which calls the rule would meet. */
function checkSelection(rule: LimitRuleConfig, path: Path, named: Named, notes: Notes): boolean {
  const before = notes.errors.length
  const refuse = (list: 'workloads' | 'instances' | 'deployments', kind: string, known: readonly string[]): void => {
    for (const [index, name] of (rule[list] ?? []).entries()) {
      if (!known.includes(name)) notes.errors.push(unknownName(name, [...path, list, index], kind, known))
    }
  }
  if (named.workloads !== null) refuse('workloads', 'workload', Object.keys(named.workloads))
  if (named.instances !== null) refuse('instances', 'instance', Object.keys(named.instances))
  if (named.instances !== null && named.pools !== null) refuse('deployments', 'deployment', deploymentsIn(named))
  return notes.errors.length === before
}

/** Deployments by the names that workloads use. */
function deploymentsIn({ instances, pools }: Named): string[] {
  const own = Object.values(instances ?? {}).flatMap(({ deployments }) => Object.keys(deployments))
  const aliases = Object.values(pools ?? {}).flatMap(pool =>
    pool.members.flatMap(({ aliases }) => Object.keys(aliases)),
  )
  return [...new Set([...own, ...aliases])]
}

/** A rule whose selections have nothing in common limits nothing, although it looks as if it did. */
function checkMeets(rule: LimitRuleConfig, path: Path, { workloads, instances }: Named, notes: Notes): void {
  const { workloads: whose, deployments: which, instances: where } = rule
  if (whose !== undefined && which !== undefined && workloads !== null) {
    const used = whose.flatMap(name => {
      const { deployments = [], canary = {}, shadow = {} } = workloads[name] ?? {}
      const shares = [...Object.values(canary), ...Object.values(shadow)]
      return [...deployments, ...shares.map(({ deployment }) => deployment)]
    })
    if (!which.some(name => used.includes(name))) {
      const expected = `a deployment that ${listOf(whose)} may use: ${listOf([...new Set(used)])}; as it is, no call meets this rule`
      warn(notes, [...path, 'deployments'], listOf(which), expected)
    }
  }
  if (whose !== undefined && where !== undefined && workloads !== null && instances !== null) {
    const targets = whose.flatMap(name => workloads[name]?.targets ?? [])
    // Pools contain instances that the workload does not name.
    if (targets.every(target => Object.hasOwn(instances, target)) && !where.some(name => targets.includes(name))) {
      const expected = `an instance that ${listOf(whose)} may use: ${listOf([...new Set(targets)])}; as it is, no call meets this rule`
      warn(notes, [...path, 'instances'], listOf(where), expected)
    }
  }
}

/** Rules share a counter per measure and per subject that they count separately. */
function checkCounters(rules: LimitsConfig['rules'], notes: Notes): void {
  const byCounter = Map.groupBy(Object.entries(rules), ([, { counter }]) => counter)
  for (const [counter, sharing] of byCounter) {
    if (counter === undefined) continue
    for (const [name, rule] of sharing) {
      const path = ['limits', 'rules', name, 'counter']
      const others = sharing.filter(([other]) => other !== name)
      const seen = showValue(counter, null, false)
      if (others.length === 0) {
        warn(notes, path, seen, 'another rule with the same counter, or no counter: only this rule names it')
        continue
      }
      const alike = others.filter(([, other]) => countsAlike(rule, other))
      const expected = `a rule with the same counter, measure and "per": ${listOf(others.map(([other]) => other))} counts otherwise, so that nothing is shared`
      if (alike.length === 0) warn(notes, path, seen, expected)
    }
  }
}

function countsAlike(a: LimitRuleConfig, b: LimitRuleConfig): boolean {
  const samePer = [...a.per].sort().join() === [...b.per].sort().join()
  return samePer && namesIn(a).some(name => b[name] !== undefined)
}

export function checkTimeZone(timeZone: string, notes: Notes): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone })
  } catch {
    const known = Intl.supportedValuesOf('timeZone')
    const wanted = timeZone.toLowerCase().replaceAll(' ', '_')
    const ofCity = known.find(zone => zone.toLowerCase().endsWith(`/${wanted}`))
    notes.errors.push({
      code: 'wrong_value',
      path: ['limits', 'timeZone'],
      seen: showValue(timeZone, null, false),
      expected: 'a time zone of the IANA database, as Europe/Berlin, America/New_York or UTC',
      nearest: ofCity ?? nearestOf(timeZone, known),
    })
  }
}

/** Months by the beginnings of their English names, for texts as `April` or `1 Apr`. */
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

export function checkFiscalYear(start: string, notes: Notes): void {
  if (fiscalStartOf(start) !== null) return
  notes.errors.push({
    code: 'wrong_value',
    path: ['limits', 'fiscalYearStart'],
    seen: showValue(start, null, false),
    expected:
      'month and day of the first day of a fiscal year, as 04-01 for 1 April; the day is 01 to 28, which every month has',
    nearest: fiscalStartMeant(start),
  })
}

/** `4-1`, `04`, `--04-01` and `April` as they must be written; null where the text does not say it. */
function fiscalStartMeant(text: string): string | null {
  const [, month, day = '1'] = /^-{0,2}(\d{1,2})(?:[-/.](\d{1,2}))?$/.exec(text.trim()) ?? []
  const named = months.indexOf(/[a-z]{3}/.exec(text.toLowerCase())?.[0] ?? '') + 1
  const found = [month ?? named, month === undefined ? (/\d{1,2}/.exec(text)?.[0] ?? 1) : day]
  const meant = found.map(part => String(part).padStart(2, '0')).join('-')
  return fiscalStartOf(meant) === null ? null : meant
}

const dayMs = 86_400_000

/** Windows that are longer than the ledger must keep records, the longest first, in days. */
const longWindows = [
  ['Year', 366],
  ['Quarter', 92],
  ['Month', 31],
  ['Week', 7],
] as const

/** A budget is counted again from records: what is no longer kept is given out twice. */
export function checkRemembered(
  amounts: readonly Amounts[],
  { records }: Config['ledger']['retain'],
  { store }: Pick<LimitsConfig, 'store'>,
  notes: Notes,
): void {
  for (const [window, days] of longWindows) {
    if (records >= days * dayMs) return
    const found = amounts.flatMap(({ path, written }) =>
      namesIn(written).flatMap(name => (name.endsWith(`Per${window}`) ? [formatPath([...path, name])] : [])),
    )
    if (found.length === 0) continue
    const when = store === 'redis' ? 'when Redis has lost its data' : 'after a restart'
    const expected = `at least ${days}d, as long as the window of ${listOf(found)}: ${when}, a budget counts only the calls whose records are still kept, and allows the rest again`
    warn(notes, ['ledger', 'retain', 'records'], `${records / dayMs}d`, expected)
    return
  }
}

const downChoices =
  'refuse (calls with limits get 503), local (each replica goes on with its share) or allow (calls pass uncounted)'

export function checkStore(
  limits: LimitsConfig,
  redis: Config['redis'] | null,
  hasLimits: boolean,
  notes: Notes,
): void {
  const { store, whenStoreIsDown } = limits
  const path = ['limits', 'whenStoreIsDown']
  if (store === 'redis' && redis === undefined) {
    const expected = 'a section redis, as redis: { url: "rediss://cache.example.net:6380" }; or store memory'
    conflict(notes, ['limits', 'store'], 'redis, and no section redis', expected)
  }
  if (store === 'redis' && whenStoreIsDown === undefined) {
    const expected = `what is done while Redis cannot be asked: ${downChoices}`
    notes.errors.push({ code: 'missing_key', path, seen: 'nothing', expected, nearest: null })
  }
  if (store === 'memory' && whenStoreIsDown !== undefined) {
    warn(notes, path, whenStoreIsDown, 'store redis beside it: counters in memory are never down')
  }
  if (store === 'memory' && redis !== undefined && redis !== null && hasLimits) {
    const expected =
      'redis, as there is a section redis: in memory each replica counts by itself, and allows the whole limit'
    warn(notes, ['limits', 'store'], 'memory', expected)
  }
}

/** A shorter wait is over before any call has ended. Milliseconds. */
const waitUsefulMs = 50

export function checkLine(limits: LimitsConfig, totalMs: number | null, notes: Notes): void {
  const { length, maxWait, aging } = limits.waitingLine
  refuseDuplicates(limits.priorityClasses, ['limits', 'priorityClasses'], notes)
  if (length === 0) return
  const path = ['limits', 'waitingLine']
  if (maxWait < waitUsefulMs) {
    const expected = `at least ${waitUsefulMs} ms: hardly a call ends sooner and makes room`
    warn(notes, [...path, 'maxWait'], `${maxWait} ms`, expected)
  }
  if (totalMs !== null && maxWait > totalMs) {
    const expected = `at most gateway.timeouts.total (${totalMs / 1000} s), which ends the exchange before`
    warn(notes, [...path, 'maxWait'], `${maxWait / 1000} s`, expected)
  }
  if (aging >= maxWait && limits.priorityClasses.length > 1) {
    const expected = `less than maxWait (${printable(String(maxWait))} ms): as it is, no call waits long enough to count as more urgent`
    warn(notes, [...path, 'aging'], `${aging} ms`, expected)
  }
}

import { Command } from 'commander'
import type { LimitsAnswer } from '../../admin/house-schemas.ts'
import type { LimitName } from '../../config/schema/index.ts'
import { csvLine, exactAmount } from '../../csv.ts'
import type { RuleReport, StoreState } from '../../limits/index.ts'
import type { CliContext } from '../context.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { spoken } from '../terminal/durations.ts'
import { column as amountsOf, money, toTheCent } from '../terminal/money.ts'
import { jsonText, printableLine } from '../terminal/printable.ts'
import { withoutDomain, withoutRulesKey, withoutZeroCents } from '../terminal/shorter.ts'
import { figure, renderTable, type TableColumn } from '../terminal/table.ts'
import { expiry, instant } from '../terminal/times.ts'
import { addReaderOptions, formatOf, type ReaderOptions, widthOf } from './filters.ts'
import { limitOverrideCommand } from './limit-override.ts'
import { callerNames, type NameCaller } from './names.ts'
import { type ReplicaColumn, replicaTable, sharingNote } from './replica-lines.ts'

interface LimitsOptions extends Pick<ReaderOptions, 'format' | 'as'> {
  readonly workload?: string
}

/** `gatehouse limits`: what is left, rule by rule. */
export function limitsCommand(context: CliContext): Command {
  const command = new Command('limits')
    .summary('limits, rule by rule: used, reserved, left, when they renew')
    .description(
      'Limits, rule by rule: used, reserved, left, when they renew, and calls refused since the gateway started. ' +
        '✗ limit reached, ! more than 90 % used, ~ a rule in mode shadow, which refuses nothing.',
    )
    .option('--workload <name>', 'only rules that calls of this workload may meet')
  addReaderOptions(command)
  command.addCommand(limitOverrideCommand(context))
  return command.action(async (options: LimitsOptions) => showLimits(context, options))
}

async function showLimits(context: CliContext, options: LimitsOptions): Promise<void> {
  const { workload, as } = options
  const limits = await askAdmin<LimitsAnswer>(context, { path: '/api/v1/limits', query: { workload }, as })
  const format = formatOf(options, context)
  if (format === 'json') context.stdout.write(`${jsonText(limits, 2)}\n`)
  else if (format === 'csv') context.stdout.write(limitsCsv(limits))
  else {
    const callers = limits.rules.some(({ subject }) => subject !== null)
    const nameOf: NameCaller = callers ? await callerNames(context, as) : key => key
    context.stdout.write(limitsText(limits, { nowMs: context.clock(), width: widthOf(context), nameOf }))
  }
}

interface LimitsTextParts {
  readonly nowMs: number
  /** Columns of the terminal; null for no bound. */
  readonly width: number | null
  readonly nameOf: NameCaller
}

/** Most counters shown per rule, the fullest first: a rule that counts each caller can have any number. */
const subjectsShown = 10

function limitsText(limits: LimitsAnswer, parts: LimitsTextParts): string {
  const head = sharingNote(limits) + storeLines(limits, parts.nowMs)
  if (limits.rules.length === 0) return `${head}No rule limits these calls: "limits" in the configuration.\n`
  const shown = fullest(limits.rules)
  const columns = columnsFor(limits, parts)
  const rows = limits.rules.filter(rule => shown.has(rule)).map(rule => columns.map(({ cell }) => cell(rule)))
  const left = limits.rules.length - rows.length
  const more = `\nAnd ${figure(left)} that are less used, each counted by itself: --format json has them.\n`
  const replicas = overrideLines(limits, parts.nowMs) + replicaTable(limits, ownColumns, parts)
  return head + renderTable(columns, rows, parts.width) + (left === 0 ? '' : more) + replicas
}

/** A line for each limit that is not that of the configuration. */
function overrideLines({ rules, currency }: LimitsAnswer, nowMs: number): string {
  const lines = rules.flatMap(({ rule, measure, override }) => {
    if (override === null) return []
    const { configured, untilMs, by, reason } = override
    const usually = limitOf({ measure, limit: configured }, currency)
    return [`  ${rule}: usually ${usually}, changed by ${by} until ${expiry(untilMs, nowMs)}: ${reason}`]
  })
  return lines.length === 0 ? '' : `\nChanged for a time:\n${[...new Set(lines)].map(printableLine).join('\n')}\n`
}

const ownColumns: readonly ReplicaColumn<LimitsAnswer['replicas'][number]>[] = [
  { title: 'counts in', cell: ({ limits }) => limits?.store ?? '-' },
  { title: 'store', cell: ({ limits }) => limits?.state ?? '-' },
  { title: 'waiting', align: 'right', cell: ({ limits }) => figure(limits?.waiting ?? null) },
]

function storeLines({ store, state, downSinceMs, waiting }: LimitsAnswer, nowMs: number): string {
  const lines: string[] = []
  if (state !== 'ok') {
    const since = downSinceMs === null ? '' : ` for ${spoken(nowMs - downSinceMs)}`
    const name = store === 'redis' ? 'Redis' : 'The store of the limits'
    lines.push(`! ${name} has not answered${since}: ${withoutStore[state]}.`)
  }
  if (waiting > 0) lines.push(`${figure(waiting)} ${waiting === 1 ? 'call waits' : 'calls wait'} in line.`)
  return lines.length === 0 ? '' : `${lines.join('\n')}\n\n`
}

const withoutStore: Readonly<Record<Exclude<StoreState, 'ok'>, string>> = {
  refuse: 'calls with limits are refused meanwhile',
  local: 'this gateway goes on with its share of the limits',
  allow: 'calls pass uncounted, and are counted when it is back',
}

/** All counters of rules that count together, and the fullest ones of rules that count per something. */
function fullest(rules: readonly RuleReport[]): ReadonlySet<RuleReport> {
  const groups = Map.groupBy(rules, ({ rule, measure, subject }) => (subject === null ? '' : `${rule} ${measure}`))
  return new Set(
    [...groups].flatMap(([group, members]) =>
      group === '' ? members : members.toSorted((a, b) => shareOf(b) - shareOf(a)).slice(0, subjectsShown),
    ),
  )
}

interface RuleColumn extends TableColumn {
  readonly cell: (rule: RuleReport) => string
}

const nanoPerUnit = 1e9

/** `leaves` as in table.ts: columns without it stay longest. */
function columnsFor({ rules, currency }: LimitsAnswer, { nowMs, nameOf }: LimitsTextParts): readonly RuleColumn[] {
  const right = 'right' as const
  const budgets = rules.filter(({ measure }) => measures[measure].unit === 'cost')
  const isSmall = budgets.some(({ limit }) => limit < nanoPerUnit)
  const costs = isSmall ? amountsOf(budgets.flatMap(one => [one.used, one.reserved, one.remaining])) : toTheCent
  const amount = ({ measure }: RuleReport, value: number): string =>
    measures[measure].unit === 'cost' ? costs.text(value) : figure(value)
  const subjects: readonly RuleColumn[] = rules.some(({ subject }) => subject !== null)
    ? [
        {
          title: 'of',
          cutTo: 12,
          shorten: withoutDomain,
          cell: ({ subject }) => (subject === null ? '' : nameOf(subject)),
        },
      ]
    : []
  return [
    { title: '', cell: markOf },
    { title: 'rule', cutTo: 18, shorten: withoutRulesKey, cell: ({ rule }) => rule },
    ...subjects,
    { title: 'limit', align: right, shorten: withoutZeroCents, cell: rule => limitOf(rule, currency) },
    { title: 'used', align: right, leaves: 2, cell: rule => amount(rule, rule.used) },
    { title: 'reserved', align: right, leaves: 3, cell: rule => amount(rule, rule.reserved) },
    { title: 'left', align: right, cell: rule => amount(rule, rule.remaining) },
    { title: '%', align: right, cell: rule => String(Math.floor(100 * shareOf(rule))) },
    { title: 'renews', align: right, leaves: 1, cell: ({ renewsAtMs }) => renewal(renewsAtMs, nowMs) },
    { title: 'at (UTC)', leaves: 4, cell: ({ renewsAtMs }) => (renewsAtMs === null ? '-' : instant(renewsAtMs)) },
    { title: 'refused', align: right, cell: ({ refused }) => figure(refused) },
    { title: 'for', leaves: 5, cutTo: 24, cell: ({ scope }) => scope },
  ]
}

function renewal(renewsAtMs: number | null, nowMs: number): string {
  if (renewsAtMs === null) return '-'
  return renewsAtMs <= nowMs ? 'now' : spoken(renewsAtMs - nowMs)
}

function limitOf(rule: Pick<RuleReport, 'measure' | 'limit'>, currency: string): string {
  const { unit, window } = measures[rule.measure]
  return unit === 'cost' ? `${money(rule.limit)} ${currency}${window}` : `${short(rule.limit)} ${unit}${window}`
}

/** Used and reserved share of a limit: 1 is all of it; a rule in mode shadow can exceed it. */
function shareOf({ used, reserved, limit }: RuleReport): number {
  return (used + reserved) / limit
}

function markOf(rule: RuleReport): string {
  if (rule.mode === 'shadow') return '~'
  if (shareOf(rule) >= 1) return '✗'
  return shareOf(rule) >= 0.9 ? '!' : ''
}

/** Units and windows as a person reads them. */
const measures: Readonly<Record<LimitName, { readonly unit: string; readonly window: string }>> = {
  tokensPerMinute: { unit: 'tokens', window: '/min' },
  tokensPerHour: { unit: 'tokens', window: '/h' },
  tokensPerDay: { unit: 'tokens', window: '/day' },
  tokensPerWeek: { unit: 'tokens', window: '/week' },
  tokensPerMonth: { unit: 'tokens', window: '/month' },
  tokensPerQuarter: { unit: 'tokens', window: '/quarter' },
  tokensPerYear: { unit: 'tokens', window: '/year' },
  requestsPerSecond: { unit: 'calls', window: '/s' },
  requestsPerMinute: { unit: 'calls', window: '/min' },
  callsInFlight: { unit: 'calls', window: ' at once' },
  costPerDay: { unit: 'cost', window: '/day' },
  costPerMonth: { unit: 'cost', window: '/month' },
  costPerQuarter: { unit: 'cost', window: '/quarter' },
  costPerYear: { unit: 'cost', window: '/year' },
}

/** `60k`, `5M`; other numbers are printed in full: a limit is never rounded. */
function short(value: number): string {
  if (value % 1e6 === 0) return `${figure(value / 1e6)}M`
  return value % 1_000 === 0 ? `${figure(value / 1_000)}k` : figure(value)
}

const csvAmounts = ['limit', 'used', 'reserved', 'remaining'] as const satisfies readonly (keyof RuleReport)[]

/** Amounts of tokens and calls are whole numbers, amounts of money exact with their currency as the unit. */
function limitsCsv({ rules, currency }: LimitsAnswer): string {
  const head = ['rule', 'subject', 'measure', 'mode', ...csvAmounts, 'unit', 'renewsAt', 'refused', 'counter', 'scope']
  const overrideHead = ['configured', 'overrideUntil', 'overrideBy', 'overrideReason']
  const lines = rules.map(rule => {
    const { unit } = measures[rule.measure]
    const exact = (amount: number): number | string => (unit === 'cost' ? exactAmount(amount) : amount)
    const amounts = csvAmounts.map(name => exact(rule[name]))
    const { renewsAtMs, refused, counter, scope, override } = rule
    const renewsAt = renewsAtMs === null ? null : new Date(renewsAtMs).toISOString()
    const changed =
      override === null
        ? [null, null, null, null]
        : [exact(override.configured), new Date(override.untilMs).toISOString(), override.by, override.reason]
    const own = [rule.rule, rule.subject, rule.measure, rule.mode]
    return csvLine([
      ...own,
      ...amounts,
      unit === 'cost' ? currency : unit,
      renewsAt,
      refused,
      counter,
      scope,
      ...changed,
    ])
  })
  return csvLine([...head, ...overrideHead]) + lines.join('')
}

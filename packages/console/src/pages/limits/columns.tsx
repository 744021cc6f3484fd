import { Group, Text } from '@mantine/core'
import { paths } from '../../app/paths.ts'
import { PlaceLink } from '../../app/place-link.tsx'
import { asCost, exactCost } from '../../format/cost.ts'
import { exactly, humane } from '../../format/number.ts'
import { Ago } from '../../parts/ago.tsx'
import { Count, Moment } from '../../parts/figures.tsx'
import { Foreign } from '../../parts/foreign.tsx'
import { Meter } from '../../parts/meter.tsx'
import type { Column } from '../../parts/table.tsx'
import { limits as text } from '../../texts/limits.ts'
import { forecastOf, isForecast } from './forecast.ts'
import type { Rule } from './query.ts'

const titles = text.columns

/** How much of a rule is used, what is reserved included. */
export function shareOf({ used, reserved, limit }: Rule): number {
  return limit === 0 ? 1 : (used + reserved) / limit
}

function amount({ measure }: Rule, value: number, currency: string): string {
  return measure.startsWith('cost') ? asCost({ nano: Math.round(value), currency }) : humane(value)
}

function exactAmount({ measure }: Rule, value: number, currency: string): string {
  return measure.startsWith('cost') ? exactCost({ nano: Math.round(value), currency }) : exactly(value)
}

export interface Shown {
  /** Of limits of cost, ISO 4217. */
  readonly currency: string
  /** Of callers, by their keys. */
  readonly names: ReadonlyMap<string, string>
  /** Names of rules lead to their charts. */
  readonly opens?: boolean
}

export function ruleColumns({ currency, names, opens = false }: Shown): readonly Column<Rule>[] {
  return [
    {
      title: titles.rule,
      cell: ({ rule }) => <Name rule={rule} opens={opens} />,
      isName: true,
      order: ({ rule }) => rule,
    },
    {
      title: titles.scope,
      cell: rule => <Scope rule={rule} names={names} />,
      order: ({ scope, subject }) => `${scope} ${names.get(subject ?? '') ?? subject ?? ''}`,
    },
    { title: titles.measure, cell: ({ measure }) => text.measures[measure] },
    { title: titles.use, cell: rule => <Use rule={rule} currency={currency} />, order: shareOf },
    {
      title: titles.remaining,
      align: 'right',
      cell: rule => (
        <span title={exactAmount(rule, rule.remaining, currency)}>{amount(rule, rule.remaining, currency)}</span>
      ),
    },
    { title: titles.renews, cell: ({ renewsAtMs }) => (renewsAtMs === null ? '–' : <Ago ms={renewsAtMs} />) },
    {
      title: titles.refused,
      align: 'right',
      cell: rule => <Refused rule={rule} />,
      order: ({ refused }) => refused,
    },
    { title: titles.mode, cell: ({ mode }) => <span title={text.modeHints[mode]}>{text.modes[mode]}</span> },
  ]
}

/** @param nowMs until when a window has passed. */
export function budgetColumns(shown: Shown, nowMs: number): readonly Column<Rule>[] {
  const [rule, scope, measure, use, remaining] = ruleColumns(shown)
  const forecast = forecastColumn(shown.currency, nowMs)
  return [rule, scope, measure, use, remaining, forecast].filter(column => column !== undefined)
}

/** What will be used at the end of the window. @param nowMs until when it has passed. */
export function forecastColumn(currency: string, nowMs: number): Column<Rule> {
  return {
    title: titles.forecast,
    cell: one => <ForecastText rule={one} currency={currency} nowMs={nowMs} />,
  }
}

/** Rules of the configuration's own section have its path before their name. */
const section = 'limits.rules.'

function Name({ rule, opens }: { readonly rule: string; readonly opens: boolean }) {
  const shown = rule.startsWith(section) ? rule.slice(section.length) : rule
  if (!opens) return <span title={rule}>{shown}</span>
  return (
    <PlaceLink place={paths.limits(rule)} title={rule}>
      {shown}
    </PlaceLink>
  )
}

/** Whom a rule is for; where it counts callers by themselves, which of them. */
function Scope({ rule: { scope, subject }, names }: { readonly rule: Rule } & Pick<Shown, 'names'>) {
  if (subject === null) return scope
  const name = names.get(subject)
  return (
    <span title={subject}>
      {name === undefined ? shortened(subject) : <Foreign text={name} />}
      <Text span display="block" c="dimmed" size="xs">
        {scope}
      </Text>
    </span>
  )
}

interface AmountProps {
  readonly rule: Rule
  readonly currency: string
}

function Use({ rule, currency }: AmountProps) {
  const { limit, used, reserved } = rule
  const said = text.of(amount(rule, used, currency), amount(rule, limit, currency))
  const exact = text.of(exactAmount(rule, used, currency), exactAmount(rule, limit, currency))
  const held = reserved === 0 ? '' : `\n${text.reserved(exactAmount(rule, reserved, currency))}`
  return (
    <Group gap={8} wrap="nowrap" title={`${exact}${held}`}>
      <Meter
        label={`${rule.rule} ${rule.subject ?? ''} ${text.measures[rule.measure]}`}
        share={limit === 0 ? 1 : used / limit}
        reserved={limit === 0 ? 0 : reserved / limit}
      />
      <div>
        {said}
        {rule.override !== null && <Override rule={rule} override={rule.override} currency={currency} />}
      </div>
    </Group>
  )
}

/** A limit that an operator changed for a time. */
function Override({ rule, override, currency }: AmountProps & { readonly override: NonNullable<Rule['override']> }) {
  const { configured, untilMs, by, reason } = override
  return (
    <Text c="dimmed" size="xs" title={text.changedBy(by, reason)}>
      {text.usually(amount(rule, configured, currency))}
      <Moment ms={untilMs} />
    </Text>
  )
}

/** Refusals of a workload's rule lead to their records. */
function Refused({ rule: { refused, mode, workloads } }: { readonly rule: Rule }) {
  if (mode === 'shadow') return <span>{text.wouldHave(humane(refused))}</span>
  const [workload, ...others] = workloads ?? []
  if (refused === 0 || workload === undefined || others.length > 0) return <Count value={refused} />
  return (
    <PlaceLink place={paths.records({ workload, outcome: 'refused' })}>
      <Count value={refused} />
    </PlaceLink>
  )
}

function ForecastText({ rule, currency, nowMs }: AmountProps & { readonly nowMs: number }) {
  const { measure, used, limit, beganAtMs, renewsAtMs } = rule
  const isWindow = beganAtMs !== null && renewsAtMs !== null
  const forecast = isWindow ? forecastOf(measure, { used, limit, beganAtMs, renewsAtMs }, nowMs) : null
  if (forecast === null) return isForecast(measure) ? text.tooEarly : text.noForecast
  return (
    <Group gap={8} wrap="nowrap">
      <Meter label={`${titles.forecast}, ${rule.rule}`} share={limit === 0 ? 1 : forecast.atEnd / limit} />
      {amount(rule, Math.round(forecast.atEnd), currency)}
      {forecast.overAtMs !== null && (
        <Text span size="xs" c="var(--bad)">
          {text.over} <Moment ms={forecast.overAtMs} />
        </Text>
      )}
    </Group>
  )
}

const lettersMax = 24

/** The end of a caller's key says who it is; its tenant is that of all. The whole key is shown on hover. */
function shortened(subject: string): string {
  return subject.length <= lettersMax ? subject : `…${subject.slice(-12)}`
}

/** Limits near their end, and budgets that will not last as long as they should. */

import { measures } from '../../limits/counting/measures.ts'
import type { LimitsReport, RuleReport } from '../../limits/index.ts'
import type { Attention, AttentionFacts } from './index.ts'

/** Share of a limit from which it is near its end. */
const nearShare = 0.9
/** Before that share of a window, its pace says nothing about its end. */
const paceLeast = 0.1
/** Of rules that count callers by themselves there may be hundreds. */
const rulesMax = 20

export function aboutLimits({ limits, nowMs, currency }: AttentionFacts): readonly Attention[] {
  if (limits === null) {
    return [
      {
        ...{
          severity: 'warning',
          code: 'limits_unreadable',
          subject: null,
          sinceMs: null,
          page: 'limits',
          parameters: {},
        },
        what: 'The limits cannot be read at the moment.',
        next: 'Look at the log of the gateway, and at Redis where it counts there.',
      },
    ]
  }
  const rules = limits.rules.toSorted((a, b) => shareOf(b) - shareOf(a))
  const found = rules.flatMap(rule => aboutRule(rule, nowMs, currency))
  return [...aboutStore(limits), ...found.slice(0, rulesMax)]
}

const shareOf = ({ used, reserved, limit }: RuleReport): number => (limit === 0 ? 1 : (used + reserved) / limit)

function aboutStore({ state, downSinceMs }: LimitsReport): readonly Attention[] {
  if (state === 'ok') return []
  const meanwhile = {
    refuse: 'calls with limits are refused meanwhile',
    local: 'each replica goes on with its share',
    allow: 'calls pass uncounted meanwhile',
  }[state]
  return [
    {
      ...{ severity: 'critical', code: 'limits_store_down', subject: null, page: 'limits', parameters: {} },
      what: `Redis, where the limits are counted, does not answer; ${meanwhile}.`,
      next: 'Bring Redis back, or look at the network between it and the gateway.',
      sinceMs: downSinceMs,
    },
  ]
}

function aboutRule(rule: RuleReport, nowMs: number, currency: string): readonly Attention[] {
  const share = shareOf(rule)
  const isShadow = rule.mode === 'shadow'
  const about = {
    subject: rule.rule,
    sinceMs: null,
    page: 'limits',
    parameters: { rule: rule.rule, measure: rule.measure, ...(rule.subject === null ? {} : { subject: rule.subject }) },
  } as const
  const who = rule.subject === null ? rule.scope : `${rule.scope} (${rule.subject})`
  const name = `Limit ${rule.rule} of ${amount(rule, rule.limit, currency)} ${windowText(rule)} for ${who}`
  if (share >= 1) {
    return [
      {
        ...about,
        severity: isShadow ? 'note' : isLong(rule) ? 'critical' : 'warning',
        code: isShadow ? 'shadow_limit_passed' : 'limit_used_up',
        what: isShadow
          ? `${name} would refuse calls now; it is only watched.`
          : `${name} is used up: calls are refused.`,
        next: isShadow ? 'Raise it before it is enforced, or talk to who uses it.' : renewal(rule),
      },
    ]
  }
  const forecast = isLong(rule) ? forecastOf(rule, nowMs) : null
  if (share < nearShare && (forecast === null || forecast.atEnd <= rule.limit)) return []
  const pace =
    forecast === null || forecast.atEnd <= rule.limit
      ? ''
      : ` At the present pace it is used up on ${dayText(forecast.usedUpAtMs)}, and would be ${amount(rule, forecast.atEnd, currency)} at the end.`
  return [
    {
      ...about,
      severity: isShadow ? 'note' : 'warning',
      code: share >= nearShare ? 'limit_near' : 'budget_forecast',
      what: `${name} is used to ${Math.floor(share * 100)} %.${pace}`,
      next: renewal(rule),
    },
  ]
}

function renewal({ renewsAtMs }: RuleReport): string {
  const raise = 'Raise it in the configuration, or talk to who uses it'
  return renewsAtMs === null
    ? `${raise}.`
    : `${raise}; it renews at ${new Date(renewsAtMs).toISOString().slice(0, 16)}Z.`
}

/** Windows that people plan by: a minute that is full is over before anybody looks. */
function isLong({ measure }: RuleReport): boolean {
  const { window } = measures[measure]
  return window.kind === 'calendar' && window.unit !== 'hour'
}

interface Forecast {
  readonly atEnd: number
  readonly usedUpAtMs: number
}

/** What is used at the end of the window if the pace since its start stays; null where that cannot be said yet. */
export function forecastOf(rule: RuleReport, nowMs: number): Forecast | null {
  const { beganAtMs, renewsAtMs, used } = rule
  if (beganAtMs === null || renewsAtMs === null || used <= 0) return null
  const passedMs = nowMs - beganAtMs
  if (passedMs < paceLeast * (renewsAtMs - beganAtMs) || nowMs >= renewsAtMs) return null
  const perMs = used / passedMs
  return { atEnd: perMs * (renewsAtMs - beganAtMs), usedUpAtMs: beganAtMs + rule.limit / perMs }
}

function dayText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

function amount({ measure }: RuleReport, value: number, currency: string): string {
  const { unit } = measures[measure]
  if (unit === 'cost') return `${(value / 1e9).toFixed(2)} ${currency}`
  return `${Math.round(value).toLocaleString('en')} ${unit === 'tokens' ? 'tokens' : 'calls'}`
}

function windowText({ measure }: RuleReport): string {
  const { window } = measures[measure]
  if (window.kind === 'inFlight') return 'at once'
  if (window.kind === 'calendar') return `a ${window.unit}`.replace('a hour', 'an hour')
  return window.lengthMs === 1_000 ? 'a second' : 'a minute'
}

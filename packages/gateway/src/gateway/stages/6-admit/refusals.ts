/** Denials of limits as refusals, for `admit` and for `dispatch` (when every instance is at its limit). */
import type { LimitName } from '../../../config/schema/index.ts'
import type { Ask, Denial, RuleDenial } from '../../../limits/index.ts'
import type { Received } from '../../exchange.ts'
import { Refusal, type RefusalCode, type RefusalOptions } from '../../refusals.ts'
import { gaugeHeaders } from './headers.ts'

/** Unit and window of each limit, in words. */
const words: Readonly<Record<LimitName, { readonly unit: 'tokens' | 'calls' | 'money'; readonly window: string }>> = {
  tokensPerMinute: { unit: 'tokens', window: 'per minute' },
  tokensPerHour: { unit: 'tokens', window: 'per hour' },
  tokensPerDay: { unit: 'tokens', window: 'per day' },
  tokensPerWeek: { unit: 'tokens', window: 'per week' },
  tokensPerMonth: { unit: 'tokens', window: 'per month' },
  tokensPerQuarter: { unit: 'tokens', window: 'per quarter' },
  tokensPerYear: { unit: 'tokens', window: 'per year' },
  requestsPerSecond: { unit: 'calls', window: 'per second' },
  requestsPerMinute: { unit: 'calls', window: 'per minute' },
  callsInFlight: { unit: 'calls', window: 'at once' },
  costPerDay: { unit: 'money', window: 'per day' },
  costPerMonth: { unit: 'money', window: 'per month' },
  costPerQuarter: { unit: 'money', window: 'per quarter' },
  costPerYear: { unit: 'money', window: 'per year' },
}

/**
 * @param currency of the price catalogue.
 * @param made what the amounts of the call are made of, as `madeOf` says it.
 */
export function refusalOfDenial(denial: Denial, workload: string, currency: string, made = ''): Refusal {
  if (denial.kind === 'store') {
    const { retryAfterMs } = denial
    return new Refusal('limits_unavailable', {}, { retryAfterMs, headers: ['x-gatehouse-limits', 'refuse'] })
  }
  const { measure, retryAfterMs, renewsAtMs } = denial
  const { unit, window } = words[measure]
  const amount = (value: number): string => {
    if (unit === 'money') return money(value, currency)
    return unit === 'tokens' && codeOf(denial) !== 'token_limit_reached' ? `${value} tokens` : String(value)
  }
  const isBudget = unit === 'tokens' && denial.kind === 'budget'
  const details = {
    rule: denial.rule,
    workload,
    window,
    limit: amount(denial.limit),
    asked: amount(denial.asked),
    remaining: isBudget ? String(denial.remaining) : amount(denial.remaining),
    made: unit === 'calls' ? '' : made,
    seconds: Math.max(1, Math.ceil(retryAfterMs / 1_000)),
    renewsAt: renewsAtMs === null ? '' : new Date(renewsAtMs).toISOString().replace('.000Z', 'Z'),
  }
  const headers = gaugeHeaders(denial.tokens, denial.requests)
  if (denial.store !== 'ok') headers.push('x-gatehouse-limits', denial.store)
  return new Refusal(codeOf(denial), details, optionsOf(denial, headers))
}

const maxima = ['max_completion_tokens', 'max_output_tokens', 'max_tokens'] as const

/**
 * What the tokens that a call may need are made of, for its refusal: ` (11 of the prompt + max_tokens 5000)`. Empty
 * where the prompt is all.
 */
export function madeOf(
  { request, route }: Pick<Received, 'request' | 'route'>,
  { tokens, promptTokens }: Pick<Ask, 'tokens' | 'promptTokens'>,
): string {
  const completion = tokens - promptTokens
  if (completion <= 0 || promptTokens <= 0) return ''
  const { answers, addedMaximum, completionTokensMax, json } = request
  const each = answers > 1 ? ` for each of ${answers} answers` : ''
  const member = maxima.find(name => json?.scan.members.has(name)) ?? maximumOf(route.operation.name)
  const part = (): string => {
    if (completionTokensMax === null) return `${completion} for the answer, because ${member} is not set`
    const most = Math.round(completionTokensMax / answers)
    return addedMaximum === null ? `${member} ${most}${each}` : `the workload's maximum of ${most}${each}`
  }
  return ` (${promptTokens} of the prompt + ${part()})`
}

function maximumOf(operation: string): string {
  return operation === 'responses' ? 'max_output_tokens' : 'max_tokens'
}

/** `12.50 EUR`. Amounts below one get as many digits as they need: `0.0021 EUR`. */
function money(nano: number, currency: string): string {
  const amount = nano >= 1e9 ? (nano / 1e9).toFixed(2) : (nano / 1e9).toFixed(6).replace(/0{1,4}$/, '')
  return `${amount} ${currency}`
}

/**
 * A budget renews in hours or days, and clients that obey Retry-After would wait that long. The message says when
 * instead.
 */
function optionsOf({ kind, retryAfterMs }: RuleDenial, headers: readonly string[]): RefusalOptions {
  return kind === 'passes' ? { headers, retryAfterMs } : { headers }
}

function codeOf({ kind, measure }: RuleDenial): RefusalCode {
  if (kind === 'never') return 'request_exceeds_limit'
  if (kind === 'budget') return 'budget_exhausted'
  switch (words[measure].unit) {
    case 'tokens':
      return 'token_limit_reached'
    case 'calls':
      return measure === 'callsInFlight' ? 'concurrency_limit_reached' : 'request_limit_reached'
    case 'money':
      return 'cost_limit_reached'
  }
}

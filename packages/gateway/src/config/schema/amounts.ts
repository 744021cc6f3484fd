/** What can be limited. Rules, workloads, instances and deployments have these fields in common. */
import { z } from 'zod'
import { money } from './common.ts'

const aboveZero = 'at least 1; for no limit, leave it out'

export const tokens = z.int().min(1, aboveZero).max(1_000_000_000_000)

const calls = z.int().min(1, aboveZero).max(1_000_000_000)

/** What can be limited; each at most once per rule. */
export const amounts = {
  tokensPerMinute: tokens.optional().describe('Tokens in any 60 seconds (a sliding window).'),
  tokensPerHour: tokens
    .optional()
    .describe(
      'Tokens in a calendar hour. Hours, days, weeks (from Monday), months, quarters and years are those of `limits.timeZone`.',
    ),
  tokensPerDay: tokens.optional().describe('Tokens in a calendar day.'),
  tokensPerWeek: tokens.optional().describe('Tokens in a calendar week.'),
  tokensPerMonth: tokens.optional().describe('Tokens in a calendar month.'),
  tokensPerQuarter: tokens
    .optional()
    .describe('Tokens in a fiscal quarter: three months, the first from `limits.fiscalYearStart`.'),
  tokensPerYear: tokens.optional().describe('Tokens in a fiscal year, from `limits.fiscalYearStart`.'),
  requestsPerSecond: calls.optional().describe('Calls in any second (a sliding window).'),
  requestsPerMinute: calls.optional().describe('Calls in any 60 seconds (a sliding window).'),
  callsInFlight: calls.optional().describe('Calls that run at the same time.'),
  costPerDay: money.optional().describe('Cost in a calendar day, in the currency of the price catalogue.'),
  costPerMonth: money.optional().describe('Cost in a calendar month.'),
  costPerQuarter: money
    .optional()
    .describe('Cost in a fiscal quarter: three months, the first from `limits.fiscalYearStart`.'),
  costPerYear: money.optional().describe('Cost in a fiscal year, from `limits.fiscalYearStart`.'),
}

export const mode = z
  .enum(['enforce', 'shadow'])
  .default('enforce')
  .describe(
    '`shadow` refuses no call and reports what would have been refused: for trying a rule. It copies no calls; `shadow` of a workload does that.',
  )

/** The amounts that a rule can limit, in the order of the reference. */
export const limitNames = Object.keys(amounts) as readonly LimitName[]

export type LimitName = keyof typeof amounts

export type CostName = Extract<LimitName, `cost${string}`>

/** The amounts of money. */
export const costNames = limitNames.filter((name): name is CostName => name.startsWith('cost'))

export const ownLimits = z.strictObject({ ...amounts, mode })

export type LimitAmounts = z.output<typeof ownLimits>

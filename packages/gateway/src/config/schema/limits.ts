/** Section `limits`: counters, the waiting line, rules across workloads. */
import { z } from 'zod'
import { calendarYear } from '../../fiscal.ts'
import { amounts, mode } from './amounts.ts'
import { duration, guid, name } from './common.ts'

/**
 * Callers that a limit can name. Groups and roles only bind callers to workloads: records do not keep them, so a
 * restart could not count their calls again.
 */
const limitedCaller = z
  .union(
    [
      z.strictObject({ user: guid.describe('Object id of a person.') }),
      z.strictObject({ app: guid.describe('Application (client) id.') }),
      z.strictObject({ tenant: guid.describe('Every caller of this tenant.') }),
    ],
    { error: 'one caller with exactly one of: user, app, tenant' },
  )
  .meta({ title: 'limited caller' })

const limitRule = z.strictObject({
  ...amounts,
  mode,
  workloads: z.array(name).min(1).optional().describe('Calls of these workloads, counted together. Default: of all.'),
  callers: z.array(limitedCaller).min(1).optional().describe('Calls of these callers. Default: of all.'),
  deployments: z.array(z.string().min(1)).min(1).optional().describe('Calls on these deployments. Default: on all.'),
  instances: z
    .array(name)
    .min(1)
    .optional()
    .describe('Calls that go to these instances. A full instance is skipped while its pool has another one.'),
  per: z
    .array(z.enum(['workload', 'caller', 'deployment', 'instance']))
    .default([])
    .describe(
      'Counts each of these by itself: [caller] gives each person the whole amount. Default: all matching calls together.',
    ),
  counter: name
    .optional()
    .describe('Rules that name the same counter share what was used. Default: a counter of its own.'),
})

export const limits = z.strictObject({
  store: z
    .enum(['memory', 'redis'])
    .default('memory')
    .describe(
      'Where the counters are: in this process, filled from the ledger at the start; or in `redis`, shared by replicas.',
    ),
  whenStoreIsDown: z
    .enum(['refuse', 'local', 'allow'])
    .optional()
    .describe(
      'Needed with store redis. `refuse`: calls with limits get 503. `local`: each replica continues with its share. `allow`: calls pass, and are counted when the store is back.',
    ),
  leaseExpiry: duration('5s', '10m', '30s').describe(
    'With store redis: after this silence, a replica counts as crashed, and what it had reserved is released.',
  ),
  timeZone: z
    .string()
    .min(1)
    .default('UTC')
    .describe('Time zone (IANA, as Europe/Berlin) of hours, days, weeks, months, quarters and years.'),
  fiscalYearStart: z
    .string()
    .default(calendarYear)
    .describe(
      'First day of a fiscal year, as month and day: `04-01` is 1 April. Quarters are of three months from there. The day is 01 to 28.',
    ),
  cachedTokensShare: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('How much a cached prompt token counts in token limits: 1 like any other, 0 nothing.'),
  completionTokensAssumed: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1_000)
    .describe(
      'Completion tokens reserved for a call without a maximum, until there are earlier calls of its workload and deployment to learn from.',
    ),
  priorityClasses: z
    .array(name)
    .min(1)
    .default(['interactive', 'standard', 'batch'])
    .describe('Classes of workloads, the most urgent first.'),
  waitingLine: z
    .strictObject({
      length: z.int().min(0).max(100_000).default(0).describe('Calls that may wait at once; 0 lets none wait.'),
      maxWait: duration('10ms', '5m', '2s').describe('Longest wait; then the call is refused.'),
      aging: duration('10ms', '5m', '1s').describe(
        'Each time this passes, a waiting call counts as one class more urgent, so that no call waits for ever.',
      ),
    })
    .prefault({})
    .describe('A line in which calls wait for room in a limit, instead of being refused at once. Off by default.'),
  rules: z
    .record(name, limitRule)
    .default({})
    .describe('Limits across workloads, by name. A rule without a selection is for all calls.'),
})

export type LimitRuleConfig = z.output<typeof limitRule>

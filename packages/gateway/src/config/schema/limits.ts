/** Section `limits`: counters, the waiting line, rules across workloads. */
import { z } from 'zod'
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
    .describe('Calls that go to these instances. A full instance is passed over while its pool has another one.'),
  per: z
    .array(z.enum(['workload', 'caller', 'deployment', 'instance']))
    .default([])
    .describe(
      'Counts each of these by itself, as [caller] for so much per person. Default: all matching calls together.',
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
      'Where counters live: in this process, restored from the ledger at start; or in `redis`, shared by replicas.',
    ),
  whenStoreIsDown: z
    .enum(['refuse', 'local', 'allow'])
    .optional()
    .describe(
      'Needed with store redis. `refuse`: calls with limits get 503. `local`: each replica goes on with its share. `allow`: calls pass uncounted until the store is back, and are counted then.',
    ),
  leaseExpiry: duration('5s', '10m', '30s').describe(
    'With store redis: silence of a replica after which what it had reserved is given back (it has crashed).',
  ),
  timeZone: z
    .string()
    .min(1)
    .default('UTC')
    .describe('Time zone (IANA, as Europe/Berlin) of hours, days, weeks and months.'),
  cachedTokensShare: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('What a cached prompt token counts in token limits: 1 as any other, 0 nothing.'),
  completionTokensAssumed: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1_000)
    .describe(
      'Completion tokens reserved for a call that gives no maximum, until its workload and deployment have taught better.',
    ),
  priorityClasses: z
    .array(name)
    .min(1)
    .default(['interactive', 'standard', 'batch'])
    .describe('Classes of workloads, the most urgent first.'),
  waitingLine: z
    .strictObject({
      length: z.int().min(0).max(100_000).default(0).describe('Calls that may wait at once; 0 lets none wait.'),
      maxWait: duration('10ms', '5m', '2s').describe(
        'Longest wait; then the call is refused as it would have been at once.',
      ),
      aging: duration('10ms', '5m', '1s').describe(
        'Each time this passes, a waiting call counts as one class more urgent, so that no call waits for ever.',
      ),
    })
    .prefault({})
    .describe('Where calls wait when capacity is short, instead of being refused at once. Off by default.'),
  rules: z
    .record(name, limitRule)
    .default({})
    .describe('Limits across workloads, by name. A rule without a selection is for everything.'),
})

export type LimitRuleConfig = z.output<typeof limitRule>

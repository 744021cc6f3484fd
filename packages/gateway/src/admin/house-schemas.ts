/** Schemas of the answers about the running house: limits, instances, probes. */
import { z } from '@hono/zod-openapi'
import { limitNames } from '../config/schema/index.ts'
import type { LaneState, ProbeResult } from '../instances/state.ts'
import type { FeedState } from '../ledger/feeds/control.ts'
import type { OverriddenLimit, RuleReport } from '../limits/index.ts'
import type { DrainState } from '../replicas/drains.ts'
import { replicasOf } from './replica-schemas.ts'

const string = z.string().nullable()
const count = z.int().min(0)
const timeMs = z.number().openapi({ description: 'Milliseconds since the epoch.' })

const overrideFields: z.ZodType<OverriddenLimit> = z
  .strictObject({
    configured: z.number().openapi({ description: 'The limit of the configuration, in the unit of `limit`.' }),
    untilMs: timeMs.openapi({ description: 'When the override ends by itself.' }),
    by: z.string().openapi({ description: 'Name of the operator.' }),
    reason: z.string(),
  })
  .openapi('OverriddenLimit')

export const limitRule: z.ZodType<RuleReport> = z
  .strictObject({
    rule: z.string().openapi({ description: 'As refusals name it.', example: 'hr-bot' }),
    measure: z.enum(limitNames),
    mode: z.enum(['enforce', 'shadow']),
    scope: z.string().openapi({ description: 'Whom it is for, in words.', example: 'workload hr-bot' }),
    subject: string.openapi({
      description: 'Which of those that a rule counts by themselves, as a caller’s key; null where all count together.',
    }),
    workloads: z.array(z.string()).nullable().openapi({ description: 'Workloads that it can apply to; null for all.' }),
    counter: z.string().openapi({ description: 'Rules with the same counter share what was used.' }),
    limit: z.number().openapi({ description: 'Tokens, calls, or billionths of the currency, as the measure says.' }),
    override: overrideFields.nullable().openapi({
      description: 'Where an operator changed the limit for a time; null where it is that of the configuration.',
    }),
    used: z.number(),
    reserved: z.number().openapi({ description: 'By running calls.' }),
    remaining: z.number(),
    beganAtMs: timeMs.nullable().openapi({
      description: 'When its window of the calendar began; null where a window slides, and for calls in flight.',
    }),
    renewsAtMs: timeMs.nullable().openapi({
      description:
        'When its window ends or moves on; null for calls in flight, and for a window of a second or a minute in which nothing is used.',
    }),
    refused: count.openapi({ description: 'Calls that it refused, or would have, since the start of the process.' }),
  })
  .openapi('LimitRule')

/** What a replica says of its limits. */
const ownLimits = z
  .strictObject({
    store: z.enum(['memory', 'redis']),
    state: z.enum(['ok', 'refuse', 'local', 'allow']),
    waiting: count,
    rules: z
      .array(
        z.strictObject({
          rule: z.string(),
          measure: z.enum(limitNames),
          subject: string,
          used: z.number(),
          reserved: z.number(),
          refused: count,
        }),
      )
      .openapi({ description: 'The fullest counters of a replica that counts in memory; empty where Redis counts.' }),
  })
  .nullable()

export const limitsAnswer = z
  .strictObject({
    store: z.enum(['memory', 'redis']),
    state: z.enum(['ok', 'refuse', 'local', 'allow']).openapi({
      description: 'State of the store of the counters: `ok`, or what is done with calls while it does not answer.',
    }),
    downSinceMs: timeMs.nullable(),
    waiting: count.openapi({ description: 'Calls in the waiting lines of all replicas.' }),
    currency: z.string().openapi({ description: 'Currency of limits of cost, ISO 4217.' }),
    rules: z.array(limitRule),
    ...replicasOf({ limits: ownLimits }).shape,
  })
  .openapi('Limits')

const probeFields = z
  .strictObject({
    atMs: timeMs,
    ok: z.boolean(),
    status: z.int().nullable().openapi({ description: 'HTTP status; null when no answer came.' }),
    durationMs: z.number(),
    error: string.openapi({ description: 'What failed, in words.' }),
  })
  .openapi('Probe')
export const probeAnswer: z.ZodType<ProbeResult> = probeFields

const laneFields: z.ZodType<LaneState> = z.strictObject({
  deployment: z.string(),
  kind: z.enum(['standard', 'provisioned']),
  breaker: z.enum(['closed', 'open', 'half-open']).openapi({ description: 'Open: it is not used.' }),
  breakerReason: string,
  retryAtMs: timeMs.nullable(),
  utilization: z
    .number()
    .nullable()
    .openapi({ description: 'Share of provisioned throughput in use; 1 is all of it.' }),
  spilling: z.boolean().openapi({ description: 'True while new calls go to the next priority because of it.' }),
  remainingTokens: z.number().nullable(),
  remainingRequests: z.number().nullable(),
  latencyMs: z.number().nullable().openapi({ description: 'From sending to the first byte, of recent calls.' }),
  latencyP95Ms: z.number().nullable(),
  inFlight: count,
  calls: count.openapi({ description: 'Tries since the start of the process.' }),
  failures: count,
})

const drainedFields = z
  .strictObject({ sinceMs: timeMs, by: z.string() })
  .openapi({ description: 'The operator’s order that it gets no new calls.' })
export type DrainAnswer = DrainState & { readonly name: string; readonly inFlight: number }
export const drainAnswer: z.ZodType<DrainAnswer> = z
  .strictObject({
    name: z.string(),
    drained: drainedFields.nullable(),
    sharing: z.enum(['ok', 'alone', 'away']).openapi({
      description:
        '`ok`: the other replicas follow within two seconds. `alone`: no Redis is configured. `away`: Redis does not answer; they follow when it does.',
    }),
    inFlight: count.openapi({ description: 'Calls that are running there, of all replicas.' }),
  })
  .openapi('Drain')

export const instancesAnswer = z
  .strictObject({
    instances: z.array(
      z.strictObject({
        name: z.string(),
        endpoint: z.string(),
        region: string,
        credential: z.enum(['caller', 'managed-identity', 'key']),
        healthy: z.boolean(),
        drained: drainedFields.nullable(),
        credentialRefused: z.boolean().openapi({
          description: 'True from when the gateway’s own credential was refused until a call is let in again.',
        }),
        inFlight: count,
        lastProbe: probeFields.nullable(),
        deployments: z.array(
          z.strictObject({
            name: z.string(),
            model: z.string(),
            kind: z.enum(['standard', 'provisioned']),
            state: laneFields.nullable().openapi({ description: 'Null until something is known of it.' }),
          }),
        ),
      }),
    ),
    ...replicasOf({
      instances: z
        .array(
          z.strictObject({
            name: z.string(),
            healthy: z.boolean(),
            drained: z.boolean(),
            credentialRefused: z.boolean(),
            inFlight: count,
            left: z.array(z.string()).openapi({ description: 'Deployments that this replica leaves alone now.' }),
          }),
        )
        .nullable(),
    }).shape,
    pools: z.array(
      z.strictObject({
        name: z.string(),
        strategy: z.enum(['weighted', 'least-loaded', 'lowest-latency', 'round-robin']),
        members: z.array(
          z.strictObject({
            instance: z.string(),
            priority: z.int(),
            weight: z.int(),
            spillAtUtilization: z.number().nullable(),
            share: z.number().nullable().openapi({
              description:
                'Share of all tries at the members of this pool since the start of the process, from 0 to 1; null before the first.',
            }),
          }),
        ),
      }),
    ),
  })
  .openapi('Instances')
/** The form that the document promises. */
export type InstancesAnswer = z.output<typeof instancesAnswer>
export type LimitsAnswer = z.output<typeof limitsAnswer>

export const nameParameters = z.strictObject({ name: z.string().min(1).max(64) })

export const limitsParameters = z.strictObject({
  workload: z
    .string()
    .min(1, 'must not be empty')
    .max(64, 'at most 64 characters')
    .optional()
    .openapi({ description: 'Only rules that calls of this workload may meet.' }),
})

const feedFields = z
  .strictObject({
    name: z.string(),
    kind: z.string(),
    status: z.enum(['running', 'paused', 'failing', 'stopped']).openapi({
      description:
        '`failing`: it is tried again, with growing pauses. `stopped`: its thread died and is started again.',
    }),
    lagRecords: count.openapi({ description: 'Records that it has not taken; those not read yet are estimated.' }),
    lagSeconds: z.number().openapi({ description: 'Age of the oldest of them; 0 when there is none.' }),
    lagBytes: count.openapi({ description: 'Bytes of the journal that it has not read.' }),
    sent: count.openapi({ description: 'Records, since its thread started.' }),
    sentBytes: count.openapi({ description: 'Bytes, since its thread started.' }),
    retried: count.openapi({
      description: 'Records that were offered again, counted each time, since its thread started.',
    }),
    setAside: count.openapi({
      description: 'Records that it can never take: in a file beside the cursor, with reasons.',
    }),
    lastSentAtMs: timeMs.nullable(),
    lastError: string,
    lastErrorAtMs: timeMs.nullable(),
    droppedSegments: count.openapi({
      description: 'Segments that were deleted before it had read them, since it runs with its present settings.',
    }),
  })
  .openapi('Feed')
export const feedAnswer: z.ZodType<FeedState> = feedFields
export const feedsAnswer = z
  .strictObject({
    feeds: z
      .array(feedFields)
      .openapi({ description: 'Each feed of all replicas together: sums, and the worst state.' }),
    ...replicasOf({ feeds: z.array(feedFields).nullable() }).shape,
  })
  .openapi('Feeds')
export type FeedsAnswer = z.output<typeof feedsAnswer>

export const rewindParameters = z.strictObject({
  to: z.iso
    .datetime({ offset: true, error: 'an instant, as 2026-11-01T08:00:00Z' })
    .openapi({ description: 'What ended at this time or later is sent again.', example: '2026-11-01T08:00:00Z' }),
})

export const sourcesAnswer = z
  .strictObject({
    sources: z.array(
      z.strictObject({
        name: z.string(),
        kind: z.string(),
        status: z.enum(['running', 'failing']),
        taken: count.openapi({ description: 'Records written into the ledger, since the start of the process.' }),
        doubles: count.openapi({ description: 'Records that came again, since the start of the process.' }),
        incomplete: count.openapi({ description: 'Records of which some parts are missing yet.' }),
        setAside: count.openapi({
          description: 'Messages that are no record, and records whose parts never came: in a file with reasons.',
        }),
        lastEndedAtMs: timeMs.nullable().openapi({ description: 'When the newest record that came had ended.' }),
        lastTakenAtMs: timeMs.nullable(),
        lastError: string,
        lastErrorAtMs: timeMs.nullable(),
      }),
    ),
  })
  .openapi('Sources')
export type SourcesAnswer = z.output<typeof sourcesAnswer>

/**
 * The configuration: one YAML file, strict. This schema, a file per section, is the only source of the reference
 * (docs/configuration.md), of the JSON Schema for editors (gatehouse.schema.json) and of the types below; the
 * `describe` texts are the texts of the reference. Rules across fields are in `rules/`, reading and expressions in
 * `load.ts` and `expressions.ts`, messages in `messages.ts`.
 */
import { z } from 'zod'
import { admin } from './admin.ts'
import { collect } from './collect.ts'
import { name } from './common.ts'
import { feed, feedName } from './feeds/index.ts'
import { gateway } from './gateway.ts'
import { identity } from './identity.ts'
import { instance } from './instances.ts'
import { ledger } from './ledger.ts'
import { limits } from './limits.ts'
import { log } from './log.ts'
import { objects } from './objects.ts'
import { pool } from './pools.ts'
import { prices } from './prices.ts'
import { redis } from './redis.ts'
import { telemetry } from './telemetry.ts'
import { workload } from './workloads.ts'

export const configSchema = z.strictObject({
  gateway: gateway.prefault({}).describe('The data plane: what clients talk to.'),
  admin: admin.prefault({}).describe('The management API, on a listener of its own.'),
  identity: identity.describe('Tokens that are accepted: tenants, audiences, sign-in.'),
  instances: z.record(name, instance).describe('Azure OpenAI resources and servers with the API of OpenAI, by name.'),
  pools: z
    .record(name, pool)
    .default({})
    .describe('Instances that serve the same deployments, by name. Pools and instances share one namespace.'),
  workloads: z.record(name, workload).describe('Use cases by name: their callers and rights.'),
  limits: limits.prefault({}).describe('How much each caller, workload, deployment or instance may use.'),
  prices: prices.prefault({}).describe('What tokens cost.'),
  objects: objects.prefault({}).describe('Responses, files, batches and other objects, which are on one instance.'),
  redis: redis
    .optional()
    .describe('What replicas share: limits (with `limits.store: redis`) and the owners of objects.'),
  ledger: ledger.prefault({}).describe('Where records are kept.'),
  feeds: z
    .record(feedName, feed)
    .default({})
    .describe('Other systems to which records are sent, by name. docs/feeds.md'),
  collect: collect
    .optional()
    .describe(
      'Makes this the configuration of a collector, for `gatehouse collect`. It needs no `instances` and `workloads`. docs/replicas.md',
    ),
  telemetry: telemetry.prefault({}).describe('Metrics that are sent instead of scraped. docs/telemetry.md'),
  log: log.prefault({}).describe('Log lines of the process. They never contain a credential or a prompt.'),
})

/** A configuration that was read and checked: defaults filled in, durations in milliseconds, GUIDs in lower case. */
export type Config = z.output<typeof configSchema>

/** A configuration as it is written. */
export type ConfigInput = z.input<typeof configSchema>

export type InstanceConfig = Config['instances'][string]
export type WorkloadConfig = Config['workloads'][string]
export type PoolConfig = Config['pools'][string]
export type LimitsConfig = Config['limits']

export { amounts, costNames, type LimitAmounts, type LimitName, limitNames } from './amounts.ts'
export type { CallerRule } from './common.ts'
export type { LimitRuleConfig } from './limits.ts'
export { currency, type PriceConfig, price } from './prices.ts'

/** What the data plane is built on: the ledger, prices, instances, identities, limits and objects. */
import { configuredNames } from '../config/names.ts'
import type { Config } from '../config/schema/index.ts'
import { uuidV7 } from '../ids.ts'
import type { Ledger } from '../ledger/index.ts'
import { openLedger } from '../ledger/open.ts'
import type { CostOf } from '../ledger/recover.ts'
import { openLimits } from '../limits/open.ts'
import type { Objects } from '../objects/index.ts'
import { openObjects } from '../objects/open.ts'
import { chargeOf } from '../prices/cost.ts'
import type { PriceBook } from '../prices/index.ts'
import { openPrices } from '../prices/open.ts'
import type { RedisStore } from '../redis/index.ts'
import { openRedis } from '../redis/open.ts'
import { type Drains, openDrains } from '../replicas/drains.ts'
import { type Overrides, openOverrides } from '../replicas/overrides.ts'
import type { Figures } from '../telemetry/figures.ts'
import { createTokenCounter, type TokenCounter } from '../tokens/index.ts'
import { Current, type ReloadResult } from './current.ts'
import { feedSources } from './feeds.ts'
import type { CompleteParts } from './index.ts'

export interface Core {
  readonly counter: TokenCounter
  readonly ledger: Ledger
  readonly current: Current
  /** The book in force: a reload replaces it. */
  readonly prices: PriceBook
  /** Null where none is configured. */
  readonly redis: RedisStore | null
  readonly limits: Awaited<ReturnType<typeof openLimits>>
  readonly objects: Objects
  readonly drains: Drains
  readonly overrides: Overrides
  /** The model behind a deployment in the configuration of the start; null when it has none. */
  modelOf(instance: string, deployment: string): string | null
  /**
   * Uses a changed configuration.
   * @throws AuthorityError or ConfigError when it cannot be used. Nothing is changed then.
   */
  use(next: Config): ReloadResult
  readonly closers: AsyncDisposableStack
}

export async function openCore(config: Config, given: CompleteParts, figures: Figures): Promise<Core> {
  await using closers = new AsyncDisposableStack()
  const { clock, log } = given
  const counter = createTokenCounter()
  closers.defer(() => counter.close())
  const modelOf = (instance: string, deployment: string): string | null =>
    config.instances[instance]?.deployments[deployment]?.model ?? null
  const pricesFor = (written: Config['prices']): PriceBook => openPrices(written, { log, observer: figures })
  let prices = pricesFor(config.prices)
  const costOf: CostOf = (usage, { servedModel, model, startedAtMs, tier }) =>
    chargeOf(prices, { servedModel, model, startedAtMs, usage, tier })
  // The ledger reads it at each look: a reload changes it.
  const retain = { ...config.ledger.retain }
  const ledger =
    given.ledger ?? (await openLedger({ ...ledgerOptions(config, given), retain, counter, modelOf, costOf }))
  if (given.ledger === undefined) closers.defer(() => ledger.close())
  else ledger.keepNames(configuredNames(config))

  const { appService } = given
  const redisParts = { clock, log, ...(appService === undefined ? {} : { appService }) }
  const redis = config.redis === undefined ? null : openRedis(config.redis, redisParts)
  closers.defer(() => redis?.close())
  const drains = await openDrains({ redis, directory: config.ledger.directory, clock, log })
  closers.defer(() => drains.close())
  const current = new Current(config, given, name => drains.gateOf(name))
  closers.defer(() => current.close())
  const shared = redis === null ? {} : { shared: { redis, log, newId: uuidV7(clock) } }
  const limits = await openLimits(config, { clock, observer: figures.limits, ledger, ...shared })
  closers.defer(() => limits.close())
  const override = limits.override.bind(limits)
  const overrides = await openOverrides({ redis, directory: config.ledger.directory, clock, log, override })
  closers.defer(() => overrides.close())
  const objects = openObjects({ redis, history: ledger, rememberMs: config.objects.remember })
  closers.defer(() => objects.close())
  // Redis starts last: limits and objects must have registered their handlers first.
  await redis?.start()
  return {
    ...{ counter, ledger, current, redis, limits, objects, drains, overrides, modelOf },
    get prices() {
      return prices
    },
    use(next) {
      const nextPrices = pricesFor(next.prices)
      const feeds = feedSources(next)
      const replaced = current.use(next)
      prices = nextPrices
      limits.use(next)
      ledger.keepNames(configuredNames(next))
      Object.assign(retain, next.ledger.retain)
      if (given.ledger === undefined) ledger.useFeeds(feeds)
      return replaced
    },
    closers: closers.move(),
  }
}

function ledgerOptions(config: Config, { clock, log }: CompleteParts) {
  const { completionTokensAssumed } = config.limits
  return {
    ...config.ledger,
    // What comes from sources counts as taken when it is on the disk.
    ...(config.collect === undefined ? {} : { collects: true, fsync: 'batch' as const }),
    clock,
    log,
    completionTokensAssumed,
    names: configuredNames(config),
    feeds: feedSources(config),
  }
}

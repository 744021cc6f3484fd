/**
 * Composition root: builds everything from a Config and closes it in reverse order. Nothing else in the program makes a
 * listener, a worker or a connection.
 */
import { isDeepStrictEqual } from 'node:util'
import { startAdmin } from './admin/open.ts'
import { type Clock, systemClock } from './clock.ts'
import { configuredNames } from './config/names.ts'
import { needingRestart } from './config/restart.ts'
import type { Config } from './config/schema.ts'
import { Copies } from './gateway/copies/index.ts'
import { createCors } from './gateway/cors.ts'
import { openFollowUps } from './gateway/follow-ups/open.ts'
import { Guards } from './gateway/guards.ts'
import type { CopyParts, GatewayParts } from './gateway/parts.ts'
import { buildPlan } from './gateway/plan.ts'
import { limitedThroughout } from './gateway/readiness.ts'
import { createResolver } from './gateway/resolve/index.ts'
import { startGateway } from './gateway/server.ts'
import { openGroups } from './graph.ts'
import { createVerifier, type GroupDirectory, type Verifier } from './identity/index.ts'
import { uuidV7 } from './ids.ts'
import type { CredentialParts } from './instances/credentials.ts'
import { type Instance, openInstance } from './instances/index.ts'
import type { InstanceState, ProbeResult } from './instances/state.ts'
import type { Ledger } from './ledger/index.ts'
import { openLedger } from './ledger/open.ts'
import type { CostOf } from './ledger/recover.ts'
import { openLimits } from './limits/open.ts'
import type { Log } from './log.ts'
import { openObjects } from './objects/open.ts'
import { chargeOf } from './prices/cost.ts'
import { openPrices } from './prices/open.ts'
import { openRedis } from './redis/open.ts'
import { createLog } from './telemetry/log.ts'
import { createMetrics, metricsContentType } from './telemetry/metrics.ts'
import { createTokenCounter } from './tokens/index.ts'

export interface HouseParts {
  readonly clock?: Clock
  readonly log?: Log
  /** Tokens are verified by this clock; the demonstration's history keeps the real one here. Default: `clock`. */
  readonly identityClock?: Clock
  /** Marks every record as the demonstration's history. */
  readonly demonstration?: boolean
  /** 0..1, 1 excluded: decides who is part of a canary's or a shadow's share. Default: the machine's. */
  readonly random?: () => number
  /** Where managed-identity tokens come from, other than the environment of the process. */
  readonly appService?: CredentialParts['appService']
  /** A ledger that stays open when this house closes. Default: one of its own, from the configuration. */
  readonly ledger?: Ledger
  /** Without a management API. */
  readonly withoutAdmin?: boolean
}

export interface House {
  readonly gateway: { readonly url: string; readonly inFlight: number; readonly readingOn: number }
  /** Null when built without. */
  readonly admin: { readonly url: string } | null
  readonly ledger: Ledger
  /** Records that the journal could not take since the start. */
  readonly recordsLost: number
  /** How each instance fares. */
  instanceStates(): readonly InstanceState[]
  /** Asks an instance for its models with its credential; null for one that there is not. */
  probe(name: string): Promise<ProbeResult | null>
  /**
   * Takes a changed configuration for all further calls; calls in flight finish on the old one.
   * @returns the settings whose change needs a restart, as paths; they keep their old values.
   */
  reload(config: Config): readonly string[]
  /** Finishes what is in flight within the grace period, records it, and releases everything. Idempotent. */
  close(): Promise<void>
}

export async function buildHouse(config: Config, given: HouseParts = {}): Promise<House> {
  const log = given.log ?? createLog(config.log.level)
  const closers: (() => Promise<void> | void)[] = []
  const closeAll = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close()
  }
  try {
    return await build(config, { ...given, log }, closers, closeAll)
  } catch (error) {
    // A house that cannot be finished leaves nothing behind: the next try finds ports and directory free.
    await closeAll()
    throw error
  }
}

async function build(
  config: Config,
  given: HouseParts & { readonly log: Log },
  closers: (() => Promise<void> | void)[],
  closeAll: () => Promise<void>,
): Promise<House> {
  const { log } = given
  const clock = given.clock ?? systemClock
  const counter = createTokenCounter()
  closers.push(() => counter.close())
  const modelOf = (instance: string, deployment: string): string | null =>
    config.instances[instance]?.deployments[deployment]?.model ?? null
  const metrics = createMetrics({
    instances: () => current.instanceStates(),
    limits: () => limits.report(),
    ledger: () => ledger.health(),
    followUps: () => followUps.figures,
    calls: () => gateway,
    redisUp: () => redis?.isUp ?? null,
    recordsRefused: () => recordsLost,
  })
  let prices = openPrices(config.prices, { log, observer: metrics })
  const costOfTokens: CostOf = (usage, servedModel, model, startedAtMs) =>
    chargeOf(prices, { servedModel, model, startedAtMs, usage, tier: null })
  // Read at each look: a reload changes it.
  const retain = { ...config.ledger.retain }
  const ledger =
    given.ledger ??
    (await openLedger({
      ...config.ledger,
      retain,
      clock,
      counter,
      log,
      modelOf,
      costOf: costOfTokens,
      completionTokensAssumed: config.limits.completionTokensAssumed,
      names: configuredNames(config),
    }))
  if (given.ledger !== undefined) ledger.keepNames(configuredNames(config))
  if (given.ledger === undefined) closers.push(() => ledger.close())

  const current = new Current(config, given, clock)
  closers.push(() => current.close())
  const redis = config.redis === undefined ? null : openRedis(config.redis, { clock, log })
  closers.push(() => redis?.close())
  const shared = redis === null ? {} : { shared: { redis, log, newId: uuidV7(clock) } }
  const limits = await openLimits(config, { clock, observer: metrics.limits, ledger, ...shared })
  closers.push(() => limits.close())
  const objects = openObjects({ redis, history: ledger, rememberMs: config.objects.remember })
  closers.push(() => objects.close())
  // Behind everyone who must hear that it has come.
  await redis?.start()
  const random = given.random ?? Math.random
  const copies = new Copies({ newId: uuidV7(clock), random })
  closers.push(() => copies.close())
  const followUps = await openFollowUps({
    limits,
    objects,
    ledger,
    prices: () => prices,
    modelOf,
    clock,
    random,
    settings: () => current.config.objects.followUp,
  })
  closers.push(() => followUps.close())
  const resolve = createResolver()
  let recordsLost = 0
  const { journal } = ledger
  const guards = new Guards(config, { clock, journal, lost: calls => (recordsLost += calls) })
  closers.push(() => guards.close())
  const copyParts = (): CopyParts => ({
    resolve,
    plan: current.plan,
    verifier: current.verifier,
    groups: current.groups,
    journal: ledger.journal,
    counter,
    clock,
    log,
    limits,
    prices,
    objects,
    followUps,
    random,
    unknownObjects: current.config.objects.unknown,
    encryptedReasoning: current.config.objects.encryptedReasoning,
    receiveLimits: {
      bodyBytesMax: current.config.gateway.bodyBytesMax,
      uploadBytesMax: current.config.gateway.uploadBytesMax,
      timeoutMs: current.config.gateway.timeouts.requestBody,
    },
    guards,
    totalMs: current.config.gateway.timeouts.total,
    identity: current.config.identity.entra,
    publicUrl: current.config.gateway.publicUrl ?? null,
    cors: createCors(current.config.gateway.cors.origins, current.config.gateway.forwardHeaders, resolve),
    trustForwardedFor: current.config.gateway.trustForwardedFor,
    continueUnrecorded: config.ledger.whenUnwritable === 'continue',
    demonstration: given.demonstration === true,
    lost: () => {
      recordsLost += 1
    },
    ended: metrics.ended,
    limitedThroughout: limitedThroughout(current.config),
    credentialsRefused: () => current.credentialsRefused(),
  })
  const parts = (): GatewayParts => copies.into(copyParts())
  const gateway = await startGateway({ listen: address(config.gateway.listen), config: config.gateway }, parts())
  closers.push(() => gateway.close(current.config.gateway.timeouts.shutdownGrace))
  followUps.use(parts())
  const admin = given.withoutAdmin
    ? null
    : await startAdmin({
        listen: address(config.admin.listen),
        // Read at each request: what a reload takes away is gone with the next one.
        access: () => current.config.admin,
        // Asked anew each time: a reload may have changed whose tokens are accepted.
        verifier: {
          remembered: token => current.verifier.remembered(token),
          verify: token => current.verifier.verify(token),
        },
        groups: () => current.groups,
        ledger,
        // Read at each request: a reload changes it.
        house: {
          get instances() {
            return current.config.instances
          },
          get pools() {
            return current.config.pools
          },
          get workloads() {
            return current.config.workloads
          },
          get currency() {
            return prices.currency
          },
          instanceStates: () => current.instanceStates(),
          limits: () => limits.report(),
          probe: name => current.probe(name),
          metrics: async () => ({ contentType: metricsContentType, text: await metrics.render() }),
        },
        clock,
        log,
      })
  if (admin !== null) closers.push(() => admin.close())
  log.info({ gateway: gateway.url, admin: admin?.url ?? null }, 'ready')
  return {
    gateway,
    admin,
    ledger,
    get recordsLost() {
      return recordsLost
    },
    instanceStates: () => current.instanceStates(),
    probe: name => current.probe(name),
    reload(next) {
      const nextPrices = openPrices(next.prices, { log, observer: metrics })
      const { needRestart, release } = current.take(next)
      prices = nextPrices
      limits.use(next)
      guards.use(next)
      ledger.keepNames(configuredNames(next))
      Object.assign(retain, next.ledger.retain)
      // What was replaced serves the calls that began with it to their end, also those that have not reached it yet (P10).
      const nextParts = parts()
      followUps.use(nextParts)
      void gateway
        .use(nextParts)
        .then(() => Promise.all([copies.settled(), followUps.settled()]))
        .then(release)
      log.info({}, 'configuration_taken')
      if (needRestart.length > 0) log.warn({ settings: needRestart }, 'restart_needed')
      return needRestart
    },
    close: closeAll,
  }
}

/** What a change of configuration replaces. */
class Current {
  config: Config
  plan: ReturnType<typeof buildPlan>
  verifier: Verifier
  groups: GroupDirectory | null
  /** As the process started: what only a restart changes is compared with it, however many reloads came between. */
  readonly #started: Config
  readonly #given: HouseParts & { readonly log: Log }
  readonly #clock: Clock
  #instances: Map<string, Instance>

  constructor(config: Config, given: HouseParts & { readonly log: Log }, clock: Clock) {
    this.config = config
    this.#started = config
    this.#given = given
    this.#clock = clock
    this.#instances = new Map(Object.keys(config.instances).map(name => [name, this.#open(config, name)]))
    this.plan = buildPlan(config, this.#instances)
    this.verifier = this.#verifier(config)
    this.groups = this.#groups(config)
  }

  /**
   * @returns paths of settings that only a restart changes, and what releases that which was replaced.
   * @throws AuthorityError when the sign-in service cannot be used. Nothing is changed then.
   */
  take(next: Config): { readonly needRestart: readonly string[]; readonly release: () => void } {
    const before = this.config
    const needRestart = needingRestart(this.#started, next)
    const sameTimeouts = isDeepStrictEqual(before.gateway.timeouts, next.gateway.timeouts)
    const instances = new Map<string, Instance>()
    for (const name of Object.keys(next.instances)) {
      const old = this.#instances.get(name)
      const same = sameTimeouts && isDeepStrictEqual(before.instances[name], next.instances[name])
      instances.set(name, old !== undefined && same ? old : this.#open(next, name))
    }
    // Everything is built before anything is given up: if it cannot be, the old one stays whole (P10).
    const plan = buildPlan(next, instances)
    const oldVerifier = this.verifier
    const sameIdentity = isDeepStrictEqual(before.identity, next.identity)
    const verifier = sameIdentity ? oldVerifier : this.#verifier(next)
    const oldGroups = this.groups
    const groups = sameIdentity ? oldGroups : this.#groups(next)
    const gone = [...this.#instances.values()].filter(instance => instances.get(instance.name) !== instance)
    this.plan = plan
    this.#instances = instances
    this.verifier = verifier
    this.groups = groups
    this.config = next
    return {
      needRestart,
      release() {
        if (verifier !== oldVerifier) oldVerifier.close()
        if (groups !== oldGroups) oldGroups?.close()
        for (const instance of gone) void instance.close()
      },
    }
  }

  instanceStates(): InstanceState[] {
    const nowMs = this.#clock()
    return [...this.#instances.values()].map(instance => instance.state(nowMs))
  }

  credentialsRefused(): number {
    return [...this.#instances.values()].filter(({ own }) => own?.isRefused === true).length
  }

  /** Null for an instance that there is not. */
  async probe(name: string): Promise<ProbeResult | null> {
    return (await this.#instances.get(name)?.probe()) ?? null
  }

  async close(): Promise<void> {
    this.verifier.close()
    this.groups?.close()
    await Promise.all([...this.#instances.values()].map(instance => instance.close()))
  }

  #open(config: Config, name: string): Instance {
    const written = config.instances[name]
    if (written === undefined) throw new TypeError(`no instance ${name}`)
    const { appService, log } = this.#given
    return openInstance(name, written, config.gateway.timeouts, {
      clock: this.#given.identityClock ?? this.#clock,
      callClock: this.#clock,
      log,
      ...(appService === undefined ? {} : { appService }),
    })
  }

  #groups(config: Config): GroupDirectory | null {
    const { appService, log, identityClock } = this.#given
    const clock = identityClock ?? this.#clock
    return openGroups(config.identity.entra, { clock, log, ...(appService === undefined ? {} : { appService }) })
  }

  #verifier(config: Config): Verifier {
    const { authority, tenants, audiences, clients, clockSkew } = config.identity.entra
    return createVerifier({
      authority,
      tenants,
      audiences,
      clients: clients ?? null,
      clockSkewMs: clockSkew,
      clock: this.#given.identityClock ?? this.#clock,
      log: this.#given.log,
    })
  }
}

/** `[::1]:8080` or `127.0.0.1:8080`, as the schema has checked. */
export function address(listen: string): { readonly host: string; readonly port: number } {
  const colon = listen.lastIndexOf(':')
  return { host: listen.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(listen.slice(colon + 1)) }
}

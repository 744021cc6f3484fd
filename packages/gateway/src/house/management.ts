/** Metrics and the management API: they read what the core and the data plane have counted. */
import { hash } from 'node:crypto'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { Admin, AdminHouse, CostLines } from '../admin/index.ts'
import { startAdmin } from '../admin/open.ts'
import type { ConsoleOptions } from '../admin/session/index.ts'
import { openAudit } from '../audit/open.ts'
import { ownEvent } from '../audit/writer.ts'
import type { Configuration } from '../config/in-force/index.ts'
import { replicaName } from '../config/names.ts'
import type { Config } from '../config/schema/index.ts'
import type { FollowUpFigures } from '../gateway/follow-ups/index.ts'
import { uuidV7 } from '../ids.ts'
import type { SourceState } from '../ledger/collect/index.ts'
import type { EraseCertificate } from '../ledger/privacy/index.ts'
import type { RecordRow } from '../ledger/record.ts'
import type { RuleReport } from '../limits/index.ts'
import { replicaIdOf } from '../limits/redis/replica-id.ts'
import { costLinesOf } from '../prices/cost.ts'
import type { ReplicaFigures, Replicas } from '../replicas/index.ts'
import { openReplicas } from '../replicas/presence.ts'
import type { Figures } from '../telemetry/figures.ts'
import { GenAiFigures } from '../telemetry/genai-figures.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import { MetricsPush } from '../telemetry/push.ts'
import { version } from '../version.ts'
import { addressOf } from './address.ts'
import { callExplainer } from './call-explainer.ts'
import type { Core } from './core.ts'
import type { CompleteParts } from './index.ts'

/** What reports say of calls and sources: a gateway has no sources, a collector serves no calls. */
export interface ServedCalls {
  readonly gateway: {
    /** Where it listens; absent where no calls are served. */
    readonly url?: string
    readonly inFlight: number
    readonly readingOn: number
    /** As `/readyz` answers; null where no calls are served. */
    readonly ready: boolean | null
  }
  readonly followUps: FollowUpFigures
  /** Records that the journal could not take since the start. */
  readonly recordsLost: number
  sources?(): readonly SourceState[]
}

export interface Management {
  readonly admin: Admin
  /** Sends the metrics as a changed configuration says. */
  use(next: Config): void
  readonly closers: AsyncDisposableStack
}

export interface ManagementParts extends CompleteParts {
  /** Null where the configuration has no file. */
  readonly configuration: Configuration | null
}

export async function openManagement(
  config: Config,
  given: ManagementParts,
  core: Core,
  served: ServedCalls,
  figures: Figures,
): Promise<Management> {
  await using closers = new AsyncDisposableStack()
  const { current, ledger } = core
  const metrics = createMetrics(figures, {
    instances: () => current.instanceStates(),
    limits: () => core.limits.report(),
    ledger: () => ledger.health(),
    feeds: () => ledger.feeds.states(),
    sources: () => served.sources?.() ?? [],
    followUps: () => served.followUps,
    calls: () => served.gateway,
    redisUp: () => core.redis?.isUp ?? null,
    recordsRefused: () => served.recordsLost,
    journalDisk: () => statfs(config.ledger.directory),
  })
  const startedAtMs = given.clock()
  const sent = new SentMetrics(metrics, figures, { startedAtMs, ...given })
  sent.use(config)
  closers.defer(() => sent.close())
  const newId = uuidV7(given.clock)
  const replicas = await openReplicas({
    redis: core.redis,
    id: core.redis === null ? newId() : replicaIdOf(config.ledger.directory, newId),
    name: replicaName(config),
    figures: () => figuresOf(core, served, startedAtMs),
  })
  closers.defer(() => replicas.close())
  const audit = await openAudit({
    ledger: config.ledger.directory,
    clock: given.clock,
    log: given.log,
    retainMs: () => current.config.ledger.retain.audit,
  })
  closers.defer(() => audit.close())
  ledger.erasures.onDone(async certificate => {
    const { id: erasure, records, archived, segments, pseudonym } = certificate
    const facts = {
      erasure,
      records,
      archived,
      segments: segments.length,
      pseudonym,
      certificate: digestOf(certificate),
    }
    await audit.write({ ...ownEvent('erasure_finished', 'done', facts), reason: certificate.reason })
  })
  const admin = await startAdmin({
    listen: addressOf(config.admin.listen),
    // These are read at each request, so a reload takes effect with the next one.
    access: () => current.config.admin,
    verifier: {
      remembered: token => current.verifier.remembered(token),
      verify: token => current.verifier.verify(token),
    },
    groups: () => current.groups,
    house: adminHouse(core, given, served, metrics, replicas),
    ...(given.consoleDirectory === undefined ? {} : { console: consoleOf(core, given.consoleDirectory) }),
    ...{ ledger, audit, clock: given.clock, log: given.log },
    scratch: join(config.ledger.directory, 'exports'),
  })
  closers.defer(() => admin.close())
  return {
    admin,
    use(next) {
      sent.use(next)
      const taken = ownEvent('configuration_taken', 'done', {})
      audit.write(taken).catch((error: unknown) => given.log.error({ error }, 'configuration_unrecorded'))
    },
    closers: closers.move(),
  }
}

/** SHA-256 of a certificate as JSON without white space, in hex. */
function digestOf(certificate: EraseCertificate): string {
  return hash('sha256', JSON.stringify(certificate), 'hex')
}

function consoleOf({ current, redis }: Core, directory: string): ConsoleOptions {
  return { directory, redis, entra: () => current.config.identity.entra }
}

/** Metrics that are sent, while the configuration has a collector for them. */
class SentMetrics {
  readonly #metrics: Metrics
  readonly #figures: Figures
  readonly #parts: Pick<CompleteParts, 'clock' | 'log'> & { readonly startedAtMs: number }
  #used: Config['telemetry'] | null = null
  #push: MetricsPush | null = null
  /** What was replaced, until it has sent its last figures. */
  #closing: Promise<unknown> = Promise.resolve()

  constructor(
    metrics: Metrics,
    figures: Figures,
    parts: Pick<CompleteParts, 'clock' | 'log'> & { readonly startedAtMs: number },
  ) {
    this.#metrics = metrics
    this.#figures = figures
    this.#parts = parts
  }

  use(config: Config): void {
    const { telemetry } = config
    if (isDeepStrictEqual(telemetry, this.#used)) return
    this.#used = telemetry
    const replaced = this.#push
    if (replaced !== null) this.#closing = Promise.all([this.#closing, replaced.close().then(() => this.#forget())])
    const { metrics } = telemetry
    if (metrics !== undefined) {
      this.#figures.genai ??= new GenAiFigures(telemetry.genai, this.#parts.clock())
      this.#figures.genai.family = telemetry.genai
    }
    const parts = { ...this.#parts, read: () => this.#metrics.read(), replica: replicaName(config) }
    this.#push = metrics === undefined ? null : new MetricsPush(metrics, parts)
  }

  /** Calls no longer count what nobody is sent. The last request has been sent with it. */
  #forget(): void {
    if (this.#push === null) this.#figures.genai = null
  }

  async close(): Promise<void> {
    await Promise.all([this.#closing, this.#push?.close()])
  }
}

/** The running house as the management API sees it. Getters, because a reload changes what they read. */
function adminHouse(
  core: Core,
  given: ManagementParts,
  served: ServedCalls,
  metrics: Metrics,
  replicas: Replicas,
): AdminHouse {
  const { current } = core
  return {
    get instances() {
      return current.config.instances
    },
    get pools() {
      return current.config.pools
    },
    get workloads() {
      return current.config.workloads
    },
    get gatewayUrl() {
      return current.config.gateway.publicUrl ?? served.gateway.url ?? null
    },
    ownUrl: served.gateway.url ?? null,
    get audiences() {
      return current.config.identity.entra.audiences
    },
    get currency() {
      return core.prices.currency
    },
    get timeZone() {
      return current.config.limits.timeZone
    },
    get fiscalYearStart() {
      return current.config.limits.fiscalYearStart
    },
    costLines: row => costLines(core, row),
    feeds: core.ledger.feeds,
    replicas: () => replicas.report(),
    sources: () => served.sources?.() ?? [],
    limits: () => core.limits.report(),
    probe: name => current.probe(name),
    calls: callExplainer(core, given.clock, served.gateway.url ?? null),
    drains: core.drains,
    overrides: core.overrides,
    limitRules: () =>
      core.limits.book.rules.map(({ name, limits }) => ({ name, measures: limits.map(({ measure }) => measure) })),
    levels: given.running?.levels ?? null,
    configuration: given.configuration,
    metrics: accept => metrics.render(accept),
  }
}

function costLines({ prices, modelOf }: Core, row: RecordRow): CostLines | null {
  const { cost, usage, servedModel, serviceTier: tier, startedAtMs, instance, deployment } = row
  if (cost === null) return null
  const configured = instance === null || deployment === null ? null : modelOf(instance, deployment)
  const model = configured ?? row.requestedModel ?? ''
  return costLinesOf(prices, { usage, servedModel, tier, startedAtMs, model }, cost)
}

/** Counters of a replica that counts in memory, at most; the fullest. */
const rulesMax = 200

/** What this process says of itself to the other replicas. */
async function figuresOf(core: Core, served: ServedCalls, startedAtMs: number): Promise<ReplicaFigures> {
  const { limits, ledger, current } = core
  return {
    ...{ version, startedAtMs },
    callsInFlight: served.gateway.inFlight,
    instances: current.instanceStates(),
    feeds: await ledger.feeds.states(),
    limits: { ...(await ownLimits(core)), state: limits.state, waiting: limits.line.length },
  }
}

/** Where Redis counts, the counters are read when somebody asks, not every few seconds. */
async function ownLimits({ current, limits }: Core): Promise<Pick<ReplicaFigures['limits'], 'store' | 'rules'>> {
  const { store } = current.config.limits
  if (store === 'redis') return { store, rules: [] }
  const { rules } = await limits.report()
  const fullest = rules.toSorted((a, b) => shareOf(b) - shareOf(a)).slice(0, rulesMax)
  return {
    store,
    rules: fullest.map(({ rule, measure, subject, used, reserved, refused }) => {
      return { rule, measure, subject, used, reserved, refused }
    }),
  }
}

const shareOf = ({ used, reserved, limit }: RuleReport): number => (used + reserved) / limit

/**
 * Metrics, as text for scrapers and as figures to be sent. Calls write into plain figures (`figures.ts`, `tally.ts`);
 * states (breakers, the ledger, the waiting line) are read each time. No label holds a person, an id, or anything that
 * a client wrote. docs/metrics.md lists all metrics; a test compares the two.
 */
import { type OpenMetricsContentType, Registry } from 'prom-client'
import type { InstanceState, LaneState } from '../instances/state.ts'
import type { SourceState } from '../ledger/collect/index.ts'
import type { FeedState } from '../ledger/feeds/control.ts'
import type { LedgerHealth } from '../ledger/index.ts'
import type { LimitsReport } from '../limits/index.ts'
import { version } from '../version.ts'
import { counts } from './calls.ts'
import { registerFeeds } from './feed-figures.ts'
import type { Figures } from './figures.ts'
import { type Metric, metricsOf } from './metric.ts'
import { registerProcess } from './process-figures.ts'
import { registerSources } from './source-figures.ts'
import { type MetricRegistry, type Reading, readAtScrape } from './tally.ts'

/** The states that a scrape reads. A source that fails leaves its families empty. */
export interface MetricsSources {
  readonly instances: () => readonly InstanceState[]
  readonly limits: () => Promise<LimitsReport>
  readonly ledger: () => Promise<LedgerHealth>
  readonly feeds: () => Promise<readonly FeedState[]>
  /** Sources of a collector. */
  readonly sources: () => readonly SourceState[]
  /**
   * Calls in flight, how many of them no longer have a client, and whether more are accepted; null where no calls are
   * served.
   */
  readonly calls: () => { readonly inFlight: number; readonly readingOn: number; readonly ready: boolean | null }
  /**
   * Work in the background: charges that are open now; and since the start, questions asked and charges by source of
   * their usage.
   */
  readonly followUps: () => {
    readonly open: number
    readonly asked: number
    readonly reported: number
    readonly bounded: number
  }
  /** Null where none is configured. */
  readonly redisUp: () => boolean | null
  /** Records that the journal could not take when their call ended, since the start. */
  readonly recordsRefused: () => number
  /** The file system of the journal, in blocks: `bavail` are those that the process may still write. */
  readonly journalDisk: () => Promise<{ readonly bsize: number; readonly blocks: number; readonly bavail: number }>
}

/** Metrics as text, and what text it is. */
export interface MetricsText {
  readonly contentType: string
  readonly text: string
}

export interface Metrics {
  /** All metrics as text, in the format that fits the field `Accept`: OpenMetrics has exemplars. Never rejects. */
  render(accept?: string): Promise<MetricsText>
  /** All metrics, and those of the GenAI conventions where they are counted, to be sent. Never rejects. */
  read(): Promise<readonly Metric[]>
}

export function createMetrics(figures: Figures, sources: MetricsSources): Metrics {
  const registry = new Registry()
  registerAll(registry, figures, sources)
  // prom-client renames counters where it prints OpenMetrics, so that format has metrics of its own, read from the same
  // figures.
  let openMetrics: MetricRegistry | null = null
  return {
    async render(accept = '') {
      if (!/\bapplication\/openmetrics-text\b/i.test(accept))
        return { contentType: registry.contentType, text: await registry.metrics() }
      openMetrics ??= openMetricsOf(figures, sources)
      return { contentType: openMetrics.contentType, text: await openMetrics.metrics() }
    },
    async read() {
      return [...(await metricsOf(registry)), ...(figures.genai?.metrics() ?? [])]
    },
  }
}

function openMetricsOf(figures: Figures, sources: MetricsSources): MetricRegistry {
  const registry = new Registry<OpenMetricsContentType>()
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  registerAll(registry, figures, sources)
  return registry
}

function registerAll(registry: MetricRegistry, figures: Figures, sources: MetricsSources): void {
  figures.calls.register(registry)
  readAtScrape(registry, 'gauge', families.inFlight, () => [[[], sources.calls().inFlight]])
  readAtScrape(registry, 'gauge', families.readOn, () => [[[], sources.calls().readingOn]])
  readAtScrape(registry, 'gauge', families.ready, () => {
    const { ready } = sources.calls()
    return ready === null ? [] : [[[], Number(ready)]]
  })
  readAtScrape(registry, 'counter', families.unpriced, () => counts(figures.unpricedCalls))
  readAtScrape(registry, 'gauge', families.owed, () => [[[], sources.followUps().open]])
  readAtScrape(registry, 'counter', families.followUps, () => [[[], sources.followUps().asked]])
  readAtScrape(registry, 'counter', families.charged, () => {
    const { reported, bounded } = sources.followUps()
    return [
      [['reported'], reported],
      [['bounded'], bounded],
    ]
  })
  figures.limits.register(registry, sources.limits)
  readAtScrape(registry, 'gauge', families.redisUp, () => {
    const isUp = sources.redisUp()
    return isUp === null ? [] : [[[], Number(isUp)]]
  })
  registerInstances(registry, sources.instances)
  registerLedger(registry, sources)
  registerFeeds(registry, sources.feeds)
  registerSources(registry, sources.sources)
  registerProcess(registry, version)
}

const lane = ['backend', 'deployment'] as const

const families = {
  inFlight: { name: 'gatehouse_calls_in_flight', help: 'Running calls.' },
  readOn: {
    name: 'gatehouse_calls_read_on',
    help: 'Running calls without a client: the gateway reads their answers to the usage.',
  },
  ready: { name: 'gatehouse_ready', help: '1 while /readyz answers 200, else 0. Missing on a collector.' },
  owed: {
    name: 'gatehouse_background_owed',
    help: 'Background responses and batches with unknown usage: what was reserved for them stays reserved.',
  },
  followUps: {
    name: 'gatehouse_follow_ups_total',
    help: 'Questions that the gateway asked itself how background work ended.',
  },
  charged: {
    name: 'gatehouse_background_charged_total',
    help: 'Background responses and batches that were charged, by source: reported, or bounded where their usage could not be learned.',
    labels: ['source'],
  },
  unpriced: {
    name: 'gatehouse_unpriced_calls_total',
    help: 'Billed calls of models without a price. Their cost is missing in all sums.',
    labels: ['model'],
  },
  redisUp: {
    name: 'gatehouse_redis_up',
    help: '1 while Redis answers, which replicas share limits and objects through. Missing where none is configured.',
  },
  healthy: {
    name: 'gatehouse_instance_healthy',
    help: '0 while no deployment of the instance is in use or its last active probe failed, otherwise 1.',
    labels: ['backend'],
  },
  drained: {
    name: 'gatehouse_instance_drained',
    help: '1 while an operator keeps new calls away from the instance, else 0.',
    labels: ['backend'],
  },
  credentialRefused: {
    name: 'gatehouse_instance_credential_refused',
    help: '1 from when the instance refused the gateway’s own credential until it lets a call in again, else 0.',
    labels: ['backend'],
  },
  credentialRefusals: {
    name: 'gatehouse_instance_credential_refusals_total',
    help: 'Tries in which an instance refused the gateway itself: its credential, its account or its network.',
    labels: ['backend'],
  },
  tries: {
    name: 'gatehouse_backend_tries_total',
    help: 'Tries of calls on a deployment of an instance. A call that is replayed elsewhere is a try each.',
    labels: lane,
  },
  failures: {
    name: 'gatehouse_backend_failures_total',
    help: 'Those that failed: 429, 5xx, refused credentials, time-outs, connection errors.',
    labels: lane,
  },
  inFlightThere: {
    name: 'gatehouse_backend_in_flight',
    help: 'Running calls on a deployment of an instance.',
    labels: lane,
  },
  breaker: {
    name: 'gatehouse_backend_breaker',
    help: '1 for the state in which the breaker is, 0 for the others.',
    labels: [...lane, 'state'],
  },
  utilization: {
    name: 'gatehouse_backend_utilization_ratio',
    help: 'Share of provisioned throughput in use, as last reported; 1 is all of it.',
    labels: lane,
  },
  spilling: {
    name: 'gatehouse_backend_spilling',
    help: '1 while new calls go to the next priority because of utilisation.',
    labels: lane,
  },
  remainingTokens: {
    name: 'gatehouse_backend_remaining_tokens',
    help: 'Tokens left this minute, as the backend last said.',
    labels: lane,
  },
  remainingRequests: {
    name: 'gatehouse_backend_remaining_requests',
    help: 'Requests left, as the backend last said.',
    labels: lane,
  },
  writable: { name: 'gatehouse_ledger_writable', help: '1 while the disk takes records, else 0.' },
  held: { name: 'gatehouse_ledger_held_entries', help: 'Entries that wait in memory for a disk that takes none.' },
  open: { name: 'gatehouse_ledger_open_exchanges', help: 'Calls that are open, as far as the store has read.' },
  lostRecords: {
    name: 'gatehouse_ledger_lost_records_total',
    help: 'Records lost since the start: the disk took none, and there was no room to hold them.',
  },
  lostBodies: { name: 'gatehouse_ledger_lost_body_bytes_total', help: 'The same for bytes of bodies.' },
  refusedRecords: {
    name: 'gatehouse_ledger_refused_records_total',
    help: 'Records that the disk did not take when their call ended; those that are held are written later.',
  },
  damaged: { name: 'gatehouse_ledger_damaged_bytes', help: 'Bytes of the journal that could not be read.' },
  diskFree: {
    name: 'gatehouse_ledger_disk_free_bytes',
    help: 'Bytes that the process can still write on the file system of the ledger.',
  },
  diskSize: { name: 'gatehouse_ledger_disk_size_bytes', help: 'Size of that file system.' },
} as const

const breakerStates = ['closed', 'half-open', 'open'] as const

function registerInstances(registry: MetricRegistry, states: () => readonly InstanceState[]): void {
  readAtScrape(registry, 'gauge', families.healthy, () =>
    states().map(({ name, healthy }) => [[name], Number(healthy)]),
  )
  readAtScrape(registry, 'gauge', families.drained, () =>
    states().map(({ name, drained }) => [[name], Number(drained !== null)]),
  )
  readAtScrape(registry, 'gauge', families.credentialRefused, () =>
    states().map(({ name, credentialRefused }) => [[name], Number(credentialRefused)]),
  )
  readAtScrape(registry, 'counter', families.credentialRefusals, () =>
    states().map(({ name, credentialRefusals }) => [[name], credentialRefusals]),
  )
  const each = (
    type: 'counter' | 'gauge',
    family: Parameters<typeof readAtScrape>[2],
    figure: (state: LaneState) => number | null,
  ): void => readAtScrape(registry, type, family, () => laneReadings(states(), figure))
  each('counter', families.tries, state => state.calls)
  each('counter', families.failures, state => state.failures)
  each('gauge', families.inFlightThere, state => state.inFlight)
  each('gauge', families.utilization, state => state.utilization)
  each('gauge', families.spilling, state => (state.kind === 'provisioned' ? Number(state.spilling) : null))
  each('gauge', families.remainingTokens, state => state.remainingTokens)
  each('gauge', families.remainingRequests, state => state.remainingRequests)
  readAtScrape(registry, 'gauge', families.breaker, () =>
    breakerStates.flatMap(name =>
      laneReadings(states(), ({ breaker }) => Number(breaker === name)).map(
        ([labels, value]): Reading => [[...labels, name], value],
      ),
    ),
  )
}

/** A null figure leaves its series out: unknown is not zero. */
function laneReadings(states: readonly InstanceState[], figure: (state: LaneState) => number | null): Reading[] {
  return states.flatMap(({ name, lanes }) =>
    lanes.flatMap((state): Reading[] => {
      const value = figure(state)
      return value === null ? [] : [[[name, state.deployment], value]]
    }),
  )
}

function registerLedger(registry: MetricRegistry, sources: MetricsSources): void {
  const figure = (
    type: 'counter' | 'gauge',
    family: Parameters<typeof readAtScrape>[2],
    read: (health: LedgerHealth) => number,
  ): void => readAtScrape(registry, type, family, async () => [[[], read(await sources.ledger())]])
  figure('gauge', families.writable, health => Number(health.writable))
  figure('gauge', families.held, health => health.heldEntries)
  figure('gauge', families.open, health => health.openExchanges)
  figure('counter', families.lostRecords, health => health.lostRecords)
  figure('counter', families.lostBodies, health => health.lostBodyBytes)
  figure('gauge', families.damaged, health => health.damagedBytes)
  readAtScrape(registry, 'gauge', families.diskFree, async () => {
    const { bsize, bavail } = await sources.journalDisk()
    return [[[], bsize * bavail]]
  })
  readAtScrape(registry, 'gauge', families.diskSize, async () => {
    const { bsize, blocks } = await sources.journalDisk()
    return [[[], bsize * blocks]]
  })
  readAtScrape(registry, 'counter', families.refusedRecords, () => [[[], sources.recordsRefused()]])
}

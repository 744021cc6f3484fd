/** The feed of kind `application-insights`: sends spans to Azure Monitor, without a collector in between. */
import { type Clock, systemClock } from '../../../clock.ts'
import { rowOfHalves } from '../../read-fields.ts'
import type { HostParts } from '../checked-host.ts'
import type { Feed, FeedParts } from '../index.ts'
import { ContentRefusedError } from '../refusals.ts'
import { RetryLaterError } from '../retry-later.ts'
import { type SampledRecord, type Sent, SpanFeed, type SpanTransport } from '../spans/feed.ts'
import { spansOf } from '../spans/spans.ts'
import { type Envelope, envelopesOf } from './envelopes.ts'
import { Ingestion, type ItemError } from './ingestion.ts'
import type { ApplicationInsightsSettings } from './settings.ts'

/** @public Imported by the feed's thread. */
export function openFeed(settings: unknown, parts: FeedParts): Feed {
  return applicationInsightsFeed(settings as ApplicationInsightsSettings, parts)
}

export function applicationInsightsFeed(
  settings: ApplicationInsightsSettings,
  parts: FeedParts,
  host: Partial<HostParts> = {},
): Feed {
  return new SpanFeed(settings, parts, new InsightsTransport(settings, { clock: systemClock, ...host }))
}

/**
 * The service refuses items that began more than 48 hours ago, whatever else they are. An hour is left for a request
 * that must wait and for clocks that differ. Milliseconds.
 */
const ageMsMax = 47 * 3_600_000

class InsightsTransport implements SpanTransport {
  readonly #settings: ApplicationInsightsSettings
  readonly #clock: Clock
  readonly #ingestion: Ingestion
  /** Items that the service has, of records that must be sent again. */
  readonly #taken = new Set<string>()

  constructor(settings: ApplicationInsightsSettings, parts: HostParts) {
    this.#settings = settings
    this.#clock = parts.clock
    this.#ingestion = new Ingestion(settings, parts)
  }

  async send(records: readonly SampledRecord[]): Promise<Sent> {
    const { key } = this.#ingestion.resource
    const items = records
      .flatMap((record, at) => this.#envelopes(record, key).map(envelope => ({ at, envelope })))
      .filter(({ envelope }) => !this.#taken.has(idOf(envelope)))
    const { bytes, errors, afterMs } = await this.#ingestion.track(items.map(({ envelope }) => envelope))
    const refused = new Map<number, string>()
    const later = new Map<number, ItemError>()
    for (const error of errors) {
      const at = items[error.index]?.at ?? 0
      if (error.mayPass) later.set(at, error)
      else refused.set(at, `${this.#ingestion.name} answered ${error.status} for a span of it.`)
    }
    // What is wrong with every item is the resource or the key, not the items.
    const missing = new Set(errors.map(({ index }) => index))
    if (refused.size > 0 && missing.size === items.length)
      throw new ContentRefusedError(`${this.#ingestion.name} takes none of these spans.`)
    for (const at of refused.keys()) later.delete(at)
    if (later.size === 0) this.#taken.clear()
    for (const [index, { at, envelope }] of items.entries())
      if (later.has(at) && !missing.has(index)) this.#taken.add(idOf(envelope))
    return { bytes, partial: null, refused, again: this.#again(later, afterMs) }
  }

  neverTakes(startedAtMs: number): string | null {
    return this.#clock() - startedAtMs <= ageMsMax
      ? null
      : 'It is older than 47 hours, and Application Insights takes nothing that is older than 48.'
  }

  close(): Promise<void> {
    return this.#ingestion.close()
  }

  #envelopes({ exchange: { id, opened, closed }, share }: SampledRecord, key: string): Envelope[] {
    const spans = spansOf(rowOfHalves(opened, closed), this.#settings)
    return envelopesOf({ id, replica: opened.replica, spans, share }, key, this.#settings.service)
  }

  #again(later: ReadonlyMap<number, ItemError>, afterMs: number | null): Sent['again'] {
    const [first] = later.values()
    if (first === undefined) return null
    const says = `${this.#ingestion.name} answered ${first.status} for spans of ${later.size} records.`
    const error = afterMs === null ? new Error(says) : new RetryLaterError(says, afterMs)
    return { records: new Set(later.keys()), error }
  }
}

/** Span ids are unique among the records of a batch. */
const idOf = ({ data }: Envelope): string => String(data.baseData['id'])

/**
 * A feed of spans: hands records to the other side, whatever form of spans and protocol it has. A record
 * counts as sent when the other side has taken its spans. Ids of spans follow from the record's, so a record that is
 * sent again is the same spans again.
 */
import type { Feed, FeedParts, RecordedExchange } from '../index.ts'
import { OfferedBatch } from '../offered.ts'
import { ContentRefusedError, Refusals } from '../refusals.ts'
import { shareOf, takesShare } from './sample.ts'
import type { SampleSettings } from './settings.ts'
import { spanCount } from './spans.ts'

/** A record that is sent as spans. The spans are made when they are sent, so that none wait in memory. */
export interface SampledRecord {
  readonly exchange: RecordedExchange
  /** 0..1: the record stands for 1 / share records, itself included. */
  readonly share: number
}

/** The other side of a feed of spans. */
export interface SpanTransport {
  /**
   * Sends a request once.
   * @throws ContentRefusedError when nothing of it can ever be taken; RetryLaterError; or Error for what may pass.
   */
  send(records: readonly SampledRecord[]): Promise<Sent>
  /** Why the other side can never take a record that began then (ms since the epoch); null where it may. */
  neverTakes(startedAtMs: number): string | null
  close(): Promise<void>
}

/** What became of a request of which the other side has taken something. */
export interface Sent {
  readonly bytes: number
  /** What the other side says that it did not keep, without naming it; null when it kept all. */
  readonly partial: { readonly rejected: number; readonly message: string } | null
  /** By index of the record: why it can never be taken. */
  readonly refused: ReadonlyMap<number, string>
  /** Records that must be sent again, by index, and why; null for none. */
  readonly again: { readonly records: ReadonlySet<number>; readonly error: Error } | null
}

const nothingRefused: Sent['refused'] = new Map()
/** Of a request of which everything was taken, as far as is known. */
export const takenWhole = (bytes: number, partial: Sent['partial'] = null): Sent => ({
  ...{ bytes, partial, refused: nothingRefused, again: null },
})

/** What feeds of spans have in common in their settings. */
export interface SpanFeedSettings {
  readonly sample: SampleSettings
}

export class SpanFeed implements Feed {
  readonly #settings: SpanFeedSettings
  readonly #parts: FeedParts
  readonly #transport: SpanTransport
  readonly #refusals = new Refusals()
  readonly #batch = new OfferedBatch()

  constructor(settings: SpanFeedSettings, parts: FeedParts, transport: SpanTransport) {
    this.#settings = settings
    this.#parts = parts
    this.#transport = transport
  }

  wants(exchange: RecordedExchange): boolean {
    return takesShare(shareOf(this.#settings.sample, exchange), exchange)
  }

  async take(exchanges: readonly RecordedExchange[]): Promise<void> {
    const records: SampledRecord[] = []
    for (const exchange of this.#batch.begin(exchanges)) {
      const never = this.#transport.neverTakes(exchange.opened.startedAtMs)
      if (never === null) records.push({ exchange, share: shareOf(this.#settings.sample, exchange) })
      else this.#setAside(exchange, never)
    }
    if (records.length > 0) await this.#send(records)
    this.#batch.end()
  }

  close(): Promise<void> {
    return this.#transport.close()
  }

  /** Sends halves of what is refused: it may be one record, or too much at once. */
  async #send(records: readonly SampledRecord[]): Promise<void> {
    try {
      await this.#post(records)
    } catch (error) {
      if (!(error instanceof ContentRefusedError)) throw error
      const [only, ...others] = records
      if (only !== undefined && others.length === 0) {
        this.#setAside(only.exchange, this.#refusals.reasonFor(only.exchange.id, error))
        return
      }
      const half = Math.ceil(records.length / 2)
      await this.#send(records.slice(0, half))
      await this.#send(records.slice(half))
    }
  }

  async #post(records: readonly SampledRecord[]): Promise<void> {
    const { bytes, partial, refused, again } = await this.#transport.send(records)
    this.#parts.sent(bytes)
    for (const [index, { exchange }] of records.entries()) {
      const reason = refused.get(index)
      if (reason !== undefined) this.#setAside(exchange, reason)
      else if (again?.records.has(index) !== true) this.#batch.add(exchange.id)
    }
    if (partial !== null) this.#warn(partial, records)
    if (again !== null) throw again.error
  }

  /** The specification of OTLP forbids to send again what a collector has rejected in part. */
  #warn({ rejected, message }: NonNullable<Sent['partial']>, records: readonly SampledRecord[]): void {
    const spans = records.reduce((sum, { exchange }) => sum + spanCount(exchange), 0)
    const fields = { feed: this.#parts.name, rejected, spans, reason: message.slice(0, 200) }
    this.#parts.log.warn(fields, 'feed_partial')
  }

  #setAside(exchange: RecordedExchange, reason: string): void {
    this.#parts.setAside(exchange, reason)
    this.#batch.add(exchange.id)
  }
}

/**
 * A feed of spans: turns records into spans and hands them to the other side, whatever protocol it speaks. A record
 * counts as sent when the other side has taken its spans. Ids of spans follow from the record's, so a record that is
 * sent again is the same spans again.
 */
import { fedRecordOrReason } from '../forms.ts'
import type { Feed, FeedParts, RecordedExchange } from '../index.ts'
import { OfferedBatch } from '../offered.ts'
import { ContentRefusedError, Refusals } from '../refusals.ts'
import { shareOf, takesShare } from './sample.ts'
import type { SampleSettings, SpanSettings } from './settings.ts'
import { type RecordSpan, spansOf } from './spans.ts'

/** A record's spans, and the gateway process that served it. */
export interface RecordSpans {
  readonly id: string
  readonly replica: string | null
  readonly spans: readonly RecordSpan[]
  /** 0..1: the record stands for 1 / share records, itself included. */
  readonly share: number
}

/** The other side of a feed of spans. */
export interface SpanTransport {
  /**
   * Sends a request once.
   * @throws ContentRefusedError when nothing of it can ever be taken; RetryLaterError; or Error for what may pass.
   */
  send(records: readonly RecordSpans[]): Promise<Sent>
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
export interface SpanFeedSettings extends SpanSettings {
  readonly sample: SampleSettings
}

interface Sendable extends RecordSpans {
  readonly exchange: RecordedExchange
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
    const records: Sendable[] = []
    for (const exchange of this.#batch.begin(exchanges)) {
      const never = this.#transport.neverTakes(exchange.opened.startedAtMs)
      const record = never ?? fedRecordOrReason(exchange, false)
      if (typeof record === 'string') this.#setAside(exchange, record)
      else {
        const { id, replica } = record.row
        const share = shareOf(this.#settings.sample, exchange)
        records.push({ exchange, id, replica, share, spans: spansOf(record.row, this.#settings) })
      }
    }
    if (records.length > 0) await this.#send(records)
    this.#batch.end()
  }

  close(): Promise<void> {
    return this.#transport.close()
  }

  /** Sends halves of what is refused: it may be one record, or too much at once. */
  async #send(records: readonly Sendable[]): Promise<void> {
    try {
      await this.#post(records)
    } catch (error) {
      if (!(error instanceof ContentRefusedError)) throw error
      const [only, ...others] = records
      if (only !== undefined && others.length === 0) {
        this.#setAside(only.exchange, this.#refusals.reasonFor(only.id, error))
        return
      }
      const half = Math.ceil(records.length / 2)
      await this.#send(records.slice(0, half))
      await this.#send(records.slice(half))
    }
  }

  async #post(records: readonly Sendable[]): Promise<void> {
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
  #warn({ rejected, message }: NonNullable<Sent['partial']>, records: readonly Sendable[]): void {
    const spans = records.reduce((sum, record) => sum + record.spans.length, 0)
    const fields = { feed: this.#parts.name, rejected, spans, reason: message.slice(0, 200) }
    this.#parts.log.warn(fields, 'feed_partial')
  }

  #setAside(exchange: RecordedExchange, reason: string): void {
    this.#parts.setAside(exchange, reason)
    this.#batch.add(exchange.id)
  }
}

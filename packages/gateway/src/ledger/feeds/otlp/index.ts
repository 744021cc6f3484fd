/**
 * The feed of kind `otlp`: turns records into spans and sends them to a collector of OpenTelemetry, as OTLP over HTTP.
 * A record counts as sent when the collector has answered 2xx. Ids of spans follow from the record's, so a record that
 * is sent again is the same spans again.
 */
import { type Clock, systemClock } from '../../../clock.ts'
import type { ResolveName } from '../checked-addresses.ts'
import { fedRecordOrReason } from '../forms.ts'
import type { Feed, FeedParts, RecordedExchange } from '../index.ts'
import { isSampled } from '../spans/sample.ts'
import { spansOf } from '../spans/spans.ts'
import { Collector, RequestRefusedError } from './collector.ts'
import { encoded, partialSuccess, type RecordSpans } from './encode.ts'
import type { OtlpSettings } from './settings.ts'

/** A record that the collector refuses this often is set aside. With growing pauses that takes some minutes. */
const refusalsMax = 10

/** @public Imported by the feed's thread. */
export function openFeed(settings: unknown, parts: FeedParts): Feed {
  return new OtlpFeed(settings as OtlpSettings, parts)
}

/** A record with its spans. */
interface Sendable extends RecordSpans {
  readonly exchange: RecordedExchange
}

export class OtlpFeed implements Feed {
  readonly #settings: OtlpSettings
  readonly #parts: FeedParts
  readonly #collector: Collector
  /** Refusals in a row of the record that is refused now. */
  #refused: { readonly id: string; readonly times: number } | null = null
  /** What is done with of the batch that begins with this record and is still offered. */
  readonly #done = new Set<string>()
  #firstOffered: string | null = null

  constructor(settings: OtlpSettings, parts: FeedParts, clock: Clock = systemClock, resolve?: ResolveName) {
    const { url, credential = null, timeout: timeoutMs } = settings
    this.#settings = settings
    this.#parts = parts
    this.#collector = new Collector({ url, credential, timeoutMs, clock, resolve })
  }

  wants(exchange: RecordedExchange): boolean {
    return isSampled(this.#settings.sample, exchange)
  }

  async take(exchanges: readonly RecordedExchange[]): Promise<void> {
    const first = exchanges[0]?.id ?? null
    if (first !== this.#firstOffered) this.#done.clear()
    this.#firstOffered = first
    const records: Sendable[] = []
    for (const exchange of exchanges) {
      if (this.#done.has(exchange.id)) continue
      const record = fedRecordOrReason(exchange, false)
      if (typeof record === 'string') this.#setAside(exchange, record)
      else records.push({ exchange, replica: record.row.replica, spans: spansOf(record.row, this.#settings) })
    }
    if (records.length > 0) await this.#send(records)
    this.#firstOffered = null
  }

  close(): Promise<void> {
    return this.#collector.close()
  }

  /** Sends halves of what the collector refuses: it may be one record, or too much at once. */
  async #send(records: readonly Sendable[]): Promise<void> {
    try {
      await this.#post(records)
    } catch (error) {
      if (!(error instanceof RequestRefusedError)) throw error
      const [only, ...others] = records
      if (only !== undefined && others.length === 0) {
        this.#refuse(only.exchange, error)
        return
      }
      const half = Math.ceil(records.length / 2)
      await this.#send(records.slice(0, half))
      await this.#send(records.slice(half))
    }
  }

  async #post(records: readonly Sendable[]): Promise<void> {
    const { service, genai } = this.#settings
    const { answer, bytes } = await this.#collector.send(encoded(records, service, genai))
    this.#parts.sent(bytes)
    for (const { exchange } of records) this.#done.add(exchange.id)
    this.#warn(answer, records)
  }

  /** The specification forbids to send again what a collector has rejected in part. */
  #warn(answer: Uint8Array, records: readonly Sendable[]): void {
    const partial = readable(answer)
    if (partial === null) return
    const spans = records.reduce((sum, record) => sum + record.spans.length, 0)
    this.#parts.log.warn(
      { event: 'feed_partial', feed: this.#parts.name, rejected: partial.rejected, spans },
      `the collector rejected ${partial.rejected} of ${spans} spans: ${partial.message.slice(0, 200)}`,
    )
  }

  /** @throws the collector's refusal until it has refused the record often enough. */
  #refuse(exchange: RecordedExchange, error: Error): void {
    const times = 1 + (this.#refused?.id === exchange.id ? this.#refused.times : 0)
    this.#refused = { id: exchange.id, times }
    if (times < refusalsMax) throw error
    this.#refused = null
    this.#setAside(exchange, `${error.message} It was sent ${times} times.`)
  }

  #setAside(exchange: RecordedExchange, reason: string): void {
    this.#parts.setAside(exchange, reason)
    this.#done.add(exchange.id)
  }
}

/** An answer that is no protobuf says nothing, and its request was taken. */
function readable(answer: Uint8Array): ReturnType<typeof partialSuccess> {
  try {
    return partialSuccess(answer)
  } catch {
    return { rejected: 0, message: 'its answer cannot be read' }
  }
}

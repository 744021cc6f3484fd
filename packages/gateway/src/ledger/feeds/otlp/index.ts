/** The feed of kind `otlp`: sends spans to a collector of OpenTelemetry. */
import { type Clock, systemClock } from '../../../clock.ts'
import type { ResolveName } from '../checked-addresses.ts'
import type { Feed, FeedParts } from '../index.ts'
import { type SampledRecord, type Sent, SpanFeed, type SpanTransport, takenWhole } from '../spans/feed.ts'
import { partialSuccess } from './answer.ts'
import { openCollector } from './client.ts'
import { SpanEncoder } from './encode.ts'
import type { OtlpClient } from './protocol.ts'
import type { OtlpSettings } from './settings.ts'

/** @public Imported by the feed's thread. */
export function openFeed(settings: unknown, parts: FeedParts): Feed {
  return otlpFeed(settings as OtlpSettings, parts)
}

export function otlpFeed(
  settings: OtlpSettings,
  parts: FeedParts,
  clock: Clock = systemClock,
  resolve?: ResolveName,
): Feed {
  return new SpanFeed(settings, parts, new OtlpTransport(settings, clock, resolve))
}

class OtlpTransport implements SpanTransport {
  readonly #encoder: SpanEncoder
  readonly #client: OtlpClient
  readonly #secret: string | null

  constructor(settings: OtlpSettings, clock: Clock, resolve: ResolveName | undefined) {
    this.#encoder = new SpanEncoder(settings.service, settings)
    this.#client = openCollector(settings, 'traces', { clock, resolve })
    this.#secret = settings.credential?.secret ?? null
  }

  async send(records: readonly SampledRecord[]): Promise<Sent> {
    const { answer, bytes } = await this.#client.send(this.#encoder.encode(records.map(({ exchange }) => exchange)))
    return takenWhole(bytes, partialSuccess(answer, this.#secret))
  }

  neverTakes(): null {
    return null
  }

  close(): Promise<void> {
    return this.#client.close()
  }
}

/**
 * Sends the metrics to a collector of OpenTelemetry, every so often. One request at a time; figures are sums since the
 * start, so what a collector misses is in the next request, and nothing waits in memory for one that is away.
 */
import type { Clock } from '../clock.ts'
import { partialSuccess } from '../ledger/feeds/otlp/answer.ts'
import { openCollector } from '../ledger/feeds/otlp/client.ts'
import type { OtlpClient } from '../ledger/feeds/otlp/protocol.ts'
import type { CollectorSettings } from '../ledger/feeds/otlp/settings.ts'
import type { Log } from '../log.ts'
import { MetricsEncoder } from './encode-metrics.ts'
import type { Metric } from './metric.ts'

export interface PushSettings extends CollectorSettings {
  /** Milliseconds from one request to the next. */
  readonly every: number
  /** `service.name`. */
  readonly service: string
}

export interface PushParts {
  /** All metrics, now. */
  readonly read: () => Promise<readonly Metric[]>
  /** Name of this process: `service.instance.id`. */
  readonly replica: string
  readonly startedAtMs: number
  readonly clock: Clock
  readonly log: Log
}

/** Longest wait for the last request, in milliseconds. */
const closeMs = 2_000

export class MetricsPush {
  readonly #parts: PushParts
  readonly #client: OtlpClient
  readonly #secret: string | null
  readonly #encoder: MetricsEncoder
  readonly #timer: NodeJS.Timeout
  /** The request that is under way. */
  #sending: Promise<void> | null = null
  #isTroubled = false
  #isClosed = false

  constructor(settings: PushSettings, parts: PushParts) {
    this.#parts = parts
    this.#client = openCollector(settings, 'metrics', { clock: parts.clock })
    this.#secret = settings.credential?.secret ?? null
    this.#encoder = new MetricsEncoder(settings.service, parts.replica)
    this.#timer = setInterval(() => void this.push(), settings.every).unref()
  }

  /** Sends the metrics now, unless a request is under way: then that one is waited for. Never rejects. */
  push(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    this.#sending ??= this.#send().finally(() => {
      this.#sending = null
    })
    return this.#sending
  }

  /** Sends the last figures, where the collector takes them soon: a stop does not wait for one that is away. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    const last = this.#isTroubled ? null : (this.#sending ?? Promise.resolve()).then(() => this.push())
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, closeMs)
    await Promise.race([last, late])
    clearTimeout(timer)
    this.#isClosed = true
    await this.#client.close()
    await this.#sending
  }

  async #send(): Promise<void> {
    const { read, clock, startedAtMs, log } = this.#parts
    try {
      const message = this.#encoder.encode(await read(), { nowMs: clock(), startedAtMs })
      const { answer } = await this.#client.send(message)
      const partial = partialSuccess(answer, this.#secret)
      if (partial !== null)
        log.warn({ rejected: partial.rejected, reason: partial.message.slice(0, 200) }, 'metrics_partial')
      if (this.#isTroubled) log.info({}, 'metrics_sent')
      this.#isTroubled = false
    } catch (error) {
      // Once for each time that it goes wrong: a collector that is away must not fill the log.
      const reason = error instanceof Error ? error.message : 'unknown reason'
      if (!this.#isTroubled) log.warn({ reason }, 'metrics_not_sent')
      this.#isTroubled = true
    }
  }
}

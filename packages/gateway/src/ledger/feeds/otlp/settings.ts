import type { SampleSettings, SpanSettings } from '../spans/settings.ts'

/** How a collector is reached. */
export interface CollectorSettings {
  /**
   * `http`: address that takes the signal, with its path: `https://collector.example.net:4318/v1/traces`. `grpc`: the
   * collector alone, `https://collector.example.net:4317`.
   */
  readonly url: string
  readonly protocol: 'http' | 'grpc'
  /** `auto`: none to a collector on this machine, gzip to others. */
  readonly compression: 'auto' | 'gzip' | 'none'
  /** A header field with a secret, sent with every request. */
  readonly credential?: { readonly header: string; readonly secret: string } | undefined
  /** Milliseconds for a request and its answer. */
  readonly timeout: number
}

/** Settings of a feed of kind `otlp`. */
export interface OtlpSettings extends CollectorSettings, SpanSettings {
  /** `service.name` of all spans. */
  readonly service: string
  readonly sample: SampleSettings
}

import type { SampleSettings, SpanSettings } from '../spans/settings.ts'

/** Settings of a feed of kind `otlp`. */
export interface OtlpSettings extends SpanSettings {
  /** Address that takes traces, with its path: `https://collector.example.net:4318/v1/traces`. */
  readonly url: string
  /** A header field with a secret, sent with every request. */
  readonly credential?: { readonly header: string; readonly secret: string } | undefined
  /** Milliseconds for a request and its answer. */
  readonly timeout: number
  /** `service.name` of all spans. */
  readonly service: string
  readonly sample: SampleSettings
}

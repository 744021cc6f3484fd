import type { ManagedIdentity } from '../managed-identity.ts'
import type { SampleSettings, SpanSettings } from '../spans/settings.ts'

/** Settings of a feed of kind `application-insights`. */
export interface ApplicationInsightsSettings extends SpanSettings {
  /** Names the endpoint and the key of the resource. */
  readonly connectionString: string
  /** `connection-string`: the key in it is all. Otherwise each request has a token of the identity too. */
  readonly credential: 'connection-string' | ManagedIdentity
  /** Milliseconds for a request and its answer. */
  readonly timeout: number
  /** Role name of all telemetry. */
  readonly service: string
  readonly sample: SampleSettings
}

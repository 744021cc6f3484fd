/**
 * The kinds of feeds: each has a folder whose `index.ts` exports `openFeed`. Its `settings.ts` has the type of its
 * settings: what the configuration says of the kind (config/schema/feeds/), with `form`, `columns` and `bodies`.
 */
import { workerUrl } from '../../worker-url.ts'
import type { ApplicationInsightsSettings } from './application-insights/settings.ts'
import type { BlobSettings } from './blob/settings.ts'
import type { EventHubsSettings } from './event-hubs/settings.ts'
import type { FilesSettings } from './files/settings.ts'
import type { KafkaSettings } from './kafka/settings.ts'
import type { OtlpSettings } from './otlp/settings.ts'
import type { WebhookSettings } from './webhook/settings.ts'

/** By kind: the settings of its module. */
export interface FeedSettings {
  readonly files: FilesSettings
  readonly blob: BlobSettings
  readonly kafka: KafkaSettings
  readonly webhook: WebhookSettings
  readonly otlp: OtlpSettings
  readonly 'application-insights': ApplicationInsightsSettings
  readonly 'event-hubs': EventHubsSettings
}
export type FeedKind = keyof FeedSettings

/** By kind: the module that the feed's thread loads. Only that thread loads it, with all that it needs. */
export const feedModules = {
  files: workerUrl('./files/index.ts', import.meta.url),
  blob: workerUrl('./blob/index.ts', import.meta.url),
  kafka: workerUrl('./kafka/index.ts', import.meta.url),
  webhook: workerUrl('./webhook/index.ts', import.meta.url),
  otlp: workerUrl('./otlp/index.ts', import.meta.url),
  'application-insights': workerUrl('./application-insights/index.ts', import.meta.url),
  'event-hubs': workerUrl('./event-hubs/index.ts', import.meta.url),
} as const satisfies Readonly<Record<FeedKind, URL>>

/** Kinds that make spans of records. The others write the columns of a form. */
export const spanKinds: ReadonlySet<FeedKind> = new Set(['otlp', 'application-insights'])

/** The kinds of sources: each has a folder whose `index.ts` exports `openSource`. */
import { workerUrl } from '../../worker-url.ts'
import type { HubReaderSettings } from '../feeds/event-hubs/reader.ts'
import type { KafkaConnection } from '../feeds/kafka/settings.ts'
import type { FilesSourceSettings } from './files/index.ts'

/** By kind: the settings of its module. */
export interface SourceSettings {
  readonly files: FilesSourceSettings
  readonly 'event-hubs': HubReaderSettings
  readonly kafka: KafkaConnection
}
export type SourceKind = keyof SourceSettings

/** By kind: its module. It is loaded where such a source is configured only, with all that it needs. */
export const sourceModules = {
  files: workerUrl('./files/index.ts', import.meta.url),
  'event-hubs': workerUrl('./event-hubs/index.ts', import.meta.url),
  kafka: workerUrl('./kafka/index.ts', import.meta.url),
} as const satisfies Readonly<Record<SourceKind, URL>>

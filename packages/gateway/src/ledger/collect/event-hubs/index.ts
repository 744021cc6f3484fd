/** The source of kind `event-hubs`: reads every partition of a hub that feeds of kind `event-hubs` send to. */
import { type HubReaderSettings, readHub } from '../../feeds/event-hubs/reader.ts'
import type { MessageSource } from '../index.ts'

/** @public Imported by the collector. */
export function openSource(settings: unknown): MessageSource {
  return { read: (from, signal) => readHub(settings as HubReaderSettings, from, signal) }
}

/** The source of kind `kafka`: reads every partition of a topic that feeds of kind `kafka` write. */
import type { Log } from '../../../log.ts'
import { readTopic } from '../../feeds/kafka/reader.ts'
import type { KafkaConnection } from '../../feeds/kafka/settings.ts'
import type { MessageSource } from '../index.ts'

/** @public Imported by the collector. */
export function openSource(settings: unknown, { log }: { readonly log: Log }): MessageSource {
  const connection = settings as KafkaConnection
  const { topic } = connection
  return {
    async *read(from, signal) {
      const next = new Map(Array.from(from, ([partition, offset]) => [Number(partition), BigInt(offset) + 1n]))
      const onMoved = (partition: number, at: bigint, to: bigint): void =>
        log.warn({ topic, partition, next: String(at), first: String(to) }, 'source_messages_lost')
      for await (const messages of readTopic(connection, next, signal, { onMoved }))
        yield messages.map(({ partition, offset, headers, value }) => ({
          ...{ partition: String(partition), offset: String(offset) },
          ...{ headers, value },
        }))
    },
  }
}

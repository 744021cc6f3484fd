/** Topics for tests: made, and read to their ends. */
import { Admin, Consumer } from '@platformatic/kafka'
import { type ReadMessage, readTopic } from '../../../packages/gateway/src/ledger/feeds/kafka/reader.ts'
import type { KafkaConnection } from '../../../packages/gateway/src/ledger/feeds/kafka/settings.ts'

export interface TopicOptions {
  readonly partitions: number
  readonly replicas?: number
  /** Settings of the topic. */
  readonly configs?: Readonly<Record<string, string>>
}

export async function makeTopic(brokers: readonly string[], topic: string, options: TopicOptions): Promise<void> {
  const { partitions, replicas = 1, configs = {} } = options
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [...brokers] })
  await admin.createTopics({
    topics: [topic],
    partitions,
    replicas,
    configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
  })
  await admin.close()
}

/** How many messages the topic has, over all partitions. */
export async function messagesIn({ brokers, topic }: KafkaConnection): Promise<number> {
  const consumer = new Consumer({ clientId: 'test', groupId: 'test', bootstrapBrokers: [...brokers] })
  const ends = await consumer.listOffsets({ topics: [topic] })
  await consumer.close(true)
  return (ends.get(topic) ?? []).reduce((sum, end) => sum + Number(end), 0)
}

/** Every message that the topic has now, a list for each answer of a broker. The topic was never cleaned. */
export async function* allMessages(connection: KafkaConnection): AsyncGenerator<readonly ReadMessage[]> {
  const wanted = await messagesIn(connection)
  const stop = new AbortController()
  let read = 0
  const onMoved = (): void => {
    throw new Error('messages were deleted')
  }
  if (wanted === 0) return
  for await (const messages of readTopic(connection, new Map(), stop.signal, { onMoved })) {
    yield messages
    read += messages.length
    if (read >= wanted) break
  }
  stop.abort()
}

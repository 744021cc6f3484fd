/**
 * One broker of Apache Kafka, as far as a producer and a consumer with partitions of its own choice need it: its real
 * protocol over TCP, SASL PLAIN, sequence numbers against doubles, and faults. Messages are in memory, the newest
 * 64 MiB of each partition.
 *
 *     const kafka = await startKafka({ topics: { records: { partitions: 3 } } })
 *     // ... kafka.address is the list of brokers of any client ...
 *     kafka.setFault({ kind: 'drop_answer', times: 1 })
 *     await kafka.close()
 */
import { KafkaBroker } from './broker.ts'
import type { KafkaFault } from './faults.ts'
import type { TopicSettings } from './topics.ts'

export type { KafkaFault, TopicSettings }

export interface KafkaOptions {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Default: any free one. */
  readonly port?: number
  readonly topics: Readonly<Record<string, TopicSettings>>
  /** Passwords by user, for SASL PLAIN. Default: no one has to sign in. */
  readonly users?: Readonly<Record<string, string>>
}

export interface KafkaSimulator {
  /** `HOST:PORT`. */
  readonly address: string
  setFault(fault: KafkaFault): void
  clearFaults(): void
  addTopic(name: string, settings?: TopicSettings): void
  removeTopic(name: string): void
  /** Messages that the topic has had, and batches that came again and were left out. */
  counts(topic: string): { readonly messages: number; readonly doubles: number }
  close(): Promise<void>
}

export async function startKafka(options: KafkaOptions): Promise<KafkaSimulator> {
  const { host = '127.0.0.1', port = 0, topics, users = null } = options
  const broker = await KafkaBroker.listen(host, port, users)
  for (const [name, settings] of Object.entries(topics)) broker.topics.add(name, settings)
  return {
    address: broker.address,
    setFault: fault => broker.faults.set(fault),
    clearFaults: () => broker.faults.clear(),
    addTopic: (name, settings = {}) => broker.topics.add(name, settings),
    removeTopic: name => broker.topics.remove(name),
    counts(topic) {
      const partitions = broker.topics.partitions(topic)
      const sum = (of: (partition: (typeof partitions)[number]) => number): number =>
        partitions.reduce((total, partition) => total + of(partition), 0)
      return { messages: sum(({ end }) => Number(end)), doubles: sum(({ doubles }) => doubles) }
    },
    close: () => broker.close(),
  }
}

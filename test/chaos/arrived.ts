/** Reads what feeds have sent to topics and hubs, with the feeds' own readers. */
import {
  PartJoiner,
  type RecordDocument,
  readMessage,
} from '../../packages/gateway/src/ledger/feeds/documents/index.ts'
import type { FiledRecord } from '../../packages/gateway/src/ledger/feeds/files/files.fixture.ts'
import { readTopic } from '../../packages/gateway/src/ledger/feeds/kafka/reader.ts'
import type { EventHubsSimulator } from '../../packages/simulator/src/event-hubs/types.ts'
import type { KafkaSimulator } from '../../packages/simulator/src/kafka/index.ts'

/**
 * The records of these messages, doubles included. Parts of one that are not all there are left out: their sender was
 * killed, and sends the record again. A part that is damaged, or that had to be given up, is an error.
 */
export function joined(documents: readonly RecordDocument[]): readonly FiledRecord[] {
  const joiner = new PartJoiner<null>({
    clock: () => 0,
    onGivenUp: ({ id }, why) => {
      throw new Error(`parts of ${id} were given up: ${why}`)
    },
    onDamaged: (id, part) => {
      throw new Error(`part ${part} of ${id} is damaged`)
    },
  })
  return documents.flatMap(document => joiner.add(document, null) ?? [])
}

/** Records of every message of the topic. */
export async function arrivedInTopic(kafka: KafkaSimulator, topic: string): Promise<readonly FiledRecord[]> {
  const documents: RecordDocument[] = []
  const { messages } = kafka.counts(topic)
  if (messages === 0) return []
  const reading = new AbortController()
  const parts = {
    onMoved: (partition: number, from: bigint) => {
      throw new Error(`the stand-in has forgotten messages of partition ${partition} from ${from} on`)
    },
  }
  const connection = { brokers: [kafka.address], topic, tls: false }
  for await (const batch of readTopic(connection, new Map(), reading.signal, parts)) {
    for (const { headers, value } of batch) documents.push(readMessage(value, headers['content-encoding'] ?? null))
    if (documents.length >= messages) reading.abort()
  }
  return joined(documents)
}

/** Records of every event that the hub still keeps. */
export function arrivedInHub(namespace: EventHubsSimulator, hub: string): readonly FiledRecord[] {
  return joined(
    namespace.events(hub).map(({ body, properties }) => readMessage(body, textOr(properties['content-encoding']))),
  )
}

const textOr = (value: unknown): string | null => (typeof value === 'string' ? value : null)

/** Replicas, a broker and a collector that are killed. `npm run interop -- --calls N --kills N`: the long form. */
import { test } from 'node:test'
import { type RecordDocument, readMessage } from '../../packages/gateway/src/ledger/feeds/documents/index.ts'
import { KafkaCluster } from '../../scripts/kafka/cluster.ts'
import { joined } from '../chaos/arrived.ts'
import { collectsTheBill } from '../chaos/collect-audit.ts'
import type { Transport } from '../chaos/collect-run.ts'
import { seedOfRun } from '../support/random.ts'
import type { Scope } from '../support/world.ts'
import { allMessages, makeTopic } from './support/topic.ts'

const topic = 'records'

// Finance reads one ledger for all replicas: whatever is killed, it must have what was billed, each call once.
test(
  'P1 after kills of three replicas, their broker and their collector, its ledger agrees with the bill call by call',
  {
    timeout: 3_600_000,
  },
  t => collectsTheBill(t, seedOfRun(), realKafka),
)

/** A topic of Apache Kafka, to which long records go in parts. */
async function realKafka(t: Scope): Promise<Transport> {
  const cluster = await KafkaCluster.start()
  t.after(() => cluster.close())
  const connection = { brokers: cluster.brokers(), topic, tls: false }
  await makeTopic(connection.brokers, topic, { partitions: 3 })
  return {
    feed: () => ({ kind: 'kafka', ...connection, messageBytes: 16_384, compression: 'lz4' }),
    source: { kind: 'kafka', ...connection },
    async records() {
      const documents: RecordDocument[] = []
      for await (const messages of allMessages(connection))
        documents.push(...messages.map(one => readMessage(one.value)))
      return joined(documents)
    },
    async restart() {
      await cluster.kill()
      await cluster.restart()
    },
  }
}

/** Ways from the replicas' feeds to a collector. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openSource } from '../../packages/gateway/src/ledger/collect/kafka/index.ts'
import { PartJoiner, readMessage } from '../../packages/gateway/src/ledger/feeds/documents/index.ts'
import { type FiledRecord, recordsInLines } from '../../packages/gateway/src/ledger/feeds/files/files.fixture.ts'
import { silentLog } from '../../packages/gateway/src/log.ts'
import { startKafka } from '../../packages/simulator/src/kafka/index.ts'
import type { Scope } from '../support/world.ts'
import type { Transport } from './collect-run.ts'

/** A directory that the replicas and the collector share. */
export async function sharedFiles(_t: Scope, directory: string): Promise<Transport> {
  const shared = join(directory, 'shared')
  await mkdir(shared)
  const replicas = new Set<string>()
  return {
    feed(replica) {
      replicas.add(replica)
      return { kind: 'files', directory: join(shared, replica) }
    },
    source: { kind: 'files', directory: shared },
    records: async () => [...replicas].flatMap(replica => recordsInLines(join(shared, replica))),
  }
}

const topic = 'records'

/** A topic of the simulated broker, which takes messages so short that many records come in parts. */
export async function simulatedKafka(t: Scope): Promise<Transport> {
  const kafka = await startKafka({ topics: { [topic]: { partitions: 3 } } })
  t.after(() => kafka.close())
  const connection = { brokers: [kafka.address], topic, tls: false }
  return {
    feed: () => ({ kind: 'kafka', ...connection, messageBytes: 16_384 }),
    source: { kind: 'kafka', ...connection },
    records: () => readTopic(connection, kafka.counts(topic).messages),
  }
}

async function readTopic(connection: object, messages: number): Promise<readonly FiledRecord[]> {
  const found: FiledRecord[] = []
  const joiner = new PartJoiner<null>({ clock: Date.now, onGivenUp: () => {}, onDamaged: () => {} })
  const stop = new AbortController()
  const source = await openSource(connection, { log: silentLog })
  let read = 0
  for await (const batch of source.read(new Map(), stop.signal)) {
    for (const { headers, value } of batch) {
      const record = joiner.add(readMessage(value, headers['content-encoding'] ?? null), null)
      if (record !== null) found.push(record)
    }
    read += batch.length
    if (read >= messages) stop.abort()
  }
  return found
}

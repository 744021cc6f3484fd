/** Our stand-in for a broker, with Kafka's own clients: what speaks to it would speak to Kafka. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startKafka } from '@gatehouse/simulator'
import { consumeWithKafka, produceWithKafka } from '../../scripts/kafka/cluster.ts'
import { randomOf, seedOfRun } from '../support/random.ts'
import { fedLedger, sameRecords } from './support/fed.ts'

// Tests that use the stand-in would otherwise prove what we believe of Kafka.
test("Kafka's producer and consumer write to the stand-in and read from it, also batches that came twice", async t => {
  const kafka = await startKafka({ topics: { words: { partitions: 1 } } })
  t.after(() => kafka.close())
  const words = Array.from({ length: 2_000 }, (_, at) => `key-${at % 11}:word ${at}`)
  kafka.setFault({ kind: 'drop_answer', times: 2 })
  const flags = ['parse.key=true', 'key.separator=:'].flatMap(flag => ['--reader-property', flag])
  await produceWithKafka(
    ['--bootstrap-server', kafka.address, '--topic', 'words', '--compression-codec', 'zstd', ...flags],
    words.map(word => `${word}\n`).join(''),
  )
  const { messages, doubles } = kafka.counts('words')
  assert.equal(messages, words.length)
  assert.ok(doubles > 0)
  const read = await wordsIn(kafka.address, 'words', messages)
  // In one partition also in their order.
  assert.deepEqual(
    read,
    words.map(word => word.slice(word.indexOf(':') + 1)),
  )
})

test("Kafka's consumer signs in to the stand-in and reads a ledger that our feed wrote", async t => {
  const users = { gatehouse: 'a-long-password' }
  const kafka = await startKafka({ topics: { records: { partitions: 1 } }, users })
  t.after(() => kafka.close())
  const credential = { mechanism: 'plain', username: 'gatehouse', password: users.gatehouse } as const
  const connection = { brokers: [kafka.address], topic: 'records', tls: false, credential }
  const fed = await fedLedger(t, randomOf(seedOfRun()), { ...connection, bodies: true, compression: 'lz4' })
  await fed.record(300)
  await fed.caughtUp()
  const login = 'org.apache.kafka.common.security.plain.PlainLoginModule'
  const sasl = [
    'security.protocol=SASL_PLAINTEXT',
    'sasl.mechanism=PLAIN',
    `sasl.jaas.config=${login} required username="gatehouse" password="${users.gatehouse}";`,
  ].flatMap(property => ['--command-property', property])
  const lines = await wordsIn(kafka.address, 'records', kafka.counts('records').messages, sasl)
  const ids = lines.flatMap(line => /^\{"id":"([0-9a-f-]{36})"/.exec(line)?.[1] ?? [])
  sameRecords(ids, fed.ids)
})

/** So many messages as Kafka's console consumer reads them, without a group. */
async function wordsIn(address: string, topic: string, count: number, more: readonly string[] = []): Promise<string[]> {
  const found: string[] = []
  const from = ['--topic', topic, '--partition', '0', '--offset', 'earliest', '--max-messages', String(count)]
  await consumeWithKafka(['--bootstrap-server', address, ...from, ...more], line => found.push(line))
  return found
}

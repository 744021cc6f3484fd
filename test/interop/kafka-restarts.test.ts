/** The feed and a broker that goes away and comes back. `npm run interop -- --records 1000000` is the long form. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { consumeWithKafka, KafkaCluster } from '../../scripts/kafka/cluster.ts'
import { randomOf, seedOfRun } from '../support/random.ts'
import { fedLedger, receive, sameRecords } from './support/fed.ts'
import { makeTopic, messagesIn } from './support/topic.ts'

const records = Number(process.env['GATEHOUSE_INTEROP_RECORDS'] ?? 20_000)

// A receiver that misses a record, or counts one twice, makes another bill than the ledger.
test('through a stop and a kill of the broker the topic gets exactly the records of the ledger, each key in order', async t => {
  const cluster = await KafkaCluster.start()
  t.after(() => cluster.close())
  const connection = { brokers: cluster.brokers(), topic: 'records', tls: false }
  await makeTopic(connection.brokers, connection.topic, { partitions: 6 })
  const fed = await fedLedger(t, randomOf(seedOfRun()), { ...connection, bodies: true, compression: 'lz4' })
  const startedMs = performance.now()
  const fifth = Math.floor(records / 5)
  const down = async (end: () => Promise<void>, sent: number): Promise<string> => {
    const recording = fed.record(fifth)
    await fed.sent(sent + Math.floor(fifth / 2))
    await end()
    await recording
    await fed.record(fifth)
    const { lastError } = await fed.failing()
    await cluster.restart()
    return lastError ?? ''
  }
  // A broker that is stopped gives up its partitions before it closes its connections.
  const isAway =
    /^Kafka 127\.0\.0\.1:\d+: (nothing listens at that address|the connection broke|a broker closed the connection)|^Topic records has no leader just now/
  assert.match(await down(() => cluster.stop(), 0), isAway)
  assert.match(await down(() => cluster.kill(), 2 * fifth), isAway)
  await fed.record(records - 4 * fifth)
  const { retried } = await fed.caughtUp()
  const seconds = (performance.now() - startedMs) / 1_000
  const received = await receive(connection)
  sameRecords(received.ids, fed.ids)
  const { messages, doubles, parted } = received
  assert.ok(parted >= Math.floor(records / 5_000), 'long records come in parts')
  t.diagnostic(
    `${records} records in ${seconds.toFixed(1)} s with two restarts: ${messages} messages, ${doubles} doubles, ${retried} offered again`,
  )

  // Kafka's own client reads what ours reads.
  const ids = new Set<string>()
  const flags = ['print.headers=true', 'print.value=false'].flatMap(flag => ['--formatter-property', flag])
  const from = ['--bootstrap-server', connection.brokers.join(), '--topic', connection.topic, '--from-beginning']
  await consumeWithKafka([...from, '--max-messages', String(await messagesIn(connection)), ...flags], line => {
    const [, id] = /\bid:([0-9a-f-]{36})\b/.exec(line) ?? []
    if (id !== undefined) ids.add(id)
  })
  sameRecords([...ids], fed.ids)
})

/** The feed and three brokers of which one goes away: its partitions get another leader. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collecting } from '../../packages/gateway/src/ledger/collect/collect.fixture.ts'
import { openSource } from '../../packages/gateway/src/ledger/collect/kafka/index.ts'
import { keptLog } from '../../packages/gateway/src/ledger/exchange.fixture.ts'
import { KafkaCluster } from '../../scripts/kafka/cluster.ts'
import { randomOf, seedOfRun } from '../support/random.ts'
import { allRecords } from '../support/records.ts'
import { eventually } from '../support/wait.ts'
import { fedLedger, receive, sameRecords } from './support/fed.ts'
import { makeTopic } from './support/topic.ts'

// Brokers are restarted one by one at every update of a cluster, while calls go on.
test('while each of three brokers is killed in turn, the topic and a collector get exactly the records of the ledger', async t => {
  const cluster = await KafkaCluster.start({ nodes: 3 })
  t.after(() => cluster.close())
  const connection = { brokers: cluster.brokers(), topic: 'records', tls: false }
  await makeTopic(connection.brokers, connection.topic, { partitions: 6, replicas: 3 })
  const fed = await fedLedger(t, randomOf(seedOfRun()), { ...connection, bodies: true, compression: 'zstd' })
  const source = openSource(connection, { log: keptLog() })
  const { collector, ledger } = await collecting(t, [{ name: 'topic', kind: 'kafka', source }])
  for (const node of [1, 2, 3]) {
    const recording = fed.record(2_000)
    await fed.sent(fed.ids.length / 2)
    await cluster.kill(node)
    await recording
    // Two of three are enough.
    await fed.record(500)
    await fed.caughtUp()
    await cluster.restart(node)
  }
  const taken = (): number => collector.states().reduce((sum, state) => sum + state.taken, 0)
  const { retried } = await fed.state()
  const { ids, messages, doubles, parted } = await receive(connection)
  sameRecords(ids, fed.ids)
  assert.ok(parted > 0)
  await eventually('the collector has every record', () => taken() >= fed.ids.length || null, 120_000)
  const collected = (await allRecords(ledger)).map(({ id }) => id)
  sameRecords(collected, fed.ids)
  assert.equal(collected.length, fed.ids.length, 'each once')
  t.diagnostic(`${ids.length} records: ${messages} messages, ${doubles} doubles, ${retried} offered again`)
})

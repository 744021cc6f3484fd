/** The cluster that the other tests of this folder use. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Admin } from '@platformatic/kafka'
import { KafkaCluster } from '../../scripts/kafka/cluster.ts'

// Without it a test that restarts the broker would not show what it says.
test('what the broker acknowledged is there after it was killed and started again', async t => {
  const cluster = await KafkaCluster.start()
  t.after(() => cluster.close())
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: cluster.brokers() })
  await admin.createTopics({ topics: ['words'], partitions: 1, replicas: 1 })
  await admin.close()
  const to = ['--bootstrap-server', cluster.brokers().join(), '--topic', 'words']
  await cluster.produce(to, 'one\ntwo\n')
  await cluster.kill()
  await cluster.restart()
  const read: string[] = []
  await cluster.consume([...to, '--from-beginning', '--max-messages', '2'], line => read.push(line))
  assert.deepEqual(read, ['one', 'two'])
})

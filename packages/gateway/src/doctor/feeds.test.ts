import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startEventHubs, startKafka } from '@gatehouse/simulator'
import { closedPort } from '../../../../test/support/ports.ts'
import type { ConfigInput } from '../config/schema/index.ts'
import { instrumentationKey, startEndpoint } from '../ledger/feeds/application-insights/receiver.fixture.ts'
import { azuriteKey, startAzurite } from '../ledger/feeds/blob/azurite.fixture.ts'
import { startGrpcCollector } from '../ledger/feeds/otlp/grpc.fixture.ts'
import { faultsIn, startSurroundings } from './doctor.fixture.ts'

type Feed = NonNullable<ConfigInput['feeds']>[string]

async function examiner(t: TestContext) {
  const { examine, directory } = await startSurroundings(t)
  const faults = async (feed: Feed): Promise<readonly string[]> =>
    faultsIn(await examine('feeds', config => ({ ...config, feeds: { archive: feed } })))
  return { faults, directory }
}

test('a directory that can be made has no findings, and one without a parent is a failure', async t => {
  const { faults, directory } = await examiner(t)
  assert.deepEqual(await faults({ kind: 'files', directory: join(directory, 'archive') }), [])
  await mkdir(join(directory, 'archive'))
  assert.deepEqual(await faults({ kind: 'files', directory: join(directory, 'archive') }), [])
  assert.match(
    (await faults({ kind: 'files', directory: join(directory, 'no', 'archive') })).join(),
    /^failure .*parent does not exist/,
  )
})

test('a container that is not there, and a key that is refused, are failures', async t => {
  const { faults } = await examiner(t)
  const { account, container } = await startAzurite(t)
  await container('ledger').create()
  const feed = { kind: 'blob', account, container: 'ledger', credential: { key: azuriteKey } } as const
  assert.deepEqual(await faults(feed), [])
  assert.match(
    (await faults({ ...feed, container: 'ledger-2' })).join(),
    /^failure .*\/ledger-2: .*(no such container|does not exist)/,
  )
  const key = Buffer.alloc(64, 'another key').toString('base64')
  const [fault = ''] = await faults({ ...feed, credential: { key } })
  assert.match(fault, /^failure .*(accept|refuse)/)
  assert.ok(!fault.includes(key))
})

test('a topic that is not there, and a password that is refused, are failures', async t => {
  const { faults } = await examiner(t)
  const kafka = await startKafka({ topics: { records: {} }, users: { gatehouse: 'a-long-password' } })
  t.after(() => kafka.close())
  const credential = { mechanism: 'plain', username: 'gatehouse', password: 'a-long-password' } as const
  const brokers = [kafka.address]
  const feed: Feed & { kind: 'kafka' } = { kind: 'kafka', brokers, topic: 'records', tls: false, credential }
  assert.deepEqual(await faults(feed), [])
  assert.match((await faults({ ...feed, topic: 'others' })).join(), /^failure Topic others does not exist/)
  const [fault = ''] = await faults({ ...feed, credential: { ...credential, password: 'a-wrong-password' } })
  assert.match(fault, /^failure Kafka .*credential was refused/)
  assert.ok(!fault.includes('a-wrong-password'))
})

test('an event hub that is not there, and a key that is refused, are failures', async t => {
  const { faults } = await examiner(t)
  const key = 'a-secret-key-of-the-namespace-0123456789='
  const namespace = await startEventHubs({ hubs: { records: {} }, keys: { root: key } })
  t.after(() => namespace.close())
  const written = namespace.connectionString
  const feed = { kind: 'event-hubs', hub: 'records', credential: { connectionString: written } } as const
  assert.deepEqual(await faults(feed), [])
  assert.match((await faults({ ...feed, hub: 'others' })).join(), /^failure .*\/others: there is no such event hub/)
  const connectionString = written.replace(key, 'another-key-0123456789=')
  const [fault = ''] = await faults({ ...feed, credential: { connectionString } })
  assert.match(fault, /^failure .*does not accept the credential/)
  assert.ok(!fault.includes('another-key'))
})

test('a webhook without a host, or where nothing listens, is a failure, and a healthy one gets no message', async t => {
  const { faults } = await examiner(t)
  const credential = { secret: `whsec_${Buffer.alloc(32, 'key').toString('base64')}` }
  const gone = { kind: 'webhook', credential, url: `http://127.0.0.1:${await closedPort()}/hook` } as const
  assert.match((await faults(gone)).join(), /^failure .*nothing listens there/)
  assert.match((await faults({ ...gone, url: 'https://gone.invalid/hook' })).join(), /^failure .*does not resolve/)
  let requests = 0
  const receiver = createServer((_, response) => {
    requests += 1
    response.end()
  }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  t.after(() => receiver.close())
  const { port } = receiver.address() as AddressInfo
  assert.deepEqual(await faults({ ...gone, url: `http://127.0.0.1:${port}/hook` }), [])
  assert.equal(requests, 0)
})

test('a collector that refuses the credential is a failure, and a healthy one gets no span', async t => {
  const { faults } = await examiner(t)
  const secret = 'Bearer 0123456789'
  const collector = createServer((request, response) => {
    response.writeHead(request.headers.authorization === secret ? 200 : 401).end()
  }).listen(0, '127.0.0.1')
  await once(collector, 'listening')
  t.after(() => collector.close())
  const url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces`
  const feed = { kind: 'otlp', url, credential: { header: 'authorization', secret } } as const
  assert.deepEqual(await faults(feed), [])
  const wrong = 'Bearer another-secret'
  const [fault = ''] = await faults({ ...feed, credential: { ...feed.credential, secret: wrong } })
  assert.match(fault, /^failure 127\.0\.0\.1:\d+ answered 401/)
  assert.ok(!fault.includes(wrong))
})

test('a collector that speaks gRPC is asked by gRPC, and gets no span', async t => {
  const { faults } = await examiner(t)
  const collector = await startGrpcCollector(t)
  const feed = { kind: 'otlp', url: collector.url, protocol: 'grpc' } as const
  assert.deepEqual(await faults(feed), [])
  assert.deepEqual(
    collector.calls.map(({ spans }) => spans),
    [[]],
  )
  assert.match(
    (await faults({ ...feed, url: `http://127.0.0.1:${await closedPort()}` })).join(),
    /^failure .*nothing listens at that address/,
  )
})

test('an endpoint of Application Insights that refuses the sign-in is a failure, and one that answers gets no item', async t => {
  const { faults } = await examiner(t)
  const endpoint = await startEndpoint(t)
  const feed = { kind: 'application-insights', connectionString: endpoint.connectionString } as const
  assert.deepEqual(
    (await faults(feed)).filter(fault => fault.startsWith('failure')),
    [],
  )
  assert.deepEqual(
    endpoint.requests.map(({ items }) => items),
    [[]],
  )
  endpoint.answer = response => response.writeHead(401).end()
  const [fault = ''] = await faults(feed)
  assert.match(fault, /^failure localhost:\d+ answered 401/)
  assert.ok(!fault.includes(instrumentationKey))
})

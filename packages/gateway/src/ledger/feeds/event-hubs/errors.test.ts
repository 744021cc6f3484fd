import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { type TestContext, test } from 'node:test'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { demoDirectory, selfMadeCertificate, startEntra } from '@gatehouse/simulator'
import { recordedExchange } from '../recorded.fixture.ts'
import { key, openTestFeed, readRecords, startNamespace } from './hub.fixture.ts'
import type { EventHubsSettings } from './settings.ts'

const connectionString = (endpoint: string): string =>
  `Endpoint=sb://${endpoint};SharedAccessKeyName=root;SharedAccessKey=${key};UseDevelopmentEmulator=true`

async function failureOf(t: TestContext, over: Partial<EventHubsSettings>): Promise<string> {
  const error: unknown = await openTestFeed(t, null, over)
    .take([recordedExchange({})])
    .then(
      () => assert.fail('the records were taken'),
      failure => failure,
    )
  assert.ok(error instanceof Error)
  const shown = [error.message, error.stack, String(error.cause)].join()
  assert.ok(!shown.includes(key) && !shown.includes('SharedAccessKey'), shown)
  return error.message
}

async function listening(t: TestContext, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a wrong hub, key or namespace is reported with what to do, and without the key', async t => {
  const namespace = await startNamespace(t)
  const credential = { connectionString: namespace.connectionString }
  assert.match(
    await failureOf(t, { hub: 'other', credential }),
    /\/other: there is no such event hub. Create it, or correct/,
  )
  const stranger = { connectionString: namespace.connectionString.replace('root', 'stranger') }
  assert.match(
    await failureOf(t, { credential: stranger }),
    /does not accept the credential.*Azure Event Hubs Data Sender/,
  )
  namespace.setKeys({ root: 'rotated' })
  assert.match(
    await failureOf(t, { credential }),
    /check that the key may send \(for a collector: listen\) and was not rotated \(UnauthorizedError\)/,
  )

  const speaksHttp = await listening(
    t,
    createServer(socket => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  )
  const wrong = { connectionString: connectionString(speaksHttp) }
  assert.match(await failureOf(t, { credential: wrong }), /what answers there is no event hub/)
  const closed = createServer()
  const nobody = { connectionString: connectionString(await listening(t, closed)) }
  closed.close()
  assert.match(await failureOf(t, { credential: nobody }), /nothing listens at that address.*\(ECONNREFUSED\)/)
  const unknown = { connectionString: connectionString('namespace.invalid') }
  assert.match(await failureOf(t, { credential: unknown }), /name of the namespace cannot be resolved/)
  const broken = { connectionString: 'Endpoint;SharedAccessKey=x' }
  assert.match(await failureOf(t, { credential: broken }), /the request failed/)
})

test('a hub that is deleted while the feed runs is reported; when it is made again, the feed goes on', async t => {
  const namespace = await startNamespace(t)
  const feed = openTestFeed(t, namespace)
  await feed.take([recordedExchange({})])
  namespace.deleteHub('records')
  // The first try may still meet the closed link.
  await assert.rejects(feed.take([recordedExchange({})]))
  const exchange = recordedExchange({})
  await assert.rejects(feed.take([exchange]), /there is no such event hub/)
  namespace.createHub('records')
  await feed.take([exchange])
  assert.deepEqual(
    (await readRecords(namespace, 1)).records.map(({ id }) => id),
    [exchange.id],
  )
})

test('the gateway signs in with a managed identity over TLS, and says when it has no token or no role', async t => {
  const certificate = selfMadeCertificate(Date.now())
  setDefaultCACertificates([...getCACertificates('default'), certificate.certificate])
  const entra = await startEntra({ directory: demoDirectory })
  t.after(() => entra.close())
  const tenant = { authority: entra.url, tenantId: demoDirectory.tenantId }
  const open = await startNamespace(t, { tls: certificate, entra: { ...tenant, allowedObjectIds: 'all' } })
  const closed = await startNamespace(t, { tls: certificate, entra: { ...tenant, allowedObjectIds: [] } })
  const settings = (namespace: string) => ({ namespace, credential: 'managed-identity' }) as const
  Object.assign(process.env, entra.managedIdentity)
  t.after(() => {
    for (const name of Object.keys(entra.managedIdentity)) delete process.env[name]
  })
  const exchange = recordedExchange({})
  await openTestFeed(t, null, settings(open.namespace)).take([exchange])
  assert.deepEqual(
    open.events('records').map(({ messageId }) => messageId),
    [exchange.id],
  )
  assert.match(await failureOf(t, settings(closed.namespace)), /Azure Event Hubs Data Sender/)
  const nobody = {
    ...settings(open.namespace),
    credential: { managedIdentity: '99999999-0000-0000-0000-000000000000' },
  }
  assert.match(await failureOf(t, nobody), /there is no token of the managed identity/)
})

test('a hub that does not answer is reported; what it kept comes twice, and later answers do no harm', async t => {
  let isHolding = true
  const namespace = await startNamespace(t, { fate: () => (isHolding ? 'hold' : 'accept') })
  const feed = openTestFeed(t, namespace, {}, 2_000)
  const exchange = recordedExchange({})
  await assert.rejects(feed.take([exchange]), /did not answer in time.*\(OperationTimeoutError\)/)
  isHolding = false
  namespace.release()
  await feed.take([exchange])
  await feed.take([recordedExchange({})])
  const { records, doubles } = await readRecords(namespace, 2)
  assert.deepEqual([records.length, doubles], [2, 1])
})

test('a certificate that nobody trusts is reported', async t => {
  const namespace = await startNamespace(t, { tls: selfMadeCertificate(Date.now()) })
  const credential = { connectionString: namespace.connectionString }
  assert.match(
    await failureOf(t, { credential }),
    /its certificate is not trusted. Name its authority in NODE_EXTRA_CA_CERTS/,
  )
})

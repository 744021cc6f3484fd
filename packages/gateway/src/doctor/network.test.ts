import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { test } from 'node:test'
import { demoDirectory, selfMadeCertificate, startEntra } from '@gatehouse/simulator'
import { closedPort } from '../../../../test/support/ports.ts'
import { startSurroundings, startTls, withInstance } from './doctor.fixture.ts'
import type { CheckedFinding } from './index.ts'

const dayMs = 86_400_000

function worst(findings: readonly CheckedFinding[]): CheckedFinding {
  const found = findings.find(({ level }) => level === 'failure') ?? findings.find(({ level }) => level === 'warning')
  assert.ok(found !== undefined, JSON.stringify(findings))
  return found
}

test('an instance where nothing listens is a failure', async t => {
  const { examine } = await startSurroundings(t)
  const endpoint = `http://127.0.0.1:${await closedPort()}`
  const { level, about, found, next } = worst(await examine('instances', withInstance({ endpoint })))
  assert.deepEqual([level, about], ['failure', 'dev-openai-instance-1'])
  assert.match(found, /nothing listens there \(ECONNREFUSED\)/)
  assert.match(next ?? '', /instances\.dev-openai-instance-1\.endpoint/)
})

test('an instance with a name that does not resolve is a failure', async t => {
  const { examine } = await startSurroundings(t)
  const { level, next } = worst(await examine('instances', withInstance({ endpoint: 'https://gone.invalid' })))
  assert.equal(level, 'failure')
  assert.match(next ?? '', /instances\.dev-openai-instance-1\.endpoint/)
})

test('an instance that accepts connections and speaks no HTTP is a failure', async t => {
  const { examine } = await startSurroundings(t)
  const server = createTcpServer(socket => {
    // The client may leave first.
    socket.on('error', () => {})
    socket.end('220 ready\r\n')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { level, found } = worst(await examine('instances', withInstance({ endpoint })))
  assert.equal(level, 'failure')
  assert.match(found, /no HTTP answer/)
})

// Checks run where something hangs; one that hangs itself is of no use.
test('an instance that accepts connections and never answers is a failure after a bounded time', async t => {
  const { examine } = await startSurroundings(t)
  const server = createTcpServer(socket => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { level, found } = worst(await examine('instances', withInstance({ endpoint })))
  assert.equal(level, 'failure')
  assert.match(found, /nothing answered in time \(ETIMEDOUT\)/)
})

test('an address with https where plain HTTP is spoken is a failure', async t => {
  const { examine, one } = await startSurroundings(t)
  const endpoint = one.url.replace('http:', 'https:')
  assert.match(worst(await examine('instances', withInstance({ endpoint }))).found, /speaks no TLS/)
})

test('a certificate that has ended is a failure with its last day', async t => {
  const { examine } = await startSurroundings(t)
  const endpoint = await startTls(t, 400 * dayMs, true)
  const { level, found } = worst(await examine('instances', withInstance({ endpoint })))
  assert.equal(level, 'failure')
  assert.match(found, /its certificate ended on \d{4}-\d\d-\d\d/)
})

test('a certificate that nobody trusts is a failure', async t => {
  const { examine } = await startSurroundings(t)
  const endpoint = await startTls(t, 0, false)
  const { level, next } = worst(await examine('instances', withInstance({ endpoint })))
  assert.equal(level, 'failure')
  assert.match(next ?? '', /NODE_EXTRA_CA_CERTS/)
})

test('a certificate that ends soon is a warning with its days, and one that does not is none', async t => {
  const { examine } = await startSurroundings(t)
  const soon = await startTls(t, 355 * dayMs + 1_000, true)
  const { level, found } = worst(await examine('instances', withInstance({ endpoint: soon })))
  assert.equal(level, 'warning')
  assert.match(found, /ends in 9 days/)
  const good = await startTls(t, 0, true)
  const findings = await examine('instances', withInstance({ endpoint: good }))
  assert.deepEqual([...new Set(findings.map(one => one.level))], ['ok'])
  assert.match(findings[0]?.found ?? '', /valid for 364 days/)
})

test('a tenant that the sign-in service does not know is a failure', async t => {
  const { examine } = await startSurroundings(t)
  const tenants = ['99999999-9999-4999-8999-999999999999']
  const findings = await examine('sign-in', config => ({
    ...config,
    identity: { entra: { ...config.identity.entra, tenants } },
  }))
  assert.equal(worst(findings).level, 'failure')
  assert.match(worst(findings).next ?? '', /identity\.entra\.tenants/)
})

test('a sign-in service that is down, or not there, is a failure', async t => {
  const { examine, entra } = await startSurroundings(t)
  entra.down = true
  assert.match(worst(await examine('sign-in')).found, /status 503/)
  const authority = `http://127.0.0.1:${await closedPort()}`
  const findings = await examine('sign-in', config => ({
    ...config,
    identity: { entra: { ...config.identity.entra, authority } },
  }))
  assert.match(worst(findings).found, /ECONNREFUSED/)
})

test('a sign-in service with a certificate that has ended is a failure', async t => {
  const { examine } = await startSurroundings(t)
  const tls = selfMadeCertificate(Date.now() - 400 * dayMs)
  const entra = await startEntra({ directory: demoDirectory, tls })
  t.after(() => entra.close())
  const findings = await examine('sign-in', config => ({
    ...config,
    identity: { entra: { ...config.identity.entra, authority: entra.url } },
  }))
  assert.match(worst(findings).found, /its certificate ended on/)
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Config, type ConfigInput, configSchema } from '../config/schema/index.ts'
import { AuthorityError } from '../identity/errors.ts'
import { type LogLine, logTo } from '../log.fixture.ts'
import { silentLog } from '../log.ts'
import { buildHouse } from './open.ts'

const tenant = '11111111-2222-3333-4444-555555555555'

/** A configuration on free ports with a ledger of its own, which is removed after the test. */
async function freeConfig(t: TestContext): Promise<(more?: Partial<ConfigInput>) => Config> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-house-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return more =>
    configSchema.parse({
      gateway: { listen: '127.0.0.1:0' },
      admin: { listen: '127.0.0.1:0' },
      identity: { entra: { tenants: [tenant] } },
      instances: { east: { endpoint: 'https://east.example', credential: 'caller', deployments: {} } },
      workloads: { bot: { callers: [{ tenant }], targets: ['east'], deployments: ['gpt-4o'] } },
      ledger: { directory: join(directory, 'ledger') },
      ...more,
    })
}

async function takenPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

// A supervisor starts the process again at once: what the failed start left open would make the next one fail too.
test('a house that cannot be built leaves nothing open', async t => {
  const configWith = await freeConfig(t)
  const port = await takenPort(t)
  const first = await buildHouse(configWith(), { log: silentLog })
  const gatewayPort = new URL(first.gateway.url).port
  await first.close()

  const gateway = { listen: `127.0.0.1:${gatewayPort}` }
  const blocked = configWith({ gateway, admin: { listen: `127.0.0.1:${port}` } })
  await assert.rejects(buildHouse(blocked, { log: silentLog }), { code: 'EADDRINUSE' })

  const house = await buildHouse(configWith({ gateway }), { log: silentLog })
  t.after(() => house.close())
  assert.equal((await fetch(`${house.gateway.url}/healthz`)).status, 200)
})

test('closing a house twice closes it once', async t => {
  const house = await buildHouse((await freeConfig(t))(), { log: silentLog })
  await house.close()
  await house.close()
  await assert.rejects(fetch(`${house.gateway.url}/healthz`))
})

test('a reload with a sign-in service that cannot be used changes nothing', async t => {
  const configWith = await freeConfig(t)
  const lines: LogLine[] = []
  const house = await buildHouse(configWith(), { log: logTo(line => void lines.push(line)) })
  t.after(() => house.close())
  const next = configWith({
    identity: { entra: { tenants: [tenant], authority: 'http://sign-in.example' } },
    instances: { west: { endpoint: 'https://west.example', credential: 'caller', deployments: {} } },
    workloads: {},
  })
  assert.throws(() => house.reload(next), AuthorityError)
  assert.deepEqual(
    house.instanceStates().map(({ name }) => name),
    ['east'],
  )
  assert.deepEqual(
    lines.map(({ event }) => event),
    ['ready'],
  )
})

test('a reload replaces instances, and names settings that wait for a restart', async t => {
  const configWith = await freeConfig(t)
  const house = await buildHouse(configWith(), { log: silentLog, withoutAdmin: true })
  t.after(() => house.close())
  assert.equal(house.admin, null)
  const next = configWith({
    gateway: { listen: '127.0.0.1:1' },
    instances: { west: { endpoint: 'https://west.example', credential: 'caller', deployments: {} } },
    workloads: {},
  })
  assert.deepEqual(house.reload(next), ['gateway.listen'])
  assert.deepEqual(
    house.instanceStates().map(({ name }) => name),
    ['west'],
  )
  assert.equal(await house.probe('east'), null)
})

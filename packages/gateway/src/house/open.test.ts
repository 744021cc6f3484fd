import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join, relative } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { eventually } from '../../../../test/support/wait.ts'
import { type Config, type ConfigInput, configSchema } from '../config/schema/index.ts'
import { AuthorityError } from '../identity/errors.ts'
import { type LogLine, logTo } from '../log.fixture.ts'
import { silentLog } from '../log.ts'
import { buildHouse } from './open.ts'

const tenant = '11111111-2222-3333-4444-555555555555'

/** A configuration on free ports with a ledger of its own, which is removed after the test. */
async function freeConfig(): Promise<(more?: Partial<ConfigInput>) => Config> {
  const directory = temporaryDirectory('house')
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

/** Intervals that were set since and not cleared: each belongs to a part that is still open. */
function openIntervals(t: TestContext): ReadonlySet<unknown> {
  const open = new Set<unknown>()
  const { setInterval, clearInterval } = globalThis
  t.mock.method(globalThis, 'setInterval', (run: () => void, everyMs: number) => {
    const timer = setInterval(run, everyMs)
    open.add(timer)
    return timer
  })
  t.mock.method(globalThis, 'clearInterval', (timer: NodeJS.Timeout) => {
    open.delete(timer)
    clearInterval(timer)
  })
  return open
}

/** How many sockets of this process listen. */
function listeners(): number {
  return process.getActiveResourcesInfo().filter(name => name === 'TCPServerWrap').length
}

async function takenPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

// A supervisor starts the process again at once: what the failed start left open would make the next one fail too.
test('a house that cannot be built leaves nothing open', async t => {
  const configWith = await freeConfig()
  const listen = `127.0.0.1:${await takenPort(t)}`
  const intervals = openIntervals(t)
  const before = listeners()
  await assert.rejects(buildHouse(configWith({ admin: { listen } }), { log: silentLog }), { code: 'EADDRINUSE' })
  assert.equal(listeners(), before)
  assert.equal(intervals.size, 0)

  const house = await buildHouse(configWith(), { log: silentLog })
  t.after(() => house.close())
  assert.equal(listeners(), before + 2)
  assert.equal((await fetch(`${house.gateway.url}/healthz`)).status, 200)
})

// Container Apps gives all replicas one share: two processes in one ledger would ruin it, and a dead one's must go on.
test('replicas on one volume have ledgers of their own, and one that starts goes on in that of one that stopped', async t => {
  const configWith = await freeConfig()
  const { directory } = configWith().ledger
  const config = configWith({ ledger: { directory, shared: true } })
  const taken: string[] = []
  const log = logTo(({ event, fields }) => {
    if (event === 'ledger_taken') taken.push(relative(directory, String(fields['directory'])))
  })
  const open = async () => {
    const house = await buildHouse(config, { log })
    t.after(() => house.close())
    return house
  }
  const first = await open()
  await open()
  assert.deepEqual(first.reload(config), [], 'the same configuration needs no restart')
  await first.close()
  await open()
  assert.deepEqual(taken, ['replica-1', 'replica-2', 'replica-1'])
})

// On Container Apps a replica's own disk goes with it, at any time: whoever runs it must know what that costs.
test('a ledger that is lost with its replica says at the start what may be lost, and one on a disk says nothing', async t => {
  const configWith = await freeConfig()
  const warnings: LogLine[] = []
  const log = logTo(line => {
    if (line.event === 'ledger_ephemeral') warnings.push(line)
  })
  const { directory } = configWith().ledger
  const feeds = { siem: { kind: 'files', directory: join(directory, '..', 'files'), batch: { time: '20s' } } } as const
  for (const ledger of [{ directory }, { directory, ephemeral: true }]) {
    const house = await buildHouse(configWith({ ledger, feeds }), { log })
    t.after(() => house.close())
    await house.close()
  }
  const fields = { knownFrom: 'ledger.ephemeral', lost: 'records that no feed has sent', feedSeconds: { siem: 20 } }
  assert.deepEqual(
    warnings.map(line => [line.level, line.fields]),
    [['warn', { directory, ...fields }]],
  )
})

const probed = { credential: { key: 'a-key-that-is-long-enough' }, deployments: {}, probe: { every: '1h' } } as const
const unusable = { entra: { tenants: [tenant], authority: 'http://sign-in.example' } }

// An instance that nobody closes is probed until the process ends.
test('a house whose sign-in service cannot be used closes the instances that it has opened', async t => {
  const configWith = await freeConfig()
  const intervals = openIntervals(t)
  const instances = { east: { endpoint: 'https://east.example', ...probed } }
  await assert.rejects(buildHouse(configWith({ instances, identity: unusable }), { log: silentLog }), AuthorityError)
  assert.equal(intervals.size, 0)
  const house = await buildHouse(configWith({ instances }), { log: silentLog })
  assert.notEqual(intervals.size, 0)
  await house.close()
  assert.equal(intervals.size, 0)
})

test('closing a house twice closes it once', async () => {
  const house = await buildHouse((await freeConfig())(), { log: silentLog })
  await house.close()
  await house.close()
  await assert.rejects(fetch(`${house.gateway.url}/healthz`))
})

test('a reload with a sign-in service that cannot be used changes nothing, closes nothing and leaves nothing open', async t => {
  const configWith = await freeConfig()
  const lines: LogLine[] = []
  const intervals = openIntervals(t)
  const instances = { east: { endpoint: 'https://east.example', ...probed } }
  const house = await buildHouse(configWith({ instances }), { log: logTo(line => void lines.push(line)) })
  t.after(() => house.close())
  const before = new Set(intervals)
  const next = configWith({
    identity: unusable,
    instances: { west: { endpoint: 'https://west.example', ...probed } },
    workloads: {},
  })
  assert.throws(() => house.reload(next), AuthorityError)
  assert.equal(intervals.symmetricDifference(before).size, 0)
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
  const configWith = await freeConfig()
  const intervals = openIntervals(t)
  const instances = { east: { endpoint: 'https://east.example', ...probed } }
  const house = await buildHouse(configWith({ instances }), { log: silentLog, withoutAdmin: true })
  t.after(() => house.close())
  assert.equal(house.admin, null)
  const before = intervals.size
  const next = configWith({
    gateway: { listen: '127.0.0.1:1' },
    instances: { west: { endpoint: 'https://west.example', ...probed } },
    workloads: {},
  })
  assert.deepEqual(house.reload(next), ['gateway.listen'])
  assert.equal(intervals.size, before + 1)
  await eventually('the replaced instance is closed', () => intervals.size === before || null)
  assert.deepEqual(
    house.instanceStates().map(({ name }) => name),
    ['west'],
  )
  assert.equal(await house.probe('east'), null)
})

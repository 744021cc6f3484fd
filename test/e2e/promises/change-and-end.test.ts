/** P10 and P12: a configuration change drops no call, and shutdown waits for the calls in flight. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Config, type ConfigInput, configSchema } from '../../../packages/gateway/src/config/schema/index.ts'
import { openLedger } from '../../../packages/gateway/src/ledger/open.ts'
import type { RecordRow } from '../../../packages/gateway/src/ledger/record.ts'
import { type LogLine, logTo } from '../../../packages/gateway/src/log.fixture.ts'
import { silentLog } from '../../../packages/gateway/src/log.ts'
import { createTokenCounter } from '../../../packages/gateway/src/tokens/index.ts'
import { type RawAnswer, RawConnection, type RawRequest, requestBytes, send } from '../../support/raw.ts'
import { allRecords, settledRecords } from '../../support/records.ts'
import { type Served, type ServedWorld, startServedWorld } from '../../support/served.ts'
import { eventually, soon } from '../../support/wait.ts'
import { apiVersion, ask, chatPath, type Scope, startWorld } from '../../support/world.ts'

function request(token: string, more: Readonly<Record<string, unknown>> = {}, target = chatPath): RawRequest {
  return {
    target,
    headers: [
      ['Authorization', `Bearer ${token}`],
      ['Content-Type', 'application/json'],
    ],
    body: JSON.stringify({ messages: ask('How do I apply for leave?'), max_tokens: 20, ...more }),
  }
}

/** The configuration with one change of every kind, so that instances, plan and verifier are all replaced. */
function turned(config: Config, turn: number): Config {
  const instances = Object.fromEntries(
    Object.entries(config.instances).map(([name, one]) => [name, { ...one, connectionsMax: 100 + turn }]),
  )
  const { entra } = config.identity
  return { ...config, instances, identity: { entra: { ...entra, clockSkew: 60_000 + turn } } }
}

// An operator who adds a workload at noon must not fail any caller's request.
test('P10 reloads under continuous load drop no call, and each call is recorded once', async t => {
  const world = await startWorld(t)
  const token = await world.token('alice')
  const answers: RawAnswer[] = []
  let going = true
  const callers = Array.from({ length: 8 }, async (_, at) => {
    while (going) answers.push(await send(world.url, request(token, { stream: at % 2 === 0 })))
  })
  for (let turn = 0; turn < 25; turn += 1) {
    const count = answers.length
    assert.deepEqual(world.house.reload(turned(world.config, turn)), [])
    await eventually('calls go on', () => (answers.length > count + 4 ? true : null))
  }
  going = false
  await Promise.all(callers)
  const statuses = answers.map(answer => answer.status)
  assert.deepEqual([...new Set(statuses)], [200], `${answers.find(answer => answer.status !== 200)?.body ?? ''}`)
  const records = await settledRecords(world.house)
  assert.equal(records.length, answers.length)
  assert.deepEqual([...new Set(records.map(record => record.outcome))], ['completed'])
  const billed = [...world.one.bill(), ...world.two.bill()].map(line => line.gatehouseRequestId ?? 'none')
  assert.deepEqual(billed.toSorted(), records.map(record => record.id).toSorted())
})

test('P10 a stream that began before a reload finishes after it, even if its instance was removed', async t => {
  const slow = { 'gpt-4o': { model: 'gpt-4o', tokensPerSecond: 60 } }
  const world = await startWorld(t, { deployments: slow })
  const token = await world.token('alice')
  const connection = await RawConnection.open(world.url)
  connection.write(requestBytes(world.url, request(token, { stream: true, max_tokens: 40 })))
  await connection.seen('"delta":{"content"')
  const one = world.config.instances['dev-openai-instance-1']
  const hrBot = world.config.workloads['hr-bot']
  assert.ok(one && hrBot)
  const gone: Config = {
    ...world.config,
    pools: {},
    instances: { other: { ...one, endpoint: 'http://127.0.0.1:9' } },
    workloads: { 'hr-bot': { ...hrBot, targets: ['other'] } },
  }
  world.house.reload(gone)
  assert.equal((await send(world.url, request(token))).status, 404, 'the pool is gone for new calls')
  const bytes = await connection.rest()
  assert.ok(bytes.includes('data: [DONE]'))
})

test('P10 an invalid reload is refused as a whole, and the old configuration stays active', async t => {
  const world = await startWorld(t)
  const token = await world.token('alice')
  const entra = { ...world.config.identity.entra, authority: 'http://login.example' }
  const broken: Config = { ...world.config, workloads: {}, identity: { entra } }
  assert.throws(() => world.house.reload(broken), { code: 'authority_invalid' })
  assert.equal((await send(world.url, request(token))).status, 200)
  const other = { ...world.config, gateway: { ...world.config.gateway, listen: '127.0.0.1:1' } }
  assert.deepEqual(world.house.reload(other), ['gateway.listen'])
  assert.deepEqual(world.house.reload(other), ['gateway.listen'], 'also the second time')
})

// A person who leaves the audit team at noon must not be able to read prompts at five past, without waiting for a
// restart.
test('H5 a reload takes roles, open metrics and retention away at once, and reports what needs a restart', async t => {
  const lines: LogLine[] = []
  const log = logTo(line => void lines.push(line))
  const world = await startWorld(t, { parts: { log }, change: config => openMetrics(config) })
  const { house } = world
  const admin = async (path: string, as: string | null): Promise<number> => {
    const reason = { 'x-gatehouse-reason': 'a%20test' }
    const headers = as === null ? reason : { ...reason, authorization: `Bearer ${await world.token(as)}` }
    return (await fetch(`${house.admin?.url}${path}`, { headers })).status
  }
  await send(world.url, request(await world.token('alice')))
  const [record] = await settledRecords(house)
  const bodies = `/api/v1/records/${record?.id}/bodies`
  assert.deepEqual([await admin(bodies, 'carol'), await admin('/metrics', null)], [200, 200])

  const { viewer } = world.config.admin.roles
  const roles = { viewer, developer: [], auditor: [], operator: [], admin: [], custodian: [], eraser: [] }
  const next: Config = { ...world.config, admin: { ...world.config.admin, roles, metricsWithoutToken: false } }
  assert.deepEqual(house.reload(next), [], 'nothing of it needs a restart')
  assert.deepEqual([await admin(bodies, 'carol'), await admin('/metrics', null)], [403, 401])
  assert.equal(
    lines.find(line => line.event === 'restart_needed'),
    undefined,
  )

  // Bodies older than the shortened retention are hidden at once, even before their files are deleted.
  assert.deepEqual(
    house.reload({
      ...world.config,
      ledger: { ...world.config.ledger, retain: { ...world.config.ledger.retain, records: 2, bodies: 1 } },
    }),
    [],
  )
  const kept = await eventually('a body is older than a millisecond', async () => {
    const answer = await fetch(`${house.admin?.url}${bodies}`, {
      headers: { authorization: `Bearer ${await world.token('carol')}`, 'x-gatehouse-reason': 'a%20test' },
    })
    const { request: shown } = (await answer.json()) as { request: unknown }
    return shown === null ? 'purged' : null
  })
  assert.equal(kept, 'purged')

  house.reload({ ...world.config, admin: { ...world.config.admin, listen: '127.0.0.1:1' } })
  assert.deepEqual(
    lines.filter(line => line.event === 'restart_needed'),
    [{ level: 'warn', fields: { settings: ['admin.listen'] }, event: 'restart_needed' }],
  )
})

function openMetrics(config: ConfigInput): ConfigInput {
  return { ...config, admin: { ...config.admin, metricsWithoutToken: true } }
}

async function signal(world: ServedWorld, served: Served, config: ConfigInput, message: string): Promise<void> {
  const seen = served.log.length
  await world.write(config)
  served.process.kill('SIGHUP')
  await served.logged(message, seen)
}

test('P10 gatehouse serve loads a changed file at SIGHUP and refuses an invalid one', async t => {
  const world = await startServedWorld(t)
  const served = await world.serve()
  const token = await world.token('alice')
  const target = chatPath.replace('hr-bot', 'new-bot')
  assert.equal((await send(served.url, request(token, {}, target))).status, 404)
  const hrBot = world.config.workloads['hr-bot']
  assert.ok(hrBot)
  const wider = { ...world.config, workloads: { ...world.config.workloads, 'new-bot': hrBot } }
  await signal(world, served, wider, 'configuration_taken')
  assert.equal((await send(served.url, request(token, {}, target))).status, 200)
  const unknownKey = { ...world.config, colour: 'blue' } as ConfigInput
  await signal(world, served, unknownKey, 'configuration_refused')
  const { entra } = world.config.identity
  const noAuthority = { ...world.config, identity: { entra: { ...entra, authority: 'http://login.example' } } }
  await signal(world, served, noAuthority, 'configuration_refused')
  assert.equal((await send(served.url, request(token, {}, target))).status, 200, 'the last valid one stays')
  assert.equal(await served.stop(), 0)
})

/** All records in the ledger of a gateway that has ended. */
async function readAfterwards(t: Scope, world: ServedWorld): Promise<readonly RecordRow[]> {
  const counter = createTokenCounter()
  const config = configSchema.parse({ ...world.config, ledger: { directory: `${world.directory}/ledger` } })
  const ledger = await openLedger({ ...config.ledger, clock: Date.now, counter, log: silentLog })
  t.after(async () => {
    await ledger.close()
    await counter.close()
  })
  return allRecords(ledger)
}

const slowly = { 'gpt-4o': { model: 'gpt-4o', tokensPerSecond: 40 } } as const

/** The configuration with the deployments of both instances and of hr-bot reduced to the slow one. */
function onlySlow(config: ConfigInput): ConfigInput {
  const hrBot = config.workloads['hr-bot']
  assert.ok(hrBot)
  const instances = Object.fromEntries(
    Object.entries(config.instances).map(([name, one]) => [
      name,
      { ...one, deployments: { 'gpt-4o': { model: 'gpt-4o' } } },
    ]),
  )
  return { ...config, instances, workloads: { 'hr-bot': { ...hrBot, deployments: ['gpt-4o'] } } }
}

// Every rollout of a new version sends SIGTERM: clients that are being answered must not notice.
test('P12 SIGTERM lets streams finish, accepts no new calls, and loses no record', async t => {
  const world = await startServedWorld(t, { deployments: slowly, change: onlySlow })
  const served = await world.serve()
  const token = await world.token('alice')
  const streams = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const connection = await RawConnection.open(served.url)
      connection.write(requestBytes(served.url, request(token, { stream: true, max_tokens: 60 })))
      await connection.seen('"delta":{"content"')
      return connection
    }),
  )
  const idle = await RawConnection.open(served.url)
  idle.write(requestBytes(served.url, { target: '/healthz', headers: [['Connection', 'keep-alive']] }))
  assert.equal((await idle.answer())?.status, 200)
  const stopped = served.stop()
  await served.logged('stopping')
  await soon('the idle connection is closed', idle.rest())
  await eventually('no new connections', () =>
    RawConnection.open(served.url).then(
      () => null,
      (error: NodeJS.ErrnoException) => (error.code === 'ECONNREFUSED' ? true : null),
    ),
  )
  const bodies = await Promise.all(streams.map(stream => stream.rest(20_000)))
  for (const body of bodies) assert.ok(body.includes('data: [DONE]'))
  assert.equal(await stopped, 0)
  const records = await readAfterwards(t, world)
  assert.equal(records.length, 6)
  for (const record of records) assert.deepEqual([record.outcome, record.usage.source], ['completed', 'reported'])
})

test('P12 a call that does not finish within the grace period is cut with an error and recorded', async t => {
  const world = await startServedWorld(t, {
    deployments: slowly,
    change: config => ({
      ...onlySlow(config),
      gateway: { ...config.gateway, timeouts: { shutdownGrace: '1s' } },
    }),
  })
  const served = await world.serve()
  const headers = [
    ['Authorization', `Bearer ${await world.token('alice')}`],
    ['Content-Type', 'application/json'],
  ] as const
  const body = JSON.stringify({ messages: ask('Hello'), stream: true })
  const target = `/main/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=${apiVersion}`
  const stalled = await RawConnection.open(served.url)
  const stall = [...headers, ['x-simulator-fault', 'stall']] as const
  stalled.write(requestBytes(served.url, { target, headers: stall, body }))
  await stalled.seen('"delta"')
  const silent = await RawConnection.open(served.url)
  const slow = [...headers, ['x-simulator-fault', 'slow-first-byte;ms=60000']] as const
  silent.write(requestBytes(served.url, { target, headers: slow, body }))
  // The checks at the start of the gateway have no id.
  const calls = (): number =>
    [...world.one.bill(), ...world.two.bill()].filter(line => line.gatehouseRequestId !== null).length
  await eventually('both are at an instance', () => (calls() === 2 ? true : null))
  const exit = await served.stop()
  assert.match((await stalled.rest()).toString(), /"code":"shutdown"/)
  const refused = (await silent.rest()).toString()
  assert.match(refused, /^HTTP\/1\.1 503 /)
  assert.match(refused, /"code":"shutting_down"/)
  assert.equal(exit, 0)
  const records = await readAfterwards(t, world)
  assert.deepEqual(
    records.map(record => [record.outcome, record.outcomeCode]),
    [
      ['failed', 'shutdown'],
      ['failed', 'shutdown'],
    ],
  )
})

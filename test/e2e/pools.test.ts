/**
 * Pools together with the other parts: limits of instances, the queue, uploads, credentials, probes, reloads, slow
 * refusals.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { configSchema } from '../../packages/gateway/src/config/schema/index.ts'
import { startBackend } from '../support/backend.ts'
import { type PoolWorld, startPool } from '../support/pool-world.ts'
import { type RawAnswer, RawConnection, requestBytes, send } from '../support/raw.ts'
import { recordOf, settledRecords } from '../support/records.ts'
import { assertRefused } from '../support/refused.ts'
import { eventually } from '../support/wait.ts'
import { apiVersion, ask } from '../support/world.ts'

const idOf = (answer: RawAnswer): string => String(answer.headers['x-gatehouse-request-id'])
const laneOf = (pool: PoolWorld, name: string, deployment = 'gpt-4o') =>
  pool.world.house
    .instanceStates()
    .find(one => one.name === name)
    ?.lanes.find(lane => lane.deployment === deployment)

const limitOf = (at: number, limits: object) => (at === 0 ? { limits } : {})

test('an instance at its limit is skipped while the pool has another one; if none has capacity, the limit answers', async t => {
  const pool = await startPool(t, {
    count: 2,
    instance: at => limitOf(at, { requestsPerMinute: 2 }),
    members: ([one = '', two = '']) => [{ instance: one }, { instance: two, priority: 2 }],
  })
  for (let call = 0; call < 5; call += 1) assert.equal((await pool.chat()).status, 200)
  assert.deepEqual(
    pool.instances.map(instance => instance.bill().length),
    [2, 3],
  )
  const alone = await pool.chat({ target: 'member-1' })
  await assertRefused(pool.world.house.ledger, alone, 'request_limit_reached')
  assert.match(alone.body.toString(), /instances\.member-1/)
})

// All callers share the instance's own figure; a client that paces itself by it starves, or is refused.
test("x-ratelimit-* of an answer are the gateway's own if the call met a limit, and the instance's on its own 429", async t => {
  const pool = await startPool(t, {
    count: 1,
    deployments: () => ({ 'gpt-4o': { model: 'gpt-4o', tokensPerMinute: 90_000, requestsPerMinute: 900 } }),
    change: config => withHrBot(config, { limits: { tokensPerMinute: 5_000 } }),
  })
  const answer = await pool.chat()
  assert.equal(answer.headers['x-ratelimit-limit-tokens'], '5000')
  assert.equal(answer.headers['x-ratelimit-limit-requests'], undefined)
  pool.instances[0]?.setFault({ kind: '429', 'retry-after': 3 })
  const refused = await pool.chat()
  assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '3'])
  assert.notEqual(refused.headers['x-ratelimit-limit-tokens'], '5000')
})

test('with a queue a call waits for the member that comes back first', async t => {
  const pool = await startPool(t, {
    count: 2,
    change: config => ({ ...config, limits: { waitingLine: { length: 10, maxWait: '20s' } } }),
  })
  for (const instance of pool.instances) instance.setFault({ kind: '429', 'retry-after-ms': 3_000, times: 1 })
  assert.equal((await pool.chat()).status, 429, 'both refuse it')
  const began = performance.now()
  const answers = await Promise.all([pool.chat(), pool.chat(), pool.chat()])
  assert.ok(answers.every(({ status }) => status === 200))
  assert.ok(performance.now() - began > 100, 'it waited')
  for (const instance of pool.instances) instance.setFault({ kind: '429', 'retry-after': 50 })
  const told = await pool.chat()
  assert.deepEqual([told.status, told.headers['x-gatehouse-refusal']], [429, undefined], 'the answer of an instance')
  // That call may have met one member alone: the other is away until its three seconds are over.
  assert.equal((await pool.chat()).status, 429)
  assert.equal((await pool.chat()).headers['x-gatehouse-refusal'], 'pool_exhausted', 'fifty seconds are too long')
})

const form = Buffer.from(
  `--part\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\nRIFF${'x'.repeat(200_000)}\r\n--part--\r\n`,
)

async function transcribe(pool: PoolWorld): Promise<RawAnswer> {
  return send(pool.world.url, {
    target: `/trio/hr-bot/openai/deployments/ears/audio/transcriptions?api-version=${apiVersion}`,
    headers: [
      ['Authorization', `Bearer ${await pool.world.token('alice')}`],
      ['Content-Type', 'multipart/form-data; boundary=part'],
    ],
    body: form,
  })
}

test('P11 an upload goes to another member only while none of it was read', async t => {
  const pool = await startPool(t, {
    count: 2,
    deployments: () => ({ ears: { model: 'whisper' } }),
    members: ([one = '', two = '']) => [{ instance: one }, { instance: two, priority: 2 }],
    change: config => withHrBot(config, { deployments: ['ears'] }),
  })
  pool.instances[0]?.setFault({ kind: '503', times: 1 })
  const struck = await transcribe(pool)
  assert.equal(struck.status, 503, struck.body.toString())
  await pool.instances[0]?.close()
  const answer = await transcribe(pool)
  assert.equal(answer.status, 200, answer.body.toString())
  const record = await recordOf(pool.world.house.ledger, idOf(answer))
  assert.deepEqual(
    record.attempts.map(({ instance, error }) => [instance, error]),
    [
      ['member-1', 'backend_unreachable'],
      ['member-2', null],
    ],
  )
  assert.equal(record.requestBytes, 0)
  const bodies = await pool.world.house.ledger.bodies(record.id)
  assert.deepEqual(Buffer.from(bodies?.request ?? []), form, 'stored whole, once')
})

test('P11 a refusal whose body never comes is judged by its head, and a client that disconnects meanwhile is noticed', async t => {
  const stuck = await startBackend(t)
  stuck.answer = (_request, response) => {
    response.writeHead(429, { 'content-type': 'application/json', 'content-length': '500', 'retry-after': '1' })
    response.write('{"error":')
  }
  const pool = await startPool(t, {
    count: 2,
    instance: at => (at === 0 ? { endpoint: stuck.url } : {}),
    members: ([one = '', two = '']) => [{ instance: one }, { instance: two, priority: 2 }],
  })
  const patient = await pool.chat()
  assert.equal(patient.status, 200)
  const record = await recordOf(pool.world.house.ledger, idOf(patient))
  assert.deepEqual(
    record.attempts.map(({ instance, status }) => [instance, status]),
    [
      ['member-1', 429],
      ['member-2', 200],
    ],
  )
  const token = await pool.world.token('alice')
  const leaving = await RawConnection.open(pool.world.url)
  const target = `/trio/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=${apiVersion}`
  const headers = [
    ['Authorization', `Bearer ${token}`],
    ['Content-Type', 'application/json'],
  ] as const
  leaving.write(requestBytes(pool.world.url, { target, headers, body: JSON.stringify({ messages: ask('Hello') }) }))
  await eventually('it has reached the member again', () => (stuck.received.length === 2 ? true : null))
  leaving.leave()
  const records = await settledRecords(pool.world.house)
  assert.deepEqual(
    records.map(({ outcome, attempts }) => [outcome, attempts.map(({ instance }) => instance)]),
    [
      ['aborted', ['member-1']],
      ['completed', ['member-1', 'member-2']],
    ],
  )
})

test('a member without a credential is skipped', async t => {
  const pool = await startPool(t, {
    count: 2,
    instance: at => (at === 0 ? { credential: 'managed-identity' } : {}),
    members: ([one = '', two = '']) => [{ instance: one }, { instance: two, priority: 2 }],
    parts: { appService: { IDENTITY_ENDPOINT: 'http://127.0.0.1:9/token', IDENTITY_HEADER: 'x'.repeat(40) } },
  })
  const answer = await pool.chat()
  assert.equal(answer.status, 200)
  const record = await recordOf(pool.world.house.ledger, idOf(answer))
  assert.deepEqual(
    record.attempts.map(({ instance }) => instance),
    ['member-2'],
  )
  const alone = await pool.chat({ target: 'member-1' })
  assert.equal(alone.headers['x-gatehouse-refusal'], 'credential_unavailable')
})

test('a spill-over made by Azure itself is recorded, in both spellings', async t => {
  const azure = await startBackend(t)
  const pool = await startPool(t, {
    count: 1,
    deployments: () => ({ 'gpt-4o': { model: 'gpt-4o', kind: 'provisioned' } }),
    instance: () => ({ endpoint: azure.url }),
  })
  for (const [name, value] of [
    ['x-ms-spillover-from-deployment', 'gpt-4o-ptu'],
    ['x-ms-spillover-from-gpt-4o-ptu', 'true'],
  ] as const) {
    azure.answer = (_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json', [name]: value }).end('{"ok":true}')
    const answer = await pool.chat()
    assert.equal(answer.headers[name], value)
    assert.equal((await recordOf(pool.world.house.ledger, idOf(answer))).spilledFrom, 'gpt-4o-ptu')
  }
})

// A reload during an outage must not send all calls to the dead member again.
test('P10 what is known of an instance survives a reload that does not change it', async t => {
  const pool = await startPool(t, { count: 2 })
  pool.instances[0]?.setFault({ kind: '429', 'retry-after': 40 })
  for (let call = 0; call < 4; call += 1) assert.equal((await pool.chat()).status, 200)
  assert.equal(laneOf(pool, 'member-1')?.breaker, 'open')
  const { config } = pool.world
  const workloads = { ...config.workloads, another: config.workloads['hr-bot'] }
  pool.world.house.reload({ ...config, workloads } as typeof config)
  assert.equal(laneOf(pool, 'member-1')?.breaker, 'open')
  assert.ok((laneOf(pool, 'member-2')?.calls ?? 0) >= 4)
})

test('a probe uses the credential, reports what failed, and excludes and readmits an instance where probes are active', async t => {
  const probe = configSchema.shape.instances.parse({
    one: { endpoint: 'http://127.0.0.1:9', deployments: {}, probe: { every: '1s', timeout: '500ms' } },
  })['one']?.probe
  assert.deepEqual(probe, { every: 1_000, timeout: 500 })
  const pool = await startPool(t, {
    count: 3,
    instance: at =>
      at === 1 ? { credential: { key: 'not-the-key-of-this-instance' } } : at === 2 ? { credential: 'caller' } : {},
  })
  const [good, refused, caller] = await Promise.all(
    ['member-1', 'member-2', 'member-3'].map(name => pool.world.house.probe(name)),
  )
  assert.deepEqual([good?.ok, good?.status, good?.error], [true, 200, null])
  assert.deepEqual([refused?.ok, refused?.status], [false, 401])
  assert.match(refused?.error ?? '', /credential/)
  assert.deepEqual([caller?.ok, caller?.status], [false, null])
  assert.match(caller?.error ?? '', /own token/)
  assert.deepEqual(
    pool.bill().filter(line => line.completionTokens + line.promptTokens > 0),
    [],
  )
  await pool.instances[0]?.close()
  const dead = await pool.world.house.probe('member-1')
  assert.deepEqual([dead?.ok, dead?.status], [false, null])
  assert.match(dead?.error ?? '', /ECONNREFUSED/)
  const states = pool.world.house.instanceStates()
  assert.equal(states.find(({ name }) => name === 'member-1')?.healthy, false)
})

function withHrBot(config: ConfigInput, more: Partial<ConfigInput['workloads'][string]>): ConfigInput {
  const hrBot = config.workloads['hr-bot']
  assert.ok(hrBot)
  return { ...config, workloads: { ...config.workloads, 'hr-bot': { ...hrBot, ...more } } }
}

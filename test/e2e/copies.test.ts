/**
 * Calls that go to another place than the client thinks, and calls that the gateway sends by itself: aliases, canaries,
 * shadows, hedges.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { openLedger } from '../../packages/gateway/src/ledger/open.ts'
import type { RecordRow } from '../../packages/gateway/src/ledger/record.ts'
import { silentLog } from '../../packages/gateway/src/log.ts'
import { createTokenCounter } from '../../packages/gateway/src/tokens/index.ts'
import { type PoolWorld, startPool } from '../support/pool-world.ts'
import { type RawAnswer, send } from '../support/raw.ts'
import { allRecords, recordOf, settledRecords } from '../support/records.ts'
import { eventually } from '../support/wait.ts'
import { ask, fastDeployments } from '../support/world.ts'

const idOf = (answer: RawAnswer): string => String(answer.headers['x-gatehouse-request-id'])
type WorkloadInput = ConfigInput['workloads'][string]

/** The configuration with changes to workload hr-bot. */
function workload(more: Partial<WorkloadInput>): (config: ConfigInput) => ConfigInput {
  return config => {
    const hrBot = config.workloads['hr-bot']
    assert.ok(hrBot)
    return { ...config, workloads: { ...config.workloads, 'hr-bot': { ...hrBot, ...more } } }
  }
}

/** Figures of ledger and bill, exchange by exchange: each id once in both, with the same tokens. */
async function assertReconciled(pool: PoolWorld): Promise<readonly RecordRow[]> {
  const records = await settledRecords(pool.world.house)
  const bill = pool.bill()
  assert.equal(new Set(bill.map(line => line.gatehouseRequestId)).size, bill.length, 'an id is in the bill once')
  for (const line of bill) {
    const record = records.find(({ id }) => id === line.gatehouseRequestId)
    assert.ok(record, 'billed and not recorded')
    if (line.status !== 200) continue
    assert.deepEqual(
      [record.usage.promptTokens, record.usage.completionTokens ?? 0, record.instance],
      [line.promptTokens, line.completionTokens, line.instance],
    )
  }
  return records
}

test('a deployment with another name on a member is called by that name, in the path and in the body', async t => {
  const pool = await startPool(t, {
    count: 2,
    deployments: at => (at === 0 ? { 'gpt-4o-ptu': { model: 'gpt-4o', kind: 'provisioned' } } : fastDeployments),
    members: ([one = '', two = '']) => [
      { instance: one, aliases: { 'gpt-4o': 'gpt-4o-ptu' } },
      { instance: two, priority: 2 },
    ],
  })
  const token = await pool.world.token('alice')
  const stream = { stream: true, messages: ask('Hello'), max_tokens: 10 }
  const bodies = [stream, { ...stream, stream: false }].flatMap(body => [
    { target: '/trio/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21', body },
    { target: '/trio/hr-bot/openai/v1/chat/completions', body: { ...body, model: 'gpt-4o' } },
  ])
  for (const { target, body } of bodies) {
    const headers = [
      ['Authorization', `Bearer ${token}`],
      ['Content-Type', 'application/json'],
    ] as const
    const answer = await send(pool.world.url, { target, headers, body: JSON.stringify(body) })
    assert.equal(answer.status, 200, answer.body.toString())
    assert.ok(!answer.body.includes('"usage":null'), 'usage that the gateway requested for itself stays hidden')
    const record = await recordOf(pool.world.house.ledger, idOf(answer))
    assert.deepEqual(
      [record.deployment, record.servedDeployment, record.usage.source],
      ['gpt-4o', 'gpt-4o-ptu', 'reported'],
    )
  }
  assert.deepEqual(
    pool.instances[0]?.bill().map(line => line.deployment),
    Array(4).fill('gpt-4o-ptu'),
  )
  pool.instances[0]?.setFault({ kind: '503' })
  const spilled = await recordOf(pool.world.house.ledger, idOf(await pool.chat()))
  assert.deepEqual([spilled.instance, spilled.servedDeployment], ['member-2', null])
})

test("a form's model is changed only in the form", async t => {
  const pool = await startPool(t, {
    count: 1,
    deployments: () => ({ 'whisper-eu': { model: 'whisper' } }),
    members: ([one = '']) => [{ instance: one, aliases: { ears: 'whisper-eu' } }],
    change: workload({ deployments: ['ears', 'gpt-4o'] }),
  })
  const file = `--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n${'RIFF name="model"\r\n\r\n'.repeat(20)}\r\n`
  const body = `${file}--x\r\nContent-Disposition: form-data; name="model"\r\n\r\nears\r\n--x--\r\n`
  const answer = await send(pool.world.url, {
    target: '/trio/hr-bot/openai/v1/audio/transcriptions',
    headers: [
      ['Authorization', `Bearer ${await pool.world.token('alice')}`],
      ['Content-Type', 'multipart/form-data; boundary=x'],
    ],
    body,
  })
  assert.equal(pool.bill()[0]?.deployment, 'whisper-eu', answer.body.toString())
})

// A canary that gets more than its share is an experiment on users who did not ask for it.
test('a canary gets its share of the calls, is recorded as one, and needs no permission of its own', async t => {
  let next = 0
  const pool = await startPool(t, {
    count: 1,
    parts: { random: () => (next++ % 100) / 100 },
    change: workload({ deployments: ['gpt-4o'], canary: { 'gpt-4o': { deployment: 'gpt-4o-mini', percent: 20 } } }),
  })
  const answers: RawAnswer[] = []
  for (let call = 0; call < 100; call += 1) answers.push(await pool.chat())
  assert.ok(answers.every(({ status }) => status === 200))
  const records = await settledRecords(pool.world.house)
  const steered = records.filter(record => record.deployment === 'gpt-4o-mini')
  assert.equal(steered.length, 20)
  assert.ok(
    steered.every(record => record.requestedModel === 'gpt-4o' && record.servedModel?.startsWith('gpt-4o-mini')),
  )
  assert.equal(pool.bill().filter(line => line.deployment === 'gpt-4o-mini').length, 20)
  const asked = await pool.chat({ deployment: 'gpt-4o-mini' })
  assert.equal(asked.headers['x-gatehouse-refusal'], 'deployment_not_allowed')
})

test('a shadow copy is an exchange of its own that the client never notices', async t => {
  const pool = await startPool(t, {
    count: 2,
    change: workload({ shadow: { 'gpt-4o': { deployment: 'gpt-4o-mini', target: 'member-2' } } }),
    pool: { strategy: 'round-robin' },
    members: ([one = '']) => [{ instance: one }],
  })
  pool.instances[1]?.setFault({ kind: 'slow-first-byte', ms: 3_000 })
  const answers = [await pool.chat(), await pool.chat({ body: { messages: ask('Hi'), stream: true } })]
  assert.ok(answers.every(({ status }) => status === 200))
  await eventually('both copies are recorded', async () => {
    await pool.world.house.ledger.caughtUp()
    return (await pool.world.house.ledger.list({ limit: 10 })).records.length === 4 ? true : null
  })
  const records = await assertReconciled(pool)
  const copies = records.filter(record => record.copyKind === 'shadow')
  assert.deepEqual(copies.map(copy => copy.copyOf).toSorted(), answers.map(idOf).toSorted())
  for (const copy of copies) {
    assert.deepEqual([copy.deployment, copy.instance, copy.outcome], ['gpt-4o-mini', 'member-2', 'completed'])
    assert.deepEqual([copy.target, copy.workload, copy.usage.source], ['member-2', 'hr-bot', 'reported'])
  }
  for (const copy of copies) {
    const own = records.find(({ id }) => id === copy.copyOf)
    assert.ok(own && own.endedAtMs < copy.endedAtMs, 'it waits for no copy')
  }
})

test('P12 a shadow copy that fails affects no client, and one in flight at shutdown is recorded', async t => {
  const pool = await startPool(t, {
    count: 2,
    change: workload({ shadow: { 'gpt-4o': { deployment: 'gpt-4o-mini', target: 'member-2' } } }),
    members: ([one = '']) => [{ instance: one }],
  })
  for (const fault of [{ kind: '500' }, { kind: 'cut' }, { kind: '429' }]) {
    pool.instances[1]?.setFault(fault)
    assert.equal((await pool.chat()).status, 200)
    await eventually('the copy has ended', () =>
      (pool.instances[1]?.bill() ?? []).every(line => line.ended) ? true : null,
    )
  }
  const before = pool.instances[1]?.bill().length ?? 0
  pool.instances[1]?.setFault({ kind: 'slow-first-byte', ms: 60_000 })
  await eventually('a copy is in flight', async () => {
    await pool.chat()
    return (pool.instances[1]?.bill().length ?? 0) > before ? true : null
  })
  await pool.world.house.close()
  const counter = createTokenCounter()
  const ledger = await openLedger({
    ...pool.world.config.ledger,
    clock: Date.now,
    counter,
    log: silentLog,
    modelOf: () => null,
  })
  t.after(async () => {
    await ledger.close()
    await counter.close()
  })
  const copies = (await allRecords(ledger)).filter(record => record.copyKind === 'shadow')
  const ends = copies.map(copy => copy.outcomeCode ?? copy.status)
  assert.deepEqual(ends.slice(-3).toReversed(), [500, 'backend_cut', 429])
  assert.ok(ends.length > 3 && ends.slice(0, -3).every(end => end === 'shutdown'), ends.join())
  assert.ok(copies.every(copy => copy.outcome !== 'interrupted'))
})

const embeddings = {
  deployment: 'text-embedding-3-small',
  operation: 'embeddings',
  body: { input: 'The sea' },
}

// A slow member makes every twentieth search slow; a call that is sent twice is billed twice, and must be so in the
// ledger.
test('a hedge answers for a slow member, both are billed and recorded, and no more than their share is sent twice', async t => {
  const pool = await startPool(t, {
    count: 2,
    pool: { hedge: { afterPercentile: 90, maxShare: 0.2 }, strategy: 'round-robin' },
  })
  for (let call = 0; call < 60; call += 1) assert.equal((await pool.chat(embeddings)).status, 200)
  pool.instances[0]?.setFault({ kind: 'slow-first-byte', ms: 3_000 })
  const slow: RawAnswer[] = []
  while (pool.instances[0]?.bill().at(-1)?.fault !== 'slow-first-byte') slow.push(await pool.chat(embeddings))
  assert.equal(pool.instances[0]?.bill().at(-1)?.ended, false, 'the client did not wait for the slow member')
  const [answer] = slow.slice(-1)
  assert.ok(answer)
  assert.equal(answer.status, 200)
  assert.equal((JSON.parse(answer.body.toString()) as { data: unknown[] }).data.length, 1)
  const record = await recordOf(pool.world.house.ledger, idOf(answer))
  assert.deepEqual(
    [record.outcome, record.status, record.instance, record.copyOf],
    ['completed', 200, 'member-1', null],
  )
  pool.instances[0]?.setFault(null)
  const records = await assertReconciled(pool)
  const copies = records.filter(one => one.copyKind === 'hedge')
  assert.ok(copies.some(one => one.copyOf === record.id && one.instance === 'member-2'))
  assert.ok(copies.length <= 0.2 * (records.length - copies.length))
})

test('calls with the same beginning stay on one member, whatever comes before the messages', async t => {
  const pool = await startPool(t, { count: 3, pool: { affinity: { promptPrefixBytes: 256 } } })
  const beginning = 'You are the assistant of the office in Lisbon. '.repeat(8)
  for (let call = 0; call < 12; call += 1) {
    const body = {
      temperature: call / 12,
      max_tokens: 5,
      messages: [{ role: 'system', content: beginning }, ...ask(`${call}`)],
    }
    assert.equal((await pool.chat({ body })).status, 200)
  }
  assert.equal(new Set(pool.bill().map(line => line.instance)).size, 1)
  for (let call = 0; call < 24; call += 1) {
    await pool.chat({ body: { max_tokens: 5, messages: ask(`${call} other beginnings. ${beginning}`) } })
  }
  assert.equal(new Set(pool.bill().map(line => line.instance)).size, 3)
})

/**
 * P11: a call is retried on another member only while nothing can have been billed, and then always; never twice on one
 * member. Counted from the instances' own bills and the ledger.
 */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { RecordRow } from '../../../packages/gateway/src/ledger/record.ts'
import type { BillLine } from '../../../packages/simulator/src/types.ts'
import { startBackend } from '../../support/backend.ts'
import { type Running, running } from '../../support/file-world.ts'
import { type PoolWorld, startPool } from '../../support/pool-world.ts'
import type { RawAnswer } from '../../support/raw.ts'
import { recordOf, settledRecords } from '../../support/records.ts'
import { assertRefused } from '../../support/refused.ts'
import { ask, type Scope } from '../../support/world.ts'

const idOf = (answer: RawAnswer): string => String(answer.headers['x-gatehouse-request-id'])
const stream = { messages: ask('Count to twenty'), stream: true, max_tokens: 60 }

/** Makes `count` calls, `atOnce` of them at a time. */
async function many(pool: PoolWorld, count: number, atOnce = 8, body?: Readonly<Record<string, unknown>>) {
  const answers: (RawAnswer | null)[] = []
  const one = async (): Promise<void> => {
    while (answers.length < count) {
      const at = answers.push(null) - 1
      answers[at] = await pool.chat(body === undefined ? {} : { body }).catch(() => null)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
  return answers
}

const charged = (line: BillLine): boolean => line.promptTokens + line.completionTokens > 0

/** What must hold whatever fails: nothing is billed twice, no member is tried twice, bill and ledger agree. */
function assertConsistent(records: readonly RecordRow[], bill: readonly BillLine[]): void {
  const lines = Map.groupBy(bill, line => String(line.gatehouseRequestId))
  for (const record of records) {
    const own = lines.get(record.id) ?? []
    assert.ok(own.filter(charged).length <= 1, `${record.id} is billed twice`)
    const names = record.attempts.map(attempt => attempt.instance)
    assert.equal(new Set(names).size, names.length, `${record.id} was tried twice on one member: ${names.join(', ')}`)
    assert.equal(new Set(own.map(line => line.instance)).size, own.length, `${record.id} came twice to one member`)
    const billed = own.find(charged)
    if (record.outcome === 'completed' && billed !== undefined) {
      assert.equal(record.instance, billed.instance)
      assert.equal(record.usage.promptTokens, billed.promptTokens)
    }
  }
}

/** Calls that failed although their last attempt was safe to retry: there must be none. */
function wronglyFailed(records: readonly RecordRow[]): RecordRow[] {
  const safe = new Set(['backend_unreachable', 'connect_timeout'])
  return records.filter(record => {
    const last = record.attempts.at(-1)
    if (record.status !== null && record.status < 400) return false
    return last === undefined || safe.has(last.error ?? '') || last.status === 429 || last.status === 503
  })
}

/** Breaker settings that hardly ever open, and then for 100 ms; a Retry-After counts for 1 s at most. */
const settings = { failures: 1_000, failureShare: 1, open: '100ms', retryAfterMax: '1s' } as const

async function poolWith(t: Scope, failing: Readonly<Record<string, unknown>> | 'dead'): Promise<PoolWorld> {
  const pool = await startPool(t, { count: 3, instance: () => ({ breaker: settings }) })
  const [first] = pool.instances
  if (failing === 'dead') await first?.close()
  else first?.setFault(failing)
  return pool
}

// Customers pay for more than one member so that calls that can safely be retried do not fail.
for (const [what, failing, failuresExpected] of [
  ['dead', 'dead', false],
  ['answering 429', { kind: '429', 'retry-after-ms': 5 }, false],
  ['answering 503', { kind: '503' }, false],
  ['lacking the deployment (404)', { kind: '404' }, false],
  ['lacking the deployment (400)', { kind: 'missing-deployment' }, false],
  ['answering 500', { kind: '500' }, true],
  ['cutting its answers', { kind: 'cut' }, true],
  ['slow', { kind: 'slow-first-byte', ms: 40 }, false],
] as const) {
  test(`P11 with one of three instances ${what}, no call fails that could safely have been retried`, async t => {
    const pool = await poolWith(t, failing)
    const [plain, streamed] = [await many(pool, 150), await many(pool, 60, 8, stream)]
    const records = await settledRecords(pool.world.house)
    assert.equal(records.length, 210)
    assert.deepEqual(wronglyFailed(records).length, 0)
    assertConsistent(records, pool.bill())
    const failed = records.filter(record => record.outcome === 'failed' || (record.status ?? 0) >= 400)
    if (failuresExpected) assert.ok(failed.length > 0, 'what may have been billed is not retried')
    else assert.equal(failed.length, 0)
    if (!failuresExpected) assert.ok([...plain, ...streamed].every(answer => answer?.status === 200))
    for (const record of failed) assert.equal(record.attempts.length, 1, 'sent once')
  })
}

test('P11 whatever fails, in any place and mixture, no call is billed twice or reaches one member twice', async t => {
  const pool = await startPool(t, {
    count: 3,
    instance: () => ({ breaker: settings }),
    pool: { strategy: 'round-robin' },
  })
  const kinds = [
    // Rare: each one excludes its member for 250 ms.
    { kind: '429', 'retry-after-ms': 1, probability: 0.004 },
    { kind: '503', probability: 0.3 },
    { kind: '500', probability: 0.1 },
    { kind: 'cut', probability: 0.1 },
    { kind: 'missing-deployment', probability: 0.002 },
  ]
  for (const instance of pool.instances) instance.setFault({ faults: kinds })
  await many(pool, 250)
  await many(pool, 150, 8, stream)
  const records = await settledRecords(pool.world.house)
  assert.equal(records.length, 400)
  assertConsistent(records, pool.bill())
  assert.ok(
    records.some(record => record.attempts.length === 3) && records.some(record => record.attempts.length === 2),
  )
  for (const { lanes } of pool.world.house.instanceStates()) assert.ok(lanes.every(lane => lane.inFlight === 0))
})

test('P11 an instance that becomes silent is skipped after a few calls, and called again when it is back', async t => {
  const pool = await startPool(t, {
    count: 3,
    instance: () => ({ breaker: { failures: 3, open: '100ms' } }),
    pool: { strategy: 'round-robin' },
  })
  pool.instances[0]?.setFault({ kind: '500' })
  await many(pool, 60)
  const callsReached = pool.instances[0]?.bill().length ?? 0
  assert.ok(callsReached >= 3 && callsReached < 15, `${callsReached} calls reached it`)
  pool.instances[0]?.setFault(null)
  let answers = 0
  while ((pool.instances[0]?.bill().length ?? 0) < callsReached + 5 && answers < 2_000)
    answers += (await many(pool, 20)).length
  assert.ok((pool.instances[0]?.bill().length ?? 0) >= callsReached + 5, 'it is called again')
})

let scene: PoolWorld & Running
before(async () => {
  scene = await running(scope =>
    startPool(scope, { count: 3, instance: () => ({ breaker: { ...settings, retryAfterMax: '1m' } }) }),
  )
})
after(() => scene.close())
beforeEach(async () => {
  for (const instance of scene.instances) instance.setFault(null)
})

// A client that gets the longest of three waits stays away while two members have capacity.
test('P11 when all members refuse, the client gets the one answer with the smallest Retry-After, unchanged', async t => {
  const pool = await startPool(t, { count: 3 })
  for (const [at, seconds] of [40, 27, 50].entries()) {
    pool.instances[at]?.setFault({ kind: '429', 'retry-after': seconds, 'retry-after-ms': seconds * 1_000 - 500 })
  }
  const answer = await pool.chat()
  assert.equal(answer.status, 429)
  assert.deepEqual([answer.headers['retry-after'], answer.headers['retry-after-ms']], ['27', '26500'])
  assert.equal(answer.headers['x-gatehouse-refusal'], undefined, "it is the backend's own")
  const record = await recordOf(pool.world.house.ledger, idOf(answer))
  assert.deepEqual([record.outcome, record.status, record.instance], ['completed', 429, 'member-2'])
  assert.deepEqual(
    record.attempts.map(attempt => attempt.status),
    [429, 429, 429],
  )
  const bodies = await pool.world.house.ledger.bodies(record.id)
  assert.deepEqual(Buffer.from(bodies?.response ?? []), answer.body)

  const refused = await pool.chat()
  const row = await assertRefused(pool.world.house.ledger, refused, 'pool_exhausted')
  assert.ok(Number(refused.headers['retry-after']) <= 27)
  assert.ok(Number(refused.headers['retry-after-ms']) <= 27_000 && Number(refused.headers['retry-after-ms']) > 3_000)
  assert.equal(refused.headers['x-should-retry'], 'true')
  assert.deepEqual(row.attempts, [], 'no member was called')
  assert.equal(pool.bill().length, 3)
})

test('P11 a 429 is preferred to a 503, and a 503 to a missing deployment, in whatever order they arrive', async t => {
  for (const order of [
    ['404', '503', '429'],
    ['429', '404', '503'],
    ['503', '429', '404'],
  ]) {
    const pool = await startPool(t, { count: 3 })
    for (const [at, kind] of order.entries()) pool.instances[at]?.setFault({ kind })
    assert.equal((await pool.chat()).status, 429, order.join())
  }
})

test('P11 with all members dead the client is answered at once, and later that none is available', async t => {
  const pool = await startPool(t, { count: 2, instance: () => ({ breaker: { failures: 1 } }) })
  await Promise.all(pool.instances.map(instance => instance.close()))
  const first = await pool.chat()
  assert.equal(first.headers['x-gatehouse-refusal'], 'backend_unreachable')
  const record = await recordOf(pool.world.house.ledger, idOf(first))
  assert.deepEqual(
    record.attempts.map(({ status, error }) => [status, error]),
    [
      [null, 'backend_unreachable'],
      [null, 'backend_unreachable'],
    ],
  )
  const second = await pool.chat()
  await assertRefused(pool.world.house.ledger, second, 'pool_unavailable')
  assert.ok(Number(second.headers['retry-after']) <= 10)
})

test('P11 a day-long Retry-After excludes a member for a minute at most', async () => {
  const [first] = scene.instances
  first?.setFault({ kind: '429', 'retry-after': 86_400, times: 1 })
  for (let call = 0; call < 6; call += 1) assert.equal((await scene.chat()).status, 200)
  const nowMs = Date.now()
  const state = scene.world.house.instanceStates().find(({ name }) => name === 'member-1')
  const lane = state?.lanes.find(({ deployment }) => deployment === 'gpt-4o')
  assert.deepEqual([lane?.breaker, lane?.breakerReason], ['open', 'throttled'])
  assert.ok((lane?.retryAtMs ?? 0) <= nowMs + 60_000)
})

test('P11 a missing deployment excludes only itself, not its instance', async () => {
  scene.instances[1]?.setFault({ kind: '404', deployment: 'gpt-4o' })
  for (let call = 0; call < 6; call += 1) assert.equal((await scene.chat()).status, 200)
  const lanes = scene.world.house.instanceStates().find(({ name }) => name === 'member-2')?.lanes
  assert.equal(lanes?.find(({ deployment }) => deployment === 'gpt-4o')?.breakerReason, 'deployment_not_found')
  assert.equal(lanes?.find(({ deployment }) => deployment === 'gpt-4o-mini')?.breaker, 'closed')
})

test('P11 an ordinary 400 or 404 is the answer of the member that gave it, and is not retried', async () => {
  const before = scene.bill().length
  const filtered = await scene.chat({ headers: [['x-simulator-fault', 'content-filter']] })
  assert.equal(filtered.status, 400)
  assert.equal(scene.bill().length, before + 1)
  const odd = await scene.chat({ body: { messages: 'none' } })
  assert.equal(odd.status, 400)
  assert.equal(scene.bill().length, before + 2)
})

// The model may be working on it: a second copy would be billed twice and could run tools twice.
test('P11 a call that was sent but not answered is not sent again, whether the connection breaks or stays silent', async t => {
  const silent = await startBackend(t)
  const pool = await startPool(t, {
    count: 3,
    instance: at => (at === 0 ? { endpoint: silent.url } : {}),
    members: ([one = '', two = '', three = '']) => [
      { instance: one },
      { instance: two, priority: 2 },
      { instance: three, priority: 2 },
    ],
    change: config => ({ ...config, gateway: { ...config.gateway, timeouts: { firstByte: '3s' } } }),
  })
  silent.answer = (_request, response) => response.destroy()
  const broken = await pool.chat()
  assert.deepEqual([broken.status, broken.headers['x-gatehouse-refusal']], [502, 'backend_broke'])
  silent.answer = () => {}
  const late = await pool.chat()
  assert.deepEqual([late.status, late.headers['x-gatehouse-refusal']], [504, 'first_byte_timeout'])
  assert.equal(silent.received.length, 2)
  assert.equal(pool.bill().length, 0, 'no other member was called')
})

test("P11 attempts: 1 tries no other member and gives the first member's answer", async t => {
  const pool = await startPool(t, { count: 3, pool: { attempts: 1 } })
  for (const instance of pool.instances) instance.setFault({ kind: '503' })
  assert.equal((await pool.chat()).status, 503)
  assert.equal(pool.bill().length, 1)
})

test('P11 an instance called by its own name is called whatever it answered before, because no other can serve', async t => {
  const pool = await startPool(t, { count: 1 })
  pool.instances[0]?.setFault({ kind: '429', 'retry-after': 30, times: 2 })
  for (const status of [429, 429, 200]) assert.equal((await pool.chat({ target: 'member-1' })).status, status)
})

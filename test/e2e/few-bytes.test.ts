/** A few bytes must not cost much: not disk space of the ledger, not memory, not other callers' time. */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { after, before, test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { House } from '../../packages/gateway/src/house/index.ts'
import { type Running, runWorld } from '../support/file-world.ts'
import { type RawAnswer, RawConnection, send } from '../support/raw.ts'
import { allRecords, recordOf, settledRecords } from '../support/records.ts'
import { assertAlive, assertRefusal, assertRefused } from '../support/refused.ts'
import { startTwinBackends } from '../support/twin-backends.ts'
import { eventually } from '../support/wait.ts'
import { ask, chatPath, reopen, startWorld, type World } from '../support/world.ts'

let world: World & Running
before(async () => {
  world = await runWorld()
})
after(() => world.close())

const chat = '/main/hr-bot/openai/v1/chat/completions'

function call(target: string, token: string | null, body: object = { messages: ask('Hello') }): Promise<RawAnswer> {
  const authorization = token === null ? [] : ([['Authorization', `Bearer ${token}`]] as const)
  const headers = [['Content-Type', 'application/json'], ...authorization] as const
  return send(world.url, { method: 'POST', target, headers, body: JSON.stringify(body) })
}

// Chargeback reports showed workloads that strangers had invented, and in the end no others.
test('H1 names that no caller was allowed to use are in no report; those of the configuration are', async () => {
  const { ledger } = world.house
  const alice = await world.token('alice')
  const long = 'x'.repeat(4_000)
  await assertRefused(ledger, await call('/t/w/openai/deployments/made-up/chat/completions', null), 'token_missing')
  await assertRefused(ledger, await call(`/t/w/openai/deployments/${long}/chat/completions`, null), 'token_missing')
  await assertRefused(
    ledger,
    await call(`/main/invented/openai/deployments/${long}/chat/completions`, alice),
    'workload_unknown',
  )
  const notAllowed = await call(`/main/hr-bot/openai/deployments/${long}/chat/completions`, alice)
  const { path } = await assertRefused(ledger, notAllowed, 'deployment_not_allowed')
  assert.ok(path.includes(long.slice(0, 1_000)), 'the address is still in the record')
  const known = await call('/main/hr-bot/openai/deployments/gpt-4o/chat/completions', null)
  const record = await assertRefused(ledger, known, 'token_missing')
  assert.deepEqual([record.workload, record.target, record.deployment], ['hr-bot', 'main', 'gpt-4o'])
  for (const by of ['workload', 'deployment'] as const) {
    const { lines } = await ledger.usage({ by: [by] })
    const names = lines.map(({ keys }) => keys[0])
    const configured = by === 'workload' ? Object.keys(world.config.workloads) : ['gpt-4o', 'gpt-4o-mini']
    assert.deepEqual(
      names.filter(name => name != null && !configured.includes(name)),
      [],
      by,
    )
  }
})

// A budget that starts again at each restart is no budget.
test("H1 a deployment's budget survives a restart, whatever strangers have written before", async t => {
  const own = await startWorld(t, {
    change: config => ({ ...config, limits: { rules: { all: { deployments: ['gpt-4o'], tokensPerDay: 1_000_000 } } } }),
  })
  const invented = Array.from({ length: 300 }, (_, n) => `${n}`.padEnd(7_900 - n, 'x'))
  for (const name of invented) {
    const target = `/t/w/openai/deployments/${name}/chat/completions`
    assertRefusal(await send(own.url, { method: 'POST', target, body: '{}' }), 'token_missing')
  }
  const headers = [
    ['Authorization', `Bearer ${await own.token('alice')}`],
    ['Content-Type', 'application/json'],
  ] as const
  const body = JSON.stringify({ messages: ask('Hello'), max_tokens: 5 })
  assert.equal((await send(own.url, { target: chatPath, headers, body })).status, 200)
  const usedOf = async (house: House): Promise<number> => {
    await settledRecords(house)
    const answer = await fetch(`${house.admin?.url}/api/v1/limits`, {
      headers: { authorization: `Bearer ${await own.token('carol')}` },
    })
    const { rules } = (await answer.json()) as { rules: { rule: string; used: number }[] }
    return rules.find(({ rule }) => rule === 'limits.rules.all')?.used ?? Number.NaN
  }
  const used = await usedOf(own.house)
  assert.ok(used > 0)
  await own.house.close()
  const again = await reopen(t, own)
  assert.equal(await usedOf(again), used)
  const { lines } = await again.ledger.usage({ by: ['deployment'] })
  assert.deepEqual(
    new Map(lines.map(({ keys, calls }) => [keys[0], calls])),
    new Map([
      ['gpt-4o', 1],
      [null, 300],
    ]),
  )
})

test('H1 text that a client can choose freely is cut in its record', async () => {
  const alice = await world.token('alice')
  const answer = await call('/main/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21', alice, {
    model: 'm'.repeat(65_000),
    messages: ask('Hello'),
    max_tokens: 5,
  })
  assert.equal(answer.status, 200, answer.body.toString().slice(0, 200))
  const record = await recordOf(world.house.ledger, answer.headers['x-gatehouse-request-id'])
  assert.equal(record.requestedModel, 'm'.repeat(256))
  await settledRecords(world.house)
  await assertAlive(world)
})

// 24 bodies of 87 bytes took 1.4 GB of memory in front of an instance that takes two seconds.
test('H4 a body that unpacks out of all proportion is refused before it has been unpacked', async () => {
  const token = await world.token('alice')
  const body = brotliCompressSync(Buffer.from(`{"model":"gpt-4o","messages":[],"x":"${'y'.repeat(31 * 1_048_576)}"}`))
  assert.ok(body.length < 200, `${body.length} bytes are sent`)
  const headers = [
    ['Authorization', `Bearer ${token}`],
    ['Content-Type', 'application/json'],
    ['Content-Encoding', 'br'],
  ] as const
  const bombs = Array.from({ length: 24 }, () => send(world.url, { target: chat, headers, body }))
  for (const answer of await Promise.all(bombs)) await assertRefused(world.house.ledger, answer, 'body_ratio')
  const text = Array.from({ length: 30_000 }, (_, n) => `word${n * 7_919}`).join(' ')
  const fair = gzipSync(JSON.stringify({ model: 'gpt-4o', messages: ask(text.repeat(4)), max_tokens: 5 }))
  const answer = await send(world.url, {
    target: chat,
    headers: [...headers.slice(0, 2), ['Content-Encoding', 'gzip']],
    body: fair,
  })
  assert.notEqual(answer.headers['x-gatehouse-refusal'], 'body_ratio')
  await assertAlive(world)
})

// Bodies below every bound of their own, all at once: connections times bodyBytesMax is more than any machine has.
test('H4 the calls of one caller buffer no more bodies than its share; others are served, and the share is released', async t => {
  const twin = await startTwinBackends(t, {
    change: config => ({
      ...config,
      gateway: {
        ...config.gateway,
        bodyBytesMax: 100_000,
        bodyBytesInFlight: 1_000_000,
        bodyBytesInFlightPerCaller: 300_000,
      },
    }),
  })
  const held: ServerResponse[] = []
  const answer = (response: ServerResponse) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"object":"chat.completion","choices":[]}')
  for (const up of [twin.up1, twin.up2]) up.answer = (_, response) => held.push(response)
  const body = JSON.stringify({ model: 'gpt-4o', messages: ask('x'.repeat(90_000)), max_tokens: 5 })
  const large = async (as: string, workload: string, packed = false): Promise<RawAnswer> => {
    const token = await twin.world.token(as)
    return send(twin.world.url, {
      target: `/rr/${workload}/openai/v1/chat/completions`,
      headers: [
        ['Authorization', `Bearer ${token}`],
        ['Content-Type', 'application/json'],
        ...(packed ? ([['Content-Encoding', 'gzip']] as const) : []),
      ],
      body: packed ? gzipSync(body) : body,
    })
  }
  const first = Array.from({ length: 3 }, () => large('alice', 'hr-bot'))
  await eventually('three calls are at the instances', () => (held.length === 3 ? true : null))
  const others = large('bob', 'code-assistant')
  await eventually('the call of another caller is at an instance', () => (held.length === 4 ? true : null))
  const refused = await large('alice', 'hr-bot', true)
  await assertRefused(twin.world.house.ledger, refused, 'bodies_full')
  assert.equal(refused.headers['retry-after'], '1')
  const waits = large('alice', 'hr-bot')
  for (const response of held.splice(0)) answer(response)
  for (const done of await Promise.all([...first, others])) assert.equal(done.status, 200)
  await eventually('the call that waited is at an instance', () => (held.length === 1 ? true : null))
  for (const response of held.splice(0)) answer(response)
  assert.equal((await waits).status, 200)
})

// Fifty bytes of headers that announce 32 MiB must not reserve 32 MiB of the shared buffer.
test('H4 bodies that are announced but never sent block no other caller', async t => {
  const twin = await startTwinBackends(t, {
    change: config => ({
      ...config,
      gateway: {
        ...config.gateway,
        bodyBytesMax: 100_000,
        bodyBytesInFlight: 300_000,
        bodyBytesInFlightPerCaller: 300_000,
      },
    }),
  })
  const token = await twin.world.token('alice')
  const head = `POST /rr/hr-bot/openai/v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: 99000\r\n\r\n{`
  const silent = await Promise.all(Array.from({ length: 20 }, () => RawConnection.open(twin.world.url)))
  for (const connection of silent) connection.write(head)
  await eventually('all of them are in flight', () => (twin.world.house.gateway.inFlight === 20 ? true : null))
  const answer = await send(twin.world.url, {
    target: '/rr/hr-bot/openai/v1/chat/completions',
    headers: [
      ['Authorization', `Bearer ${token}`],
      ['Content-Type', 'application/json'],
    ],
    body: JSON.stringify({ model: 'gpt-4o', messages: ask('x'.repeat(90_000)), max_tokens: 5 }),
  })
  assert.equal(answer.status, 200)
  for (const connection of silent) connection.leave()
})

// A flood without tokens filled the disk, and a full disk is a 503 for every caller.
test('W2 refusals without a token beyond a rate are sums in the ledger, and every call is counted', async t => {
  const own = await startWorld(t, {
    change: config => ({ ...config, ledger: { ...config.ledger, unauthenticated: { perMinute: 5 } } }),
    parts: { clock: () => 1_790_000_000_000 },
  })
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, n) =>
      send(own.url, { method: 'POST', target: `/main/w${n}/openai/deployments/d${n}/chat/completions`, body: '{}' }),
    ),
  )
  for (const answer of answers) assertRefusal(answer, 'token_missing')
  await own.house.close()
  const house = await reopen(t, own)
  const { total } = await house.ledger.usage({ by: ['outcome'] })
  assert.deepEqual([total.calls, total.refused], [40, 40])
  const records = await allRecords(house.ledger)
  assert.equal(records.length, 6)
  const sum = records.find(({ summedCalls }) => summedCalls > 1)
  assert.deepEqual(
    [sum?.summedCalls, sum?.outcomeCode, sum?.status, sum?.clientAddress, sum?.workload],
    [35, 'token_missing', 401, '127.0.0.1', null],
  )
})

// The queue was shared: a workload with a dozen calls for one slot filled it completely.
test('W9 a workload with many calls for one slot leaves room in the queue to others', async t => {
  const twin = await startTwinBackends(t, {
    change: config => ({
      ...config,
      limits: { waitingLine: { length: 2, maxWait: '5m' } },
      workloads: Object.fromEntries(
        Object.entries(config.workloads).map(([name, workload]) => [
          name,
          { ...workload, limits: { callsInFlight: 1 } },
        ]),
      ),
    }),
  })
  const held: ServerResponse[] = []
  for (const up of [twin.up1, twin.up2]) up.answer = (_, response) => held.push(response)
  const one = async (as: string, workload: string): Promise<RawAnswer> =>
    send(twin.world.url, {
      target: `/rr/${workload}/openai/v1/chat/completions`,
      headers: [
        ['Authorization', `Bearer ${await twin.world.token(as)}`],
        ['Content-Type', 'application/json'],
      ],
      body: JSON.stringify({ model: 'gpt-4o', messages: ask('Hello'), max_tokens: 5 }),
    })
  const waiting = async (): Promise<number> => {
    const answer = await fetch(`${twin.world.house.admin?.url}/metrics`, {
      headers: { authorization: `Bearer ${await twin.world.token('carol')}` },
    })
    return Number(/^gatehouse_waiting_calls\S* (\d+)$/m.exec(await answer.text())?.[1] ?? Number.NaN)
  }
  const first = [one('alice', 'hr-bot'), one('bob', 'code-assistant')]
  await eventually('both have a call in flight', () => (held.length === 2 ? true : null))
  const alices = Array.from({ length: 12 }, () => one('alice', 'hr-bot'))
  let refused = 0
  for (const call of alices) void call.then(({ status }) => (refused += status === 429 ? 1 : 0))
  await eventually('ten of twelve are refused', () => (refused === 10 ? true : null))
  assert.equal(await waiting(), 2)
  const bobs = one('bob', 'code-assistant')
  await eventually('one of the two has made room for another workload', () => (refused === 11 ? true : null))
  assert.equal(await waiting(), 2)
  const done = Promise.all([...first, ...alices, bobs])
  const over = new AbortController()
  void done.then(() => over.abort())
  await eventually('all are answered', () => {
    for (const response of held.splice(0)) response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    return over.signal.aborted ? true : null
  })
  const statuses = (await done).map(({ status }) => status)
  assert.equal(statuses.filter(status => status === 200).length, 4)
  assert.equal((await bobs).status, 200)
})

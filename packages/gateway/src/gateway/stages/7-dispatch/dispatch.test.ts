// Dispatch over real connections, with fakes for the journal, limits and copies.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Instance } from '../../../instances/index.ts'
import { laneOf } from '../../../instances/instance.fixture.ts'
import type { Journal } from '../../../ledger/index.ts'
import type { CapacityLine, Lease, Limits } from '../../../limits/index.ts'
import { logTo } from '../../../log.fixture.ts'
import type { Objects } from '../../../objects/index.ts'
import { scanObject } from '../../../wire/json-scan.ts'
import { LooseBody } from '../../../wire/loose.ts'
import { type Admitted, noteHome, noteLease } from '../../exchange.ts'
import type { Plan } from '../../plan/index.ts'
import { BodyBudget, BodyHold } from '../4-receive/budget.ts'
import { requestWithoutBody } from '../4-receive/request.ts'
import { ReadingOn } from '../8-relay/read-on.ts'
import { type Answer, type Asking, callThrough, planWith } from './admitted.fixture.ts'
import { createsOf } from './creates.ts'
import { dispatch } from './index.ts'
import { prefixHash } from './prefix.ts'
import type { SenderParts } from './sender.ts'

const chat: Asking = {
  method: 'POST',
  path: '/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21',
  asked: { deployment: 'gpt-4o', requestedModel: 'gpt-4o', send: Buffer.from('{"messages":[]}') },
}

/** A line that is open while the test says so, and gives a waiting call its turn at once. */
function fakeLine(more: { readonly isOpen?: boolean; readonly isAwaited?: boolean } = {}) {
  const { isOpen = false, isAwaited = false } = more
  const seen: string[] = []
  const line: Pick<CapacityLine, 'length' | 'isOpen' | 'isAwaited' | 'nudge' | 'wait'> = {
    length: isAwaited ? 1 : 0,
    isOpen,
    isAwaited: keys => {
      seen.push(`asked for ${keys}`)
      return isAwaited
    },
    nudge: () => seen.push('nudge'),
    wait: async ({ attempt, keys }) => {
      seen.push(`waits for ${keys}`)
      return attempt()
    },
  }
  return { line: line as CapacityLine, seen }
}

function partsOf(line = fakeLine().line): { readonly parts: SenderParts; readonly seen: string[] } {
  const seen: string[] = []
  const parts: SenderParts = {
    journal: { open: async () => seen.push('opened'), progress: async () => {} } as unknown as Journal,
    continueUnrecorded: false,
    limits: { line } as Pick<Limits, 'line'>,
    clock: Date.now,
    receiveLimits: { bodyBytesMax: 1_000, uploadBytesMax: 1_000, timeoutMs: 1_000 },
    log: logTo(({ event }) => seen.push(event)),
    copies: {
      shadow: () => seen.push('shadow'),
      hedge: async () => ({ status: 200, headers: {}, body: [Buffer.from('hedge')] }),
    },
    objects: { remembered: () => null } as Pick<Objects, 'remembered'> as unknown as Objects,
    totalMs: 30_000,
    prices: { currency: 'EUR' },
    guards: { unseen: { reading: new ReadingOn(), readOnMs: 5_000 } },
  }
  return { parts, seen }
}

const says =
  (status: number, body = '{}', headers = {}): Answer =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)

async function send(
  t: TestContext,
  plan: Plan,
  more: Partial<Asking> = {},
  line = fakeLine().line,
  lease: Lease | null = null,
  hold = new BodyHold(new BodyBudget({ bytesMax: 100_000, callerBytesMax: 100_000 })),
) {
  const { parts, seen } = partsOf(line)
  const answered = await callThrough(t, plan, { ...chat, ...more }, (exchange: Admitted) => {
    noteLease(exchange, lease)
    return dispatch(exchange, hold, parts)
  })
  return { ...answered, seen }
}

function instanceOf(plan: Plan, name: string): Instance {
  const instance = plan.targets.get('main')?.members.find(member => member.instance.name === name)?.instance
  assert.ok(instance)
  return instance
}

test('a call is opened in the journal, sent, and answered', async t => {
  const bodies: string[] = []
  const plan = await planWith(t, {
    one: (_request, response, body) => {
      bodies.push(body)
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}')
    },
  })
  const { status, body, result, exchange, seen } = await send(t, plan)
  assert.deepEqual([status, body, result.ending, seen], [200, '{"ok":true}', 'whole', ['opened']])
  assert.deepEqual([bodies, exchange.instance?.name], [['{"messages":[]}'], 'one'])
  assert.equal(laneOf(instanceOf(plan, 'one')).inFlight, 0)
})

test('P11 a refused call goes to the next member, is opened once, and the record names both', async t => {
  const plan = await planWith(t, { one: says(429), two: says(200, '{"ok":true}') })
  const { status, result, exchange, seen } = await send(t, plan)
  assert.deepEqual([status, exchange.instance?.name, seen], [200, 'two', ['opened']])
  assert.deepEqual(
    result.attempts.map(({ instance, status: each }) => [instance, each]),
    [
      ['one', 429],
      ['two', 200],
    ],
  )
})

test('F5 a member that refuses added usage gets the call again without it', async t => {
  const bodies: string[] = []
  const plan = await planWith(t, {
    one: (_request, response, body) => {
      bodies.push(body)
      const refuses = body.includes('stream_options')
      response.writeHead(refuses ? 400 : 200, { 'content-type': 'application/json' })
      response.end(refuses ? '{"error":{"message":"Unrecognized request argument supplied: stream_options"}}' : '{}')
    },
  })
  const plain = Buffer.from('{"messages":[]}')
  const asked = {
    ...chat.asked,
    hideUsage: true,
    usageOptions: '{"include_usage":true}',
    send: plain,
    json: { body: plain, scan: scanObject(plain, new Set(['messages'])), named: [] },
  }
  const { status, result } = await send(t, plan, { asked })
  assert.deepEqual([status, bodies[1], result.attempts[0]?.error], [200, '{"messages":[]}', 'usage_refused'])
  await send(t, plan, { asked })
  assert.equal(bodies.length, 3, 'the lane is not asked for it again')
})

test('a deployment that no member has is unknown', async t => {
  const plan = await planWith(t, { one: says(200) })
  const asked = { ...chat.asked, deployment: 'gpt-5' }
  await assert.rejects(send(t, plan, { asked }), { code: 'deployment_unknown' })
  await assert.rejects(send(t, plan, { home: 'elsewhere' }), { code: 'deployment_unknown' })
  const tools = { ...chat.asked, toolDeployments: ['gpt-4o', 'gpt-9'] }
  await assert.rejects(send(t, plan, { asked: tools }), {
    code: 'deployment_unknown',
    details: { target: 'main', deployment: 'gpt-9' },
  })
})

// Otherwise streams, aliases and maxima would use twice the memory that the operator allows.
test('a body that is sent in another form than it came takes room, and is refused where there is none', async t => {
  const plan = await planWith(t, { one: says(200, '{"ok":true}'), two: says(200, '{"ok":true}') }, { openai: ['one'] })
  const body = Buffer.from(JSON.stringify({ messages: 'x'.repeat(1_000) }))
  const json = { body, scan: scanObject(body, new Set(['model'])), named: [] }
  const asked = { ...chat.asked, send: body, json }
  const budget = new BodyBudget({ bytesMax: 3_000, callerBytesMax: 3_000 })
  const holdOf = (bytes: number): BodyHold => {
    const hold = new BodyHold(budget)
    hold.take(bytes)
    return hold
  }
  const hold = holdOf(1_500)
  const sent = await send(t, plan, { asked }, fakeLine().line, null, hold)
  assert.deepEqual(
    [sent.exchange.instance?.name, hold.bytes],
    ['one', 1_500 + body.length + '"model":"gpt-4o",'.length],
  )
  hold.release()
  const tight = holdOf(2_500)
  await assert.rejects(send(t, plan, { asked }, fakeLine().line, null, tight), { code: 'bodies_full' })
  assert.equal(laneOf(instanceOf(plan, 'one')).inFlight, 0)
  await send(t, plan, { asked, home: 'two' }, fakeLine().line, null, tight)
  assert.equal(tight.bytes, 2_500, 'the other member gets the body as it came')
})

// The caller's key for its search service must not reach a server that cannot use it, wherever its objects live.
test('a call that must go to the instance of its objects is refused when that kind lacks something in the call', async t => {
  const plan = await planWith(t, { one: says(200), two: says(200, '{"ok":true}') }, { openai: ['one'] })
  const body = Buffer.from('{"messages":[],"data_sources":[]}')
  const json = { body, scan: scanObject(body, new Set(['data_sources'])), named: [] }
  const asked = { ...chat.asked, send: body, json }
  await assert.rejects(send(t, plan, { asked, home: 'one' }), {
    code: 'call_unsuited',
    details: { target: 'one', part: 'data_sources', kinds: 'OpenAI' },
  })
  assert.equal((await send(t, plan, { asked, home: 'two' })).status, 200)
  assert.equal((await send(t, plan, { home: 'one' })).status, 200)
})

function closeAll(plan: Plan): void {
  for (const { instance } of plan.targets.get('main')?.members ?? []) {
    laneOf(instance).breaker.trip('failures', Date.now() + 5_000)
  }
}

// Nothing is opened or billed for a call that is sent to no member.
test('while no member takes calls, the call is refused and nothing is recorded as sent', async t => {
  const plan = await planWith(t, { one: says(200), two: says(200) })
  closeAll(plan)
  await assert.rejects(send(t, plan), { code: 'pool_unavailable', status: 503 })
})

test('while no member takes calls, the only member is asked anyway', async t => {
  const plan = await planWith(t, { one: says(200, '{"ok":true}') })
  closeAll(plan)
  assert.equal((await send(t, plan)).status, 200)
})

test('a call queues while other calls wait for the same members', async t => {
  const plan = await planWith(t, { one: says(200) })
  const { line, seen } = fakeLine({ isOpen: true, isAwaited: true })
  assert.equal((await send(t, plan, {}, line)).status, 200)
  assert.deepEqual(seen, ['asked for main/gpt-4o', 'waits for main/gpt-4o', 'nudge'])
})

/** A reservation that has no room in these instances. */
function fullIn(names: readonly string[]): Lease {
  const denial = { kind: 'limit', retryAfterMs: 1_000 }
  return { enter: (name: string) => (names.includes(name) ? denial : null) } as unknown as Lease
}

test('a member without room in its limits is passed over, and the soonest denial is the refusal', async t => {
  const plan = await planWith(t, { one: says(200), two: says(200, '{"ok":true}') })
  const { exchange, result } = await send(t, plan, {}, fakeLine().line, fullIn(['one']))
  assert.deepEqual([exchange.instance?.name, result.attempts.length], ['two', 1])
  assert.equal(laneOf(instanceOf(plan, 'one')).inFlight, 0, 'its place is given back')
})

// An operator would look for answers without their reasoning at an instance that got no call.
test('the log names only members that were sent a call without its reasoning', async t => {
  const bodies: string[] = []
  const plan = await planWith(t, {
    one: says(200),
    two: (_request, response, body) => {
      bodies.push(body)
      response.end('{}')
    },
  })
  const body = Buffer.from('{"input":[{"type":"reasoning","id":"rs_1","summary":[]},{"role":"user","content":"x"}]}')
  const loose = LooseBody.of(body, new Map([['rs_1', 'three']]))
  assert.ok(loose)
  const asking = { ...chat, path: '/openai/v1/responses', asked: { ...chat.asked, send: body } }
  const { parts } = partsOf()
  const logged: unknown[] = []
  const log = logTo(({ event, fields }) => logged.push([event, fields['instance']]))
  const hold = new BodyHold(new BodyBudget({ bytesMax: 100_000, callerBytesMax: 100_000 }))
  await callThrough(t, plan, asking, (exchange: Admitted) => {
    noteHome(exchange, { instance: 'three', loose }, null)
    noteLease(exchange, fullIn(['one']))
    return dispatch(exchange, hold, { ...parts, log })
  })
  assert.deepEqual([bodies, logged], [['{"input":[{"role":"user","content":"x"}]}'], [['reasoning_dropped', 'two']]])
})

test('only calls that create objects, or report on the workload’s own, are watched for ids', async t => {
  const plan = await planWith(t, { one: says(200) })
  const { objects } = partsOf().parts
  const kinds: (string | null)[] = []
  for (const asking of [
    chat,
    { method: 'POST', path: '/openai/v1/responses', asked: { deployment: 'gpt-4o', keeps: 'response' as const } },
    { method: 'POST', path: '/openai/v1/vector_stores' },
    { method: 'GET', path: '/openai/v1/batches/batch_1' },
  ]) {
    await callThrough(t, plan, asking, async exchange => {
      kinds.push(createsOf(exchange, { objects })?.kind ?? null)
      exchange.call.res?.end()
    })
  }
  assert.deepEqual(kinds, [null, 'response', 'vector_store', null])
})

test('calls whose prompts begin alike have the same hash, whatever comes before the prompt', () => {
  const hashOf = (body: string, bytes = 40): number => {
    const json = { body: Buffer.from(body), scan: scanObject(Buffer.from(body), new Set(['x'])), named: [] }
    return prefixHash({ ...requestWithoutBody('gpt-4o'), json }, bytes)
  }
  const prompt = '"messages":[{"role":"system","content":"a long common text"}]'
  assert.equal(hashOf(`{"temperature":1,${prompt}}`), hashOf(`{"temperature":0.5,${prompt},"n":2}`))
  assert.notEqual(hashOf(`{${prompt}}`), hashOf(`{${prompt.replace('system', 'user')}}`))
  assert.equal(prefixHash(requestWithoutBody('gpt-4o'), 40), -1)
})

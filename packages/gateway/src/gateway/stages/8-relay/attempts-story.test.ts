// Whole calls over several attempts: which refusal the client gets, what is reported, and when a backend may be called
// again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Objects } from '../../../objects/index.ts'
import { nothingAdded } from '../../backend/replay.ts'
import { ClientLeft } from '../../call.ts'
import type { Relayed } from '../../relayed.ts'
import { AttemptsWorld, settled, type WorldOptions } from './attempts.fixture.ts'
import { readOnBytesMax } from './read-on.ts'

function reportOf({ result }: AttemptsWorld): Relayed {
  assert.ok(result !== null && typeof result !== 'string', `the call has ended: ${result}`)
  return result
}

/** A whole refusal of one member. */
async function refuses(world: AttemptsWorld, name: string, status: number, body = '{}', headers = {}): Promise<void> {
  world.send(name)
  world.connects()
  world.head(status, headers)
  world.body(body)
  world.ends()
  await settled()
}

// A client that gets the first refusal instead of the best one waits for minutes although another member has room in a
// second.
test('the client gets the refusal that promises room soonest, with the times of its own attempt', async () => {
  const world = new AttemptsWorld()
  await refuses(world, 'one', 503)
  world.nowMs += 10
  await refuses(world, 'two', 429, '{"error":{"code":"429"}}', { 'retry-after-ms': '5000' })
  world.nowMs += 10
  await refuses(world, 'three', 429, '{}', { 'retry-after-ms': '9000' })
  assert.equal(world.result, 'another_member')
  world.notes.length = 0
  world.conclude()
  assert.equal(world.attempts.instance?.name, 'two')
  world.client.sent()
  await settled()
  assert.deepEqual(world.notes, ['head 429', 'write {"error":{"code":"429"}}', 'end'])
  const report = reportOf(world)
  assert.deepEqual([report.ending, report.status, report.sentAtMs, report.firstByteAtMs], ['whole', 429, 1_010, 1_010])
  assert.deepEqual(
    report.attempts.map(({ instance, status, error }) => [instance, status, error]),
    [
      ['one', 503, null],
      ['two', 429, null],
      ['three', 429, null],
    ],
  )
})

test('when no member was reached, the client gets the failure of the last attempt', async () => {
  const world = new AttemptsWorld()
  for (const [name, code] of [
    ['one', 'ECONNREFUSED'],
    ['two', 'UND_ERR_CONNECT_TIMEOUT'],
  ] as const) {
    world.send(name)
    world.breaks(Object.assign(new Error(code), { code }))
    await settled()
    assert.equal(world.result, 'another_member')
  }
  world.conclude()
  await settled()
  const { ending, status, sentAtMs, attempts } = reportOf(world)
  assert.deepEqual([ending, status, sentAtMs], ['connect_timeout', null, null])
  assert.deepEqual(
    attempts.map(({ error }) => error),
    ['backend_unreachable', 'connect_timeout'],
  )
})

// A call that may have run must not run again: it would be billed twice.
test('P11 an attempt that was sent and not answered is the last one, although other members are left', async () => {
  const world = new AttemptsWorld()
  world.send()
  world.connects()
  world.breaks()
  await settled()
  assert.equal(reportOf(world).ending, 'backend_broke')
})

test('P11 an upload that is being read is sent to no other member', async () => {
  const world = new AttemptsWorld()
  world.send()
  world.connects()
  world.attempts.bodyIsRead()
  world.head(429)
  world.ends()
  world.client.sent()
  await settled()
  assert.deepEqual([reportOf(world).ending, reportOf(world).status], ['whole', 429])
})

const ownCredential: readonly (readonly [what: string, status: number, body: string, ending: string])[] = [
  ['a refused key', 401, '{"error":{"code":"401"}}', 'credential_refused'],
  ['a role that lacks an action', 403, '{"error":{"code":"PermissionDenied"}}', 'credential_refused'],
  ['a filtered prompt', 403, '{"error":{"code":"content_filter"}}', 'whole'],
]
for (const [what, status, body, ending] of ownCredential) {
  test(`F4 ${what} with the gateway’s credential ends as ${ending}`, async () => {
    const world = new AttemptsWorld({ mayReplay: false })
    await refuses(world, 'one', status, body)
    if (ending === 'whole') world.client.sent()
    await settled()
    const report = reportOf(world)
    assert.equal(report.ending, ending)
    const isRefused = ending === 'credential_refused'
    assert.equal(world.notes.includes(`head ${status}`), !isRefused, 'the client gets only answers about its request')
    assert.deepEqual([report.sentAtMs === null, report.attempts[0]?.error], [isRefused, isRefused ? ending : null])
  })
}

test('F4 a 401 with the caller’s token goes to the client as it comes', async () => {
  const world = new AttemptsWorld({ ofCaller: true })
  world.send()
  world.connects()
  world.head(401)
  assert.deepEqual([world.attempts.state, world.notes.at(-1)], ['relaying', 'head 401'])
})

test('F5 a refusal of added usage asks for the same member without it, and success is noticed once', async () => {
  const added = { ...nothingAdded, usage: true }
  const world = new AttemptsWorld({ added })
  await refuses(world, 'one', 400, '{"error":{"message":"Unrecognized request argument supplied: stream_options"}}')
  assert.equal(world.result, 'usage')
  let accepted = 0
  world.send('one', { added: nothingAdded, accepted: () => (accepted += 1) })
  world.connects()
  world.head(200)
  world.ends()
  world.client.sent()
  await settled()
  assert.equal(accepted, 1)
  assert.deepEqual(
    reportOf(world).attempts.map(({ error }) => error),
    ['usage_refused', null],
  )
})

test('a hedged call reports the status and the bytes that the client got, and the usage that the slow backend billed', async () => {
  const world = new AttemptsWorld()
  world.send()
  world.connects()
  assert.equal(world.attempts.replaceWith({ status: 200, headers: {}, body: [Buffer.from('other')] }), true)
  world.client.sent()
  world.head(200)
  world.body('{"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}')
  world.ends()
  await settled()
  const { ending, status, responseBytes, learned } = reportOf(world)
  assert.deepEqual([ending, status, responseBytes, learned.usage?.totalTokens], ['whole', 200, 5, 7])
  assert.equal(world.attempts.replaceWith({ status: 200, headers: {}, body: [] }), false, 'too late')
})

test('a hedged call whose slow backend refuses it is not billed for it', async () => {
  const world = new AttemptsWorld()
  world.send()
  world.connects()
  world.attempts.replaceWith({ status: 200, headers: {}, body: [] })
  world.client.sent()
  world.head(429)
  world.ends()
  await settled()
  assert.deepEqual([reportOf(world).status, reportOf(world).sentAtMs], [200, null])
})

async function leftWhileRelaying(options: WorldOptions = {}): Promise<AttemptsWorld> {
  const world = new AttemptsWorld({ readsOn: true, ...options })
  world.send()
  world.connects()
  world.head(200)
  world.body('{"mo')
  world.client.leaves()
  assert.equal(world.attempts.state, 'readingOn')
  return world
}

// Leaving early would otherwise be free usage.
test('P1 the usage at the end of an answer is read after the client has left', async () => {
  const world = await leftWhileRelaying()
  assert.equal(world.reading.inFlight, 1)
  assert.ok(world.call.watch.deadlineAt < performance.now() + 6_000, 'not for longer than it is allowed')
  world.body('del":"gpt-4o","usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}')
  world.ends()
  await settled()
  const { ending, learned } = reportOf(world)
  assert.deepEqual([ending, learned.usage?.totalTokens, world.reading.inFlight], ['left', 7, 0])
})

test('reading on stops at its bound of bytes', async () => {
  const world = await leftWhileRelaying()
  const chunk = ' '.repeat(16_777_216)
  for (let bytes = 0; bytes <= readOnBytesMax; bytes += chunk.length) world.body(chunk)
  assert.ok(world.notes.includes('abort: the client left'))
  world.breaks(new ClientLeft())
  await settled()
  assert.deepEqual([reportOf(world).ending, world.reading.inFlight], ['left', 0])
})

test('reading on stops when the answer names work in the background, which a follow-up asks about', async () => {
  const objects = { created: () => {} } as Pick<Objects, 'created'> as Objects
  const world = new AttemptsWorld({ readsOn: true, creates: { kind: 'response', workload: 'hr-bot', objects } })
  world.send()
  world.connects()
  world.head(200, { 'content-type': 'text/event-stream' })
  world.client.leaves()
  world.body('data: {"type":"response.created","response":{"id":"resp_1","background":true,"status":"queued"}}\n\n')
  assert.ok(world.notes.includes('abort: the client left'))
})

test('a full process reads no further answer on', async () => {
  const world = new AttemptsWorld({ readsOn: true })
  while (world.reading.begin());
  world.send()
  world.connects()
  world.client.leaves()
  assert.deepEqual([world.attempts.state, world.notes.at(-1)], ['waiting', 'abort: the client left'])
})

test('a call whose client left before its first attempt sends nothing', async () => {
  const world = new AttemptsWorld()
  world.client.leaves()
  world.send()
  await settled()
  assert.deepEqual([world.notes, reportOf(world).ending, reportOf(world).sentAtMs], [[], 'left', null])
})

test('P9 a slow client pauses the backend, which goes on when the client has drained', () => {
  const world = new AttemptsWorld()
  world.send()
  world.connects()
  world.head(200, { 'content-type': 'text/event-stream' })
  world.client.takes = false
  world.body('data: 1\n\n')
  world.client.drains()
  assert.deepEqual(world.notes.slice(-3), ['write data: 1\n\n', 'pause', 'resume'])
})

test('an answer without a client is neither held nor replayed', async () => {
  const world = new AttemptsWorld({ isJudged: false })
  for (const status of [401, 429, 400]) {
    world.send()
    world.connects()
    world.head(status)
    assert.equal(world.attempts.state, 'relaying')
  }
})

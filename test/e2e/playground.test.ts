/**
 * Calls of the playground through the management API: they are calls like those of any client, and the relay is no way
 * around anything.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { Browser } from '../../packages/gateway/src/admin/session/console.fixture.ts'
import { temporaryDirectory } from '../support/directory.ts'
import { type RawAnswer, RawConnection, requestBytes, send } from '../support/raw.ts'
import { allRecords, recordOf, settled } from '../support/records.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { eventually } from '../support/wait.ts'
import { ask, startWorld, type World } from '../support/world.ts'

const route = '/api/v1/playground/chat/completions'
const mebibyte = 1_048_576

interface Sent {
  readonly person?: string
  readonly path?: string
  readonly body?: string
  readonly headers?: readonly (readonly [string, string])[]
}

const question = JSON.stringify({ model: 'gpt-4o', messages: ask('Hello') })
const adminOf = (world: World): string => world.house.admin?.url ?? assert.fail('it has no management API')

async function bytesOf(world: World, { person = 'alice', path, body = question, headers = [] }: Sent): Promise<Buffer> {
  return requestBytes(adminOf(world), {
    method: 'POST',
    target: path ?? `${route}?workload=hr-bot&target=main`,
    headers: [
      ['Authorization', `Bearer ${await world.token(person)}`],
      ['Content-Type', 'application/json'],
      ...headers,
    ],
    body,
  })
}

async function call(world: World, sent: Sent = {}): Promise<RawAnswer> {
  const connection = await RawConnection.open(adminOf(world))
  connection.write(await bytesOf(world, sent))
  const answer = await connection.answer()
  connection.socket.destroy()
  return answer ?? assert.fail('no answer came')
}

const codeOf = ({ body }: RawAnswer): unknown => (JSON.parse(String(body)) as { error?: { code?: string } }).error?.code

/** The backend's answer begins; the test sends the rest. */
function answering(upstream: Upstream): Promise<ServerResponse> {
  const { promise, resolve } = Promise.withResolvers<ServerResponse>()
  upstream.backend.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    resolve(response)
  }
  return promise
}

const toOne = `${route}?workload=hr-bot&target=dev-openai-instance-1`
const chunk = (content: string): string =>
  `data: ${JSON.stringify({ id: 'c', model: 'gpt-4o', choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`
const streamed = JSON.stringify({ model: 'gpt-4o', messages: ask('Hello'), stream: true })

// Finance charges calls to whoever made them, wherever they were made from.
test('a call of the playground is a call of the person, with a record that equals the bill', async t => {
  const world = await startWorld(t)
  const answer = await call(world)
  assert.equal(answer.status, 200, String(answer.body))
  const record = await recordOf(world.house.ledger, answer.headers['x-gatehouse-call-id'])
  const bill = [...world.one.bill(), ...world.two.bill()]
  assert.equal(bill.length, 1)
  assert.deepEqual(
    [record.usage.promptTokens, record.usage.completionTokens, record.workload, record.callerName],
    [bill[0]?.promptTokens, bill[0]?.completionTokens, 'hr-bot', 'alice@contoso.example'],
  )
  assert.match(record.userAgent ?? '', /^gatehouse-console\//)
  assert.notEqual(answer.headers['x-gatehouse-request-id'], record.id)

  const own = await send(adminOf(world), {
    target: `/api/v1/me/calls/${record.id}?waitSeconds=5`,
    headers: [['Authorization', `Bearer ${await world.token('alice')}`]],
  })
  assert.equal((JSON.parse(String(own.body)) as { id: string }).id, record.id)
  const others = await send(adminOf(world), {
    target: `/api/v1/me/calls/${record.id}`,
    headers: [['Authorization', `Bearer ${await world.token('bob')}`]],
  })
  assert.deepEqual([others.status, codeOf(others)], [404, 'record_unknown'])
})

test('the gateway refuses in the playground what it refuses anywhere, and says so in the same words', async t => {
  const world = await startWorld(t)
  const refusals: readonly (readonly [Sent, number, string])[] = [
    [{ person: 'dave' }, 403, 'caller_not_bound'],
    [{ path: `${route}?workload=nobody&target=main` }, 404, 'workload_unknown'],
    [{ path: `${route}?workload=hr-bot&target=elsewhere` }, 404, 'target_unknown'],
    [{ body: '{"model":"gpt-9","messages":[]}' }, 403, 'deployment_not_allowed'],
    [{ body: '{"messages":[]}' }, 400, 'model_missing'],
  ]
  for (const [sent, status, code] of refusals) {
    const answer = await call(world, sent)
    assert.deepEqual([answer.status, codeOf(answer), answer.headers['x-gatehouse-refusal']], [status, code, code])
    const record = await recordOf(world.house.ledger, answer.headers['x-gatehouse-call-id'])
    assert.deepEqual([record.outcome, record.outcomeCode], ['refused', code])
  }
})

// A relay that can be steered is a way past every rule of the gateway.
test('neither address nor header fields of a request lead anywhere else', async t => {
  const upstream = await startUpstream(t)
  const { world, backend } = upstream
  const unknown = [
    '/api/v1/playground/embeddings?workload=hr-bot&target=main',
    '/api/v1/playground/files?workload=hr-bot&target=main',
    '/api/v1/playground/chat%2Fcompletions?workload=hr-bot&target=main',
    '/api/v1/playground/../playground/chat/completions/x?workload=hr-bot&target=main',
  ]
  for (const path of unknown) assert.ok([403, 404, 405, 413].includes((await call(world, { path })).status), path)
  const parameters = [
    'workload=hr-bot&target=main%2F..%2Fx',
    'workload=hr-bot&target=http%3A%2F%2Fevil.example',
    'workload=hr-bot&target=main&target=main',
    'workload=hr-bot&target=main&operation=files',
    'workload=%2e%2e&target=main',
    'target=main',
  ]
  for (const query of parameters) {
    const answer = await call(world, { path: `${route}?${query}` })
    assert.deepEqual([answer.status, codeOf(answer)], [400, 'parameter_invalid'], query)
  }
  assert.deepEqual(await allRecords(world.house.ledger), [])

  const smuggled: readonly (readonly [string, string])[] = [
    ['x-gatehouse-workload', 'code-assistant'],
    ['x-simulator-fault', '500'],
    ['x-forwarded-for', '203.0.113.7'],
    ['x-request-id', 'smuggled'],
    ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
    ['cookie', 'a=b'],
    ['user-agent', 'smuggled'],
    ['x-ms-client-request-id', 'smuggled'],
  ]
  const answer = await call(world, { path: toOne, headers: smuggled })
  assert.equal(answer.status, 200)
  const record = await settled(world.house)
  assert.deepEqual([record?.workload, record?.clientAddress], ['hr-bot', '127.0.0.1'])
  assert.doesNotMatch(JSON.stringify([backend.received, record]), /smuggled|203\.0\.113|0af7651916cd|simulator-fault/)
})

// The console's cookie is sent by whatever page the browser has open.
test('with a session, a call is taken from the own page alone, is made with the token of the person, and shows it to nobody', async t => {
  const upstream = await startUpstream(t, { parts: { consoleDirectory: temporaryDirectory('console') } })
  const browser = new Browser({ admin: { url: adminOf(upstream.world), close: async () => {} } })
  await browser.signIn('alice')
  const sending = { method: 'POST', body: question, headers: ['content-type', 'application/json'] }
  const forged = [
    ['origin', 'https://evil.example', 'x-gatehouse-console', '1'],
    ['origin', adminOf(upstream.world)],
    ['x-gatehouse-console', '1'],
    ['origin', adminOf(upstream.world), 'x-gatehouse-console', '1', 'sec-fetch-site', 'same-site'],
  ]
  for (const headers of forged) assert.equal((await browser.sendAs(toOne, headers, sending)).status, 403)
  assert.deepEqual(await allRecords(upstream.world.house.ledger), [])

  const answer = await browser.send(toOne, sending)
  assert.equal(answer.status, 200)
  const record = await settled(upstream.world.house)
  assert.equal(record?.callerName, 'alice@contoso.example')
  assert.doesNotMatch(JSON.stringify([answer.text, answer.headers, record]), /eyJ/)
  assert.doesNotMatch(JSON.stringify(upstream.backend.received), /eyJ|__Host-/)
})

// The gateway may listen elsewhere than on loopback's usual address, and clients may know it by another name.
test('the relay finds the gateway where it listens, whatever its public address is', async t => {
  const world = await startWorld(t, {
    change: config => ({
      ...config,
      gateway: { ...config.gateway, listen: '127.0.0.2:0', publicUrl: 'https://gateway.contoso.example' },
    }),
  })
  assert.match(world.url, /127\.0\.0\.2/)
  assert.equal((await call(world)).status, 200)
})

test('a body that is too long, not JSON, or no object is refused before the gateway sees it', async t => {
  const world = await startWorld(t)
  const long = JSON.stringify({ model: 'gpt-4o', messages: ask('x'.repeat(8 * mebibyte)) })
  for (const [body, status, code] of [
    [long, 413, 'body_too_long'],
    ['{"model":', 400, 'body_malformed'],
    ['[]', 400, 'parameter_invalid'],
  ] as const) {
    const answer = await call(world, { body })
    assert.deepEqual([answer.status, codeOf(answer)], [status, code])
  }
  assert.deepEqual(await allRecords(world.house.ledger), [])
  const fits = JSON.stringify({ model: 'gpt-4o', messages: ask('x'.repeat(2 * mebibyte)) })
  assert.ok((await call(world, { body: fits })).headers['x-gatehouse-call-id'], 'the gateway has seen it')
})

// Reading along is what a playground is for.
test('an answer comes as it streams, byte for byte', async t => {
  const upstream = await startUpstream(t)
  const began = answering(upstream)
  const connection = await RawConnection.open(adminOf(upstream.world))
  connection.write(await bytesOf(upstream.world, { path: toOne, body: streamed }))
  const response = await began
  const pieces = [chunk('one '), chunk('\u00fcber \u{1f600}'), ': a comment\n\n', 'data: [DONE]\n\n']
  for (const piece of pieces) {
    response.write(piece)
    await connection.seen(piece)
  }
  response.end()
  const answer = await connection.answer()
  assert.equal(String(answer?.body), pieces.join(''))
  assert.match(answer?.headers['content-type'] ?? '', /^text\/event-stream/)
})

// Whoever presses Stop must not pay for the rest of the answer.
test('a reader that leaves ends the call at the instance, and the record says so', async t => {
  const upstream = await startUpstream(t, {
    change: config => ({ ...config, gateway: { ...config.gateway, timeouts: { readOn: '0s' } } }),
  })
  const began = answering(upstream)
  const connection = await RawConnection.open(adminOf(upstream.world))
  connection.write(await bytesOf(upstream.world, { path: toOne, body: streamed }))
  const response = await began
  const closed = Promise.withResolvers<void>()
  response.on('close', () => closed.resolve())
  response.write(chunk('one '))
  await connection.seen('one ')
  connection.leave()
  await closed.promise
  const record = await settled(upstream.world.house)
  assert.equal(record?.outcome, 'aborted')
})

// A stream that nobody reads must stay at the instance, not in the memory of this process.
test('a reader that is slow slows the instance down, and then gets everything', async t => {
  const upstream = await startUpstream(t)
  const began = answering(upstream)
  const connection = await RawConnection.open(adminOf(upstream.world))
  connection.write(await bytesOf(upstream.world, { path: toOne, body: streamed }))
  const response = await began
  connection.socket.pause()
  const piece = chunk('x'.repeat(64 * 1_024))
  const pieces = 512
  for (let written = 0; written < pieces; written += 1) response.write(piece)
  response.end()
  // Other calls are answered meanwhile.
  for (let calls = 0; calls < 3; calls += 1) {
    assert.equal(
      (await call(upstream.world, { path: `${route}?workload=hr-bot&target=dev-openai-instance-2` })).status,
      200,
    )
  }
  assert.ok(response.writableLength > (pieces / 4) * piece.length, 'much of it waits at the instance')
  let bytes = 0
  connection.socket.on('data', (part: Buffer) => {
    bytes += part.length
  })
  const closed = once(connection.socket, 'close')
  connection.socket.resume()
  await closed
  assert.ok(bytes > pieces * piece.length)
})

test('one caller has eight calls under way at most, and gets a place when one ends', async t => {
  const upstream = await startUpstream(t)
  const responses: ServerResponse[] = []
  upstream.backend.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(chunk('one '))
    responses.push(response)
  }
  const bytes = await bytesOf(upstream.world, { path: toOne, body: streamed })
  const open = async (): Promise<RawConnection> => {
    const connection = await RawConnection.open(adminOf(upstream.world))
    connection.write(bytes)
    await connection.seen('one ')
    return connection
  }
  const connections: RawConnection[] = []
  for (let calls = 0; calls < 8; calls += 1) connections.push(await open())
  const ninth = await call(upstream.world, { path: toOne, body: streamed })
  assert.deepEqual([ninth.status, codeOf(ninth)], [429, 'calls_exhausted'])
  responses[0]?.end('data: [DONE]\n\n')
  await connections[0]?.answer()
  await eventually('the place is free', async () => {
    const again = await RawConnection.open(adminOf(upstream.world))
    again.write(bytes)
    return again.seen('one ').then(
      () => true,
      () => null,
    )
  })
  for (const response of responses) response.destroy()
})

test('a broken stream is a broken stream for the reader too', async t => {
  const upstream = await startUpstream(t)
  const began = answering(upstream)
  const connection = await RawConnection.open(adminOf(upstream.world))
  connection.write(await bytesOf(upstream.world, { path: toOne, body: streamed }))
  const response = await began
  response.write(chunk('one '))
  await connection.seen('one ')
  response.destroy()
  const text = String(await connection.rest())
  assert.match(text, /backend_cut/)
  assert.doesNotMatch(text, /\r\n0\r\n\r\n$/, 'the answer has no proper end')
})

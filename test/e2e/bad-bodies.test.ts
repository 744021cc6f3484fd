/** Bodies that are broken, hostile or slow, and clients that disconnect, over raw sockets. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import type { RefusalCode } from '../../packages/gateway/src/gateway/refusals.ts'
import { type Running, runWorld } from '../support/file-world.ts'
import { type RawAnswer, RawConnection, type RawRequest, requestBytes, send } from '../support/raw.ts'
import { recordOf, settledRecords } from '../support/records.ts'
import { assertAlive, assertRefusal, assertRefused } from '../support/refused.ts'
import { eventually } from '../support/wait.ts'
import { ask, chatPath, type World } from '../support/world.ts'

const bodyBytesMax = 65_536
const uploadBytesMax = 131_072

let world: World & Running
let token: string
before(async () => {
  world = await runWorld({
    change: config => ({
      ...config,
      gateway: {
        ...config.gateway,
        bodyBytesMax,
        uploadBytesMax,
        timeouts: { requestHeaders: '1s', requestBody: '1s' },
      },
    }),
  })
  token = await world.token('alice')
})
after(() => world.close())

type Headers = readonly (readonly [string, string])[]

function request(body: string | Buffer | undefined, more: Headers = [], target = chatPath): RawRequest {
  const headers = [['Authorization', `Bearer ${token}`], ['Content-Type', 'application/json'], ...more] as const
  return { method: 'POST', target, headers, ...(body === undefined ? {} : { body }) }
}

function call(body: string | Buffer | undefined, more: Headers = [], target = chatPath): Promise<RawAnswer> {
  return send(world.url, request(body, more, target))
}

const v1 = '/main/hr-bot/openai/v1/chat/completions'
const good = JSON.stringify({ model: 'gpt-4o', messages: ask('Hello'), max_tokens: 5 })
const nested = (depth: number): string => `{"model":"gpt-4o","x":${'['.repeat(depth)}${']'.repeat(depth)}}`

const notJson: readonly (readonly [string, string | Buffer, RefusalCode])[] = [
  ['nothing', '', 'body_not_json'],
  ['a word', 'hello', 'body_not_json'],
  ['a list', '[]', 'body_not_json'],
  ['null', 'null', 'body_not_json'],
  ['an object without its end', '{"model":"gpt-4o"', 'body_not_json'],
  ['a string without its end', '{"model":"gpt-4o', 'body_not_json'],
  ['two objects', '{"model":"gpt-4o"}{"model":"gpt-4o"}', 'body_not_json'],
  ['a comma too many', '{"model":"gpt-4o",}', 'body_not_json'],
  ['single quotes', "{'model':'gpt-4o'}", 'body_not_json'],
  ['a comment', '{/* */"model":"gpt-4o"}', 'body_not_json'],
  ['UTF-16', Buffer.from(good, 'utf16le'), 'body_not_json'],
  ['random bytes', Buffer.from([0, 255, 1, 254, 2, 253]), 'body_not_json'],
  ['a form', 'model=gpt-4o&messages=1', 'body_not_json'],
  ['a model that is half a string', '{"model":"gpt-4o\\u00","messages":[]}', 'body_not_json'],
  ['129 lists', nested(128), 'body_too_deep'],
  ['30,000 lists', `{"model":"gpt-4o","x":${'['.repeat(30_000)}`, 'body_too_deep'],
  ['30,000 objects', `{"model":"gpt-4o","x":${'{"a":'.repeat(12_000)}`, 'body_too_deep'],
  ['H4: 1,001 members', `{"model":"gpt-4o"${',"x":1'.repeat(1_001)}}`, 'body_too_complex'],
  [
    'L10: a comment between values',
    '{"model":"gpt-4o","x":[/*"*/],"model":"o1","messages":[],"y":[/*"*/]}',
    'body_not_json',
  ],
  ['model twice', '{"model":"gpt-4o","messages":[],"model":"o1"}', 'body_duplicate_key'],
  ['model twice, once escaped', '{"model":"gpt-4o","mod\\u0065l":"o1","messages":[]}', 'body_duplicate_key'],
  ['stream twice', '{"model":"gpt-4o","stream":false,"stream":true}', 'body_duplicate_key'],
  ['stream_options twice', '{"model":"gpt-4o","stream_options":{},"stream_options":null}', 'body_duplicate_key'],
  ['no model', '{"messages":[]}', 'model_missing'],
  ['a model that is no text', '{"model":{"$ne":null},"messages":[]}', 'model_missing'],
  ['an empty model', '{"model":"","messages":[]}', 'model_missing'],
  ['a model of __proto__', '{"model":"__proto__","messages":[]}', 'deployment_not_allowed'],
  ['a model of constructor', '{"model":"constructor","messages":[]}', 'deployment_not_allowed'],
  ['a model that is a path', '{"model":"../gpt-4o","messages":[]}', 'deployment_not_allowed'],
  ['a model in capitals', '{"model":"GPT-4O","messages":[]}', 'deployment_not_allowed'],
]

test('P9 an invalid body is refused with the reason, and recorded', async t => {
  for (const [what, body, code] of notJson) {
    await t.test(what, async () => {
      const record = await assertRefused(world.house.ledger, await call(body, [], v1), code)
      assert.equal(record.workload, 'hr-bot')
      assert.equal(record.callerName, 'alice@contoso.example')
    })
  }
  assert.equal(world.one.bill().length + world.two.bill().length, 0, 'nothing reached an instance')
  await assertAlive(world)
})

// Keys that mean something to JavaScript must mean nothing to the gateway, and reach the backend unchanged.
test('P9 __proto__ and constructor in a body change nothing', async () => {
  for (const odd of ['"__proto__":{"stream":true,"model":"o1"}', '"constructor":{"prototype":{"stream":true}}']) {
    const answer = await call(`{${odd},${good.slice(1)}`, [], v1)
    // The simulator refuses unknown arguments, as Azure does, so it has seen the key.
    const record = await recordOf(world.house.ledger, answer.headers['x-gatehouse-request-id'])
    assert.deepEqual([record.outcome, record.deployment, record.stream], ['completed', 'gpt-4o', false])
  }
  const inOptions = `{"stream":true,"stream_options":{"__proto__":{"include_usage":true}},${good.slice(1)}`
  const answer = await call(inOptions, [], v1)
  assert.ok(!answer.body.toString().includes('"usage":{'))
  assert.equal(({} as Record<string, unknown>)['include_usage'], undefined)
  await assertAlive(world)
})

test('P9 a body larger than allowed is a 413: announced, in chunks, unpacked, and as an upload', async () => {
  const { ledger } = world.house
  const large = `{"model":"gpt-4o","x":"${'y'.repeat(bodyBytesMax)}"}`
  await assertRefused(ledger, await call(large), 'body_too_large')
  const chunked = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`
  await assertRefused(ledger, await call(chunked, [['Transfer-Encoding', 'chunked']]), 'body_too_large')
  await assertRefused(ledger, await call(undefined, [['Content-Length', '9'.repeat(15)]]), 'body_too_large')
  const files = '/main/hr-bot/openai/v1/files'
  const form: Headers = [['Content-Type', 'multipart/form-data; boundary=x']]
  const part = (name: string, text: string): string =>
    `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`
  const upload = (bytes: number): string =>
    `${part('purpose', 'assistants')}${part('file', 'y'.repeat(bytes))}--x--\r\n`
  const announced = { ...request(upload(uploadBytesMax), form, files) }
  const plain = { ...announced, headers: announced.headers?.filter(([, value]) => value !== 'application/json') ?? [] }
  await assertRefused(ledger, await send(world.url, plain), 'body_too_large')
  // In chunks the size is not known in advance; the call to the instance is aborted, so that the instance never takes
  // half a body for a whole one.
  const text = upload(uploadBytesMax)
  const body = `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`
  const answer = await send(world.url, {
    ...plain,
    headers: [...plain.headers, ['Transfer-Encoding', 'chunked']],
    body,
  })
  assertRefusal(answer, 'body_too_large')
  const record = await recordOf(ledger, answer.headers['x-gatehouse-request-id'])
  assert.deepEqual([record.outcome, record.outcomeCode, record.status], ['failed', 'upload_too_large', 413])
  await assertAlive(world)
})

test('P9 compressed bodies are unpacked, but not bombs or unknown encodings', async () => {
  const { ledger } = world.house
  for (const [encoding, pack] of [
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['GZIP', gzipSync],
  ] as const) {
    const answer = await call(pack(good), [['Content-Encoding', encoding]])
    assert.equal(answer.status, 200, encoding)
    const bomb = pack(Buffer.alloc(2_000_000, 0x20))
    assert.ok(bomb.length < bodyBytesMax)
    await assertRefused(ledger, await call(bomb, [['Content-Encoding', encoding]]), 'body_too_large')
  }
  for (const encoding of ['zstd', 'compress', 'gzip, gzip', 'constructor', '__proto__']) {
    await assertRefused(ledger, await call(good, [['Content-Encoding', encoding]]), 'body_encoding')
  }
  await assertRefused(ledger, await call(good, [['Content-Encoding', 'gzip']]), 'body_undecodable')
  const cut = gzipSync(good).subarray(0, -8)
  await assertRefused(ledger, await call(cut, [['Content-Encoding', 'gzip']]), 'body_undecodable')
  assert.equal((await call(good, [['Content-Encoding', 'identity']])).status, 200)
  await assertAlive(world)
})

// Slowloris: one byte from time to time must not hold a connection open, and a body that never reaches its length must
// be ended.
test('P9 a body that does not arrive in time is a 408 with a record, and the connection is closed', async () => {
  const connection = await RawConnection.open(world.url)
  connection.write(requestBytes(world.url, request('{"mod', [['Content-Length', '100']])))
  const dripping = setInterval(() => connection.write('x'), 100)
  const answer = await connection.answer().finally(() => clearInterval(dripping))
  const record = await assertRefused(world.house.ledger, answer, 'body_timeout')
  assert.ok(record.durationMs >= 1_000, `${record.durationMs}`)
  assert.equal(answer?.headers['connection'], 'close')
  await connection.rest()
  await assertAlive(world)
})

// An upload may take long, so only gateway.timeouts.total bounds it as a whole; its pauses have their own bound.
test('P9 an upload that pauses for too long is a 408 with a record', async () => {
  const connection = await RawConnection.open(world.url)
  const headers = [
    ['Authorization', `Bearer ${token}`],
    ['Content-Type', 'multipart/form-data; boundary=x'],
    ['Content-Length', '5000'],
  ] as const
  const target = '/main/hr-bot/openai/v1/files'
  connection.write(requestBytes(world.url, { method: 'POST', target, headers, body: '--x\r\n' }))
  const answer = await connection.answer()
  assertRefusal(answer, 'body_timeout')
  const record = await recordOf(world.house.ledger, answer.headers['x-gatehouse-request-id'])
  assert.deepEqual([record.outcome, record.outcomeCode, record.status], ['failed', 'upload_stalled', 408])
  connection.leave()
  await assertAlive(world)
})

test('P9 headers that do not arrive in time are a 408', async () => {
  const connection = await RawConnection.open(world.url)
  connection.write(`POST ${chatPath} HTTP/1.1\r\nHost: x\r\nX-Slow: `)
  const dripping = setInterval(() => connection.write('y'), 100)
  const answer = await connection.answer().finally(() => clearInterval(dripping))
  assertRefusal(answer, 'headers_timeout')
  await connection.rest()
})

// Without a bound any client, even without a token, could hold every available connection.
test('P9 a client that is refused and goes on sending its body slowly loses its connection', async () => {
  const connection = await RawConnection.open(world.url)
  const anonymous = {
    target: chatPath,
    headers: [
      ['Content-Length', '50000'],
      ['Connection', 'keep-alive'],
    ] as const,
  }
  connection.write(requestBytes(world.url, { method: 'POST', ...anonymous }))
  const dripping = setInterval(() => connection.write('x'), 100)
  try {
    assertRefusal(await connection.answer(), 'token_missing')
    await connection.rest(15_000)
  } finally {
    clearInterval(dripping)
  }
})

test('P9 a body shorter than its Content-Length, from a client that then disconnects, is recorded as aborted', async () => {
  const before = (await settledRecords(world.house)).length
  const connection = await RawConnection.open(world.url)
  connection.write(requestBytes(world.url, request(good.slice(0, 10), [['Content-Length', '500']])))
  connection.socket.end()
  const record = await eventually('a record of the short body', async () => {
    const records = await settledRecords(world.house)
    return records.length > before ? (records[0] ?? null) : null
  })
  assert.deepEqual([record.outcome, record.outcomeCode], ['aborted', 'client_left'])
})

test('P9 bytes after the Content-Length are the next request, and invalid chunks are an error', async () => {
  const connection = await RawConnection.open(world.url)
  const first = requestBytes(world.url, request(good, [['Connection', 'keep-alive']]))
  connection.write(Buffer.concat([first, first, Buffer.from('garbage behind the bodies\r\n\r\n')]))
  assert.equal((await connection.answer())?.status, 200)
  assert.equal((await connection.answer())?.status, 200)
  assertRefusal(await connection.answer(), 'request_malformed')
  for (const garbage of [
    'zz\r\nhello\r\n',
    '5\r\nhelloworld\r\n',
    'ffffffffffffffffff\r\n',
    '-1\r\n',
    '5;\u0000=x\r\nhello\r\n',
  ]) {
    const broken = await RawConnection.open(world.url)
    broken.write(requestBytes(world.url, request(garbage, [['Transfer-Encoding', 'chunked']])))
    const bytes = await broken.rest()
    assert.ok(bytes.length === 0 || /^HTTP\/1\.1 4\d\d/.test(bytes.toString()), bytes.toString().slice(0, 100))
  }
  await assertAlive(world)
})

test('P9 pipelined requests are answered in order, good and bad', async () => {
  const connection = await RawConnection.open(world.url)
  const keep: Headers = [['Connection', 'keep-alive']]
  const bodies = [good, 'not JSON', good, '{"model":"o1"}', good]
  connection.write(Buffer.concat(bodies.map(body => requestBytes(world.url, request(body, keep, v1)))))
  const statuses: (number | undefined)[] = []
  for (const _ of bodies) statuses.push((await connection.answer())?.status)
  assert.deepEqual(statuses, [200, 400, 200, 403, 200])
  connection.socket.destroy()
})

test('P9 Expect: 100-continue is answered before the body if the call may proceed, and refused without it otherwise', async () => {
  const accepted = await RawConnection.open(world.url)
  const expecting: Headers = [
    ['Expect', '100-continue'],
    ['Content-Length', `${good.length}`],
  ]
  accepted.write(requestBytes(world.url, request(undefined, expecting)))
  assert.equal((await accepted.answer())?.status, 100)
  accepted.write(good)
  assert.equal((await accepted.answer())?.status, 200)
  const refused = await RawConnection.open(world.url)
  const anonymous = [
    ['Expect', '100-continue'],
    ['Content-Length', '500'],
    ['Connection', 'keep-alive'],
  ] as const
  refused.write(requestBytes(world.url, { method: 'POST', target: chatPath, headers: anonymous }))
  const answer = await refused.answer()
  assertRefusal(answer, 'token_missing')
  // The client may send its body or not; the next request could not be told apart from it.
  assert.equal(answer.headers['connection'], 'close')
  await refused.rest()
  const large = await call(undefined, [
    ['Expect', '100-continue'],
    ['Content-Length', `${bodyBytesMax + 1}`],
  ])
  assertRefusal(large, 'body_too_large')
})

test('P9 a client that disconnects at any stage leaves a working gateway and no open exchange', async () => {
  const whole = requestBytes(world.url, request(JSON.stringify({ ...JSON.parse(good), stream: true })))
  const headEnd = whole.indexOf('\r\n\r\n')
  for (const cut of [0, 1, 20, headEnd - 5, headEnd, headEnd + 4, headEnd + 10, whole.length - 1, whole.length]) {
    const connection = await RawConnection.open(world.url)
    connection.write(whole.subarray(0, cut))
    connection.leave()
  }
  const inStream = await RawConnection.open(world.url)
  inStream.write(whole)
  await inStream.seen('data: ')
  inStream.leave()
  await eventually('no exchange is open', () => (world.house.gateway.inFlight === 0 ? true : null))
  await assertAlive(world)
})

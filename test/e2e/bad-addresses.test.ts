/** Request targets that two parsers could read in two ways, and requests that are no calls, over raw sockets. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { RefusalCode } from '../../packages/gateway/src/gateway/refusals.ts'
import { type Running, runWorld } from '../support/file-world.ts'
import { type RawAnswer, RawConnection, requestBytes, send } from '../support/raw.ts'
import { recordOf } from '../support/records.ts'
import { assertAlive, assertRefusal, assertRefused } from '../support/refused.ts'
import { ask, chatPath, type World } from '../support/world.ts'

let world: World & Running
let token: string
before(async () => {
  world = await runWorld()
  token = await world.token('alice')
})
after(() => world.close())

const body = JSON.stringify({ messages: ask('Hello'), max_tokens: 5 })

function call(target: string, more: readonly (readonly [string, string])[] = [], method = 'POST'): Promise<RawAnswer> {
  const headers = [['Authorization', `Bearer ${token}`], ['Content-Type', 'application/json'], ...more] as const
  return send(world.url, { method, target, headers, ...(method === 'POST' ? { body } : {}) })
}

const query = '?api-version=2024-10-21'
const operation = 'openai/deployments/gpt-4o/chat/completions'

// A proxy in front and the gateway, or the gateway and the backend, must never disagree on what was requested.
const refused: readonly (readonly [string, string, RefusalCode])[] = [
  ['a double slash at the start', `//main/hr-bot/${operation}`, 'path_malformed'],
  ['a double slash inside', `/main//hr-bot/${operation}`, 'path_malformed'],
  ['a slash at the end', `/main/hr-bot/${operation}/`, 'path_malformed'],
  ['a dot segment', `/main/./hr-bot/${operation}`, 'path_malformed'],
  ['two dots', `/main/code-assistant/../hr-bot/${operation}`, 'path_malformed'],
  ['encoded dots', `/main/code-assistant/%2e%2e/hr-bot/${operation}`, 'path_malformed'],
  ['half-encoded dots', `/main/code-assistant/.%2E/hr-bot/${operation}`, 'path_malformed'],
  ['an encoded slash', `/main%2Fhr-bot/${operation}`, 'path_malformed'],
  ['an encoded backslash', `/main/hr-bot%5C..%5Cx/${operation}`, 'path_malformed'],
  ['a backslash', `/main\\hr-bot/${operation}`, 'path_malformed'],
  ['broken percent-encoding', `/main/hr-bot%/${operation}`, 'path_malformed'],
  ['percent-encoding that is not UTF-8', `/main/hr-bot/openai/deployments/gpt%ff/chat/completions`, 'path_malformed'],
  ['an overlong encoding of a slash', `/main/hr-bot%c0%af/${operation}`, 'path_malformed'],
  ['an encoded null', `/main/hr-bot/openai/deployments/gpt-4o%00/chat/completions`, 'path_malformed'],
  ['an encoded line break', `/main/hr-bot/openai/deployments/gpt-4o%0d%0aX/chat/completions`, 'path_malformed'],
  ['a name in capitals', `/MAIN/hr-bot/${operation}`, 'path_malformed'],
  ['a name of dots and dashes', `/main/-hr-bot-/${operation}`, 'path_malformed'],
  ['a fragment', `/main/hr-bot/${operation}#x`, 'path_malformed'],
  ['8 KB and more', `/main/hr-bot/${operation}?x=${'y'.repeat(8_200)}`, 'path_malformed'],
  ['the asterisk form', '*', 'path_malformed'],
  ['an unknown scheme', `ftp://main/hr-bot/${operation}`, 'path_malformed'],
  ['api-version twice', `/main/hr-bot/${operation}?api-version=2024-10-21&api-version=2023-05-15`, 'path_malformed'],
  ['api-version twice, once encoded', `/main/hr-bot/${operation}?api-version=1&api%2Dversion=2`, 'path_malformed'],
  ['broken encoding in the query', `/main/hr-bot/${operation}?api-version=%zz`, 'path_malformed'],
  ['a doubly encoded operation', `/main/hr-bot/openai/deployments/gpt-4o/chat%252Fcompletions`, 'route_unknown'],
  ['an operation in capitals', `/main/hr-bot/openai/deployments/gpt-4o/Chat/Completions`, 'route_unknown'],
  ['openai twice', `/main/hr-bot/openai/openai/deployments/gpt-4o/chat/completions`, 'route_unknown'],
  ['the root', '/', 'route_unknown'],
  ['one segment', '/main', 'route_unknown'],
  ['two segments', '/main/hr-bot', 'route_unknown'],
  ['three segments', '/main/hr-bot/openai', 'route_unknown'],
  ['a legacy authoring route', `/main/hr-bot/openai/deployments${query}`, 'route_unknown'],
  ["the simulator's own routes", '/_simulator/bill', 'route_unknown'],
  ['the management API', '/api/records', 'route_unknown'],
  ['a key in the query', `/main/hr-bot/${operation}?api-key=0123456789abcdef`, 'credential_in_query'],
  ['a key in the query, disguised', `/main/hr-bot/${operation}?API%2Dkey=0123456789abcdef`, 'credential_in_query'],
  ['a token in the query', `/main/hr-bot/${operation}?access_token=a.b.c`, 'credential_in_query'],
]

test('P9 an address that can be read in two ways is refused and recorded', async t => {
  for (const [what, target, code] of refused) {
    await t.test(what, async () => {
      const answer = await call(target)
      const record = await assertRefused(world.house.ledger, answer, code)
      assert.ok(!record.path.includes('?'), 'the query, which may carry a key, is not recorded')
      assert.ok(!answer.body.includes('0123456789abcdef'))
    })
  }
  assert.equal(world.one.bill().length + world.two.bill().length, 0, 'nothing reached an instance')
  await assertAlive(world)
})

// RFC 9112 section 3.2.2: a server must accept it. Its host must decide nothing.
test('P4 the absolute form is served by its path only', async () => {
  for (const origin of [
    'http://evil.example',
    'https://evil.example:444',
    world.url,
    'http://user:pass@evil.example',
  ]) {
    const answer = await call(`${origin}${chatPath}`)
    assert.equal(answer.status, 200, answer.body.toString())
    const record = await recordOf(world.house.ledger, answer.headers['x-gatehouse-request-id'])
    assert.equal(record.path, chatPath.split('?')[0], 'without the origin, which may carry a password')
  }
})

test('P9 a target, workload or deployment that is not configured is refused by name', async () => {
  const { ledger } = world.house
  await assertRefused(ledger, await call(`/nowhere/hr-bot/${operation}${query}`), 'target_unknown')
  await assertRefused(ledger, await call(`/main/nothing/${operation}${query}`), 'workload_unknown')
  await assertRefused(ledger, await call(`/main/code-assistant/${operation}${query}`), 'caller_not_bound')
  const other = `/main/hr-bot/openai/deployments/gpt-5/chat/completions${query}`
  await assertRefused(ledger, await call(other), 'deployment_not_allowed')
})

test('P9 methods: HEAD and OPTIONS work, others are refused with the allowed ones', async () => {
  const { ledger } = world.house
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'QUERY']) {
    const answer = await call(chatPath, [], method)
    assert.equal(answer.status, 405, method)
    assert.equal(answer.headers['allow'], 'POST')
    if (method !== 'HEAD') await assertRefused(ledger, answer, 'method_not_allowed')
    else assert.equal(answer.body.length, 0)
  }
  const models = `/main/hr-bot/openai/models${query}`
  const head = await call(models, [], 'HEAD')
  const get = await call(models, [], 'GET')
  assert.deepEqual([head.status, head.body.length], [200, 0])
  assert.equal(head.headers['content-type'], get.headers['content-type'])
  for (const page of ['/healthz', '/readyz', '/openapi.json', '/.well-known/oauth-protected-resource']) {
    assert.equal((await call(page, [], 'HEAD')).body.length, 0)
    const options = await call(page, [], 'OPTIONS')
    assert.deepEqual([options.status, options.headers['allow']], [204, 'GET, HEAD, OPTIONS'])
    assertRefusal(await call(page, [], 'DELETE'), 'method_not_allowed')
  }
})

test('P9 a WebSocket upgrade is refused and recorded; other upgrades are ignored', async () => {
  const socket = [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
    ['Sec-WebSocket-Version', '13'],
  ] as const
  const realtime = '/main/hr-bot/openai/v1/realtime?model=gpt-4o'
  await assertRefused(world.house.ledger, await call(realtime, socket, 'GET'), 'upgrade_unsupported')
  // Java's client sends this with every call: RFC 9110 section 7.8 lets a server ignore it.
  const answer = await call(chatPath, [
    ['Connection', 'Upgrade, HTTP2-Settings, close'],
    ['Upgrade', 'h2c'],
    ['HTTP2-Settings', 'AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA'],
  ])
  assert.equal(answer.status, 200, answer.body.toString())
})

test('P9 a request that is not HTTP, has no Host, expects the impossible or asks for a tunnel gets an answer', async () => {
  const direct = async (bytes: string): Promise<RawAnswer | null> => {
    const connection = await RawConnection.open(world.url)
    connection.write(bytes)
    const answer = await connection.answer()
    connection.socket.destroy()
    return answer
  }
  assertRefusal(await direct('this is not HTTP\r\n\r\n'), 'request_malformed')
  assertRefusal(await direct('\u0016\u0003\u0001\u0002\u0000\u0001\u0000'), 'request_malformed')
  assertRefusal(await direct('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), 'request_malformed')
  assertRefusal(await direct('GET /main/hr-bot/gpt-4\u00f6 HTTP/1.1\r\nHost: x\r\n\r\n'), 'request_malformed')
  assertRefusal(await direct(`GET ${chatPath} HTTP/1.1\r\nHost : x\r\n\r\n`), 'request_malformed')
  assertRefusal(await direct(`GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\u0000b\r\n\r\n`), 'request_malformed')
  assertRefusal(await direct('CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n'), 'request_malformed')
  assertRefusal(await direct(`POST ${chatPath} HTTP/1.1\r\nContent-Length: 0\r\n\r\n`), 'request_malformed')
  assertRefusal(await call(chatPath, [['Expect', 'a-miracle']]), 'expectation_failed')
  await assertAlive(world)
})

// Two lengths are how one request is smuggled inside another.
test('P9 contradictory lengths are refused, and nothing of the body is taken for a call', async () => {
  const smuggled = `GET ${chatPath} HTTP/1.1\r\nHost: x\r\n\r\n`
  const lengths: readonly (readonly [string, string])[][] = [
    [
      ['Content-Length', '4'],
      ['Transfer-Encoding', 'chunked'],
    ],
    [
      ['Content-Length', '4'],
      ['Content-Length', '5'],
    ],
    [['Content-Length', '4, 4']],
    [['Content-Length', '-1']],
    [['Content-Length', '0x10']],
    [['Transfer-Encoding', 'chunked, identity']],
    [['Transfer-Encoding', 'xchunked']],
  ]
  for (const length of lengths) {
    const connection = await RawConnection.open(world.url)
    const headers = [['Authorization', `Bearer ${token}`], ...length] as const
    connection.write(requestBytes(world.url, { target: chatPath, headers, body: `0\r\n\r\n${smuggled}` }))
    const bytes = await connection.rest()
    assert.match(bytes.toString(), /^HTTP\/1\.1 4\d\d/, JSON.stringify(length))
    assert.equal(bytes.toString().split('HTTP/1.1 ').length, 2, 'one answer')
  }
  await assertAlive(world)
})

test('P9 too many bytes of headers are refused by their size', async () => {
  const one = await call(chatPath, [['X-Flood', 'y'.repeat(60_000)]])
  assert.equal(one.status, 431)
  assert.equal(JSON.parse(one.body.toString()).error.code, 'headers_too_large')
  const many = Array.from({ length: 5_000 }, (_, at) => [`X-${at}`, 'yyyyyyyyyyyy'] as const)
  const answer = await call(chatPath, many)
  assert.equal(answer.status, 431)
  // Many small headers within the size are served, and do not push the credential out.
  const some = Array.from({ length: 500 }, (_, at) => [`X-${at}`, 'y'] as const)
  assert.equal((await call(chatPath, some)).status, 200)
  await assertAlive(world)
})

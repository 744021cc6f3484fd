/**
 * Requests whose framing two parsers could see differently: on the listener for calls and on that of the management
 * API.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { type Log, silentLog } from '../../packages/gateway/src/log.ts'
import { type Running, running } from '../support/file-world.ts'
import { RawConnection, send } from '../support/raw.ts'
import { allRecords } from '../support/records.ts'
import { assertAlive, assertRefused } from '../support/refused.ts'
import { startWorld, type World } from '../support/world.ts'

let world: World & Running
let token: string
const errors: string[] = []
before(async () => {
  const log: Log = { ...silentLog, error: (_fields, event) => void errors.push(event) }
  world = await running(scope => startWorld(scope, { parts: { log } }))
  token = await world.token('alice')
})
after(() => world.close())

const models = '/main/hr-bot/openai/models?api-version=2024-10-21'
/** What each listener answers without a token, and what it requires one for. */
function listeners(): readonly { readonly url: string; readonly open: string; readonly closed: string }[] {
  const { admin } = world.house
  assert.ok(admin)
  return [
    { url: world.url, open: '/healthz', closed: models },
    { url: admin.url, open: '/healthz', closed: '/api/v1/usage?by=workload' },
  ]
}

/** All bytes until the connection is closed. @param pieces each is sent after the one before it has left. */
async function exchange(url: string, ...pieces: readonly string[]): Promise<string> {
  const connection = await RawConnection.open(url)
  for (const piece of pieces) {
    await new Promise(resolve => {
      connection.socket.write(Buffer.from(piece, 'latin1'), resolve)
    })
  }
  const bytes = await connection.rest()
  connection.socket.destroy()
  return bytes.toString('latin1')
}

const statuses = (bytes: string): string[] =>
  [...bytes.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(found => found[1] as string)

// RFC 9112 section 3.2: a proxy in front may have routed by the other one.
test('L11 a request has one Host that is a name or an address, on both listeners', async () => {
  const faulty: readonly (readonly [string, string])[] = [
    ['two', 'Host: 127.0.0.1\r\nHost: evil.example\r\n'],
    ['two alike', 'Host: 127.0.0.1\r\nhOST: 127.0.0.1\r\n'],
    ['an empty one', 'Host:\r\n'],
    ['a list', 'Host: 127.0.0.1, evil.example\r\n'],
    ['a path', 'Host: 127.0.0.1/x\r\n'],
    ['a name with a user', 'Host: user@127.0.0.1\r\n'],
    ['a space', 'Host: 127.0.0.1 evil.example\r\n'],
    ['two ports', 'Host: 127.0.0.1:1:2\r\n'],
    ['a port of letters', 'Host: 127.0.0.1:http\r\n'],
    ['an open bracket', 'Host: [::1\r\n'],
  ]
  for (const { url, open, closed } of listeners()) {
    for (const [what, host] of faulty) {
      for (const path of [open, closed]) {
        const bytes = await exchange(url, `GET ${path} HTTP/1.1\r\n${host}Authorization: Bearer ${token}\r\n\r\n`)
        // A web page may have invented the name: the management API reports this first.
        const expected = url !== world.url && !/^two( alike)?$/.test(what) ? /^4(00|21)$/ : /^400$/
        assert.match(statuses(bytes).join(), expected, `${what} at ${url}${path}: ${bytes.slice(0, 100)}`)
        assert.match(bytes, /request_malformed|host_not_allowed/)
        assert.match(bytes, /^connection: close\r$/im)
      }
    }
    for (const host of ['127.0.0.1', '127.0.0.1:8080', 'localhost', '[::1]:80', '127.0.0.1:1']) {
      const bytes = await exchange(url, `GET ${open} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
      assert.deepEqual(statuses(bytes), ['200'], host)
    }
  }
  for (const host of ['gateway.contoso.example', 'gateway_1:443', 'xn--bcher-kva.example']) {
    const bytes = await exchange(world.url, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
    assert.deepEqual(statuses(bytes), ['200'], host)
  }
  const none = await exchange(world.url, 'GET /healthz HTTP/1.1\r\n\r\n')
  assert.deepEqual(statuses(none), ['400'])
  const old = await exchange(world.url, 'GET /healthz HTTP/1.0\r\n\r\n')
  assert.deepEqual(statuses(old), ['200'], 'HTTP/1.0 knows no Host')
})

test('L11 a message that is framed in two ways is refused, on both listeners, and nothing after it is run', async () => {
  const host = 'Host: 127.0.0.1\r\n'
  const behind = `GET ${models} HTTP/1.1\r\n${host}Authorization: Bearer ${token}\r\n\r\n`
  const faulty: readonly string[] = [
    `POST / HTTP/1.1\r\n${host}Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd`,
    `POST / HTTP/1.1\r\n${host}Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd`,
    `POST / HTTP/1.1\r\n${host}Content-Length: 4, 4\r\n\r\nabcd`,
    `POST / HTTP/1.1\r\n${host}Content-Length: +4\r\n\r\nabcd`,
    `POST / HTTP/1.1\r\n${host}Content-Length: 0x4\r\n\r\nabcd`,
    `POST / HTTP/1.1\r\n${host}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`,
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: identity\r\n\r\n`,
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    `POST / HTTP/1.1\r\n${host}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
    `POST / HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}X-Folded: a\r\n b\r\n\r\n`,
    `POST / HTTP/1.1\r\n${host}Content-Length:\r\n 4\r\n\r\nabcd`,
    `GET / HTTP/1.1\r\n${host}X-Space : a\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}X-Bare: a\rb\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}X-Null: a\0b\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host}: nameless\r\n\r\n`,
    `GET / HTTP/1.1\n${host}\n\n`,
    `GET / HTTP/2.0\r\n${host}\r\n`,
    `GET / HTTP/1.2\r\n${host}\r\n`,
    'GET /healthz\r\n\r\n',
  ]
  const before = (await allRecords(world.house.ledger)).filter(record => record.operation === 'models').length
  for (const { url } of listeners()) {
    for (const bytes of faulty) {
      const answer = await exchange(url, bytes, behind)
      assert.equal(statuses(answer)[0]?.[0], '4', `${JSON.stringify(bytes)}: ${answer.slice(0, 80)}`)
      assert.equal(statuses(answer).filter(status => status === '200').length, 0, JSON.stringify(bytes))
    }
  }
  const records = (await allRecords(world.house.ledger)).filter(record => record.operation === 'models')
  assert.equal(records.length, before, 'nothing after them was run')
  await assertAlive(world)
})

const protocol = fc.oneof(
  fc.constantFrom('h2c', 'websocket', 'WebSocket', 'TLS/1.0', 'h2c, websocket', 'foo/2'),
  fc.stringMatching(/^[A-Za-z0-9/., -]{1,12}$/).filter(text => text.trim() !== ''),
)
const connection = fc.constantFrom('Upgrade', 'upgrade', 'Upgrade, HTTP2-Settings', 'keep-alive, Upgrade', 'keep-alive')

// Node's parser drops the rest of the same piece, and takes the next one, perhaps the middle of a body, for a request.
test('M9 a request with Upgrade is the last of its connection on both listeners, whatever follows it and in which pieces', async () => {
  const smuggled = `GET ${models} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n\r\n`
  const countOf = async (): Promise<number> =>
    (await allRecords(world.house.ledger)).filter(record => record.operation === 'models').length
  const before = await countOf()
  const property = fc.asyncProperty(
    protocol,
    connection,
    fc.constantFrom('GET', 'HEAD', 'POST'),
    fc.boolean(),
    fc.integer({ min: 0, max: smuggled.length }),
    fc.nat(1),
    async (upgrade, option, method, isOpen, cut, which) => {
      const { url, open, closed } = listeners()[which] as ReturnType<typeof listeners>[number]
      const path = isOpen ? open : closed.replace('models', 'nothing')
      const body = method === 'POST' && which === 0 ? 'Content-Length: 2\r\n\r\n{}' : '\r\n'
      const first = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: ${option}\r\nUpgrade: ${upgrade}\r\n${body}`
      const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${smuggled.length}\r\n\r\n`
      const answer = await exchange(url, `${first}${head}${smuggled.slice(0, cut)}`, smuggled.slice(cut), smuggled)
      assert.equal(statuses(answer).length, 1, answer)
      assert.match(answer, /^connection: close\b/im)
    },
  )
  await fc.assert(property, { numRuns: 60 })
  assert.equal(await countOf(), before, 'nothing after them was run')
  await assertAlive(world)
})

test('M9 a client that offers an upgrade with every call is served, body and all', async () => {
  const body = JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }], max_tokens: 5 })
  const head =
    'POST /main/hr-bot/openai/v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade, HTTP2-Settings\r\n' +
    `Upgrade: h2c\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
  for (const pieces of [[head + body], [head, body], [head + body.slice(0, 9), body.slice(9)]]) {
    const answer = await exchange(world.url, ...pieces)
    assert.deepEqual(statuses(answer), ['200'])
    assert.match(answer, /^connection: close\r$/im)
  }
})

// Codex falls back at once on this status, and tries seven times on any other.
test('C4 a WebSocket is answered 426, which raises no alarm', async () => {
  errors.length = 0
  for (const target of [
    '/main/hr-bot/openai/v1/realtime?model=gpt-4o',
    '/main/hr-bot/openai/v1/responses',
    '/openai/v1/x',
  ]) {
    const answer = await send(world.url, {
      target,
      headers: [
        ['Authorization', `Bearer ${token}`],
        ['Connection', 'Upgrade'],
        ['Upgrade', 'websocket'],
        ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
        ['Sec-WebSocket-Version', '13'],
      ],
    })
    assert.equal(answer.status, 426)
    assert.deepEqual([answer.headers['upgrade'], answer.headers['connection']], ['HTTP/1.1', 'close, upgrade'])
    assert.equal(answer.headers['x-should-retry'], 'false')
    await assertRefused(world.house.ledger, answer, 'upgrade_unsupported')
  }
  assert.deepEqual(errors, [])
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import { eventually, soon } from '../../../../../test/support/wait.ts'
import { CliError } from '../errors.ts'
import { refusalFacts } from './refusals.ts'
import { answerTo, ask, call, relayTo } from './relay.fixture.ts'

const ok = (_: IncomingMessage, res: ServerResponse): void => void res.end('{}')

test('a call with the key reaches the gateway with the token and the workload, and without the key', async t => {
  const seen: IncomingMessage[] = []
  const world = await relayTo(t, (req, res) => {
    seen.push(req)
    res.end('{"object":"list"}')
  })
  const { key } = world.relay
  for (const headers of [
    { authorization: `Bearer ${key}` },
    { authorization: `bearer  ${key}` },
    { 'api-key': key },
    { 'x-api-key': key },
    { authorization: 'Bearer unused', 'api-key': key },
    { authorization: `Bearer ${key}`, 'x-copy': key, 'x-gatehouse-workload': 'other', cookie: `a=${key}` },
  ]) {
    const { status, text } = await ask(world, '/v1/models', headers)
    assert.deepEqual([status, text], [200, '{"object":"list"}'])
  }
  assert.equal(seen.length, 6)
  for (const { headers, rawHeaders, url } of seen) {
    assert.equal(url, '/v1/models')
    assert.equal(headers.authorization, 'Bearer token-1')
    assert.equal(headers['x-gatehouse-workload'], 'hr-bot')
    assert.equal(rawHeaders.join('\n').includes(key), false)
  }
})

test('a relay with a target calls it by its address', async t => {
  const seen: (readonly [string | undefined, unknown])[] = []
  const answer = (req: IncomingMessage, res: ServerResponse): void => {
    seen.push([req.url, req.headers['x-gatehouse-workload']])
    res.end()
  }
  const world = await relayTo(t, answer, { place: { target: 'main', workload: 'hr-bot' } })
  await ask(world, '/v1/models', world.signed)
  assert.deepEqual(seen, [['/main/hr-bot/openai/v1/models', undefined]])
})

// Every program of the machine can reach loopback, and every page in a browser on it.
test('calls without the key, with another Host, from pages and with the key in the address are refused', async t => {
  let reached = 0
  const world = await relayTo(t, (_, res) => {
    reached += 1
    res.end()
  })
  const { signed, port, relay } = world
  const wrong = `${relay.key.slice(0, -1)}${relay.key.endsWith('A') ? 'B' : 'A'}`
  for (const [headers, status, code] of [
    [{}, 401, 'relay_key_missing'],
    [{ authorization: 'Bearer ' }, 401, 'relay_key_missing'],
    [{ authorization: `Bearer ${wrong}` }, 401, 'relay_key_wrong'],
    [{ 'api-key': relay.key.slice(0, -1) }, 401, 'relay_key_wrong'],
    [{ ...signed, host: `evil.example:${port}` }, 403, 'relay_host_unknown'],
    [{ ...signed, host: '127.0.0.1:1' }, 403, 'relay_host_unknown'],
    [{ ...signed, host: '127.0.0.1' }, 403, 'relay_host_unknown'],
    [{ ...signed, origin: 'https://evil.example' }, 403, 'relay_origin_refused'],
    [{ ...signed, origin: 'null' }, 403, 'relay_origin_refused'],
    [{ ...signed, origin: relay.url }, 403, 'relay_origin_refused'],
  ] as const) {
    const answered = await ask(world, '/v1/models', headers)
    assert.deepEqual([answered.status, answered.code], [status, code], JSON.stringify(headers))
    assert.equal(JSON.parse(answered.text).error.code, code)
    assert.equal(answered.headers['x-should-retry'], 'false')
  }
  assert.equal((await ask(world, `/v1/models?api-key=${relay.key}`, signed)).code, 'relay_key_in_address')
  assert.equal((await ask(world, '/models', signed)).code, 'relay_address_unknown')
  assert.equal(reached, 0)
  assert.equal((await ask(world, '/v1/models', { ...signed, host: `LOCALHOST:${port}` })).status, 200)
})

test('a preflight of a browser is refused like every call of a page', async t => {
  const world = await relayTo(t, ok)
  const sent = call(world, '/v1/models', { origin: 'https://evil.example' }, 'OPTIONS')
  sent.end()
  const answer = await answerTo(sent)
  answer.resume()
  assert.deepEqual([answer.statusCode, answer.headers['access-control-allow-origin']], [403, undefined])
})

test('nothing listens on other addresses of the machine', async t => {
  const { port } = await relayTo(t, ok)
  for (const host of ['127.0.0.2', '::1']) {
    const socket = connect({ host, port })
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
    assert.match(error.code ?? '', /^(?:ECONNREFUSED|EADDRNOTAVAIL|ENETUNREACH)$/)
  }
})

test('a WebSocket is refused with 426, and another upgrade is an ordinary call', async t => {
  const world = await relayTo(t, ok)
  const upgrade = { ...world.signed, connection: 'upgrade', upgrade: 'websocket' }
  const refused = await ask(world, '/v1/responses', upgrade)
  assert.deepEqual([refused.status, refused.code, refused.headers.upgrade], [426, 'relay_upgrade_refused', 'HTTP/1.1'])
  const other = { ...world.signed, connection: 'upgrade, http2-settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' }
  assert.equal((await ask(world, '/v1/models', other)).status, 200)
})

test('fields that belong to one connection pass in neither direction, all others do', async t => {
  const seen: IncomingMessage[] = []
  const world = await relayTo(t, (req, res) => {
    seen.push(req)
    res.writeHead(200, {
      connection: 'close, x-hop',
      'x-hop': '1',
      'x-gatehouse-request-id': 'r',
      'proxy-authenticate': 'Basic',
      'set-cookie': ['a=1', 'b=2'],
    })
    res.end('ok')
  })
  const { headers } = await ask(world, '/v1/models', {
    ...world.signed,
    connection: 'close, x-own',
    'x-own': '1',
    te: 'trailers',
    'proxy-authorization': 'Basic eA==',
    'x-stainless-lang': 'js',
    'user-agent': 'tool/1',
  })
  const [got] = seen
  for (const name of ['x-own', 'te', 'proxy-authorization']) assert.equal(got?.headers[name], undefined, name)
  assert.deepEqual([got?.headers['x-stainless-lang'], got?.headers['user-agent']], ['js', 'tool/1'])
  for (const name of ['x-hop', 'proxy-authenticate']) assert.equal(headers[name], undefined, name)
  assert.deepEqual([headers['x-gatehouse-request-id'], headers['set-cookie']], ['r', ['a=1', 'b=2']])
})

test('both bodies pass chunk by chunk, each before the next one is sent', async t => {
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<[IncomingMessage, ServerResponse]>()
  const world = await relayTo(t, (req, res) => arrive([req, res]))
  const sent = call(world, '/v1/chat/completions', world.signed, 'POST')
  sent.write('{"model":')
  const [req, res] = await soon('the head of the call', arrived)
  for (const chunk of ['{"model":', '"gpt-4o"', '}']) {
    const [got] = await soon('a chunk of the call', once(req, 'data'))
    assert.equal(String(got), chunk)
    if (chunk !== '}') sent.write(chunk === '"gpt-4o"' ? '}' : '"gpt-4o"')
  }
  sent.end()
  res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  const answer = await soon('the head of the answer', answerTo(sent))
  for (const chunk of ['data: 1\n\n', 'data: 2\n\n', 'data: [DONE]\n\n']) {
    res.write(chunk)
    const [got] = await soon('a chunk of the answer', once(answer, 'data'))
    assert.equal(String(got), chunk)
  }
  res.end()
  await soon('the end of the answer', once(answer.resume(), 'end'))
})

// A tool that is stopped would otherwise go on spending.
test('a client that leaves ends the call at the gateway, before and while it is answered', async t => {
  for (const begins of [false, true]) {
    const { promise: left, resolve } = Promise.withResolvers<void>()
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
    const world = await relayTo(t, (_, res) => {
      res.once('close', resolve)
      if (begins) res.write('data: 1\n\n')
      arrive()
    })
    const sent = call(world, '/v1/chat/completions', world.signed)
    sent.on('error', () => {})
    sent.end()
    await soon('the call', arrived)
    if (begins) await once(await answerTo(sent), 'data')
    sent.destroy()
    await soon('the end at the gateway', left)
    await eventually('the call is over', () => (world.relay.inFlight === 0 ? true : null))
    assert.deepEqual(world.problems, [])
  }
})

test('an answer that breaks off at the gateway breaks off at the client', async t => {
  const world = await relayTo(t, (_, res) => {
    res.write('data: 1\n\n', () => res.destroy())
  })
  const sent = call(world, '/v1/chat/completions', world.signed)
  sent.end()
  const answer = await answerTo(sent)
  answer.resume()
  const [error] = (await once(answer, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNRESET')
})

test('a client that reads slowly slows the gateway down', async t => {
  const chunk = Buffer.alloc(65_536)
  const chunks = 1_024
  let written = 0
  function* all(): Generator<Buffer> {
    for (; written < chunks; written += 1) yield chunk
  }
  const world = await relayTo(t, (_, res) => void pipeline(Readable.from(all()), res).catch(() => {}))
  const sent = call(world, '/v1/files', world.signed)
  sent.end()
  const answer = await answerTo(sent)
  let before = -1
  await eventually('the gateway waits', () => {
    const isStill = written === before && written > 0
    before = written
    return isStill ? true : null
  })
  assert.ok(written < chunks / 4, `${written} chunks of ${chunks} were taken from the gateway`)
  let bytes = 0
  for await (const part of answer) bytes += (part as Buffer).byteLength
  assert.equal(bytes, chunks * chunk.byteLength)
})

// SDKs decide by these when to try again.
test('errors pass as they are, with their times to retry', async t => {
  const body = '{"error":{"code":"tokens_per_minute_limit_reached"}}'
  const fields = { 'retry-after': '7', 'retry-after-ms': '6500', 'x-gatehouse-refusal': 'x', 'x-should-retry': 'true' }
  const world = await relayTo(t, (_, res) => res.writeHead(429, fields).end(body))
  const { status, headers, text } = await ask(world, '/v1/chat/completions', world.signed, '{}')
  assert.deepEqual([status, text], [429, body])
  for (const [name, value] of Object.entries(fields)) assert.equal(headers[name], value)
})

test('a token that the gateway refuses is replaced once, and the call is sent again with its whole body', async t => {
  const bodies: string[] = []
  const world = await relayTo(
    t,
    async (req, res) => {
      bodies.push((await buffer(req)).toString())
      res.writeHead(req.headers.authorization === 'Bearer token-2' ? 200 : 401).end('answer')
    },
    { tokens: ['token-1', 'token-2'] },
  )
  const body = JSON.stringify({ model: 'gpt-4o', input: 'x'.repeat(1_000_000) })
  const { status, text } = await ask(world, '/v1/responses', world.signed, body)
  assert.deepEqual([status, text], [200, 'answer'])
  assert.deepEqual(bodies, [body, body])
  assert.deepEqual(world.problems, [])
})

test('a gateway that refuses before it has read the body gets the whole body the second time', async t => {
  const second = Promise.withResolvers<string>()
  const world = await relayTo(
    t,
    (req, res) => {
      if (req.headers.authorization === 'Bearer token-2') {
        void buffer(req).then(body => {
          second.resolve(body.toString())
          res.end('done')
        })
      } else res.writeHead(401, { connection: 'close' }).end('{}')
    },
    { tokens: ['token-1', 'token-2'] },
  )
  const sent = call(world, '/v1/responses', { ...world.signed, 'transfer-encoding': 'chunked' }, 'POST')
  sent.write('one ')
  const answered = answerTo(sent)
  sent.write('two ')
  sent.end('three')
  assert.equal(await soon('the body', second.promise), 'one two three')
  assert.equal((await buffer(await answered)).toString(), 'done')
})

test('a second refusal is told to the client and to the user, and a body that is too long is not sent again', async t => {
  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    await buffer(req)
    res.writeHead(401, { 'x-gatehouse-refusal': 'token_expired' }).end('{"error":{}}')
  }
  const twice = await relayTo(t, answer, { tokens: ['token-1', 'token-2', 'token-3'] })
  const { status, code } = await ask(twice, '/v1/responses', twice.signed, '{}')
  assert.deepEqual([status, code, twice.problems.length], [401, 'token_expired', 1])
  assert.match(twice.problems[0] ?? '', /refused a token that is new \(token_expired\)/)
  const long = await relayTo(t, answer, { tokens: ['token-1', 'token-2'] })
  const big = await ask(long, '/v1/files', long.signed, Buffer.alloc(9_000_000))
  assert.deepEqual([big.status, big.code], [401, 'token_expired'])
  assert.match(long.problems[0] ?? '', /refused the token \(token_expired\)/)
})

test('a gateway that is away and a sign-in that fails are said in the answer and to the user', async t => {
  const away = await relayTo(t, ok, { gateway: 'http://127.0.0.1:1' })
  const refused = await ask(away, '/v1/models', away.signed)
  assert.deepEqual(
    [refused.status, refused.code, refused.headers['x-should-retry']],
    [502, 'relay_gateway_unreachable', 'true'],
  )
  assert.equal(away.problems.length, 1)
  const signedOut = new CliError('not_signed_in', 'The sign-in has ended.', null, 'gatehouse login')
  const out = await relayTo(t, ok, { refusal: signedOut })
  const needed = await ask(out, '/v1/models', out.signed)
  assert.deepEqual([needed.status, needed.code], [401, 'relay_sign_in_needed'])
  assert.match(needed.text, /Try: \.\/gatehouse login/)
  const down = await relayTo(t, ok, { refusal: new CliError('sign_in_unreachable', 'The service does not answer.') })
  assert.deepEqual((await ask(down, '/v1/models', down.signed)).status, 503)
})

test('a call that asks for 100 Continue gets it when its call is taken, and its refusal before its body', async t => {
  const world = await relayTo(t, async (req, res) => {
    res.end(String((await buffer(req)).byteLength))
  })
  const taken = call(world, '/v1/files', { ...world.signed, expect: '100-continue', 'content-length': '3' }, 'POST')
  taken.flushHeaders()
  await soon('100 Continue', once(taken, 'continue'))
  taken.end('abc')
  assert.equal((await buffer(await answerTo(taken))).toString(), '3')
  const refused = call(world, '/v1/files', { expect: '100-continue', 'content-length': '3' }, 'POST')
  refused.flushHeaders()
  refused.on('continue', () => assert.fail('the body was asked for'))
  assert.equal((await answerTo(refused)).resume().statusCode, 401)
  refused.destroy()
})

test('after its end the relay takes no calls, and those in flight end first', async t => {
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<ServerResponse>()
  const world = await relayTo(t, (_, res) => arrive(res))
  const sent = call(world, '/v1/models', world.signed)
  sent.end()
  const res = await soon('the call', arrived)
  const closed = world.relay.close()
  const late = call(world, '/v1/models', world.signed)
  const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'ECONNREFUSED')
  res.end('{}')
  assert.equal((await buffer(await answerTo(sent))).toString(), '{}')
  await soon('the end of the relay', closed)
})

test('every refusal of the relay is on its page, and the page has no others', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../../../docs/clients/connect.md'), 'utf8')
  const rows = [...page.matchAll(/^\| `(relay_\w+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [code, Number(status)])
  assert.deepEqual(
    rows,
    Object.entries(refusalFacts).map(([code, { status }]) => [code, status]),
  )
})

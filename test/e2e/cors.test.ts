/**
 * CORS on the wire: preflights, answers and refusals, for origins on the list and for others; and which headers of an
 * instance are returned.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ConfigInput } from '../../packages/gateway/src/config/schema/index.ts'
import { configSchema } from '../../packages/gateway/src/config/schema/index.ts'
import { type RawAnswer, send } from '../support/raw.ts'
import { allRecords } from '../support/records.ts'
import { startTwinBackends } from '../support/twin-backends.ts'

const origin = 'https://app.contoso.example'
const others = [
  'https://app.contoso.example.evil.example',
  'http://app.contoso.example',
  'https://APP.contoso.example',
  'null',
  '*',
]
const chatPath = '/up1/hr-bot/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21'
const withCors = (config: ConfigInput): ConfigInput => ({
  ...config,
  gateway: {
    ...config.gateway,
    cors: { origins: [origin, 'http://localhost:5173'] },
    forwardHeaders: ['X-Policy-Id'],
  },
})

const preflightOf = (from: string, more: readonly (readonly [string, string])[] = [], method = 'POST') => [
  ['Origin', from] as const,
  ['Access-Control-Request-Method', method] as const,
  ...more,
]
const list = (answer: RawAnswer, name: string): string[] => (answer.headers[name] ?? '').split(', ')

test('F15 and C3 a preflight of a listed origin is answered without a token and without a record', async t => {
  const { world } = await startTwinBackends(t, { change: withCors })
  const wanted = [
    'authorization',
    // As the operator has listed it.
    'x-policy-id',
    'api-key',
    'content-type',
    'x-ms-client-request-id',
    'x-stainless-os',
    'x-stainless-timeout',
  ]
  const ask = (target: string, headers: readonly (readonly [string, string])[]) =>
    send(world.url, { method: 'OPTIONS', target, headers })
  for (const from of [origin, 'http://localhost:5173']) {
    const fields = ['Access-Control-Request-Headers', [...wanted, 'x-forwarded-for', 'cookie'].join(', ')] as const
    const answer = await ask(chatPath, preflightOf(from, [fields]))
    assert.deepEqual([answer.status, answer.body.length], [204, 0])
    assert.equal(answer.headers['access-control-allow-origin'], from)
    assert.equal(answer.headers['access-control-allow-methods'], 'POST')
    assert.deepEqual(list(answer, 'access-control-allow-headers'), wanted)
    assert.match(answer.headers['vary'] ?? '', /^Origin\b/)
    assert.ok(Number(answer.headers['access-control-max-age']) > 0)
    assert.equal(answer.headers['access-control-allow-credentials'], undefined, 'cookies are not allowed')
  }
  const file = await ask('/up1/hr-bot/openai/v1/files/file-1', preflightOf(origin, [], 'DELETE'))
  assert.ok(list(file, 'access-control-allow-methods').includes('DELETE'))
  const nowhere = await ask('/up1/hr-bot/openai/v1/nowhere', preflightOf(origin, [], 'PUT'))
  assert.deepEqual([nowhere.status, nowhere.headers['access-control-allow-methods']], [204, 'PUT'])
  assert.equal((await ask('/healthz', preflightOf(origin, [], 'GET'))).status, 204)
  assert.deepEqual(await allRecords(world.house.ledger), [])
  // A request that is no preflight, or comes from another origin, is a call like any other.
  assert.equal((await ask(chatPath, [['Origin', origin]])).status, 405)
  for (const other of others) {
    const answer = await ask(chatPath, preflightOf(other))
    assert.equal(answer.status, 405, other)
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
  }
})

test('F15 without origins in the configuration no CORS header is sent', async t => {
  const { world } = await startTwinBackends(t)
  const preflight = await send(world.url, { method: 'OPTIONS', target: chatPath, headers: preflightOf(origin) })
  assert.equal(preflight.status, 405)
  const answer = await send(world.url, { target: '/healthz', headers: [['Origin', origin]] })
  for (const name of Object.keys({ ...preflight.headers, ...answer.headers })) {
    assert.ok(!name.startsWith('access-control-') && name !== 'vary', name)
  }
})

test('F15 every answer and every refusal to a listed origin can be read, at whatever stage it is made', async t => {
  const { world, up1 } = await startTwinBackends(t, { change: withCors })
  up1.answer = (request, response) => {
    const status = request.body.includes('teapot') ? 418 : 200
    response.writeHead(status, {
      'content-type': 'application/json',
      'access-control-allow-origin': '*',
      vary: 'Accept',
    })
    response.end('{}')
  }
  const token = await world.token('alice')
  const signed = ['Authorization', `Bearer ${token}`] as const
  const json = ['Content-Type', 'application/json'] as const
  const body = JSON.stringify({ messages: [{ role: 'user', content: 'hi' }] })
  const calls = [
    { status: 200, method: 'POST', target: chatPath, headers: [signed, json], body },
    { status: 418, method: 'POST', target: chatPath, headers: [signed, json], body: body.replace('hi', 'teapot') },
    { status: 401, method: 'POST', target: chatPath, headers: [json], body },
    { status: 400, method: 'POST', target: chatPath, headers: [signed, json], body: '{' },
    { status: 403, method: 'POST', target: chatPath.replace('gpt-4o', 'gpt-9'), headers: [signed, json], body },
    { status: 404, method: 'POST', target: '/nowhere', headers: [signed, json], body },
    { status: 405, method: 'PUT', target: chatPath, headers: [signed, json], body },
    { status: 417, method: 'POST', target: chatPath, headers: [signed, json, ['Expect', 'wonders'] as const], body },
    {
      status: 426,
      method: 'GET',
      target: chatPath,
      headers: [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'websocket'],
      ] as const,
    },
    { status: 431, method: 'GET', target: chatPath, headers: [['X-Long', 'x'.repeat(60_000)]] as const },
    { status: 400, method: 'GET', target: chatPath, headers: [['X-Bad', 'a\0b']] as const },
    { status: 400, method: 'GET', target: '/healthz', headers: [['Host', '']] as const },
    { status: 200, method: 'GET', target: '/readyz', headers: [] },
    { status: 200, method: 'GET', target: '/openapi.json', headers: [] },
    { status: 405, method: 'DELETE', target: '/healthz', headers: [] },
    { status: 200, method: 'GET', target: '/up1/hr-bot/openai/v1/models', headers: [signed] },
  ]
  for (const { status, ...call } of calls) {
    const what = `${call.method} ${call.target.slice(0, 60)} ${status}`
    const answer = await send(world.url, { ...call, headers: [['Origin', origin] as const, ...call.headers] })
    assert.equal(answer.status, status, `${what}: ${answer.body.toString().slice(0, 200)}`)
    assert.equal(answer.headers['access-control-allow-origin'], origin, what)
    assert.equal(answer.headers['vary'], 'Origin', what)
    const exposed = list(answer, 'access-control-expose-headers')
    for (const name of [
      'x-gatehouse-request-id',
      'x-gatehouse-refusal',
      'x-should-retry',
      'retry-after',
      'retry-after-ms',
    ])
      assert.ok(exposed.includes(name), what)
    assert.ok(exposed.includes('x-ratelimit-remaining-tokens'))
    if (answer.headers['x-gatehouse-refusal'] !== undefined) {
      assert.equal(answer.headers['x-content-type-options'], 'nosniff', what)
    }
    const elsewhere = await send(world.url, {
      ...call,
      headers: [['Origin', others[0] as string] as const, ...call.headers],
    })
    assert.equal(elsewhere.headers['access-control-allow-origin'], undefined, what)
  }
})

test('F15 the list accepts only what browsers send, and a reload can remove an origin', async t => {
  const parse = (origins: readonly string[]) => configSchema.shape.gateway.safeParse({ cors: { origins } }).success
  for (const one of [
    origin,
    'https://a.example:8443',
    'http://localhost:5173',
    'http://127.0.0.1:8000',
    'http://[::1]:3000',
  ])
    assert.ok(parse([one]), one)
  for (const one of [
    '*',
    'null',
    '',
    'https://*.contoso.example',
    `${origin}/`,
    `${origin}/x`,
    'https://a.example:443',
    'http://a.example',
  ])
    assert.ok(!parse([one]), one)
  for (const one of [
    'HTTPS://a.example',
    'https://A.example',
    'https://user@a.example',
    'ftp://a.example',
    'https://a.example?x',
  ])
    assert.ok(!parse([one]), one)
  const { world } = await startTwinBackends(t, { change: withCors })
  const allowed = async (): Promise<string | undefined> =>
    (await send(world.url, { target: '/healthz', headers: [['Origin', origin]] })).headers[
      'access-control-allow-origin'
    ]
  assert.equal(await allowed(), origin)
  world.house.reload({ ...world.config, gateway: { ...world.config.gateway, cors: { origins: [] } } })
  assert.equal(await allowed(), undefined)
})

test('F15 whatever a preflight requests, only listed headers are answered, and nothing can be injected into the head', async t => {
  const { world } = await startTwinBackends(t, { change: withCors })
  const name = fc.oneof(
    fc.constantFrom('authorization', 'Api-Key', 'x-stainless-lang', 'cookie', 'host', 'x-gatehouse-request-id', '*'),
    fc.stringMatching(/^[!-~]{1,20}$/),
  )
  const method = fc.oneof(fc.constantFrom('POST', 'GET', 'TRACE', 'CONNECT', '*'), fc.stringMatching(/^[!-~]{1,12}$/))
  const property = fc.asyncProperty(fc.array(name, { maxLength: 8 }), method, async (names, asked) => {
    const fields = names.length === 0 ? [] : [['Access-Control-Request-Headers', names.join(',')] as const]
    const answer = await send(world.url, {
      method: 'OPTIONS',
      target: '/up1/hr-bot/openai/v1/nowhere',
      headers: preflightOf(origin, fields, asked),
    })
    assert.equal(answer.status, 204)
    for (const one of list(answer, 'access-control-allow-headers').filter(text => text !== ''))
      assert.match(
        one,
        /^(authorization|api-key|x-stainless-[a-z0-9-]+|content-type|accept|user-agent|x-ms-.+|openai-.+)$/,
      )
    assert.match(answer.headers['access-control-allow-methods'] ?? '', /^[A-Z]+(, [A-Z]+)*$/)
  })
  await fc.assert(property, { numRuns: 80 })
})

/** Headers that speak for an origin, lead to another place, or belong to the gateway. */
const withheld: Readonly<Record<string, string>> = {
  'operation-location': 'https://up1.example/openai/operations/1',
  location: 'https://up1.example/elsewhere',
  'content-location': '/openai/files/1',
  'azure-asyncoperation': 'https://up1.example/x',
  'set-cookie': 'ARRAffinity=1; Path=/; HttpOnly',
  'access-control-allow-origin': '*',
  'access-control-allow-credentials': 'true',
  'access-control-expose-headers': 'x-secret',
  'x-gatehouse-refusal': 'token_missing',
  'x-gatehouse-workload': 'other',
  'x-gatehouse-anything': '1',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'content-security-policy': "default-src 'none'",
  'clear-site-data': '"*"',
  'alt-svc': 'h3=":443"',
  refresh: '0; url=https://evil.example',
  link: '<https://evil.example>; rel=preload',
  server: 'istio-envoy',
  'x-powered-by': 'ASP.NET',
  via: '1.1 inner-proxy',
}
const returned: Readonly<Record<string, string>> = {
  'apim-request-id': 'a-1',
  'x-request-id': 'r-1',
  'x-ms-client-request-id': 'c-1',
  'x-ms-region': 'Sweden Central',
  'x-ms-served-model': 'gpt-4o-2024-11-20',
  'azureml-model-session': 's-1',
  'x-ratelimit-remaining-tokens': '1',
  'retry-after-ms': '5',
  'openai-processing-ms': '12',
  'x-should-retry': 'false',
  etag: '"1"',
  'content-disposition': 'attachment; filename="a.txt"',
  'www-authenticate': 'Bearer',
}

test('W8 headers that speak for the origin, lead past the gateway or belong to it are not returned from an instance', async t => {
  const { world, up1 } = await startTwinBackends(t)
  const token = await world.token('alice')
  const body = JSON.stringify({ model: 'gpt-4o', messages: [], stream: true })
  for (const [status, type] of [
    [200, 'application/json'],
    [200, 'text/event-stream'],
    [201, 'application/octet-stream'],
    [500, 'text/html'],
  ] as const) {
    up1.answer = (_request, response) =>
      response
        .writeHead(status, { ...withheld, ...returned, 'content-type': type })
        .end(type.includes('json') ? '{}' : 'data: x\n\n')
    const answer = await send(world.url, {
      method: 'POST',
      target: '/up1/hr-bot/openai/v1/chat/completions',
      headers: [
        ['Authorization', `Bearer ${token}`],
        ['Content-Type', 'application/json'],
        ['Origin', origin],
      ],
      body,
    })
    assert.equal(answer.status, status)
    for (const name of Object.keys(withheld)) assert.equal(answer.headers[name], undefined, name)
    for (const [name, value] of Object.entries(returned)) assert.equal(answer.headers[name], value, name)
    assert.match(answer.headers['x-gatehouse-request-id'] ?? '', /^[0-9a-f-]{36}$/)
  }
})

test('W8 no instance can forge a refusal, however it spells its headers', async t => {
  const { world, up1 } = await startTwinBackends(t)
  const token = await world.token('alice')
  const property = fc.asyncProperty(
    fc.mixedCase(fc.constantFrom('x-gatehouse-refusal', 'x-gatehouse-request-id', 'access-control-allow-')),
    fc.constantFrom('', '-max', 's'),
    async (name, more) => {
      up1.answer = (_request, response) =>
        response
          .writeHead(200, [name, 'forged', `${name}${more}`, 'forged', 'content-type', 'application/json'])
          .end('{}')
      const before = up1.received.length
      const answer = await send(world.url, {
        method: 'POST',
        target: '/up1/hr-bot/openai/v1/chat/completions',
        headers: [
          ['Authorization', `Bearer ${token}`],
          ['Content-Type', 'application/json'],
        ],
        body: '{"model":"gpt-4o","messages":[]}',
      })
      assert.equal(up1.received.length, before + 1)
      assert.ok(!JSON.stringify(answer.headers).includes('forged'))
    },
  )
  await fc.assert(property, { numRuns: 30 })
})

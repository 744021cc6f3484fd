import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import fc from 'fast-check'
import { bodiesJson } from './bodies.ts'
import { errorIn, startHouse } from './house.fixture.ts'
import { instancesAnswer, limitsAnswer } from './house-schemas.ts'
import { recordId, recordRow } from './ledger.fixture.ts'
import { recordAnswer } from './record-schema.ts'
import { bodiesAnswer, pageAnswer, usageAnswer, whoamiAnswer } from './schemas.ts'
import { searchAnswer } from './search-schemas.ts'

// Clients are generated from the document; an answer that differs from it breaks them silently.
test('every answer has the form that the document promises', async t => {
  const house = await startHouse(t)
  await house.ledger.add(recordRow(recordId(1)), { request: Buffer.from('{}'), response: Buffer.from('{}') })
  await house.ledger.add(
    recordRow(recordId(2), { callerKind: null, callerTenantId: null, workload: null, outcome: 'refused' }),
  )
  await house.ledger.add(recordRow(recordId(3), { copyKind: 'hedge', copyOf: recordId(1), cost: null, waitedMs: 3.5 }))
  const promised = {
    '/api/v1/whoami': whoamiAnswer,
    '/api/v1/usage?by=caller,outcome,day': usageAnswer,
    '/api/v1/instances': instancesAnswer,
    '/api/v1/limits': limitsAnswer,
    '/api/v1/records': pageAnswer,
    '/api/v1/records/tail?after=0': pageAnswer,
    '/api/v1/records/search?text=leave&workload=hr-bot&day=2026-11-20': searchAnswer,
    [`/api/v1/records/${recordId(1)}`]: recordAnswer,
    [`/api/v1/records/${recordId(1)}/bodies`]: bodiesAnswer,
    [`/api/v1/records/${recordId(2)}/bodies`]: bodiesAnswer,
  }
  for (const [path, schema] of Object.entries(promised)) {
    const answer = await house.send(path, { as: 'carol' })
    assert.equal(answer.status, 200, path)
    schema.parse(answer.json)
  }
})

// Answers contain what people said: no cache, frame or other site may get hold of them, whatever the status.
test('every answer carries its request id and forbids caching, framing and reading across sites', async t => {
  const house = await startHouse(t)
  const answers = [
    await house.send('/healthz'),
    await house.send('/api/v1/usage'),
    await house.send('/api/v1/usage', { as: 'bob', headers: ['origin', 'https://evil.example'] }),
    await house.send('/api/v1/usage', {
      as: 'bob',
      method: 'OPTIONS',
      headers: ['content-length', '0', 'origin', 'https://evil.example'],
    }),
    await house.send('/nowhere', { as: 'bob' }),
    await house.send('/healthz', { headers: ['host', 'evil.example'] }),
  ]
  assert.deepEqual(
    answers.map(answer => answer.status),
    [200, 401, 200, 405, 404, 421],
  )
  for (const { headers } of answers) {
    assert.match(String(headers['x-gatehouse-request-id']), /^[0-9a-f]{8}-[0-9a-f]{4}-7/)
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.match(String(headers['content-security-policy']), /default-src 'none'; frame-ancestors 'none'/)
    assert.equal(headers['access-control-allow-origin'], undefined)
  }
})

// If a wrong parameter were ignored, the report would answer another question.
test('a wrong parameter is named, with what is allowed', async t => {
  const house = await startHouse(t)
  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ['/api/v1/usage?by=colour', 'by', /expected one of workload, caller/],
    ['/api/v1/usage?by=', 'by', /expected one of/],
    ['/api/v1/usage?by=day,day', 'by', /more than once/],
    ['/api/v1/usage?from=yesterday', 'from', /expected a date \(2026-11-01/],
    ['/api/v1/usage?from=2026-02-31', 'from', /expected a date/],
    ['/api/v1/usage?from=2026-11-02&to=2026-11-02', 'to', /later than "from"/],
    ['/api/v1/usage?from=2026-11-01&from=2026-11-02', 'from', /give it once/],
    ['/api/v1/usage?workload=', 'workload', /must not be empty/],
    ['/api/v1/usage?workload=a&workload=b', 'workload', /give it once/],
    ['/api/v1/usage?outcome=fine', 'outcome', /expected one of completed, refused/],
    ['/api/v1/usage?copyKind=echo', 'copyKind', /expected one of shadow, hedge, follow_up, none/],
    ['/api/v1/records?copyOf=17', 'copyOf', /expected a record id/],
    ['/api/v1/usage?status=99', 'status', /whole number from 100 to 599/],
    ['/api/v1/usage?status=200&status=201', 'status', /give it once/],
    ['/api/v1/usage?workloads=a', 'workloads', /not known here/],
    ['/api/v1/usage?__proto__=a', '__proto__', /not known here/],
    ['/api/v1/records?limit=0', 'limit', /whole number from 1 to 1000/],
    ['/api/v1/records?limit=1e3', 'limit', /whole number from 1 to 1000/],
    ['/api/v1/records?before=17', 'before', /expected a record id/],
    ['/api/v1/records/tail', 'after', /is needed/],
    ['/api/v1/records/tail?after=x', 'after', /`cursor` of an earlier answer/],
    ['/api/v1/records/tail?after=0&waitSeconds=26', 'waitSeconds', /from 0 to 25/],
    ['/api/v1/records/17', 'id', /expected a record id/],
    [`/api/v1/records/${recordId(1)}%27/bodies`, 'id', /expected a record id/],
  ]
  for (const [path, param, says] of wrong) {
    const answer = await house.send(path, { as: 'carol' })
    assert.equal(answer.status, 400, path)
    assert.deepEqual([errorIn(answer).code, errorIn(answer).param], ['parameter_invalid', param], path)
    assert.match(errorIn(answer).message, says)
  }
  assert.deepEqual(house.ledger.asked, [])
})

test('filters reach the ledger as they were given, dates as midnight UTC', async t => {
  const house = await startHouse(t)
  await house.send(
    '/api/v1/usage?by=caller,day&from=2026-11-01&to=2026-11-02T00:00:00%2B01:00&caller=Carol%20%F0%9F%99%82&status=429&outcomeCode=x',
    { as: 'bob' },
  )
  assert.deepEqual(house.ledger.asked, [
    {
      by: ['caller', 'day'],
      caller: 'Carol 🙂',
      status: 429,
      outcomeCode: 'x',
      fromMs: Date.UTC(2026, 10, 1),
      toMs: Date.UTC(2026, 10, 1, 23),
    },
  ])
})

test('each page of a list starts where the one before ended', async t => {
  const house = await startHouse(t)
  for (let number = 1; number <= 5; number++) await house.ledger.add(recordRow(recordId(number)))
  const ids: string[] = []
  for (let before: string | null = ''; before !== null; ) {
    const path: string = `/api/v1/records?limit=2${before === '' ? '' : `&before=${before}`}`
    const page = pageAnswer.parse((await house.send(path, { as: 'bob' })).json)
    ids.push(...page.records.map(row => row.id))
    before = page.next
  }
  assert.deepEqual(ids, [5, 4, 3, 2, 1].map(recordId))
})

// Every reader of a prompt must be on record, even one that disconnects, and the audit must not become a second copy of
// the prompt.
test('reading bodies is audited with the reader and the record, never with the content', async t => {
  const house = await startHouse(t)
  await house.ledger.add(recordRow(recordId(1)), {
    request: Buffer.from('the question'),
    response: Buffer.from('the answer'),
  })
  await house.send(`/api/v1/records/${recordId(1)}`, { as: 'carol' })
  assert.equal(house.logged.length, 0)
  const answer = await house.send(`/api/v1/records/${recordId(1).toUpperCase()}/bodies`, { as: 'carol' })
  assert.equal(answer.status, 200)
  const [line] = house.logged
  assert.equal(house.logged.length, 1)
  assert.deepEqual(
    [line?.level, line?.event, line?.fields.audit, line?.fields.record],
    ['info', 'bodies_read', true, recordId(1)],
  )
  assert.match(String(line?.fields.caller), /^user:[\w-]+\/ca401000-/)
  assert.equal(line?.fields.requestId, answer.headers['x-gatehouse-request-id'])
  assert.doesNotMatch(JSON.stringify(house.logged), /question|answer|eyJ/)
})

// An auditor who sees other bytes than those that passed has no proof of anything.
test('bodies are returned byte by byte, whatever they contain', async () => {
  const bytes = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null })
  await fc.assert(
    fc.asyncProperty(bytes, bytes, fc.nat(200_000), fc.boolean(), async (request, response, padding, stream) => {
      const long = response === null ? null : Buffer.concat([response, Buffer.alloc(padding, 7)])
      const row = recordRow(recordId(1), {
        stream,
        responseContentType: stream ? 'text/event-stream' : 'application/json; charset=utf-8',
      })
      const chunks = await Readable.from(bodiesJson(row, { id: row.id, request, response: long })).toArray()
      const answer = bodiesAnswer.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')))
      const decoded = (part: { base64: string } | null): Buffer | null =>
        part === null ? null : Buffer.from(part.base64, 'base64')
      assert.deepEqual(decoded(answer.request), request === null ? null : Buffer.from(request))
      assert.deepEqual(decoded(answer.response), long)
      assert.equal(answer.response?.bytes, long?.byteLength)
    }),
    { numRuns: 60 },
  )
})

test('a streamed answer is returned as the text that it contains', async t => {
  const house = await startHouse(t)
  const frames = ['Hel', 'lo'].map(
    content => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`,
  )
  const row = recordRow(recordId(1), { stream: true, responseContentType: 'text/event-stream; charset=utf-8' })
  await house.ledger.add(row, { request: null, response: Buffer.from(`${frames.join('')}data: [DONE]\n\n`) })
  const { json } = await house.send(`/api/v1/records/${recordId(1)}/bodies`, { as: 'carol' })
  const { request: asked, response } = json as {
    request: null
    response: { assembled: { complete: boolean; choices: { text: string }[] } }
  }
  assert.equal(asked, null)
  assert.equal(response.assembled.choices[0]?.text, 'Hello')
  assert.equal(response.assembled.complete, true)
})

// A full disk or a stopped store is not the caller's mistake, and must not look like "no records".
test('a fault of the ledger is a 503, a bug is a 500, and neither shows internals', async t => {
  const house = await startHouse(t)
  await house.ledger.stop()
  const closed = await house.send('/api/v1/usage', { as: 'bob' })
  assert.deepEqual(
    [closed.status, errorIn(closed).code, closed.headers['retry-after']],
    [503, 'ledger_unavailable', '5'],
  )
  house.ledger.failure = new TypeError('inside of undefined')
  const bug = await house.send('/api/v1/usage', { as: 'bob' })
  assert.deepEqual([bug.status, errorIn(bug).code], [500, 'internal'])
  for (const answer of [closed, bug]) assert.doesNotMatch(answer.text, /inside/)
  const reasons = house.logged.filter(line => line.level === 'error').map(line => line.fields.requestId)
  assert.deepEqual(reasons, [closed.headers['x-gatehouse-request-id'], bug.headers['x-gatehouse-request-id']])
})

// The API reads: a client that sends data expects an effect that does not exist.
test('requests that are not reads, or are oversized, are refused', async t => {
  const house = await startHouse(t)
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const answer = await house.send('/api/v1/records', { as: 'bob', method, headers: ['content-length', '0'] })
    assert.deepEqual(
      [answer.status, errorIn(answer).code, answer.headers.allow],
      [405, 'method_not_allowed', 'GET, HEAD'],
      method,
    )
  }
  const head = await house.send('/api/v1/records', { as: 'bob', method: 'HEAD' })
  assert.deepEqual([head.status, head.text], [200, ''])
  const withBody = await house.send('/api/v1/records', { as: 'bob', headers: ['content-length', '2'], body: '{}' })
  assert.deepEqual([withBody.status, errorIn(withBody).code], [413, 'body_not_taken'])
  const long = await house.send(`/api/v1/records?workload=${'a'.repeat(5_000)}`, { as: 'bob' })
  assert.deepEqual([long.status, errorIn(long).code], [414, 'url_too_long'])
  const heavy = await house.send('/api/v1/records', { headers: ['x-heavy', 'a'.repeat(40_000)] })
  assert.deepEqual([heavy.status, errorIn(heavy).code], [431, 'headers_too_large'])
})

// A scanner that sends rubbish must get an answer and must not affect the listener for others.
test('bytes that are not HTTP, or a request line that names another host, get an answer and affect no other client', async t => {
  const house = await startHouse(t)
  const { port } = new URL(house.admin.url)
  const rubbish = {
    'GARBAGE\r\n\r\n': /^HTTP\/1\.1 400 [\s\S]*request_malformed/,
    '\u0016\u0003\u0001\r\n\r\n': /^HTTP\/1\.1 400 [\s\S]*request_malformed/,
    'GET http://evil.example/healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n': /^HTTP\/1\.1 400 [\s\S]*request_malformed/,
    'OPTIONS * HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n': /^HTTP\/1\.1 400 [\s\S]*request_malformed/,
    'GET /healthz HTTP/1.1\r\n\r\n': /^HTTP\/1\.1 421 /,
    'GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n': /^HTTP\/1\.1 413 /,
  }
  for (const [sent, expected] of Object.entries(rubbish)) {
    const socket = connect(Number(port), '127.0.0.1')
    socket.end(sent)
    assert.match(Buffer.concat(await socket.toArray()).toString(), expected, JSON.stringify(sent))
  }
  assert.equal((await house.send('/healthz')).status, 200)
})

test('a tail answers as soon as a record arrives, and moves past records that the filter leaves out', async t => {
  const house = await startHouse(t)
  await house.ledger.add(recordRow(recordId(1)))
  let looks = 0
  house.ledger.onList = async () => {
    looks++
    if (looks === 2) await house.ledger.add(recordRow(recordId(2), { workload: 'other' }))
    if (looks === 4) await house.ledger.add(recordRow(recordId(3)))
  }
  const page = pageAnswer.parse((await house.send('/api/v1/records/tail?after=1&workload=hr-bot', { as: 'bob' })).json)
  assert.deepEqual(
    page.records.map(row => row.id),
    [recordId(3)],
  )
  assert.equal(page.cursor, '3')
  const last = house.ledger.asked.at(-1) as { after: string }
  assert.equal(last.after, '2')
})

test('a tail without news ends in time, with a cursor to continue from', async t => {
  const house = await startHouse(t)
  await house.ledger.add(recordRow(recordId(1)))
  const answer = await house.send('/api/v1/records/tail?after=1&waitSeconds=0', { as: 'bob' })
  assert.deepEqual(answer.json, { records: [], next: null, cursor: '1' })
})

// Otherwise clients that vanish while they wait would keep the store busy until no other client can tail.
test('W6 the waiting tails of a reader are bounded, others have their own, and a tail whose client left makes room', async t => {
  const house = await startHouse(t)
  const token = await house.token('bob')
  const open = (): ReturnType<typeof request> =>
    request(`${house.admin.url}/api/v1/records/tail?after=0`, {
      agent: false,
      headers: { authorization: `Bearer ${token}` },
    })
      .on('error', () => {})
      .end()
  const everyoneWaits = Promise.withResolvers<void>()
  let lists = 0
  house.ledger.onList = () => {
    lists++
    if (lists === 8) everyoneWaits.resolve()
  }
  const waiting = Array.from({ length: 8 }, open)
  await everyoneWaits.promise
  const full = await house.send('/api/v1/records/tail?after=0&waitSeconds=0', { as: 'bob' })
  assert.deepEqual([full.status, errorIn(full).code, full.headers['retry-after']], [429, 'tails_exhausted', '5'])
  assert.equal((await house.send('/api/v1/records/tail?after=0&waitSeconds=0', { as: 'alice' })).status, 200)
  for (const one of waiting) one.destroy()
  let status = 429
  while (status === 429) status = (await house.send('/api/v1/records/tail?after=0&waitSeconds=0', { as: 'bob' })).status
  assert.equal(status, 200)
})

// In the past, 256 silent connections kept every client out for 37 seconds.
test('W6 silent connections do not keep other clients out', async t => {
  const house = await startHouse(t)
  const { hostname, port } = new URL(house.admin.url)
  const silent = Array.from({ length: 300 }, () => connect(Number(port), hostname).on('error', () => {}))
  t.after(() => {
    for (const socket of silent) socket.destroy()
  })
  await Promise.all(silent.slice(0, 256).map(socket => (socket.connecting ? once(socket, 'connect') : null)))
  for (let n = 0; n < 5; n++) assert.equal((await house.send('/healthz')).status, 200)
})

// A reader that requests sixty reports waits for them; another reader's single report does not.
test('W6 reports of one reader do not keep another reader from an answer', async t => {
  const house = await startHouse(t)
  await house.ledger.add(recordRow(recordId(1)))
  const path = '/api/v1/usage?by=workload'
  const held = Promise.withResolvers<void>()
  house.ledger.onUsage = () => held.promise
  const greedy = Array.from({ length: 40 }, () => house.send(path, { as: 'bob' }))
  const refused = await Promise.race(greedy)
  assert.deepEqual(
    [refused.status, errorIn(refused).code, refused.headers['retry-after']],
    [429, 'questions_exhausted', '5'],
  )
  house.ledger.onUsage = () => Promise.resolve()
  assert.equal((await house.send(path, { as: 'alice' })).status, 200)
  held.resolve()
  const statuses = (await Promise.all(greedy)).map(({ status }) => status)
  assert.equal(statuses.filter(status => status === 200).length, 16)
})

// A rollout must not wait 25 s for every open console.
test('closing ends waiting tails with an ordinary answer', async t => {
  const house = await startHouse(t, { closeGraceMs: 60_000 })
  const listed = Promise.withResolvers<void>()
  house.ledger.onList = () => listed.resolve()
  const tail = house.send('/api/v1/records/tail?after=0', { as: 'bob' })
  await listed.promise
  const [answer] = await Promise.all([tail, house.admin.close(), house.admin.close()])
  assert.equal(answer.status, 200)
  await assert.rejects(house.send('/healthz'), { code: 'ECONNREFUSED' })
})

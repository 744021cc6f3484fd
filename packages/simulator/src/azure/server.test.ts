import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { demoAudience, demoDirectory } from '../directory.ts'
import { startEntra } from '../entra/index.ts'
import { ask, call, chatPath, lastLine, later, simulator, version } from './testkit.fixture.ts'

// A client that is tested against the simulator must get the 404 that Azure gives, else it ships without being able to
// read it.
test('unknown paths, methods and versions are answered as Azure answers them, and have no line in the bill', async t => {
  const sim = await simulator(t)
  const wrong = [
    chatPath('gpt-4o', '1999-01-01'),
    '/deployments/gpt-4o/chat/completions',
    `/deployments/gpt-4o/nothing?api-version=${version}`,
    `/chat/completions?api-version=${version}`,
    `/deployments/gpt-4o/files?api-version=${version}`,
    `/deployments/%E0%A4%A/chat/completions?api-version=${version}`,
    '/../etc',
  ]
  for (const path of wrong) {
    const { status, json } = await call(sim, path, ask('Hello'))
    assert.equal(status, 404, path)
    assert.deepEqual(json, { error: { code: '404', message: 'Resource not found' } }, path)
  }
  assert.equal((await call(sim, chatPath(), null)).status, 404)
  assert.deepEqual(sim.bill(), [])
  assert.equal((await call(sim, '/v1/models?api-version=2024-10-21')).status, 400)
  assert.equal((await call(sim, `/responses?api-version=${version}`, { model: 'gpt-4o', input: 'Hi' })).status, 400)
})

// Support cases are opened with these ids, so a client that reads them must find them.
test('every answer has request ids and the region, and returns the client request id', async t => {
  const sim = await simulator(t, { region: 'Sweden Central' })
  const good = await call(sim, chatPath(), ask('Hello'), { 'x-ms-client-request-id': 'mine-1' })
  assert.match(good.headers.get('apim-request-id') ?? '', /^[0-9a-f-]{36}$/)
  assert.match(good.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/)
  assert.equal(good.headers.get('x-ms-region'), 'Sweden Central')
  assert.equal(good.headers.get('x-ms-client-request-id'), 'mine-1')
  const bad = await call(sim, '/nowhere')
  assert.match(bad.headers.get('apim-request-id') ?? '', /^[0-9a-f-]{36}$/)
})

// Without the model's own complaints a client's error handling is never exercised.
test('bad input is refused with the reason: deployment, operation, JSON, types, bounds', async t => {
  const sim = await simulator(t)
  const refusals: [path: string, body: unknown, status: number, code: string | null][] = [
    [chatPath('none'), ask('Hi'), 404, 'DeploymentNotFound'],
    [chatPath('text-embedding-3-small'), ask('Hi'), 400, 'OperationNotSupported'],
    ['/v1/chat/completions', ask('Hi'), 400, 'missing_required_parameter'],
    ['/v1/chat/completions', ask('Hi', { model: 'none' }), 404, 'DeploymentNotFound'],
    [chatPath(), '{"messages":[', 400, null],
    [chatPath(), '[]', 400, null],
    [chatPath(), {}, 400, 'missing_required_parameter'],
    [chatPath(), { messages: [] }, 400, 'invalid_type'],
    [chatPath(), { messages: [{ role: 'king', content: 'Hi' }] }, 400, 'invalid_value'],
    [chatPath(), ask('Hi', { temperature: 3 }), 400, 'decimal_out_of_bounds'],
    [chatPath(), ask('Hi', { n: 0 }), 400, 'integer_below_min_value'],
    [chatPath(), ask('Hi', { max_tokens: 127_999 }), 400, 'context_length_exceeded'],
    [chatPath(), ask('Hi', { stop: ['a', 'b', 'c', 'd', 'e'] }), 400, 'invalid_type'],
    [chatPath(), ask('Hi', { response_format: { type: 'json_object' } }), 400, null],
    [chatPath('thinker', later), ask('Hi', { max_tokens: 5 }), 400, 'unsupported_parameter'],
    [`/deployments/text-embedding-3-small/embeddings?api-version=${version}`, { input: [] }, 400, null],
    [`/deployments/ears/audio/transcriptions?api-version=${version}`, { file: 'x' }, 400, null],
  ]
  for (const [path, body, status, code] of refusals) {
    const answer = await call(sim, path, body)
    const { error } = answer.json
    assert.equal(answer.status, status, `${path} ${JSON.stringify(body)}: ${answer.text}`)
    assert.equal((error as { code: unknown }).code, code, answer.text)
    assert.ok(String((error as { message: unknown }).message).length > 10)
    const line = await lastLine(sim)
    assert.equal(line.status, status)
    assert.equal(line.promptTokens + line.completionTokens, 0)
  }
})

// A deeply nested body must not end the process: other tests run in it.
test('hostile JSON gets an answer, and the instance keeps running', async t => {
  const sim = await simulator(t)
  const deep = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`
  const bodies = [
    deep,
    `{"messages":${'['.repeat(20_000)}`,
    '{"__proto__":{"x":1},"messages":[{"role":"user","content":"Hi"}]}',
    '\u0000',
  ]
  for (const body of bodies) assert.ok([200, 400].includes((await call(sim, chatPath(), body)).status))
  assert.equal((await call(sim, chatPath(), ask('Hello'))).status, 200)
})

// A gateway with a wrong key must get Azure's 401, not a success.
test('API keys are checked, in api-key and on v1 as bearer; the bill has the subject `key`', async t => {
  const sim = await simulator(t, { keys: ['secret-1', 'secret-2'] })
  assert.equal((await call(sim, chatPath(), ask('Hi'), { 'api-key': 'secret-2' })).status, 200)
  assert.equal((await lastLine(sim)).subject, 'key')
  const wrong = await call(sim, chatPath(), ask('Hi'), { 'api-key': 'secret-3' })
  assert.equal(wrong.status, 401)
  assert.match(wrong.text, /Access denied due to invalid subscription key/)
  assert.equal((await lastLine(sim)).subject, null)
  const v1 = ask('Hi', { model: 'gpt-4o' })
  assert.equal((await call(sim, '/v1/chat/completions', v1, { authorization: 'Bearer secret-1' })).status, 200)
  const none = await call(sim, chatPath(), ask('Hi'))
  assert.equal(none.status, 401)
  assert.match(
    none.text,
    /Access token is missing, invalid, audience is incorrect \(https:\/\/cognitiveservices\.azure\.com\)/,
  )
  assert.equal((await call(sim, chatPath(), ask('Hi'), { authorization: 'Bearer secret-1' })).status, 401)
})

// Gateways that pass callers' tokens through are tested against this. If the simulator accepted wrong tokens, no test
// would fail.
test('Entra tokens are checked for signature, audience, tenant, time and role', async t => {
  const entra = await startEntra({ directory: demoDirectory })
  t.after(() => entra.close())
  const [alice] = demoDirectory.people
  assert.ok(alice)
  const { tenantId } = demoDirectory
  const sim = await simulator(t, { entra: { authority: entra.url, tenantId, allowedObjectIds: [alice.objectId] } })
  const status = async (token: string): Promise<[number, string]> => {
    const answer = await call(sim, chatPath(), ask('Hi'), { authorization: `Bearer ${token}` })
    return [answer.status, answer.text]
  }
  for (const audience of ['https://cognitiveservices.azure.com', 'https://ai.azure.com', 'https://ai.azure.com/']) {
    assert.equal((await status(await entra.token({ as: 'alice', audience })))[0], 200, audience)
  }
  assert.equal((await lastLine(sim)).subject, alice.objectId)
  const audience = 'https://cognitiveservices.azure.com'
  const good = await entra.token({ as: 'alice', audience })
  const bad = [
    await entra.token({ as: 'alice', audience, claims: { aud: 'https://example.org' } }),
    await entra.token({ as: 'alice', audience: demoAudience }),
    await entra.token({ as: 'alice', audience, claims: { tid: '99999999-0000-0000-0000-000000000000' } }),
    await entra.token({ as: 'alice', audience, claims: { iss: 'https://sts.windows.net/other/' } }),
    await entra.token({
      as: 'alice',
      audience,
      claims: { exp: 1_600_000_000, iat: 1_599_990_000, nbf: 1_599_990_000 },
    }),
    `${good.slice(0, -8)}AAAAAAAA`,
    'not-a-token',
    'a.b.c',
  ]
  for (const token of bad) {
    const [code, text] = await status(token)
    assert.equal(code, 401, text)
    assert.match(text, /^\{"statusCode":401,"message":"Unauthorized\./)
  }
  const [code, text] = await status(await entra.token({ as: 'bob', audience }))
  assert.equal(code, 401)
  assert.match(
    text,
    /PermissionDenied.*lacks the required data action `Microsoft\.CognitiveServices\/accounts\/OpenAI\/deployments\/chat\/completions\/action`/,
  )
  await entra.rotateKeys()
  assert.equal((await status(await entra.token({ as: 'alice', audience })))[0], 200)
})

// An outage of the sign-in service must not look like a wrong token.
test('an authority that is unreachable gives a 503, and the next call tries it again', async t => {
  const entra = await startEntra({ directory: demoDirectory })
  t.after(() => entra.close())
  const { tenantId } = demoDirectory
  const sim = await simulator(t, { entra: { authority: entra.url, tenantId, allowedObjectIds: 'all' } })
  const authorization = `Bearer ${await entra.token({ as: 'dave', audience: 'https://cognitiveservices.azure.com' })}`
  entra.down = true
  assert.equal((await call(sim, chatPath(), ask('Hi'), { authorization })).status, 503)
  entra.down = false
  assert.equal((await call(sim, chatPath(), ask('Hi'), { authorization })).status, 200)
})

// Connection pools are measured against the simulator: a refusal must not cost them a connection.
test('a refused call leaves its connection open, and half a request is a line without an answer', async t => {
  const sim = await simulator(t, { keys: ['secret-1'] })
  const { hostname, port } = new URL(sim.url)
  const socket = connect(Number(port), hostname)
  t.after(() => socket.destroy())
  let seen = ''
  socket.on('data', chunk => {
    seen += chunk.toString('latin1')
  })
  const head = (length: number): string =>
    `POST /openai${chatPath()} HTTP/1.1\r\nhost: x\r\napi-key: wrong\r\ncontent-length: ${length}\r\n\r\n`
  socket.write(`${head(4)}abcd${head(4)}`)
  while (seen.split('HTTP/1.1 401').length < 2) await once(socket, 'data')
  socket.write('efgh')
  while (seen.split('HTTP/1.1 401').length < 3) await once(socket, 'data')
  socket.write(`${head(100)}only a part`)
  while (sim.bill().length < 3) await new Promise(resolve => setImmediate(resolve))
  socket.destroy()
  const line = await lastLine(sim)
  assert.deepEqual([line.status, line.clientGone, line.operation], [0, true, 'chat/completions'])
})

// Other machines on the network could read token counts or break a demonstration.
test('admin routes answer, refuse what they do not know, and return the bill in both forms', async t => {
  const sim = await simulator(t)
  await call(sim, chatPath(), ask('Hello'), { 'x-gatehouse-request-id': 'g-1' })
  const list: unknown = await (await fetch(`${sim.url}/_simulator/bill`)).json()
  assert.deepEqual(list, JSON.parse(JSON.stringify(sim.bill())))
  const lines = await (await fetch(`${sim.url}/_simulator/bill?format=lines`)).text()
  assert.equal(JSON.parse(lines.trim()).gatehouseRequestId, 'g-1')
  const posted = await fetch(`${sim.url}/_simulator/faults`, { method: 'POST', body: '{"kind":"flood"}' })
  assert.equal(posted.status, 400)
  assert.match(await posted.text(), /unknown fault.*known: /)
  assert.equal((await fetch(`${sim.url}/_simulator/bill`, { method: 'DELETE' })).status, 200)
  assert.deepEqual(sim.bill(), [])
  assert.equal((await fetch(`${sim.url}/_simulator/other`)).status, 404)
})

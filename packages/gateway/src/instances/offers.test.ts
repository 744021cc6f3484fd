import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Pool } from 'undici'
import { backends } from '../wire/backends.ts'
import { Offers } from './offers.ts'

async function offersOf(t: TestContext, answer: RequestListener, kind: keyof typeof backends = 'openai') {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connections = new Pool(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.after(async () => {
    await connections.destroy()
    server.closeAllConnections()
    server.close()
  })
  const time = { nowMs: 1_000 }
  const credential = { kind: 'key', header: () => backends[kind].keyField('a-key'), renew: () => {} } as const
  return { time, offers: new Offers({ connections, backend: backends[kind], credential, clock: () => time.nowMs }) }
}

test('what a server does not offer is known from one answer, for ten minutes', async t => {
  const seen: string[] = []
  let lacks = true
  const { time, offers } = await offersOf(t, ({ method, url, headers }, response) => {
    seen.push(`${method} ${url} ${headers.authorization}`)
    response.writeHead(lacks ? 404 : 200).end(lacks ? '{"detail":"Not Found"}' : '{"data":[]}')
  })
  assert.deepEqual(await Promise.all([offers.has('/v1/files'), offers.has('/v1/files')]), [false, false])
  assert.deepEqual(seen, ['GET /v1/files Bearer a-key'])
  lacks = false
  time.nowMs += 599_999
  assert.equal(await offers.has('/v1/files'), false)
  time.nowMs += 1
  assert.equal(await offers.has('/v1/files'), true, 'the server may have been updated')
  assert.equal(seen.length, 2)
})

test('an operation that the key is not for is not offered', async t => {
  const message = 'You have insufficient permissions for this operation. Missing scopes: api.files.read.'
  const error = { message, type: 'invalid_request_error', param: null, code: null }
  const { offers } = await offersOf(t, (_request, response) => response.writeHead(401).end(JSON.stringify({ error })))
  assert.equal(await offers.has('/v1/files'), false)
})

// An instance that fails must not lose its uploads for ten minutes.
test('other errors and lost answers do not say that an operation is lacking', async t => {
  const answers: RequestListener[] = [
    (_request, response) => void response.writeHead(500).end('{}'),
    (_request, response) => void response.writeHead(404).end('{"error":{"code":"not_found","message":"No such file"}}'),
    (_request, response) => void response.writeHead(401).end('{"error":"Unauthorized"}'),
    ({ socket }) => void socket.destroy(),
  ]
  for (const answer of answers) assert.equal(await (await offersOf(t, answer)).offers.has('/v1/files'), true)
})

// A server that starts answers 503 at first: its uploads would be lost for ten minutes once it answers 404.
test('an answer that says nothing lasting about an operation is not remembered', async t => {
  const answers: RequestListener[] = [
    (_request, response) => void response.writeHead(503).end('{}'),
    (_request, response) => void response.writeHead(429).end('{}'),
    ({ socket }) => void socket.destroy(),
  ]
  for (const first of answers) {
    let calls = 0
    const { offers } = await offersOf(t, (request, response) => {
      calls += 1
      if (calls === 1) first(request, response)
      else response.writeHead(404).end('{"detail":"Not Found"}')
    })
    assert.deepEqual([await offers.has('/v1/files'), await offers.has('/v1/files')], [true, false])
  }
})

test('Azure OpenAI is not asked, because every instance offers files', async t => {
  const { offers } = await offersOf(t, () => assert.fail('nothing is to be sent'), 'azure-openai')
  assert.equal(offers.has('/openai/v1/files'), true)
})

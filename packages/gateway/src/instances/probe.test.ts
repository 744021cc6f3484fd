import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { laneOf, testInstance } from './instance.fixture.ts'

// Otherwise the first calls of the morning find out that an instance died at night.
test('two failed probes pause an instance, and the first successful one brings it back', async t => {
  let status = 500
  let asked = 0
  const server = createServer((request, response) => {
    asked += 1
    assert.equal(request.headers['api-key'], 'a-key-that-is-long-enough')
    assert.equal(request.url, '/openai/models?api-version=2024-10-21')
    response.writeHead(status).end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const instance = testInstance('one', ['gpt-4o'], { endpoint, probe: { every: '1h', timeout: '1s' } })
  t.after(async () => {
    await instance.close()
    server.close()
  })
  const lane = laneOf(instance)
  assert.equal((await instance.probe()).ok, false)
  assert.equal(lane.admits(Date.now()), true, 'one lost answer is no outage')
  assert.equal(instance.state(Date.now()).healthy, false)
  await instance.probe()
  assert.equal(lane.admits(Date.now()), false)
  assert.deepEqual([lane.state(Date.now()).breaker, lane.state(Date.now()).breakerReason], ['open', 'probe'])
  status = 200
  assert.deepEqual((await instance.probe()).error, null)
  assert.equal(lane.admits(Date.now()), true)
  assert.equal(instance.state(Date.now()).healthy, true)
  assert.equal(asked, 3)
})

// Otherwise an instance with a key that is restricted to chat would count as unhealthy for ever.
test('a probe with a key that may not list models succeeds, and one with a refused key fails', async t => {
  const scopes = 'You have insufficient permissions for this operation. Missing scopes: api.model.read.'
  const rows = [
    [{ message: scopes, type: 'invalid_request_error', param: null, code: null }, true],
    [{ message: 'Incorrect API key provided.', type: 'invalid_request_error', code: 'invalid_api_key' }, false],
    [{ message: 'x'.repeat(100_000), type: 'invalid_request_error', param: null, code: null }, false],
    ['Unauthorized', false],
  ] as const
  let body = ''
  const server = createServer((_request, response) => void response.writeHead(401).end(body))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const instance = testInstance('one', ['gpt-4o'], { kind: 'openai', endpoint })
  t.after(async () => {
    await instance.close()
    server.close()
  })
  for (const [error, accepted] of rows) {
    body = JSON.stringify({ error })
    const { ok, status, error: words } = await instance.probe()
    assert.deepEqual([ok, status, words === null], [accepted, 401, accepted], body.slice(0, 200))
    assert.equal(instance.state(Date.now()).healthy, accepted)
  }
})

test('a probe that times out says so, without anything that was sent', async t => {
  const server = createServer(() => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const instance = testInstance('one', ['gpt-4o'], { endpoint, probe: { every: '1h', timeout: '100ms' } })
  t.after(async () => {
    await instance.close()
    server.closeAllConnections()
    server.close()
  })
  const { ok, status, error } = await instance.probe()
  assert.deepEqual([ok, status], [false, null])
  assert.equal(error, 'It did not answer within 100 ms.')
})

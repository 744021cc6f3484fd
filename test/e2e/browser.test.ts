/** Calls from a web page, in a browser that enforces CORS: what a page may do, and what it can read of an answer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startPages } from '../support/browser.ts'
import { allRecords } from '../support/records.ts'
import { startTwinBackends } from '../support/twin-backends.ts'

const chunks = [
  '{"choices":[{"index":0,"delta":{"content":"hel"}}]}',
  '{"choices":[{"index":0,"delta":{"content":"lo"}}]}',
]

// Without the CORS headers on errors too, a page sees "Failed to fetch" for every problem.
test('F15 and C3 a page of a listed origin calls, streams, and reads why it is refused; another page reads nothing', async t => {
  const pages = await startPages(t)
  const [origin, other] = [`http://127.0.0.1:${pages.port}`, `http://localhost:${pages.port}`]
  const twin = await startTwinBackends(t, {
    change: config => ({ ...config, gateway: { ...config.gateway, cors: { origins: [origin] } } }),
  })
  // Azure answers every origin alike; only the gateway's decision must count.
  const head = { 'access-control-allow-origin': '*', 'x-ratelimit-remaining-tokens': '77', 'x-ms-region': 'here' }
  twin.up1.answer = (request, response) => {
    const { stream, user } = JSON.parse(request.body) as { stream?: boolean; user?: string }
    if (user === 'limited') {
      response.writeHead(429, {
        ...head,
        'content-type': 'application/json',
        'retry-after': '7',
        'retry-after-ms': '6500',
      })
      response.end('{"error":{"code":"429","message":"Please retry"}}')
    } else if (stream === true) {
      response.writeHead(200, { ...head, 'content-type': 'text/event-stream' })
      response.end(`${chunks.map(chunk => `data: ${chunk}\n\n`).join('')}data: [DONE]\n\n`)
    } else {
      response.writeHead(200, { ...head, 'content-type': 'application/json' }).end('{"choices":[]}')
    }
  }
  const token = await twin.world.token('alice')
  const script = `
    const root = ${JSON.stringify(`${twin.world.url}/up1/hr-bot/openai/v1`)}
    const token = ${JSON.stringify(token)}
    const ask = async (path, more = {}, headers = { authorization: 'Bearer ' + token }) => {
      try {
        const answer = await fetch(path.startsWith('http') ? path : root + path, {
          ...more,
          headers: { ...headers, ...(more.body ? { 'content-type': 'application/json' } : {}), ...more.headers },
        })
        const text = await answer.text()
        const read = name => answer.headers.get(name)
        return {
          status: answer.status, text, refusal: read('x-gatehouse-refusal'), id: read('x-gatehouse-request-id') !== null,
          after: [read('retry-after'), read('retry-after-ms')], left: read('x-ratelimit-remaining-tokens'), retry: read('x-should-retry'),
        }
      } catch (error) {
        return { threw: error.name }
      }
    }
    const chat = more => ({ method: 'POST', body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }], ...more }) })
    const stainless = { 'x-stainless-lang': 'js', 'x-stainless-retry-count': '0', 'x-ms-client-request-id': 'r-1' }
    return {
      plain: await ask('/chat/completions', { ...chat(), headers: stainless }),
      byKey: await ask('/chat/completions', chat(), { 'api-key': token }),
      streamed: await ask('/chat/completions', chat({ stream: true })),
      limited: await ask('/chat/completions', chat({ user: 'limited' })),
      stranger: await ask('/chat/completions', chat(), { authorization: 'Bearer nothing' }),
      nowhere: await ask('/nowhere', chat()),
      deleted: await ask('/files/file-x', { method: 'DELETE' }),
      tooLong: await ask('/models', {}, { authorization: 'Bearer ' + 'x'.repeat(60000) }),
      healthy: await ask(${JSON.stringify(`${twin.world.url}/healthz`)}, {}, {}),
      odd: await ask('/models', { headers: { 'x-forwarded-for': '1.2.3.4' } }),
    }`
  const found = (await pages.run(origin, script)) as Record<string, Record<string, unknown>>
  assert.deepEqual([found['plain']?.['status'], found['plain']?.['id'], found['plain']?.['left']], [200, true, '77'])
  assert.equal(found['byKey']?.['status'], 200)
  assert.match(String(found['streamed']?.['text']), /"hel"[\s\S]*"lo"[\s\S]*\[DONE\]/)
  assert.deepEqual([found['limited']?.['status'], found['limited']?.['after']], [429, ['7', '6500']])
  assert.deepEqual([found['stranger']?.['status'], found['stranger']?.['refusal']], [401, 'token_malformed'])
  assert.deepEqual([found['nowhere']?.['status'], found['nowhere']?.['refusal']], [404, 'route_unknown'])
  assert.deepEqual([found['deleted']?.['status'], found['deleted']?.['refusal']], [404, 'object_unknown'])
  assert.deepEqual([found['tooLong']?.['status'], found['tooLong']?.['refusal']], [431, 'headers_too_large'])
  assert.equal(found['healthy']?.['status'], 200)
  assert.deepEqual(found['odd'], { threw: 'TypeError' }, 'the browser holds back headers that no page may send')
  for (const record of await allRecords(twin.world.house.ledger)) assert.notEqual(record.method, 'OPTIONS')

  const calls = twin.up1.received.length
  const barred = (await pages.run(other, script)) as Record<string, Record<string, unknown>>
  for (const [what, one] of Object.entries(barred)) assert.deepEqual(one, { threw: 'TypeError' }, what)
  assert.equal(twin.up1.received.length, calls, 'the browser has not even sent its calls')
})

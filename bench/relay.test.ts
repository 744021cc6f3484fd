import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { type TestContext, test } from 'node:test'
import { questionBody } from './questions.ts'
import { startRelay } from './relay.ts'
import { chatPath } from './seats.ts'
import { startUpstream } from './upstream.ts'

async function post(
  origin: string,
  body: string | Uint8Array<ArrayBuffer>,
): Promise<{ status: number; type: string | null; body: Buffer }> {
  const answer = await fetch(origin + chatPath, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  })
  const { status, headers } = answer
  return { status, type: headers.get('content-type'), body: Buffer.from(await answer.arrayBuffer()) }
}

function ask(chunks: number, answerBytes: number, paceMs: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(questionBody({ questionBytes: 2_000, answerBytes, chunks, paceMs }))
}

async function relayTo(t: TestContext, upstreamUrl: string): Promise<string> {
  const relay = await startRelay(upstreamUrl)
  t.after(() => relay.close())
  return relay.url
}

async function serving(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(resolve))
  })
  const address = server.address()
  assert.ok(address !== null && typeof address !== 'string')
  return `http://127.0.0.1:${address.port}`
}

// The yardstick must do the work that it is measured for: a relay that drops bytes would be cheap.
test('the relay gives the client the same bytes as the backend itself', async t => {
  const upstream = await startUpstream()
  t.after(() => upstream.close())
  const relayUrl = await relayTo(t, upstream.url)
  for (const body of [ask(0, 800, 0), ask(0, 409_600, 0), ask(40, 0, 1), ask(5_000, 0, 0)]) {
    assert.deepEqual(await post(relayUrl, body), await post(upstream.url, body))
  }
})

test('the relay forwards the question byte by byte, to the same path', async t => {
  const seen: { url: string | undefined; body: string }[] = []
  const upstreamUrl = await serving(t, async (request, response) => {
    const body = (await request.setEncoding('utf8').toArray()).join('')
    seen.push({ url: request.url, body })
    response.end('{}')
  })
  const body = '{ "a" :  1, "text": "zwölf Boxkämpfer" }'
  assert.equal((await post(await relayTo(t, upstreamUrl), body)).status, 200)
  assert.deepEqual(seen, [{ url: chatPath, body }])
})

test('the relay reads both JSON bodies, as a gateway must', async t => {
  const upstreamUrl = await serving(t, (_request, response) => response.end('{"cut":'))
  const relayUrl = await relayTo(t, upstreamUrl)
  assert.equal((await post(relayUrl, '{"model":')).status, 400)
  assert.equal((await post(relayUrl, '{}')).status, 502)
})

// Without back-pressure a slow reader would make the relay hold the whole stream, and its memory figure would be
// worthless.
test('a client that does not read stops the backend', async t => {
  const blocked = Promise.withResolvers<number>()
  let writtenBytes = 0
  const upstreamUrl = await serving(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const event = `data: ${'x'.repeat(65_000)}\n\n`
    const write = (): void => {
      // 400 MB: far beyond what sockets buffer on their own.
      while (writtenBytes < 400_000_000) {
        writtenBytes += event.length
        if (!response.write(event)) {
          clearTimeout(timer)
          timer = setTimeout(() => blocked.resolve(writtenBytes), 500)
          response.once('drain', write)
          return
        }
      }
      clearTimeout(timer)
      blocked.resolve(writtenBytes)
    }
    let timer = setTimeout(write, 0)
    t.after(() => clearTimeout(timer))
  })
  const left = new AbortController()
  const answer = await fetch((await relayTo(t, upstreamUrl)) + chatPath, {
    method: 'POST',
    body: '{}',
    signal: left.signal,
  })
  assert.equal(answer.status, 200)
  assert.ok((await blocked.promise) < 100_000_000)
  left.abort()
})

// A client that disconnects must free the backend; otherwise every abandoned stream would go on costing.
test('a client that disconnects ends the call to the backend', async t => {
  const gone = Promise.withResolvers<void>()
  const upstreamUrl = await serving(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
    response.on('close', () => gone.resolve())
  })
  const left = new AbortController()
  const answer = await fetch((await relayTo(t, upstreamUrl)) + chatPath, {
    method: 'POST',
    body: '{}',
    signal: left.signal,
  })
  assert.equal(answer.status, 200)
  left.abort()
  await gone.promise
})

// The client's end over real sockets: what arrives, and what the relay is told of it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { answerHead } from '../../backend/answer-head.ts'
import { ClientOutgoing } from './client.ts'

interface Side {
  readonly outgoing: ClientOutgoing
  readonly res: ServerResponse
  /** What the listener was called with, in order. */
  readonly events: string[]
}

/** @param answer plays the relay. */
async function serve(t: TestContext, answer: (side: Side) => void, limits: string[] | null = null) {
  const server = createServer((_req, res) => {
    const outgoing = new ClientOutgoing('call-1', res, limits)
    const events: string[] = []
    outgoing.listen({ drained: () => events.push('drained'), closed: () => events.push(`closed ${outgoing.isSent}`) })
    answer({ outgoing, res, events })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

async function responseFrom(port: number, method = 'GET'): Promise<IncomingMessage> {
  const call = request({ host: '127.0.0.1', port, method }).end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  return response
}

/** @returns the body, and whether it came to a proper end. */
async function bodyOf(response: IncomingMessage): Promise<{ text: string; isComplete: boolean }> {
  let text = ''
  response.on('error', () => {})
  response.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  await new Promise(resolve => response.on('close', resolve))
  return { text, isComplete: response.complete }
}

const json = (bytes: number, status = 200) =>
  answerHead(status, { 'content-type': 'application/json', 'content-length': String(bytes), server: 'azure' })
const stream = answerHead(200, { 'content-type': 'text/event-stream', 'content-length': '999' })

test('an announced answer arrives with head, body and end, and is reported as sent', async t => {
  const sides: Side[] = []
  const port = await serve(
    t,
    side => {
      sides.push(side)
      side.outgoing.head(json(13), false)
      assert.ok(side.outgoing.write(Buffer.from('{"a":')))
      assert.ok(side.outgoing.write(Buffer.from('"grün"}')))
      side.outgoing.end(Buffer.alloc(0))
    },
    ['x-ratelimit-remaining-tokens', '7'],
  )
  const response = await responseFrom(port)
  const { headers } = response
  assert.deepEqual([headers['x-ratelimit-remaining-tokens'], headers['x-gatehouse-request-id']], ['7', 'call-1'])
  assert.equal(headers['server'], undefined)
  assert.deepEqual(await bodyOf(response), { text: '{"a":"grün"}', isComplete: true })
  assert.deepEqual([sides[0]?.events, sides[0]?.outgoing.isClosed], [['closed true'], true])
})

test('a last piece of any size arrives byte by byte', async t => {
  for (const bytes of [1, 8_192, 8_193, 100_000]) {
    const body = Buffer.from(Array.from({ length: bytes }, (_, at) => at % 256))
    const port = await serve(t, ({ outgoing }) => {
      outgoing.head(answerHead(200, { 'content-type': 'audio/wav' }), false)
      outgoing.end(body)
    })
    const response = await responseFrom(port)
    const chunks: Buffer[] = []
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
    assert.ok(Buffer.concat(chunks).equals(body), `${bytes} bytes`)
  }
})

test('HEAD and an error without limits pass as they come', async t => {
  const port = await serve(
    t,
    ({ outgoing }) => {
      outgoing.head(json(11, 404), false)
      outgoing.end(Buffer.alloc(0))
    },
    ['x-ratelimit-remaining-tokens', '7'],
  )
  const response = await responseFrom(port, 'HEAD')
  const { statusCode, headers } = response
  assert.deepEqual(
    [statusCode, headers['content-length'], headers['x-ratelimit-remaining-tokens']],
    [404, '11', undefined],
  )
})

// The first event may be seconds away: without the head, clients time out.
test('the head of a stream arrives before its first event, and without a length where the body changes', async t => {
  const port = await serve(t, ({ outgoing }) => outgoing.head(stream, true))
  const response = await responseFrom(port)
  assert.equal(response.headers['content-length'], undefined)
  response.destroy()
})

// Half an answer that ends properly would be taken for a whole one.
test('a stream that breaks off ends with an error event and without a proper end', async t => {
  const port = await serve(t, ({ outgoing }) => {
    outgoing.head(answerHead(200, { 'content-type': 'text/event-stream' }), false)
    outgoing.write(Buffer.from('data: 1\n\n'))
    outgoing.breakOff(Buffer.from('data: held'), 'backend_cut')
  })
  const { text, isComplete } = await bodyOf(await responseFrom(port))
  assert.match(text, /^data: 1\n\ndata: held\n\ndata: \{"error":\{.*"code":"backend_cut"\}\}\n\n$/)
  assert.match(text, /Request id: call-1/)
  assert.equal(isComplete, false)
})

test('a document that breaks off is cut', async t => {
  const port = await serve(t, ({ outgoing }) => {
    outgoing.head(json(100), false)
    outgoing.write(Buffer.from('{"half":'))
    setImmediate(() => outgoing.breakOff(Buffer.alloc(0), 'backend_cut'))
  })
  const { text, isComplete } = await bodyOf(await responseFrom(port))
  assert.deepEqual([text.startsWith('{"half":') || text === '', isComplete], [true, false])
})

// A slow client must not make the gateway hold the whole answer.
test('P9 a client that does not read pauses the source once, and resumes it when it reads', async t => {
  const sides: Side[] = []
  const taken: boolean[] = []
  const port = await serve(t, side => {
    sides.push(side)
    side.outgoing.head(stream, true)
    for (let at = 0; at < 100; at += 1) taken.push(side.outgoing.write(Buffer.alloc(100_000)))
  })
  const response = await responseFrom(port)
  assert.equal(taken.filter(ready => !ready).length, 1, 'the pause is asked for once')
  const [side] = sides
  assert.ok(side)
  const drained = once(side.res, 'drain')
  response.resume()
  await drained
  assert.deepEqual(side.events, ['drained'])
  side.outgoing.end(Buffer.alloc(0))
  await once(response, 'end')
})

test('a client that leaves is reported as not served', async t => {
  const sides: Side[] = []
  const port = await serve(t, side => {
    sides.push(side)
    side.outgoing.head(stream, true)
  })
  const response = await responseFrom(port)
  const [side] = sides
  assert.ok(side)
  const closed = once(side.res, 'close')
  ;(response.socket as Socket).destroy()
  await closed
  assert.deepEqual([side.events, side.outgoing.isClosed, side.outgoing.isSent], [['closed false'], true, false])
})

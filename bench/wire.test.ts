import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { AnswerReader, Connection, EventCounter, WireError } from './wire.ts'

/** Cuts bytes at the given places, taken modulo their length. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map(place => place % bytes.length))].sort((a, b) => a - b)
  return [0, ...at]
    .map((from, index) => bytes.subarray(from, at[index] ?? bytes.length))
    .filter(part => part.length > 0)
}

const cuts = fc.array(fc.nat(), { maxLength: 40 })
const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 8 })

function chunked(parts: readonly Uint8Array[]): Buffer {
  const framed = parts.flatMap(part => [Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')])
  return Buffer.concat([
    Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'),
    ...framed,
    Buffer.from('0\r\n\r\n'),
  ])
}

function withLength(parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`), body])
}

// TCP cuts bytes at any place: a client that miscounts then would report errors, or hide them.
test('an answer is read to its exact last byte, however it is framed and cut', () => {
  fc.assert(
    fc.property(bodies, cuts, fc.constantFrom(chunked, withLength), (parts, places, framing) => {
      const reader = new AnswerReader()
      const seen: Buffer[] = []
      const pieces = cut(framing(parts), places)
      const answers = pieces.map(piece => reader.push(piece, bytes => seen.push(Buffer.from(bytes))))
      const body = Buffer.concat(parts)
      assert.deepEqual(answers.at(-1), { status: 200, bytes: body.length })
      assert.ok(answers.slice(0, -1).every(answer => answer === null))
      assert.ok(Buffer.concat(seen).equals(body))
    }),
  )
})

// Chunks lost by a relay are found by counting events; the count must not depend on how they arrive.
test('events are counted once each, however the bytes are cut', () => {
  const event = fc.stringMatching(/^data: [a-z ]{0,20}$/)
  fc.assert(
    fc.property(fc.array(event, { minLength: 1, maxLength: 20 }), cuts, (events, places) => {
      const counter = new EventCounter()
      const bytes = Buffer.from(events.map(text => `${text}\n\n`).join(''))
      const counted = cut(bytes, places).reduce((sum, part) => sum + counter.count(part), 0)
      assert.equal(counted, events.length)
    }),
  )
})

async function startServer(t: TestContext, onConnection: (socket: Socket) => void): Promise<string> {
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.once('data', () => onConnection(socket))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.after(() => new Promise(resolve => server.close(resolve)))
  const address = server.address()
  assert.ok(address !== null && typeof address !== 'string')
  return `http://127.0.0.1:${address.port}`
}

// A gateway that drops connections must not look fast.
for (const [what, answer, code] of [
  ['a connection cut in mid-answer', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', 'cut'],
  ['an answer that is not HTTP', 'SSH-2.0-x\r\n\r\n', 'not_http'],
  ['bytes beyond the end', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokMORE', 'not_http'],
] as const) {
  test(`${what} is an error, not an answer`, async t => {
    const url = await startServer(t, socket => socket.end(answer))
    const connection = await Connection.open(url, 5_000)
    await assert.rejects(connection.exchange(Buffer.from('x')), { name: 'WireError', code })
    assert.equal(connection.usable, false)
  })
}

// A gateway that hangs must end the run with an error, not hang the bench.
test('silence is an error', async t => {
  const sockets: Socket[] = []
  const url = await startServer(t, socket => sockets.push(socket))
  const connection = await Connection.open(url, 20)
  await assert.rejects(connection.exchange(Buffer.from('x')), { code: 'silence' })
  for (const socket of sockets) socket.destroy()
})

test('a refused connection is an error that names the address', async t => {
  const url = await startServer(t, () => {})
  await assert.rejects(Connection.open(url.replace('127.0.0.1', '127.0.0.2'), 1_000), (error: unknown) => {
    assert.ok(error instanceof WireError && error.code === 'connect' && error.message.includes('127.0.0.2'))
    return true
  })
})

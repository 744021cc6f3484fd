/**
 * The backend of the benchmark: answers chat completions with prepared bytes. It speaks HTTP/1.1 over `node:net` by
 * hand, because it shares a core with the load and must cost little compared to what is measured; the simulator
 * composes real answers and would be the bottleneck.
 */
import { createServer, type Socket } from 'node:net'
import { answerParent, isChild } from './child.ts'
import { answerBody, ordersOf, type StreamFrames, streamFrames } from './questions.ts'

const endOfHead = Buffer.from('\r\n\r\n')
const includeUsage = Buffer.from('"include_usage":true')

/**
 * Headers that Azure OpenAI sends too: each seat has to read and forward them. According to Microsoft's "Manage Azure
 * OpenAI quota", the six of its limits come with every call; a gateway with limits of its own sends its own six
 * instead.
 */
const commonHeaders =
  'apim-request-id: 3f1d1a9e-6d0f-4e39-9d0a-7a1f8f1c2b3d\r\nx-ms-region: Sweden Central\r\n' +
  'x-ratelimit-limit-requests: 5000\r\nx-ratelimit-limit-tokens: 500000\r\n' +
  'x-ratelimit-remaining-requests: 4999\r\nx-ratelimit-remaining-tokens: 449000\r\n' +
  'x-ratelimit-reset-requests: 1\r\nx-ratelimit-reset-tokens: 7\r\n'

const streamHead = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n${commonHeaders}\r\n`,
)

function plainAnswer(status: string, body: Buffer): Buffer {
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n${commonHeaders}\r\n`
  return Buffer.concat([Buffer.from(head), body])
}

function refusal(status: string, message: string): Buffer {
  return plainAnswer(status, Buffer.from(JSON.stringify({ error: { code: status.slice(0, 3), message } })))
}

function asHttpChunk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}

function asHttpChunks(frames: StreamFrames): StreamFrames {
  return {
    first: Buffer.concat([streamHead, asHttpChunk(frames.first)]),
    content: asHttpChunk(frames.content),
    last: Buffer.concat([asHttpChunk(frames.last), Buffer.from('0\r\n\r\n')]),
  }
}

/** Bytes made once and sent often. */
interface Prepared {
  readonly whole: Map<number, Buffer>
  readonly streamed: Record<'plain' | 'withUsage', StreamFrames>
}

function prepare(): Prepared {
  return {
    whole: new Map(),
    streamed: { plain: asHttpChunks(streamFrames(false)), withUsage: asHttpChunks(streamFrames(true)) },
  }
}

function wholeAnswer(prepared: Prepared, answerBytes: number): Buffer {
  const known = prepared.whole.get(answerBytes)
  if (known !== undefined) return known
  const made = plainAnswer('200 OK', answerBody(answerBytes))
  prepared.whole.set(answerBytes, made)
  return made
}

/**
 * Sends the content chunks at their pace, or as fast as the reader takes them, then the end; stops when the reader
 * disconnects.
 */
function sendStream(socket: Socket, frames: StreamFrames, chunks: number, paceMs: number): void {
  let left = chunks
  const step = (): void => {
    if (socket.destroyed) return
    while (left > 0) {
      left -= 1
      const roomy = socket.write(frames.content)
      if (paceMs > 0) return void setTimeout(step, paceMs)
      if (!roomy) return void socket.once('drain', step)
    }
    socket.write(frames.last)
  }
  socket.write(frames.first)
  if (paceMs > 0) setTimeout(step, paceMs)
  else step()
}

function answer(socket: Socket, prepared: Prepared, requestLine: string, body: Buffer): void {
  const path = (requestLine.split(' ', 2)[1] ?? '').split('?', 1)[0] ?? ''
  if (!path.endsWith('/chat/completions')) {
    socket.write(refusal('404 Not Found', `no such path: ${path}`))
    return
  }
  const orders = ordersOf(body)
  if (orders === null) {
    socket.write(refusal('400 Bad Request', 'the field `user` must say answer=BYTES chunks=COUNT pace=MS'))
    return
  }
  if (orders.chunks === 0) socket.write(wholeAnswer(prepared, orders.answerBytes))
  else {
    const frames = prepared.streamed[body.includes(includeUsage) ? 'withUsage' : 'plain']
    sendStream(socket, frames, orders.chunks, orders.paceMs)
  }
}

/** Takes requests from one connection, one after the other (no pipelining is expected, and none is done). */
function serveConnection(socket: Socket, prepared: Prepared): void {
  let parts: Buffer[] = []
  let held = 0
  let wanted = 0
  let headLength = 0
  let requestLine = ''
  const reset = (rest: Buffer): void => {
    parts = rest.length > 0 ? [rest] : []
    held = rest.length
    wanted = 0
  }
  /** Reads the head when it is complete; false when the connection is of no more use. */
  const readHead = (): boolean => {
    const bytes = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
    parts = [bytes]
    const end = bytes.indexOf(endOfHead)
    if (end < 0) return true
    const head = bytes.toString('latin1', 0, end)
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (length === undefined) {
      socket.end(refusal('411 Length Required', 'this backend takes bodies with a Content-Length only'))
      return false
    }
    requestLine = head.slice(0, head.indexOf('\r\n'))
    headLength = end + endOfHead.length
    wanted = headLength + Number(length)
    return true
  }
  socket.on('data', (bytes: Buffer) => {
    parts.push(bytes)
    held += bytes.length
    if (wanted === 0 && !readHead()) return
    if (wanted === 0 || held < wanted) return
    const whole = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
    const body = whole.subarray(headLength, wanted)
    reset(whole.subarray(wanted))
    answer(socket, prepared, requestLine, body)
  })
}

export interface Upstream {
  /** As http://127.0.0.1:PORT, without a path. */
  readonly url: string
  close(): Promise<void>
}

/** Listens on a free port of the loopback address. */
export async function startUpstream(): Promise<Upstream> {
  const prepared = prepare()
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // A client that disconnects in the middle of an answer is no error.
    socket.on('error', () => socket.destroy())
    serveConnection(socket, prepared)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the backend has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

if (import.meta.main && isChild) {
  const upstream = await startUpstream()
  answerParent({ url: upstream.url }, {}, () => upstream.close())
}

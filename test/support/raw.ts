/** HTTP/1.1 by hand: requests that client libraries would never send, and answers as the bytes that came. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { soon } from './wait.ts'

export interface RawAnswer {
  readonly status: number
  /** By name in lower case; repeated ones joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** One connection. Answers are taken in the order in which they come. */
export class RawConnection {
  readonly socket: Socket
  #chunks: Buffer[] = []
  #length = 0
  #ended = false
  #wake: () => void = () => {}

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#length += chunk.length
      this.#wake()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#ended = true
      this.#wake()
    })
  }

  static async open(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    const connection = new RawConnection(socket)
    await once(socket, 'connect')
    return connection
  }

  write(bytes: string | Buffer): void {
    if (!this.socket.destroyed) this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  /** Disconnects at once, like a killed process. */
  leave(): void {
    this.socket.resetAndDestroy()
  }

  /** The next whole answer. Null when the connection closes before there is one. */
  answer(options: { readonly ofHead?: boolean; readonly withinMs?: number } = {}): Promise<RawAnswer | null> {
    return soon('an answer on a raw connection', this.#answer(options.ofHead === true), options.withinMs)
  }

  /** All bytes until the other side closed. */
  async rest(withinMs?: number): Promise<Buffer> {
    await soon(
      'the other side closes',
      this.#until(() => this.#ended),
      withinMs,
    )
    return this.#joined()
  }

  /** Resolves when these bytes have come; they stay to be read. */
  async seen(text: string): Promise<void> {
    await soon(
      `"${text}" comes`,
      this.#until(() => this.#ended || this.#joined().includes(text)),
    )
    if (!this.#joined().includes(text)) throw new Error(`the connection closed before "${text}" came`)
  }

  async #answer(ofHead: boolean): Promise<RawAnswer | null> {
    let found: Read = { answer: null, length: 0 }
    await this.#until(() => {
      // Large answers come in thousands of pieces, which are joined only when enough is there.
      if (this.#length >= found.length) found = readAnswer(this.#joined(), ofHead, this.#ended)
      return found.answer !== null || this.#ended
    })
    if (found.answer === null) found = readAnswer(this.#joined(), ofHead, true)
    if (found.answer === null) return null
    const rest = this.#joined().subarray(found.length)
    this.#chunks = [rest]
    this.#length = rest.length
    return found.answer
  }

  #joined(): Buffer {
    const [first = Buffer.alloc(0)] = this.#chunks
    if (this.#chunks.length < 2) return first
    const all = Buffer.concat(this.#chunks)
    this.#chunks = [all]
    return all
  }

  async #until(done: () => boolean): Promise<void> {
    while (!done()) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }
}

/** An answer and its length; or null, and the number of bytes needed before looking again. */
interface Read {
  readonly answer: RawAnswer | null
  readonly length: number
}

function readAnswer(bytes: Buffer, ofHead: boolean, ended: boolean): Read {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd === -1) return { answer: null, length: bytes.length + 1 }
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1])
  if (Number.isNaN(status)) throw new Error(`not an HTTP/1.1 answer: ${statusLine.slice(0, 100)}`)
  const headers = readHeaders(lines)
  const start = headEnd + 4
  const whole = (body: Buffer, length: number): Read => ({ answer: { status, headers, body }, length })
  if (ofHead || status < 200 || status === 204 || status === 304) return whole(Buffer.alloc(0), start)
  if (headers['transfer-encoding'] === 'chunked') {
    return readChunks(bytes, start, whole) ?? { answer: null, length: bytes.length + 1 }
  }
  const length = headers['content-length']
  if (length === undefined) {
    return ended ? whole(bytes.subarray(start), bytes.length) : { answer: null, length: bytes.length + 1 }
  }
  const end = start + Number(length)
  return bytes.length < end ? { answer: null, length: end } : whole(bytes.subarray(start, end), end)
}

function readHeaders(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  }
  return headers
}

function readChunks(bytes: Buffer, start: number, whole: (body: Buffer, length: number) => Read): Read | null {
  const parts: Buffer[] = []
  let at = start
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd === -1) return null
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    const from = lineEnd + 2
    if (bytes.length < from + size + 2) return null
    if (size === 0) return whole(Buffer.concat(parts), from + 2)
    parts.push(bytes.subarray(from, from + size))
    at = from + size + 2
  }
}

export interface RawRequest {
  readonly method?: string
  /** The request target, sent unchanged. */
  readonly target: string
  /** Names and values alternately or as pairs, sent unchanged; Host and Connection: close are added unless given. */
  readonly headers?: readonly (readonly [string, string])[]
  /** A Content-Length is added unless one is given. */
  readonly body?: string | Buffer
}

/** The bytes of a request. */
export function requestBytes(url: string, request: RawRequest): Buffer {
  const given = request.headers ?? []
  const has = (name: string): boolean => given.some(([one]) => one.toLowerCase() === name)
  const body = Buffer.from(request.body ?? '')
  const lines = [
    `${request.method ?? (request.body === undefined ? 'GET' : 'POST')} ${request.target} HTTP/1.1`,
    ...(has('host') ? [] : [`Host: ${new URL(url).host}`]),
    ...given.map(([name, value]) => `${name}: ${value}`),
    ...(request.body === undefined || has('content-length') || has('transfer-encoding')
      ? []
      : [`Content-Length: ${body.length}`]),
    ...(has('connection') ? [] : ['Connection: close']),
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body])
}

/** One request on a connection of its own. @throws Error when the connection closes without an answer. */
export async function send(url: string, request: RawRequest): Promise<RawAnswer> {
  const connection = await RawConnection.open(url)
  try {
    connection.write(requestBytes(url, request))
    const answer = await connection.answer({ ofHead: request.method === 'HEAD' })
    if (answer === null) throw new Error('the connection was closed without an answer')
    return answer
  } finally {
    connection.socket.destroy()
  }
}

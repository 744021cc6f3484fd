/**
 * The load's own HTTP/1.1 client: one keep-alive connection over `node:net`, one exchange at a time. It costs a few
 * microseconds per call, so that the core it shares with the backend does not become the bottleneck.
 */
import { connect, type Socket } from 'node:net'

export type WireErrorCode = 'connect' | 'cut' | 'silence' | 'not_http' | 'busy'

/** The exchange did not come to an end. */
export class WireError extends Error {
  readonly code: WireErrorCode
  constructor(code: WireErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'WireError'
    this.code = code
  }
}

export interface Answer {
  readonly status: number
  /** Bytes of the body, without chunk framing. */
  readonly bytes: number
}

/** Called with each piece of a body as it comes; the bytes are only valid during the call. */
export type OnBody = (bytes: Buffer) => void

const endOfHead = Buffer.from('\r\n\r\n')
const headBytesMax = 65_536

/** Whole request as bytes. `url`: full URL over http. `headers`: beyond Host, Content-Type and Content-Length. */
export function requestBytes(url: string, headers: Readonly<Record<string, string>>, body: Buffer): Buffer {
  const { pathname, search, host } = new URL(url)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head =
    `POST ${pathname}${search} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n` +
    `content-length: ${body.length}\r\n${lines.join('')}\r\n`
  return Buffer.concat([Buffer.from(head), body])
}

/**
 * Reads one answer after the other, however the bytes are cut. `push` returns the answer that ended, null before that.
 */
export class AnswerReader {
  #rest: Buffer | null = null
  #status = 0
  #bytes = 0
  #state: 'head' | 'length' | 'chunkSize' | 'chunk' | 'chunkEnd' | 'trailer' = 'head'
  /** Bytes that are still missing from the current body or chunk. */
  #lacking = 0

  /** WireError `not_http` when the bytes are no HTTP answer with a length or chunks. */
  push(arrived: Buffer, onBody: OnBody): Answer | null {
    let bytes = this.#rest === null ? arrived : Buffer.concat([this.#rest, arrived])
    this.#rest = null
    while (bytes.length > 0) {
      const used = this.#step(bytes, onBody)
      if (used === 0) {
        this.#rest = bytes
        if (bytes.length > headBytesMax) throw new WireError('not_http', 'a head without an end')
        return null
      }
      bytes = bytes.subarray(used)
      if (this.#state !== 'head') continue
      if (bytes.length > 0) throw new WireError('not_http', 'bytes after the end of the answer')
      return { status: this.#status, bytes: this.#bytes }
    }
    return null
  }

  /**
   * Consumes what it can from the front; 0 when more is needed. When the state is `head` again, the answer has ended.
   */
  #step(bytes: Buffer, onBody: OnBody): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(bytes)
      case 'length':
      case 'chunk':
        return this.#readBody(bytes, onBody)
      case 'chunkEnd':
        if (bytes.length < 2) return 0
        this.#state = 'chunkSize'
        return 2
      case 'chunkSize':
      case 'trailer':
        return this.#readLine(bytes)
      default:
        this.#state satisfies never
        return 0
    }
  }

  #readHead(bytes: Buffer): number {
    const end = bytes.indexOf(endOfHead)
    if (end < 0) return 0
    const head = bytes.toString('latin1', 0, end)
    if (!head.startsWith('HTTP/1.1 ')) throw new WireError('not_http', 'the answer does not begin with HTTP/1.1')
    this.#status = Number(head.slice(9, 12))
    this.#bytes = 0
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (length !== undefined) {
      this.#lacking = Number(length)
      this.#state = this.#lacking === 0 ? 'head' : 'length'
    } else if (/\r\ntransfer-encoding: *chunked/i.test(head)) this.#state = 'chunkSize'
    else throw new WireError('not_http', 'the answer has neither Content-Length nor chunks')
    return end + endOfHead.length
  }

  #readBody(bytes: Buffer, onBody: OnBody): number {
    const part = bytes.length > this.#lacking ? bytes.subarray(0, this.#lacking) : bytes
    this.#lacking -= part.length
    this.#bytes += part.length
    onBody(part)
    if (this.#lacking === 0) this.#state = this.#state === 'chunk' ? 'chunkEnd' : 'head'
    return part.length
  }

  #readLine(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n')
    if (end < 0) return 0
    if (this.#state === 'trailer') {
      if (end === 0) this.#state = 'head'
      return end + 2
    }
    const line = bytes.toString('latin1', 0, end)
    if (!/^[0-9a-fA-F]{1,8}(;|$)/.test(line)) throw new WireError('not_http', 'a chunk without a size')
    this.#lacking = Number.parseInt(line, 16)
    this.#state = this.#lacking === 0 ? 'trailer' : 'chunk'
    return end + 2
  }
}

const ignoreBody: OnBody = () => {}

interface PendingAnswer {
  readonly onBody: OnBody
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: WireError) => void
}

/** One keep-alive connection. Not used again after an error. */
export class Connection {
  readonly #socket: Socket
  readonly #reader = new AnswerReader()
  #pending: PendingAnswer | null = null
  #broken: WireError | null = null

  private constructor(socket: Socket, silenceMsMax: number) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('error', cause => this.#fail(new WireError('cut', 'the connection broke', { cause })))
    socket.on('close', () => this.#fail(new WireError('cut', 'the connection was closed in the middle of an answer')))
    socket.setTimeout(silenceMsMax, () => this.#fail(new WireError('silence', `no byte for ${silenceMsMax} ms`)))
  }

  /** `silenceMsMax`: longest time without a byte. WireError `connect` when the connection is refused. */
  static open(url: string, silenceMsMax: number): Promise<Connection> {
    const { hostname, port } = new URL(url)
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port) })
      const refused = (cause: Error): void =>
        reject(new WireError('connect', `cannot connect to ${hostname}:${port}`, { cause }))
      socket.once('error', refused)
      socket.once('connect', () => {
        socket.off('error', refused)
        resolve(new Connection(socket, silenceMsMax))
      })
    })
  }

  /** Sends a whole request; resolves at the last byte of the answer. WireError when it does not come to an end. */
  exchange(request: Buffer, onBody: OnBody = ignoreBody): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#broken !== null) return reject(this.#broken)
      if (this.#pending !== null) return reject(new WireError('busy', 'one exchange at a time'))
      this.#pending = { onBody, resolve, reject }
      this.#socket.write(request)
    })
  }

  get usable(): boolean {
    return this.#broken === null
  }

  close(): void {
    this.#fail(new WireError('cut', 'closed'))
  }

  #take(bytes: Buffer): void {
    if (this.#pending === null) {
      this.#fail(new WireError('not_http', 'an answer without a request'))
      return
    }
    try {
      const answer = this.#reader.push(bytes, this.#pending.onBody)
      if (answer === null) return
      const { resolve } = this.#pending
      this.#pending = null
      resolve(answer)
    } catch (error) {
      this.#fail(error instanceof WireError ? error : new WireError('not_http', 'unreadable answer', { cause: error }))
    }
  }

  #fail(error: WireError): void {
    if (this.#broken !== null) return
    this.#broken = error
    this.#socket.destroy()
    const pending = this.#pending
    this.#pending = null
    pending?.reject(error)
  }
}

/** Counts server-sent events by their blank lines, however the bytes are cut. */
export class EventCounter {
  #endedInLineFeed = false

  /** How many events end within these bytes. */
  count(bytes: Buffer): number {
    let events = 0
    let from = 0
    if (this.#endedInLineFeed && bytes[0] === 0x0a) {
      events += 1
      from = 1
    }
    for (let at = bytes.indexOf('\n\n', from); at >= 0; at = bytes.indexOf('\n\n', at + 2)) {
      events += 1
      from = at + 2
    }
    this.#endedInLineFeed = bytes.length > from && bytes[bytes.length - 1] === 0x0a
    return events
  }
}

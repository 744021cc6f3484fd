/** The broker's listener: frames, one request after the other, and signing in. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { type Answer, apis, type BrokerState, type Session, versionsAnswer } from './apis.ts'
import { errorCode } from './errors.ts'
import { KafkaFaults } from './faults.ts'
import { Topics } from './topics.ts'
import { WireReader } from './wire.ts'

/** Longest request, in bytes (`socket.request.max.bytes`). */
const requestBytesMax = 104_857_600
const headBytes = 8
const apiVersionsKey = 18

export class KafkaBroker {
  readonly topics = new Topics()
  readonly faults = new KafkaFaults()
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #state: BrokerState

  private constructor(server: Server, host: string, port: number, users: BrokerState['users']) {
    const { topics, faults } = this
    this.#server = server
    this.#state = { host, port, topics, faults, users, producers: 1_000n }
    server.on('connection', socket => this.#serve(socket))
  }

  static async listen(host: string, port: number, users: BrokerState['users']): Promise<KafkaBroker> {
    const server = createServer({ noDelay: true })
    server.listen(port, host)
    await once(server, 'listening')
    return new KafkaBroker(server, host, (server.address() as AddressInfo).port, users)
  }

  /** `HOST:PORT`. */
  get address(): string {
    return `${this.#state.host}:${this.#state.port}`
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => {})
    const session: Session = { isSignedIn: this.#state.users === null }
    this.#answerAll(socket, session).catch(() => socket.destroy())
  }

  async #answerAll(socket: Socket, session: Session): Promise<void> {
    for await (const request of requestsOf(socket)) {
      const answer = await this.#answer(request, session)
      if (answer === 'close') break
      const body = answer.finish()
      const head = Buffer.allocUnsafe(headBytes)
      head.writeInt32BE(body.byteLength + 4)
      head.writeInt32BE(request.readInt32BE(4), 4)
      if (!socket.write(Buffer.concat([head, body]))) await once(socket, 'drain')
    }
    socket.destroy()
  }

  /** A request that is too short, or of an unknown kind, ends the connection, as with Kafka. */
  #answer(request: Buffer, session: Session): Answer | Promise<Answer> {
    const reader = new WireReader(request)
    const [key, version] = [reader.int16(), reader.int16()]
    reader.int32()
    const api = apis.find(row => row.key === key)
    if (api === undefined || (!session.isSignedIn && api.isOpen !== true)) return 'close'
    const [least, most] = api.versions
    if (version < least || version > most)
      return key === apiVersionsKey ? versionsAnswer(errorCode.unsupportedVersion) : 'close'
    reader.string()
    return api.answer(reader, this.#state, session, version)
  }
}

/** Requests of a connection, without their length. @throws RangeError for a length that is none. */
async function* requestsOf(socket: Socket): AsyncGenerator<Buffer> {
  let chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.byteLength
    for (
      let length = lengthOf(chunks, bytes);
      length !== null && bytes >= 4 + length;
      length = lengthOf(chunks, bytes)
    ) {
      const whole = Buffer.concat(chunks)
      yield whole.subarray(4, 4 + length)
      const rest = whole.subarray(4 + length)
      chunks = [rest]
      bytes = rest.byteLength
    }
  }
}

function lengthOf(chunks: Buffer[], bytes: number): number | null {
  if (bytes < 4) return null
  if ((chunks[0]?.byteLength ?? 0) < 4) chunks.splice(0, chunks.length, Buffer.concat(chunks))
  const length = chunks[0]?.readInt32BE() ?? -1
  if (length < headBytes || length > requestBytesMax) throw new RangeError('a request has a length that is none')
  return length
}

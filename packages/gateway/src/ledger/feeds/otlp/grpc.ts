/**
 * OTLP over gRPC: unary calls over HTTP/2, one after the other on one connection.
 * https://opentelemetry.io/docs/specs/otlp/#otlpgrpc
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2'
import type { Clock } from '../../../clock.ts'
import { version } from '../../../version.ts'
import { CheckedAddresses } from '../checked-addresses.ts'
import { answerBytesMax, answeredFailure, withoutAnswer } from '../checked-host.ts'
import type { CollectorOptions } from './collector.ts'
import { grpcFailure } from './grpc-status.ts'
import type { Packing } from './packing.ts'
import type { OtlpClient, Signal } from './protocol.ts'

/** Services of opentelemetry/proto/collector. */
const methods: Readonly<Record<Signal, string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
}

const advice: Readonly<Record<number, string>> = {
  401: 'Check `credential`.',
  403: 'Check `credential`.',
  404: 'Correct `url`: what answers there does not speak gRPC.',
  405: 'Correct `url`: what answers there does not speak gRPC.',
  415: 'Correct `url`: what answers there does not speak gRPC.',
}

/** A flag for compression and four bytes of length are before each message. */
const prefixBytes = 5

/** A connection that is not used for so long is closed; what is in between may have forgotten it. Milliseconds. */
const idleMs = 10_000

interface CallAnswer {
  readonly head: IncomingHttpHeaders
  readonly trailers: IncomingHttpHeaders
  /** The message, without its prefix. */
  readonly message: Uint8Array
}

export class GrpcCollector implements OtlpClient {
  readonly #url: URL
  readonly #timeoutMs: number
  readonly #clock: Clock
  readonly #signal: Signal
  readonly #packing: Packing
  readonly #addresses: CheckedAddresses
  readonly #headers: Readonly<Record<string, string>>
  /** Null before the first request, and after the connection has ended. */
  #session: ClientHttp2Session | null = null

  constructor({ url, credential, timeoutMs, clock, signal, packing, resolve }: CollectorOptions) {
    this.#url = new URL(url)
    this.#timeoutMs = timeoutMs
    this.#clock = clock
    this.#signal = signal
    this.#packing = packing
    this.#addresses = new CheckedAddresses(this.#url, this.#url.hostname, resolve)
    this.#headers = {
      ...(credential === null ? {} : { [credential.header]: credential.secret }),
      ':method': 'POST',
      ':path': methods[signal],
      'content-type': 'application/grpc',
      te: 'trailers',
      'grpc-encoding': packing.encoding ?? 'identity',
      'grpc-accept-encoding': 'identity',
      'grpc-timeout': `${timeoutMs}m`,
      'user-agent': `gatehouse/${version}`,
    }
  }

  async send(message: Uint8Array): Promise<{ readonly answer: Uint8Array; readonly bytes: number }> {
    this.#addresses.checkLiteral()
    const packed = await this.#packing.pack(message)
    const prefix = Buffer.alloc(prefixBytes)
    prefix.writeUInt8(this.#packing.encoding === null ? 0 : 1, 0)
    prefix.writeUInt32BE(packed.byteLength, 1)
    const { head, trailers, message: answer } = await this.#call(Buffer.concat([prefix, packed]))
    const name = this.#url.host
    const status = Number(head[':status'])
    if (status !== 200) throw answeredFailure(name, status, head, advice, this.#clock())
    // An answer without a message has its status in the head.
    const failure = grpcFailure(name, this.#signal, 'grpc-status' in head ? head : trailers)
    if (failure !== null) throw failure
    return { answer, bytes: packed.byteLength + prefixBytes }
  }

  async close(): Promise<void> {
    this.#session?.destroy()
    this.#session = null
  }

  async #call(frame: Buffer): Promise<CallAnswer> {
    const signal = AbortSignal.timeout(this.#timeoutMs)
    let stream: ClientHttp2Stream | null = null
    try {
      const session = await this.#connected(signal)
      stream = session.request(this.#headers, { signal })
      let trailers: IncomingHttpHeaders = {}
      stream.on('trailers', given => {
        trailers = given
      })
      stream.end(frame)
      const head = await headOf(stream)
      const message = await messageOf(stream)
      return { head, trailers, message }
    } catch (error) {
      stream?.destroy()
      // The next request gets a connection of its own, whatever is wrong with this one.
      await this.close()
      throw withoutAnswer(this.#url.host, this.#timeoutMs, signal.aborted ? signal.reason : error)
    }
  }

  /** Each connection goes to an address that was checked when the name was resolved for it. */
  async #connected(signal: AbortSignal): Promise<ClientHttp2Session> {
    if (this.#session !== null && !this.#session.closed && !this.#session.destroyed) return this.#session
    const session = connect(this.#url, { lookup: this.#addresses.lookup })
    this.#session = session
    // What ends a connection between two requests is seen by the next one.
    session.on('error', () => {})
    session.setTimeout(idleMs, () => session.close())
    await once(session, 'connect', { signal })
    return session
  }
}

/** Rejects where the connection ends before the head of the answer. */
function headOf(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingHttpHeaders>()
  stream.once('response', resolve)
  stream.once('error', reject)
  stream.once('close', () => reject(Object.assign(new Error('no answer'), { code: 'ERR_STREAM_PREMATURE_CLOSE' })))
  return promise
}

/** Reads the answer to its end, where its status is. A message that is too long counts as empty. */
async function messageOf(stream: AsyncIterable<Buffer>): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream) {
    bytes += chunk.byteLength
    if (bytes <= answerBytesMax) chunks.push(chunk)
  }
  return bytes <= answerBytesMax ? Buffer.concat(chunks).subarray(prefixBytes) : new Uint8Array()
}

/**
 * A collector of OpenTelemetry that takes spans by OTLP over HTTP, as protobuf, plain or in gzip. Spans are kept in
 * memory only. https://opentelemetry.io/docs/specs/otlp/#otlphttp
 *
 *     const collector = await startOtlp()
 *     // ... collector.url is the address for traces of any exporter ...
 *     console.log(collector.spans)
 *     await collector.close()
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, isIP } from 'node:net'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { OtlpOptions, OtlpSimulator, ReceivedSpan } from './types.ts'

const keptSpansMax = 10_000
/** Bytes of a request, and of what it is when it is unpacked. */
const requestBytesMax = 67_108_864
const path = '/v1/traces'
const protobufType = 'application/x-protobuf'

/** A request that is refused. */
class Refused extends Error {
  readonly status: number
  constructor(status: number) {
    super()
    this.status = status
  }
}

/** Rejects with the error of `listen` when the port is taken. */
export async function startOtlp(options: OtlpOptions = {}): Promise<OtlpSimulator> {
  const { host = '127.0.0.1', port = 0, received = async () => null } = options
  // Only who starts a collector needs the decoder.
  const { partialAnswer, readSpans } = await import('./decode.ts')
  const spans: ReceivedSpan[] = []
  /** @returns the answer to a request that was taken. */
  const take = async (request: IncomingMessage): Promise<Uint8Array> => {
    const came = read(await bodyOf(request), readSpans)
    const rejected = await received(came)
    spans.push(...came)
    spans.splice(0, Math.max(0, spans.length - keptSpansMax))
    return rejected === null ? new Uint8Array() : partialAnswer(rejected.count, rejected.reason)
  }
  const server = createServer((request, response) => {
    take(request).then(
      answer => response.writeHead(200, { 'content-type': protobufType }).end(answer),
      error => response.writeHead(error instanceof Refused ? error.status : 500, { connection: 'close' }).end(),
    )
  })
  server.listen(port, host)
  await once(server, 'listening')
  const name = isIP(host) === 4 && host.startsWith('127.') ? 'localhost' : host
  return {
    url: `http://${name}:${(server.address() as AddressInfo).port}${path}`,
    spans,
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** @throws Refused where it is no request with spans. */
async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const { method, url, headers } = request
  if (url !== path) throw new Refused(404)
  if (method !== 'POST') throw new Refused(405)
  if (!/^application\/x-protobuf\b/i.test(headers['content-type'] ?? '')) throw new Refused(415)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength
    if (bytes > requestBytesMax) throw new Refused(413)
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  const encoding = headers['content-encoding'] ?? 'identity'
  if (encoding === 'identity') return body
  if (encoding !== 'gzip') throw new Refused(415)
  return promisify(gunzip)(body, { maxOutputLength: requestBytesMax }).catch(() => {
    throw new Refused(400)
  })
}

function read(body: Buffer, readSpans: (body: Uint8Array) => ReceivedSpan[]): ReceivedSpan[] {
  try {
    return readSpans(body)
  } catch {
    throw new Refused(400)
  }
}

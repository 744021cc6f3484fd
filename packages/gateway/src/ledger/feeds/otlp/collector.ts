import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { answerBytesMax, CheckedHost, type CheckedHostOptions, contentRefusals } from '../checked-host.ts'

export interface CollectorOptions extends Omit<CheckedHostOptions, 'privateHost'> {
  readonly credential: { readonly header: string; readonly secret: string } | null
}

/** The collector can never take this request: 400, 413, 415 or 422. */
export class RequestRefusedError extends Error {
  override readonly name = 'RequestRefusedError'
}

const advice: Readonly<Record<number, string>> = {
  401: 'Check `credential`.',
  403: 'Check `credential`.',
  404: 'Correct `url`: most collectors take traces at /v1/traces.',
}

const compressed = promisify(gzip)

/**
 * The other side of OTLP over HTTP: requests one after the other, bodies as protobuf in gzip.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export class Collector {
  readonly #host: CheckedHost
  readonly #headers: Readonly<Record<string, string>>

  constructor({ credential, ...options }: CollectorOptions) {
    // A collector is nearly always in the operator's own network; metadata services are never one.
    this.#host = new CheckedHost({ ...options, privateHost: new URL(options.url).hostname })
    this.#headers = {
      ...(credential === null ? {} : { [credential.header]: credential.secret }),
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
    }
  }

  /**
   * Sends a request once.
   * @returns the answer to a request that was taken, and the bytes that were sent.
   * @throws RequestRefusedError, RetryLaterError, or Error for everything that may pass.
   */
  async send(body: Uint8Array): Promise<{ readonly answer: Uint8Array; readonly bytes: number }> {
    const packed = await compressed(body)
    const { status, headers, read } = await this.#host.post(this.#headers, packed, bounded)
    if (contentRefusals.has(status))
      throw new RequestRefusedError(`${this.#host.name} answered ${status}: it does not take these spans.`)
    if (status < 200 || status >= 300) throw this.#host.failure(status, headers, advice)
    const isProtobuf = /^application\/x-protobuf\b/i.test(String(headers['content-type'] ?? ''))
    return { answer: isProtobuf ? read : new Uint8Array(), bytes: packed.byteLength }
  }

  close(): Promise<void> {
    return this.#host.close()
  }
}

/** A longer answer counts as empty, and closes its connection. @throws when the answer breaks off. */
async function bounded(body: AsyncIterable<Buffer>): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > answerBytesMax) return new Uint8Array()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

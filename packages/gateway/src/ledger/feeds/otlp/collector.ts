import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { Agent, request } from 'undici'
import type { Clock } from '../../../clock.ts'
import { version } from '../../../version.ts'
import { retryAfterMs } from '../../../wire/retry-after.ts'
import { CheckedAddresses, type ResolveName, requestFailure } from '../checked-addresses.ts'
import { RetryLaterError } from '../retry-later.ts'

export interface CollectorOptions {
  readonly url: string
  readonly credential: { readonly header: string; readonly secret: string } | null
  /** Milliseconds for a request and its answer. */
  readonly timeoutMs: number
  readonly clock: Clock
  /** Default: the system's. */
  readonly resolve?: ResolveName | undefined
}

/** The collector can never take this request: 400, 413, 415 or 422. */
export class RequestRefusedError extends Error {
  override readonly name = 'RequestRefusedError'
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly said: Uint8Array
}

/** Most bytes of an answer that are read. */
const answerBytesMax = 65_536

const refusesRequest: ReadonlySet<number> = new Set([400, 413, 415, 422])

const compressed = promisify(gzip)

/**
 * The other side of OTLP over HTTP: one connection, requests one after the other, bodies as protobuf in gzip.
 * https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export class Collector {
  readonly #options: CollectorOptions
  readonly #url: URL
  readonly #addresses: CheckedAddresses
  readonly #agent: Agent

  constructor(options: CollectorOptions) {
    const { timeoutMs } = options
    this.#options = options
    this.#url = new URL(options.url)
    // A collector is nearly always in the operator's own network; metadata services are never one.
    this.#addresses = new CheckedAddresses(this.#url, this.#url.hostname, options.resolve)
    this.#agent = new Agent({
      ...{ connections: 1, pipelining: 1, keepAliveTimeout: 10_000 },
      connect: { timeout: timeoutMs, lookup: this.#addresses.lookup },
      ...{ headersTimeout: timeoutMs, bodyTimeout: timeoutMs },
    })
  }

  /**
   * Sends a request once.
   * @returns the answer to a request that was taken, and the bytes that were sent.
   * @throws RequestRefusedError, RetryLaterError, or Error for everything that may pass. Their messages name the host
   *   alone.
   */
  async send(body: Uint8Array): Promise<{ readonly answer: Uint8Array; readonly bytes: number }> {
    this.#addresses.checkLiteral()
    const packed = await compressed(body)
    const { status, headers, said } = await this.#post(packed)
    if (status < 200 || status >= 300) throw this.#verdict(status, headers)
    const isProtobuf = /^application\/x-protobuf\b/i.test(String(headers['content-type'] ?? ''))
    return { answer: isProtobuf ? said : new Uint8Array(), bytes: packed.byteLength }
  }

  async #post(body: Uint8Array): Promise<Answer> {
    const { credential, timeoutMs } = this.#options
    try {
      const {
        statusCode,
        headers,
        body: said,
      } = await request(this.#url, {
        dispatcher: this.#agent,
        method: 'POST',
        headers: {
          ...(credential === null ? {} : { [credential.header]: credential.secret }),
          'content-type': 'application/x-protobuf',
          'content-encoding': 'gzip',
          'user-agent': `gatehouse/${version}`,
        },
        body,
        signal: AbortSignal.timeout(timeoutMs),
      })
      return { status: statusCode, headers, said: await bounded(said) }
    } catch (error) {
      throw requestFailure(error, this.#url.host, timeoutMs)
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  #verdict(status: number, headers: Answer['headers']): Error {
    const says = `${this.#url.host} answered ${status}`
    if (refusesRequest.has(status)) return new RequestRefusedError(`${says}: it does not take these spans.`)
    if (status >= 300 && status < 400)
      return new Error(`${says}: redirects are not followed. Write the address that it leads to into \`url\`.`)
    const asked = retryAfterMs(headers, this.#options.clock())
    if (asked !== null)
      return new RetryLaterError(`${says} and asks for a pause of ${Math.ceil(asked / 1_000)} s.`, asked)
    if (status === 401 || status === 403) return new Error(`${says}. Check \`credential\`.`)
    if (status === 404) return new Error(`${says}. Correct \`url\`: most collectors take traces at /v1/traces.`)
    return new Error(`${says}. The feed tries again with growing pauses.`)
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

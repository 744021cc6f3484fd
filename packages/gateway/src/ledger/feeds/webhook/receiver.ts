import { Agent, request } from 'undici'
import type { Clock } from '../../../clock.ts'
import { version } from '../../../version.ts'
import { retryAfterMs } from '../../../wire/retry-after.ts'
import { CheckedAddresses, type ResolveName, requestFailure } from '../checked-addresses.ts'
import { RetryLaterError } from '../retry-later.ts'
import { signedHeaders } from './sign.ts'

export interface ReceiverOptions {
  readonly url: string
  readonly keys: readonly Uint8Array[]
  /** The host of `url` where it may have private addresses; null for public ones only. */
  readonly privateHost: string | null
  /** Milliseconds for a request and its answer. */
  readonly timeoutMs: number
  readonly clock: Clock
  /** Default: the system's. */
  readonly resolve?: ResolveName
}

/** The receiver says that this content can never be taken: 400, 413, 415 or 422. */
export class ContentRefusedError extends Error {
  override readonly name = 'ContentRefusedError'
}

/** The receiver says 410: it wants nothing more. */
export class GoneError extends Error {
  override readonly name = 'GoneError'
}

/** Bytes of an answer's body that are read, so that the connection can be used again. They are thrown away. */
const answerBytesMax = 65_536

const refusesContent: ReadonlySet<number> = new Set([400, 413, 415, 422])

/** The other side of a webhook: one connection, and only to addresses that were checked. */
export class Receiver {
  readonly #options: ReceiverOptions
  readonly #url: URL
  readonly #addresses: CheckedAddresses
  readonly #agent: Agent

  constructor(options: ReceiverOptions) {
    this.#options = options
    this.#url = new URL(options.url)
    this.#addresses = new CheckedAddresses(this.#url, options.privateHost, options.resolve)
    this.#agent = new Agent({
      connections: 1,
      pipelining: 1,
      keepAliveTimeout: 10_000,
      connect: { timeout: options.timeoutMs, lookup: this.#addresses.lookup },
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
    })
  }

  /**
   * Sends a message once. Resolves when the receiver has answered 2xx; what else it says is not read.
   * @throws GoneError, ContentRefusedError, RetryLaterError, or Error for everything that may pass. Their messages name
   *   the host alone: a path may be a secret.
   */
  async post(id: string, body: Uint8Array): Promise<void> {
    const { clock, keys, timeoutMs } = this.#options
    this.#addresses.checkLiteral()
    let answer: Awaited<ReturnType<typeof request>>
    try {
      answer = await request(this.#url, {
        dispatcher: this.#agent,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': `gatehouse/${version}`,
          ...signedHeaders(id, clock(), body, keys),
        },
        body,
        signal: AbortSignal.timeout(timeoutMs),
      })
    } catch (error) {
      throw requestFailure(error, this.#url.host, timeoutMs)
    }
    // Whether the rest of the answer arrives changes nothing.
    await answer.body.dump({ limit: answerBytesMax }).catch(() => {})
    this.#judge(answer.statusCode, answer.headers)
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  #judge(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
    if (status >= 200 && status < 300) return
    const says = `${this.#url.host} answered ${status}`
    if (status === 410) throw new GoneError(`${says}: it wants nothing more.`)
    if (refusesContent.has(status)) throw new ContentRefusedError(`${says}: it does not take this content.`)
    if (status >= 300 && status < 400)
      throw new Error(`${says}: redirects are not followed. Write the address that it leads to into \`url\`.`)
    const asked = retryAfterMs(headers, this.#options.clock())
    if (asked !== null)
      throw new RetryLaterError(`${says} and asks for a pause of ${Math.ceil(asked / 1_000)} s.`, asked)
    if (status === 401 || status === 403) throw new Error(`${says}. Check that it has the secret, and the clocks.`)
    if (status === 404) throw new Error(`${says}. Correct \`url\`.`)
    throw new Error(`${says}. The feed tries again with growing pauses.`)
  }
}

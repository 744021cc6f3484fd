/** Requests of feeds over HTTP to one host, and what its answers mean. */
import { Agent, type Dispatcher, request } from 'undici'
import type { Clock } from '../../clock.ts'
import { version } from '../../version.ts'
import { type AnswerHeaders, retryAfterMs } from '../../wire/retry-after.ts'
import { CheckedAddresses, ForbiddenAddressError, type ResolveName } from './checked-addresses.ts'
import { networkAdvice, shownCode } from './network-errors.ts'
import { RetryLaterError } from './retry-later.ts'

export interface HostParts {
  readonly clock: Clock
  /** Default: the system's. */
  readonly resolve?: ResolveName | undefined
}

export interface CheckedHostOptions extends HostParts {
  readonly url: string
  /** The host of `url` where it may have private addresses; null for public ones only. */
  readonly privateHost: string | null
  /** Milliseconds for a request and its answer. */
  readonly timeoutMs: number
}

interface Answer<Read> {
  readonly status: number
  readonly headers: AnswerHeaders
  readonly read: Read
}

/** Bytes of an answer's body that are read, so that the connection can be used again. */
export const answerBytesMax = 65_536

/** Statuses that say that the content of a request can never be taken. */
export const contentRefusals: ReadonlySet<number> = new Set([400, 413, 415, 422])

/**
 * One connection, requests one after the other, no redirects, and only to addresses that were checked. Messages of
 * errors name the host alone: a path may be a secret.
 */
export class CheckedHost {
  /** As in `url`, with its port. */
  readonly name: string
  readonly #url: URL
  readonly #timeoutMs: number
  readonly #clock: Clock
  readonly #addresses: CheckedAddresses
  readonly #agent: Agent

  constructor({ url, privateHost, timeoutMs, clock, resolve }: CheckedHostOptions) {
    this.#url = new URL(url)
    this.name = this.#url.host
    this.#timeoutMs = timeoutMs
    this.#clock = clock
    this.#addresses = new CheckedAddresses(this.#url, privateHost, resolve)
    this.#agent = new Agent({
      ...{ connections: 1, pipelining: 1, keepAliveTimeout: 10_000 },
      connect: { timeout: timeoutMs, lookup: this.#addresses.lookup },
      ...{ headersTimeout: timeoutMs, bodyTimeout: timeoutMs },
    })
  }

  /**
   * Sends a request once.
   * @param read reads the answer's body to its end, or destroys it.
   * @throws Error with what to do when there is no answer.
   */
  async post<Read>(
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    read: (body: Dispatcher.ResponseData['body']) => Promise<Read>,
  ): Promise<Answer<Read>> {
    this.#addresses.checkLiteral()
    try {
      const answer = await request(this.#url, {
        dispatcher: this.#agent,
        method: 'POST',
        headers: { ...headers, 'user-agent': `gatehouse/${version}` },
        body,
        signal: AbortSignal.timeout(this.#timeoutMs),
      })
      return { status: answer.statusCode, headers: answer.headers, read: await read(answer.body) }
    } catch (error) {
      throw withoutAnswer(this.name, this.#timeoutMs, error)
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  /**
   * What an answer means that is neither 2xx nor a refusal of the content.
   * @param advice what to do, by status.
   */
  failure(status: number, headers: AnswerHeaders, advice: Readonly<Record<number, string>>): Error {
    return answeredFailure(this.name, status, headers, advice, this.#clock())
  }
}

/** A longer answer counts as empty, and closes its connection. @throws when the answer breaks off. */
export async function readBounded(body: AsyncIterable<Buffer>, bytesMax = answerBytesMax): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) return new Uint8Array()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** As `failure` of `CheckedHost`. @param name of the host. */
export function answeredFailure(
  name: string,
  status: number,
  headers: AnswerHeaders,
  advice: Readonly<Record<number, string>>,
  nowMs: number,
): Error {
  const says = `${name} answered ${status}`
  if (status >= 300 && status < 400)
    return new Error(`${says}: redirects are not followed. Configure the address that it leads to.`)
  const asked = retryAfterMs(headers, nowMs)
  if (asked !== null)
    return new RetryLaterError(`${says} and asks for a pause of ${Math.ceil(asked / 1_000)} s.`, asked)
  return new Error(`${says}. ${advice[status] ?? 'The feed tries again with growing pauses.'}`)
}

/** Why there is no answer, and what to do. @param name of the host. */
export function withoutAnswer(name: string, timeoutMs: number, error: unknown): Error {
  const forbidden = [error, error instanceof Error ? error.cause : null].find(
    one => one instanceof ForbiddenAddressError,
  )
  if (forbidden instanceof ForbiddenAddressError) return forbidden
  if (error instanceof Error && error.name === 'TimeoutError')
    return new Error(`${name} did not answer within ${timeoutMs / 1_000} s.`)
  if (error instanceof Error && error.name === 'HTTPParserError')
    return new Error(`${name}: what it answers is not HTTP. Correct the address.`)
  const code = shownCode(error)
  return new Error(`${name}: ${networkAdvice(code) ?? 'the request failed'} (${code ?? 'no answer'}).`)
}

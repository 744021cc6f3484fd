import { type LookupAddress, lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { Agent, request } from 'undici'
import { addressClass } from '../../../addresses.ts'
import type { Clock } from '../../../clock.ts'
import { isLoopback } from '../../../identity/authority.ts'
import { version } from '../../../version.ts'
import { retryAfterMs } from '../../../wire/retry-after.ts'
import { networkAdvice, shownCode } from '../network-errors.ts'
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

/** All addresses of a name. */
export type ResolveName = (
  name: string,
  done: (error: Error | null, addresses: LookupAddress[] | undefined) => void,
) => void

/** The receiver says that this content can never be taken: 400, 413, 415 or 422. */
export class ContentRefusedError extends Error {
  override readonly name = 'ContentRefusedError'
}

/** The receiver says 410: it wants nothing more. */
export class GoneError extends Error {
  override readonly name = 'GoneError'
}

/** The host has an address that it must not have. No request was sent. */
class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError'
}

/** Bytes of an answer's body that are read, so that the connection can be used again. They are thrown away. */
const answerBytesMax = 65_536

const refusesContent: ReadonlySet<number> = new Set([400, 413, 415, 422])

/** The other side of a webhook: one connection, and only to addresses that were checked. */
export class Receiver {
  readonly #options: ReceiverOptions
  readonly #url: URL
  readonly #agent: Agent

  constructor(options: ReceiverOptions) {
    this.#options = options
    this.#url = new URL(options.url)
    this.#agent = new Agent({
      connections: 1,
      pipelining: 1,
      keepAliveTimeout: 10_000,
      connect: { timeout: options.timeoutMs, lookup: this.#lookup },
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
    const literal = withoutBrackets(this.#url.hostname)
    if (isIP(literal) !== 0) this.#check([literal])
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
      throw this.#failure(error)
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

  /** Every connection goes to one of the addresses that were checked here: the name is not resolved again. */
  readonly #lookup: LookupFunction = (name, options, done) => {
    const resolve = this.#options.resolve ?? resolveName
    resolve(name, (error, addresses) => {
      const first = addresses?.[0]
      if (error !== null || addresses === undefined || first === undefined) {
        done(error ?? new Error(`${name} has no address.`), '', 0)
        return
      }
      try {
        this.#check(addresses.map(({ address }) => address))
      } catch (refusal) {
        done(refusal as Error, '', 0)
        return
      }
      if (options.all === true) done(null, addresses)
      else done(null, first.address, first.family)
    })
  }

  #check(addresses: readonly string[]): void {
    const fault = addressFault(this.#url.hostname, addresses, this.#options.privateHost)
    if (fault !== null) throw new ForbiddenAddressError(`${this.#url.host} ${fault}.`)
  }

  #failure(error: unknown): Error {
    const { host } = this.#url
    const forbidden = [error, error instanceof Error ? error.cause : null].find(
      one => one instanceof ForbiddenAddressError,
    )
    if (forbidden instanceof ForbiddenAddressError) return forbidden
    if (error instanceof Error && error.name === 'TimeoutError')
      return new Error(`${host} did not answer within ${this.#options.timeoutMs / 1_000} s.`)
    if (error instanceof Error && error.name === 'HTTPParserError')
      return new Error(`${host}: what it answers is not HTTP. Correct \`url\`.`)
    const code = shownCode(error)
    return new Error(`${host}: ${networkAdvice(code) ?? 'the request failed'} (${code ?? 'no answer'}).`)
  }
}

/**
 * Why nothing is sent to a host with these addresses; null when all may be connected to. One that may not is enough: a
 * name that mixes them is not the operator's.
 * @param hostname as the URL has it.
 */
export function addressFault(
  hostname: string,
  addresses: readonly string[],
  privateHost: string | null,
): string | null {
  const isOwn = isLoopback(hostname)
  for (const address of addresses) {
    const found = addressClass(address)
    if (isOwn ? found === 'loopback' : found === 'public' || (found === 'private' && privateHost === hostname)) continue
    if (isOwn) return `has the address ${address}, which is not this machine. A webhook is not sent there`
    if (found === 'private')
      return `has the private address ${address}. If it belongs to your network, name the host in \`privateHost\``
    return `has the address ${address}, which is not public. A webhook is not sent there`
  }
  return null
}

const resolveName: ResolveName = (name, done) => lookup(name, { all: true }, done)

const withoutBrackets = (hostname: string): string => hostname.replace(/^\[|\]$/g, '')

import type { Clock } from '../../../clock.ts'
import { answerBytesMax, CheckedHost, type CheckedHostOptions, contentRefusals } from '../checked-host.ts'
import { ContentRefusedError } from '../refusals.ts'
import { signedHeaders } from './sign.ts'

export interface ReceiverOptions extends CheckedHostOptions {
  readonly keys: readonly Uint8Array[]
}

/** The receiver says 410: it wants nothing more. */
export class GoneError extends Error {
  override readonly name = 'GoneError'
}

const signInAdvice = 'Check that it has the secret, and the clocks.'
const advice: Readonly<Record<number, string>> = { 401: signInAdvice, 403: signInAdvice, 404: 'Correct `url`.' }

/** The other side of a webhook. */
export class Receiver {
  readonly #host: CheckedHost
  readonly #keys: readonly Uint8Array[]
  readonly #clock: Clock

  constructor({ keys, ...options }: ReceiverOptions) {
    this.#host = new CheckedHost(options)
    this.#keys = keys
    this.#clock = options.clock
  }

  /**
   * Sends a message once. Resolves when the receiver has answered 2xx; what else it says is not read.
   * @throws GoneError, ContentRefusedError, RetryLaterError, or Error for everything that may pass.
   */
  async post(id: string, body: Uint8Array): Promise<void> {
    const signed = { 'content-type': 'application/json', ...signedHeaders(id, this.#clock(), body, this.#keys) }
    const { status, headers } = await this.#host.post(signed, body, async said => {
      // Whether the rest of the answer arrives changes nothing.
      await said.dump({ limit: answerBytesMax }).catch(() => {})
    })
    if (status >= 200 && status < 300) return
    const says = `${this.#host.name} answered ${status}`
    if (status === 410) throw new GoneError(`${says}: it wants nothing more.`)
    if (contentRefusals.has(status)) throw new ContentRefusedError(`${says}: it does not take this content.`)
    throw this.#host.failure(status, headers, advice)
  }

  close(): Promise<void> {
    return this.#host.close()
  }
}

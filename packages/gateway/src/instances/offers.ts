/**
 * Finds out whether an instance offers an operation, before an upload is sent there. An upload is read once, so it
 * cannot be sent to another member after a 404.
 */
import type { Pool } from 'undici'
import type { Clock } from '../clock.ts'
import { errorIn } from '../wire/answer-error.ts'
import type { BackendFacts } from '../wire/backends.ts'
import type { InstanceCredential } from './credentials.ts'
import { beginningOf } from './error-body.ts'

const timeoutMs = 5_000
/** A server may be updated. Milliseconds. */
const rememberedMs = 600_000

export interface OffersParts {
  readonly connections: Pool
  readonly backend: Pick<BackendFacts, 'mayLackOperations' | 'lacksAddress' | 'refusal'>
  readonly credential: InstanceCredential
  readonly clock: Clock
}

export class Offers {
  readonly #parts: OffersParts
  /** By path. */
  readonly #known = new Map<string, { readonly isOffered: Promise<boolean>; readonly untilMs: number }>()

  constructor(parts: OffersParts) {
    this.#parts = parts
  }

  /**
   * False when the instance answers a GET of this path that it has nothing there, or that the gateway's key is not for
   * it. True where that is not known.
   * @param path a list of the API, with few results. Paths must come from the table of operations, because each is
   *   remembered.
   */
  has(path: string): boolean | Promise<boolean> {
    const { backend, credential, clock } = this.#parts
    if (!backend.mayLackOperations || credential.kind === 'caller') return true
    const nowMs = clock()
    const known = this.#known.get(path)
    if (known !== undefined && nowMs < known.untilMs) return known.isOffered
    const isOffered = this.#ask(path)
    this.#known.set(path, { isOffered, untilMs: nowMs + rememberedMs })
    return isOffered
  }

  /** Never rejects. */
  async #ask(path: string): Promise<boolean> {
    const { connections, backend, credential } = this.#parts
    try {
      const { name, value } = await credential.header('')
      const { statusCode, body } = await connections.request({
        method: 'GET',
        path,
        headers: { [name]: value, accept: 'application/json', 'accept-encoding': 'identity' },
        signal: AbortSignal.timeout(timeoutMs),
      })
      const error = errorIn(await beginningOf(body))
      if (statusCode < 400) return true
      // It may soon say something else.
      if (statusCode === 429 || statusCode >= 500) this.#known.delete(path)
      // A restricted key may not be for files at all.
      return !backend.lacksAddress(statusCode, error) && backend.refusal(statusCode, error) !== 'operation'
    } catch {
      this.#known.delete(path)
      return true
    }
  }
}

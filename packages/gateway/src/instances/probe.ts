/**
 * Probes: a request for the instance's models, which needs a connection and a credential and is not billed. Sent on
 * request, and at intervals where `instances.X.probe` says so.
 */
import type { Pool } from 'undici'
import type { Clock } from '../clock.ts'
import type { InstanceConfig } from '../config/schema/index.ts'
import { errorIn } from '../wire/answer-error.ts'
import type { BackendFacts, RefusalScope } from '../wire/backends.ts'
import type { Breaker } from './breaker.ts'
import { CredentialError, type InstanceCredential } from './credentials.ts'
import { beginningOf } from './error-body.ts'
import type { ProbeResult } from './state.ts'

/** Timeout where no active probes are configured. Milliseconds. */
const standardTimeoutMs = 5_000
/** This many probes in a row must fail before the instance is paused: a single lost answer is no outage. */
const failuresLeast = 2
const leftAloneMostMs = 60_000

export interface ProbeParts {
  readonly connections: Pool
  readonly backend: Pick<BackendFacts, 'probePath' | 'refusal'>
  readonly credential: InstanceCredential
  readonly reach: Breaker
  readonly clock: Clock
  /** Null where probes are only sent on request. */
  readonly settings: NonNullable<InstanceConfig['probe']> | null
}

export class Probes {
  readonly #parts: ProbeParts
  readonly #timer: NodeJS.Timeout | null
  #failuresInRow = 0
  #underWay = false
  /** The newest result, null before the first. */
  last: ProbeResult | null = null

  constructor(parts: ProbeParts) {
    this.#parts = parts
    const { settings } = parts
    this.#timer = settings === null ? null : setInterval(() => this.#look(), settings.every).unref()
  }

  /** Never rejects. */
  async probe(): Promise<ProbeResult> {
    const beganAt = performance.now()
    const { status, error } = await this.#ask()
    const durationMs = Math.round((performance.now() - beganAt) * 10) / 10
    const result = { atMs: this.#parts.clock(), ok: error === null, status, durationMs, error }
    // Without a token there is no probe, and that is no sign of bad health.
    if (this.#parts.credential.kind !== 'caller') this.#learn(result)
    return result
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
  }

  #look(): void {
    if (this.#underWay) return
    this.#underWay = true
    void this.probe().finally(() => {
      this.#underWay = false
    })
  }

  async #ask(): Promise<{ readonly status: number | null; readonly error: string | null }> {
    const { connections, backend, credential, settings } = this.#parts
    if (credential.kind === 'caller') {
      return {
        status: null,
        error: 'It is signed in to with each caller’s own token, so that there is none to probe it with.',
      }
    }
    const timeoutMs = settings?.timeout ?? standardTimeoutMs
    try {
      const { name, value } = await credential.header('')
      const answer = await connections.request({
        method: 'GET',
        path: backend.probePath,
        headers: { [name]: value, accept: 'application/json', 'accept-encoding': 'identity' },
        signal: AbortSignal.timeout(timeoutMs),
      })
      const { statusCode: status, body } = answer
      if (backend.refusal(status, null) !== null) {
        return { status, error: refusalWords(status, backend.refusal(status, errorIn(await beginningOf(body)))) }
      }
      await body.dump({ limit: 4_194_304 })
      return { status, error: status < 400 ? null : `It answered ${status}.` }
    } catch (error) {
      return { status: null, error: failureWords(error, timeoutMs) }
    }
  }

  #learn(result: ProbeResult): void {
    this.last = result
    const { reach, settings } = this.#parts
    // A refused credential is no outage: other calls may pass with it, and a person must look at it in any case.
    const answers = result.status !== null && result.status < 500
    if (answers) {
      this.#failuresInRow = 0
      if (reach.reason === 'probe' || reach.reason === 'failures' || reach.reason === 'failure_share') reach.restore()
      return
    }
    this.#failuresInRow += 1
    if (settings === null || this.#failuresInRow < failuresLeast) return
    // Paused until the next probe has had time to succeed; where probes are rare, calls find out earlier.
    reach.trip('probe', result.atMs + Math.min(leftAloneMostMs, settings.every + settings.timeout))
  }
}

/** Null where the credential is valid, but not for listing models: calls may pass with it. */
function refusalWords(status: number, scope: RefusalScope | null): string | null {
  if (scope === 'operation') return null
  return `It answered ${status}: the credential is not accepted, or lacks the role.`
}

/** Words without the error's own message: libraries put what was sent into theirs. */
function failureWords(error: unknown, timeoutMs: number): string {
  if (error instanceof CredentialError) return 'The gateway could not sign in to it; the log has the reason.'
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error
  const { code, name } = (first ?? {}) as { readonly code?: unknown; readonly name?: unknown }
  if (name === 'TimeoutError') return `It did not answer within ${timeoutMs} ms.`
  return `No answer came (${typeof code === 'string' ? code : 'unknown reason'}).`
}

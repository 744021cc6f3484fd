/**
 * Signs in to Redis with tokens of Microsoft Entra ID, as Azure Managed Redis takes them: the user is the object id of
 * the identity, the password a token. A connection ends with its token unless it was signed in with a newer one before.
 * https://learn.microsoft.com/azure/redis/entra-for-authentication
 */
import { decodeJwt } from 'jose'
import type { Clock } from '../clock.ts'
import { CredentialError, type InstanceCredential, identityCredential } from '../instances/credentials.ts'
import type { AppServiceEndpoint } from '../instances/managed-identity.ts'
import type { Log } from '../log.ts'
import type { RedisConfig } from './address.ts'

export interface SignIn {
  readonly username: string
  readonly password: string
}

export interface SignInParts {
  readonly clock: Clock
  readonly log?: Log
  /** Source of tokens, when it is not the environment of the process. */
  readonly appService?: AppServiceEndpoint
  /** Milliseconds between two looks for a newer token. Default 30,000. Only tests set it. */
  readonly lookEveryMs?: number
}

const scope = 'https://redis.azure.com/.default'
const prefix = 'Bearer '
/** A token is replaced five minutes before its end, so a connection is signed in again at least four minutes before. */
const lookEveryMsDefault = 30_000
/** Pause after the first attempt that gets no token, in ms; doubled after each further one. */
const retryMs = 2_000

export class TokenSignIn {
  readonly #credential: InstanceCredential
  readonly #lookEveryMs: number
  #latest: SignIn | null = null

  constructor(credential: NonNullable<RedisConfig['credential']>, { lookEveryMs, ...parts }: SignInParts) {
    const clientId = credential === 'managed-identity' ? null : credential.managedIdentity
    this.#credential = identityCredential(clientId, scope, parts)
    this.#lookEveryMs = lookEveryMs ?? lookEveryMsDefault
  }

  /** The token that was used last, which no message may contain; null before the first one. */
  get secret(): string | null {
    return this.#latest?.password ?? null
  }

  /** @throws CredentialError (as a rejection) when there is no token, or none that names its user. */
  async current(): Promise<SignIn> {
    const { value } = await this.#credential.header('')
    const password = value.slice(prefix.length)
    if (password === this.#latest?.password) return this.#latest
    const latest = { username: objectIdIn(password), password }
    this.#latest = latest
    return latest
  }

  /**
   * Passes on the first token as soon as there is one, and each later one.
   * @param failed called with each failure until the first token.
   * @returns a function that stops it.
   */
  follow(use: (signIn: SignIn) => void, failed: (error: Error) => void): () => void {
    let used: SignIn | null = null
    let stopped = false
    let timer: NodeJS.Timeout | undefined
    let pauseMs = Math.min(retryMs, this.#lookEveryMs)
    const look = async (): Promise<void> => {
      try {
        const latest = await this.current()
        if (stopped) return
        if (latest !== used) use(latest)
        used = latest
      } catch (error) {
        if (stopped) return
        if (used === null) failed(new Error(reasonOf(error)))
      }
      timer = setTimeout(() => void look(), used === null ? pauseMs : this.#lookEveryMs)
      pauseMs = Math.min(2 * pauseMs, this.#lookEveryMs)
      timer.unref()
    }
    void look()
    return () => {
      stopped = true
      clearTimeout(timer)
    }
  }
}

/** The identity's object id. Messages hold no part of the token. */
function objectIdIn(token: string): string {
  try {
    const { oid } = decodeJwt(token)
    if (typeof oid === 'string') return oid
  } catch {
    // The same fault as a token without the claim.
  }
  throw new CredentialError('the token of the managed identity names no object id (oid)')
}

/** Why there is no token, without secrets. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown reason'
  return error.cause instanceof Error
    ? `there is no token of the managed identity: ${error.cause.message}`
    : error.message
}

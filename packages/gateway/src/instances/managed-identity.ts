/** Reads tokens of a managed identity. */
import type { ManagedIdentityCredential } from '@azure/identity'
import { request } from 'undici'
import { z } from 'zod'
import { codeOf } from '../errors.ts'

/** The environment variables of App Service and Container Apps for a workload with a managed identity. */
export interface AppServiceEndpoint {
  readonly IDENTITY_ENDPOINT: string
  readonly IDENTITY_HEADER: string
}

export interface IssuedToken {
  readonly token: string
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number
}

/** Requests a token each time; rejects when there is none (`identityFault`). */
export type TokenReader = () => Promise<IssuedToken>

/** There is no token. The message is the reason, in words that hold no part of an answer. */
export class IdentityError extends Error {
  override readonly name = 'IdentityError'
}

const unreachable =
  /network_error|network_unavailable|Network unreachable|endpoint, but it is not available|TimeoutError|\b(?:ECONN|EHOST|ENET|ENOTFOUND|EAI_|ETIMEDOUT|UND_ERR_)/

/**
 * Why there is no token, in words that hold no part of an answer: the messages of `@azure/identity` (4.14) quote
 * answers and their header fields.
 */
export function identityFault(error: unknown): string {
  if (error instanceof IdentityError) return error.message
  const said = error instanceof Error ? `${error.name} ${codeOf(error) ?? ''} ${error.message}` : ''
  if (/identity not found/i.test(said)) return 'no such identity is assigned to where this runs'
  const [, status] = /http status code: (\d{3})\b/i.exec(said) ?? []
  if (status !== undefined) return `the identity endpoint answered ${status}`
  if (unreachable.test(said)) return 'no identity endpoint answers here'
  const [, code] = /Message:? ([a-z_]{1,64})\b/.exec(said) ?? []
  return `the identity endpoint refused the request (${code ?? 'unknown reason'})`
}

/**
 * Longest wait for a token. Where there is no identity at all, the library would try for longer than any client waits.
 */
const tokenTimeoutMs = 15_000

const appServiceAnswer = z.object({
  access_token: z.string().min(1),
  /** Seconds since the epoch, as a number or as its digits. */
  expires_on: z.union([z.number(), z.string().regex(/^\d{1,12}$/)]).transform(Number),
})

/**
 * Through `@azure/identity`: App Service, Container Apps, AKS workload identity, virtual machines, Arc.
 * @param clientId of a user-assigned identity; null for the system-assigned one.
 * @param scope as `https://cognitiveservices.azure.com/.default`.
 */
export function readSdk(clientId: string | null, scope: string): TokenReader {
  let credential: ManagedIdentityCredential | null = null
  return async () => {
    if (credential === null) {
      // Loaded only when it is needed: that takes longer than the rest of the start.
      const sdk = await import('@azure/identity')
      const retryOptions = { maxRetries: 2, retryDelayInMs: 200, maxRetryDelayInMs: 1_000 }
      credential = new sdk.ManagedIdentityCredential(clientId === null ? { retryOptions } : { clientId, retryOptions })
    }
    const issued = await within(tokenTimeoutMs, credential.getToken(scope))
    return { token: issued.token, expiresAtMs: issued.expiresOnTimestamp }
  }
}

/**
 * Directly from an endpoint in the form of App Service.
 * https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
export function readAppService(endpoint: AppServiceEndpoint, clientId: string | null, scope: string): TokenReader {
  const url = new URL(endpoint.IDENTITY_ENDPOINT)
  url.searchParams.set('api-version', '2019-08-01')
  url.searchParams.set('resource', scope.replace(/\/\.default$/, ''))
  if (clientId !== null) url.searchParams.set('client_id', clientId)
  return async () => {
    const answer = await request(url, {
      headers: { 'x-identity-header': endpoint.IDENTITY_HEADER },
      signal: AbortSignal.timeout(tokenTimeoutMs),
    })
    const text = await answer.body.text()
    if (answer.statusCode !== 200) throw new IdentityError(`the identity endpoint answered ${answer.statusCode}`)
    const found = appServiceAnswer.safeParse(parsed(text))
    if (!found.success) throw new IdentityError('the identity endpoint answered without access_token and expires_on')
    return { token: found.data.access_token, expiresAtMs: found.data.expires_on * 1_000 }
  }
}

/** Null instead of the parser's own message, which would quote the answer: it may hold a token. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new IdentityError(`the identity endpoint did not answer within ${ms / 1_000} s`)),
    ms,
  )
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

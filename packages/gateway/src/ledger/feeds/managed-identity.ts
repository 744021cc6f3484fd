/** The managed identity with which feeds and sources sign in to Azure. */
import type { TokenCredential } from '@azure/identity'

/** The system-assigned managed identity, or a user-assigned one by its client id. */
export type ManagedIdentity = 'managed-identity' | { readonly managedIdentity: string }

export async function tokensOf(identity: ManagedIdentity): Promise<TokenCredential> {
  // Loaded only when it is needed: that takes longer than the rest of the start.
  const { ManagedIdentityCredential } = await import('@azure/identity')
  return identity === 'managed-identity'
    ? new ManagedIdentityCredential()
    : new ManagedIdentityCredential({ clientId: identity.managedIdentity })
}

/** Names of errors with which `@azure/identity` says that it got no token. */
const tokenErrors: ReadonlySet<string> = new Set([
  'CredentialUnavailableError',
  'AuthenticationError',
  'AggregateAuthenticationError',
  'AuthenticationRequiredError',
])

/** What an operator can do where there is no token; null for other errors. @param place for the message. */
export function explainMissingToken(error: unknown, place: string): Error | null {
  if (!(error instanceof Error && tokenErrors.has(error.name))) return null
  return new Error(
    `${place}: there is no token of the managed identity (${error.name}). Give this machine one, or check its client id.`,
  )
}

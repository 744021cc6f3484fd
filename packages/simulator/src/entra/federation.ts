/** Tokens of other services in place of a secret: RFC 7523 section 2.2, workload identity federation of Entra. */
import { createPublicKey } from 'node:crypto'
import { jwtVerify } from 'jose'
import type { Application, FederatedCredential } from '../types.ts'
import { EntraError } from './errors.ts'

const audience = 'api://AzureADTokenExchange'

/** @throws EntraError when the token is of none of the client's federated credentials. */
export async function checkAssertion(assertion: string, client: Application, nowMs: number): Promise<void> {
  const { federatedCredentials = [] } = client
  if (federatedCredentials.length === 0) throw new EntraError('client_assertion_unsupported')
  const proofs = await Promise.all(federatedCredentials.map(credential => proves(assertion, credential, nowMs)))
  if (!proofs.includes(true)) throw new EntraError('client_assertion_unmatched', { client: client.appId })
}

async function proves(assertion: string, credential: FederatedCredential, nowMs: number): Promise<boolean> {
  const { issuer, subject, publicKey } = credential
  const wanted = { issuer, subject, audience, algorithms: ['RS256'], currentDate: new Date(nowMs) }
  return jwtVerify(assertion, createPublicKey(publicKey), wanted).then(
    () => true,
    () => false,
  )
}

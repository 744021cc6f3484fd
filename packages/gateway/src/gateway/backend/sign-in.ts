import { CredentialError, type CredentialHeader } from '../../instances/credentials.ts'
import type { Instance } from '../../instances/index.ts'
import { Refusal } from '../refusals.ts'

/**
 * The instance's credential as a header field; synchronous where the gateway has it already.
 * @throws Refusal credential_unavailable, by rejecting
 */
export function signIn(instance: Instance, token: string): CredentialHeader | Promise<CredentialHeader> {
  const header = instance.credential.header(token)
  return header instanceof Promise ? header.catch(cause => refuse(instance, cause)) : header
}

function refuse(instance: Instance, cause: unknown): never {
  if (!(cause instanceof CredentialError)) throw cause
  throw new Refusal('credential_unavailable', { instance: instance.name }, { cause })
}

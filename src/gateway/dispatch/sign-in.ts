import { CredentialError } from '../../instances/credentials.ts'
import type { Instance } from '../../instances/index.ts'
import { Refusal } from '../refusals.ts'

/** The instance's credential as a header field. @throws Refusal credential_unavailable */
export async function signIn(instance: Instance, token: string): Promise<{ name: string; value: string }> {
  try {
    return await instance.credential.header(token)
  } catch (cause) {
    if (!(cause instanceof CredentialError)) throw cause
    throw new Refusal('credential_unavailable', { instance: instance.name }, { cause })
  }
}

import { identityFault, readSdk } from '../../instances/managed-identity.ts'
import { CliError } from '../errors.ts'

/** Environment variable: `system`, or the client id of a user-assigned identity. */
export const identityVariable = 'GATEHOUSE_MANAGED_IDENTITY'

/**
 * A token of the machine's own managed identity: App Service, Container Apps, AKS, virtual machines.
 * @throws CliError `managed_identity_invalid`, `managed_identity_unavailable`
 */
export async function identityToken(identity: string, scope: string): Promise<string> {
  const isSystem = identity === 'system'
  if (!isSystem && !/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(identity)) {
    const why = 'It must be "system", or the client id of a user-assigned identity.'
    throw new CliError(
      'managed_identity_invalid',
      `${identityVariable} names no identity.`,
      why,
      `${identityVariable}=system`,
      {
        exitCode: 2,
      },
    )
  }
  try {
    return (await readSdk(isSystem ? null : identity, scope)()).token
  } catch (cause) {
    const next = `assign the identity to where this runs, or unset ${identityVariable}`
    const why = `For ${scope}: ${identityFault(cause)}.`
    throw new CliError('managed_identity_unavailable', 'The managed identity gives no token.', why, next, { cause })
  }
}

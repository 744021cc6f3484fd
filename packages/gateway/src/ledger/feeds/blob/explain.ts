/**
 * Words for what goes wrong at a storage account. They never hold the messages of the library: those may quote
 * addresses with a signature.
 * https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
 */
import { RestError } from '@azure/storage-blob'
import { explainMissingToken } from '../managed-identity.ts'
import { networkAdvice, shownCode } from '../network-errors.ts'

const adviceByCode: Readonly<Record<string, string>> = {
  ContainerNotFound: 'the container does not exist. Create it, or correct `container`',
  ContainerBeingDeleted: 'the container is being deleted. Create it again, or correct `container`',
  ContainerDisabled: 'the container is disabled. Ask who administers the account',
  AccountIsDisabled: 'the storage account is disabled. Ask who administers it',
  AuthenticationFailed:
    'the account does not accept the credential. Check that the key was not rotated, that the signature has not expired, and the clock of this machine',
  InvalidAuthenticationInfo:
    'the account does not accept the credential. Check that `account` and the identity belong to one tenant',
  AuthorizationPermissionMismatch:
    'the credential may not write there. Give the identity the role Storage Blob Data Contributor on the container, or the signature the permissions create and write',
  AuthorizationFailure:
    'the account refuses the credential or this network. Check the key, or the permissions and the end of the signature; then the firewall and the private endpoints of the account',
  AuthorizationProtocolMismatch: 'the signature is for another protocol. Make one for https',
  AuthorizationSourceIPMismatch: 'the signature is for other addresses. Make one for the address of this machine',
  AuthorizationResourceTypeMismatch: 'the signature is not for blobs. Make one for the container',
  AuthorizationServiceMismatch: 'the signature is not for the blob service. Make one for the container',
  KeyBasedAuthenticationNotPermitted: 'the account accepts no keys. Use a managed identity',
  InsufficientAccountPermissions: 'the account cannot be written now. Check whether it is read-only or over its quota',
  AccountRequiresHttps: 'the account accepts https only. Correct `account`',
  InvalidResourceName: 'the name of the container is not allowed. Correct `container`',
  InvalidUri: 'the address is not one of a storage account. Correct `account`',
  ServerBusy: 'the account is busy. The feed tries again with growing pauses',
  OperationTimedOut: 'the account did not answer in time. The feed tries again with growing pauses',
  InternalError: 'the account failed. The feed tries again with growing pauses',
}

const adviceByStatus: Readonly<Record<number, string>> = {
  401: 'the account does not accept the credential. Check it',
  403: 'the account refuses the credential. Check its permissions, and the firewall of the account',
  404: 'there is no such container. Create it, or correct `account` and `container`',
  429: 'the account is busy. The feed tries again with growing pauses',
}

/** @param where as `contoso.blob.core.windows.net/ledger`: without the query, which may be a signature. */
export function explainStorageError(error: unknown, where: string): unknown {
  if (error instanceof StalledError) return new Error(`${where}: ${error.message}.`)
  if (!(error instanceof RestError)) return explainMissingToken(error, where) ?? error
  const { statusCode } = error
  const code = shownCode(error)
  const known = adviceByCode[code ?? ''] ?? adviceByStatus[statusCode ?? 0] ?? networkAdvice(code)
  const detail = [statusCode, code].filter(part => part !== undefined && part !== null).join(' ')
  return new Error(`${where}: ${known ?? 'the request failed'} (${detail || 'no answer'}).`)
}

/** Nothing has arrived for too long. */
export class StalledError extends Error {
  constructor(ms: number) {
    super(`nothing has arrived for ${ms / 1_000} s. Check the network`)
    this.name = 'StalledError'
  }
}

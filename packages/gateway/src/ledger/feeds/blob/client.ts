import { ContainerClient, type StoragePipelineOptions, StorageSharedKeyCredential } from '@azure/storage-blob'
import { tokensOf } from '../managed-identity.ts'
import type { BlobSettings } from './settings.ts'

/** The library tries a few times by itself; after that the feed waits, longer each time. */
const options: StoragePipelineOptions = {
  retryOptions: { maxTries: 3, retryDelayInMs: 500, maxRetryDelayInMs: 4_000 },
}

/** Sends nothing yet. @throws Error when the settings cannot name an account; its message holds no credential. */
export async function openContainer(settings: BlobSettings): Promise<ContainerClient> {
  const { account, container, credential } = settings
  if (typeof credential === 'object' && 'connectionString' in credential)
    return byConnectionString(credential.connectionString, container)
  if (account === undefined) throw new Error('Neither `account` nor a connection string names the storage account.')
  const url = `${account.replace(/\/+$/, '')}/${container}`
  if (typeof credential === 'object' && 'key' in credential)
    return new ContainerClient(url, new StorageSharedKeyCredential(accountName(account), credential.key), options)
  if (typeof credential === 'object' && 'sas' in credential)
    return new ContainerClient(`${url}?${credential.sas.replace(/^\?/, '')}`, undefined, options)
  return new ContainerClient(url, await tokensOf(credential), options)
}

function byConnectionString(connectionString: string, container: string): ContainerClient {
  try {
    return new ContainerClient(connectionString, container, options)
  } catch {
    // Not the library's own message: it may quote the text.
    throw new Error(
      'The connection string is not one of a storage account. Copy it again from the access keys of the account.',
    )
  }
}

/** The first label of the host; of an emulator's address, the first part of the path. */
function accountName(account: string): string {
  const { hostname, pathname } = new URL(account)
  const [, first = ''] = pathname.split('/')
  return first === '' ? (hostname.split('.')[0] ?? '') : first
}

import type { FilingSettings } from '../filing/index.ts'
import type { ManagedIdentity } from '../managed-identity.ts'

export type BlobCredential =
  | ManagedIdentity
  /** Key of the storage account, in base64. */
  | { readonly key: string }
  /** Shared access signature, as `sv=2026-10-06&sr=c&sp=cw&sig=...`. */
  | { readonly sas: string }
  /** It also names the account. */
  | { readonly connectionString: string }

/** Settings of a feed of kind `blob`. */
export interface BlobSettings extends FilingSettings {
  /** Blob endpoint, as `https://contoso.blob.core.windows.net`. Absent where a connection string names it. */
  readonly account?: string | undefined
  /** It must exist. */
  readonly container: string
  /** Virtual directory of all names; empty for none. */
  readonly prefix: string
  readonly credential: BlobCredential
}

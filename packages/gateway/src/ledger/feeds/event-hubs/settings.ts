import type { MessageSettings } from '../documents/index.ts'
import type { ManagedIdentity } from '../managed-identity.ts'

export type EventHubsCredential =
  | ManagedIdentity
  /** It also names the namespace. */
  | { readonly connectionString: string }

/** Where an event hub is, and how to sign in. */
export interface EventHubAddress {
  /** As `contoso.servicebus.windows.net`. Absent where a connection string names it. */
  readonly namespace?: string | undefined
  readonly hub: string
  readonly credential: EventHubsCredential
}

/** Settings of a feed of kind `event-hubs`. */
export interface EventHubsSettings extends EventHubAddress, MessageSettings {
  /** Routes the events within a data connection of Data Explorer. Absent: the connection's own table and mapping. */
  readonly dataExplorer?: DataExplorerRoute | undefined
}

export interface DataExplorerRoute {
  readonly table: string
  readonly mapping: string
  /** Absent: the database of the connection. */
  readonly database?: string | undefined
}

/** The types of the simulated Event Hubs namespace: its options, and what a started one offers. */
import type { Clock } from '../clock.ts'
import type { Certificate } from '../types.ts'

export interface EventHubOptions {
  /** Default 2. */
  readonly partitions?: number
  /** Bytes that a publication (a batch) may have. Default 1,048,576, as in the Standard tier. */
  readonly messageBytesMax?: number
  /** Bytes of events that are kept; beyond them the oldest are dropped. Default 67,108,864. */
  readonly keptBytesMax?: number
}

/** A publication as it arrived: a batch of events, kept as a whole or not at all. */
export interface Publication {
  readonly hub: string
  readonly partition: string
  readonly partitionKey: string | null
  readonly events: number
  readonly bytes: number
}

/**
 * What becomes of a publication. `accept`: it is kept, and the answer says so. `busy`: it is refused, because the
 * namespace is throttled. `lose`: nothing is kept, and the link is closed. `drop`: it is kept, and the connection is
 * cut before the answer. `late`: it is kept, and the answer comes in two halves. `double`: it is kept twice, as after a
 * retry within the service. `hold`: it is kept, and the answer waits for `release()`.
 */
export type PublicationFate = 'accept' | 'busy' | 'lose' | 'drop' | 'late' | 'double' | 'hold'

export interface EventHubsOptions {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string
  /** Port to listen on. Default 0: a free one. */
  readonly port?: number
  /** Speaks TLS with this certificate. Default: without, for connection strings with `UseDevelopmentEmulator=true`. */
  readonly tls?: Certificate
  /** By their names. */
  readonly hubs: Readonly<Record<string, EventHubOptions>>
  /** Shared access keys of the namespace by the names of their policies; each may send and listen. Default: none. */
  readonly keys?: Readonly<Record<string, string>>
  /** Accepts Entra tokens of a tenant for `https://eventhubs.azure.net`. */
  readonly entra?: {
    /** `EntraSimulator.url`. */
    readonly authority: string
    readonly tenantId: string
    /** Object ids with the roles Azure Event Hubs Data Sender and Data Receiver. */
    readonly allowedObjectIds: readonly string[] | 'all'
  }
  /** Default: the machine's clock. */
  readonly clock?: Clock
  /** Decides what becomes of each publication. Default: all are accepted. */
  readonly fate?: (publication: Publication) => PublicationFate
}

/** An event as a partition keeps it. */
export interface KeptEvent {
  readonly partition: string
  readonly sequenceNumber: number
  readonly offset: string
  readonly enqueuedAtMs: number
  readonly partitionKey: string | null
  readonly body: Buffer
  /** Application properties. */
  readonly properties: Readonly<Record<string, unknown>>
  readonly messageId: string | null
  readonly contentType: string | null
}

/** A running namespace. */
export interface EventHubsSimulator {
  /** `127.0.0.1:PORT`, with TLS `localhost:PORT`, in the place of `NAME.servicebus.windows.net`. */
  readonly namespace: string
  /** A connection string with the first key. @throws when the namespace has no keys. */
  readonly connectionString: string
  /** Events of a hub that are kept, by partition, in their order. Empty for a hub that does not exist. */
  events(hub: string): readonly KeptEvent[]
  createHub(name: string, options?: EventHubOptions): void
  /** Deletes a hub with its events, and closes its links. */
  deleteHub(name: string): void
  /** All tokens that clients have shown expire now: links are closed, and new ones need a new token. */
  expireTokens(): void
  /** Replaces the keys. Tokens that were made with the old ones stay valid until they expire. */
  setKeys(keys: Readonly<Record<string, string>>): void
  /** Closes all links of hubs, as the service does with links that were idle for ten minutes. */
  detachLinks(): void
  /** Cuts the connection that sends next, after so many bytes of it: in the middle of a batch, when that is longer. */
  cutAfter(bytes: number): void
  /** Sends the answers that were held. */
  release(): void
  close(): Promise<void>
}

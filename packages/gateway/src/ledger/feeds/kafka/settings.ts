import type { RecordSettings } from '../forms.ts'
import type { ManagedIdentity } from '../managed-identity.ts'

/** How a topic is reached. */
export interface KafkaConnection {
  /** `HOST:PORT`. */
  readonly brokers: readonly string[]
  readonly topic: string
  /** `ca`: PEM. */
  readonly tls: boolean | { readonly ca: string }
  readonly credential?: KafkaCredential | undefined
}

export type KafkaCredential =
  | ManagedIdentity
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
      readonly username: string
      readonly password: string
    }

/** Settings of a feed of kind `kafka`. */
export interface KafkaSettings extends KafkaConnection, RecordSettings {
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  /** Most bytes of a request, before compression. */
  readonly messageBytes: number
}

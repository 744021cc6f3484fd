/** Instances: one Azure OpenAI resource each, with its connections and its credential. */
import { Pool } from 'undici'
import type { Config, InstanceConfig } from '../config/schema.ts'
import { type CredentialParts, createCredential, type InstanceCredential } from './credentials.ts'

export interface Instance {
  readonly name: string
  readonly region: string | null
  /** From the configuration alone: no request can change where calls go. */
  readonly origin: string
  readonly deployments: ReadonlyMap<string, { readonly model: string; readonly kind: 'standard' | 'provisioned' }>
  readonly connections: Pool
  readonly credential: InstanceCredential
  /** Calls under way. Written by `dispatch` alone. */
  inFlight: number
  close(): Promise<void>
}

export type Timeouts = Config['gateway']['timeouts']

export function openInstance(
  name: string,
  written: InstanceConfig,
  timeouts: Timeouts,
  parts: CredentialParts,
): Instance {
  const origin = new URL(written.endpoint).origin
  const connections = new Pool(origin, {
    connections: written.connectionsMax,
    pipelining: 1,
    // One call per connection: on a shared HTTP/2 connection a slow reader would hold up the others.
    allowH2: false,
    connect: { timeout: timeouts.connect },
    headersTimeout: timeouts.firstByte,
    bodyTimeout: timeouts.streamIdle,
    // Azure's front end closes idle connections after about two minutes; leaving earlier avoids writing into a closed one.
    keepAliveTimeout: 30_000,
    keepAliveMaxTimeout: 90_000,
    // The first answer header block of Azure is about 2 KiB; a far larger one is not from Azure.
    maxHeaderSize: 65_536,
  })
  return {
    name,
    region: written.region ?? null,
    origin,
    deployments: new Map(Object.entries(written.deployments)),
    connections,
    credential: createCredential(written, parts),
    inFlight: 0,
    close: () => connections.destroy(),
  }
}

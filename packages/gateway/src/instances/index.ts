/**
 * Instances: where a call can go, how the gateway signs in there, and the health of each. What the gateway has learned
 * about an instance lives as long as its connections: a reload that does not change the instance keeps it.
 */
import { Pool } from 'undici'
import type { Clock } from '../clock.ts'
import type { Config, InstanceConfig } from '../config/schema/index.ts'
import { type BackendFacts, backendOf } from '../wire/backends.ts'
import { Breaker } from './breaker.ts'
import { type CredentialParts, createCredential, type InstanceCredential } from './credentials.ts'
import { type Gate, openGate } from './gate.ts'
import { Lane } from './lane.ts'
import { Offers } from './offers.ts'
import { OwnCredential } from './own-credential.ts'
import { Probes } from './probe.ts'
import type { InstanceState, ProbeResult } from './state.ts'

export interface Instance {
  readonly name: string
  /** The row of its kind of backend. */
  readonly backend: BackendFacts
  readonly region: string | null
  /** From the configuration only: no request can change where calls go. */
  readonly origin: string
  readonly deployments: ReadonlyMap<string, { readonly model: string; readonly kind: 'standard' | 'provisioned' }>
  readonly connections: Pool
  readonly credential: InstanceCredential
  /** Tracks whether the instance accepts the gateway's own credential; null where calls carry the caller's token. */
  readonly own: OwnCredential | null
  /** One lane per deployment. */
  readonly lanes: ReadonlyMap<string, Lane>
  /** The lane of calls without a deployment: files, batches, stored responses. */
  readonly plainLane: Lane
  /**
   * False when the instance answers a GET of this path that it has nothing there, or that the gateway's key is not for
   * it. True where that is not known. Never rejects.
   */
  offers(path: string): boolean | Promise<boolean>
  /** Requests the instance's models with its credential, which is not billed. Never rejects. */
  probe(): Promise<ProbeResult>
  state(nowMs: number): InstanceState
  close(): Promise<void>
}

export type Timeouts = Config['gateway']['timeouts']

export interface InstanceParts extends CredentialParts {
  /** The clock of calls, where it is not the clock of token expiry. */
  readonly callClock?: Clock
  /** Default: one that stays open. */
  readonly gate?: Gate
}

export function openInstance(
  name: string,
  written: InstanceConfig,
  timeouts: Timeouts,
  parts: InstanceParts,
): Instance {
  const origin = new URL(written.endpoint).origin
  const connections = new Pool(origin, {
    connections: written.connectionsMax,
    pipelining: 1,
    // One call per connection: on a shared HTTP/2 connection a slow reader would block the others.
    allowH2: false,
    connect: { timeout: timeouts.connect },
    headersTimeout: timeouts.firstByte,
    bodyTimeout: timeouts.streamIdle,
    // Azure's front end closes idle connections after about two minutes; closing earlier avoids writing to a closed
    // one.
    keepAliveTimeout: 30_000,
    keepAliveMaxTimeout: 90_000,
    // Azure's first header block is about 2 KiB; a far larger one is not from Azure.
    maxHeaderSize: 65_536,
  })
  const backend = backendOf(written.kind)
  const credential = createCredential(written, backend, parts)
  const reach = new Breaker(written.breaker)
  const gate = parts.gate ?? openGate()
  const own = credential.kind === 'caller' ? null : new OwnCredential(name, parts.log ?? null, () => credential.renew())
  const deployments = new Map(Object.entries(written.deployments))
  const lanes = new Map(
    [...deployments].map(([deployment, { kind }]) => [
      deployment,
      new Lane(deployment, kind, { backend, settings: written.breaker, reach, credential: own, gate }),
    ]),
  )
  const plainLane = new Lane('', 'standard', { backend, settings: written.breaker, reach, credential: own, gate })
  const clock = parts.callClock ?? parts.clock
  const offers = new Offers({ connections, backend, credential, clock })
  const probes = new Probes({
    connections,
    backend,
    credential,
    reach,
    clock,
    settings: written.probe ?? null,
  })
  return {
    name,
    backend,
    region: written.region ?? null,
    origin,
    deployments,
    connections,
    credential,
    own,
    lanes,
    plainLane,
    offers: path => offers.has(path),
    probe: () => probes.probe(),
    state(nowMs) {
      const states = [...lanes.values()].map(lane => lane.state(nowMs))
      const isOpen = reach.state !== 'closed' || (states.length > 0 && states.every(lane => lane.breaker === 'open'))
      return {
        name,
        healthy: !isOpen && probes.last?.ok !== false,
        drained: gate.drained,
        credentialRefused: own?.isRefused === true,
        credentialRefusals: own?.refusals ?? 0,
        lastProbe: probes.last,
        inFlight: states.reduce((sum, lane) => sum + lane.inFlight, plainLane.inFlight),
        lanes: states,
      }
    },
    close() {
      probes.close()
      return connections.destroy()
    },
  }
}

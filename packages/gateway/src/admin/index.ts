import type { Clock } from '../clock.ts'
import type { Config } from '../config/schema.ts'
import type { Caller } from '../identity/caller.ts'
import type { GroupDirectory } from '../identity/groups.ts'
import type { InstanceState, ProbeResult } from '../instances/state.ts'
import type { LedgerReader } from '../ledger/index.ts'
import type { LimitsReport } from '../limits/index.ts'
import type { Log } from '../log.ts'

/**
 * What a caller may do here. `auditor` and `operator` may each do all that `viewer` may, and neither what the other
 * may.
 */
export type AdminRole = 'viewer' | 'auditor' | 'operator'

/**
 * What the management API tells about the house, and the one thing that it does to it. Credentials in the configuration
 * are never answered. Members are read at each request, so that getters can follow a reload.
 */
export interface AdminHouse extends Pick<Config, 'instances' | 'pools' | 'workloads'> {
  instanceStates(): readonly InstanceState[]
  limits(): Promise<LimitsReport>
  /** Of limits of cost, ISO 4217. */
  readonly currency: string
  /** Asks an instance for its models, with its credential. Null for an instance that there is not. */
  probe(instance: string): Promise<ProbeResult | null>
  /** All metrics, in the text format of Prometheus. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>
}

export interface AdminOptions {
  /** Port 0 takes a free one. On a loopback host only requests whose Host header names loopback are answered. */
  readonly listen: { readonly host: string; readonly port: number }
  /**
   * Who may do what, and whether `/metrics` is answered to whoever asks. Asked at each request, so that a reload can
   * take a role away; the same `roles` object gives the same answers without being read again.
   */
  readonly access: () => Pick<Config['admin'], 'roles' | 'metricsWithoutToken'>
  /** The two methods of the gateway's verifier that are needed; rejects with `IdentityError`. */
  readonly verifier: { remembered(token: string): Caller | null; verify(token: string): Promise<Caller> }
  /**
   * Where groups are looked up that a token does not list; null where it alone counts. Default: null. Asked at each
   * request.
   */
  readonly groups?: () => GroupDirectory | null
  readonly ledger: LedgerReader
  readonly house: AdminHouse
  readonly clock: Clock
  /**
   * Lines of the audit carry `audit: true`: `bodies_read` for each reading of bodies, `instance_probed` for each probe,
   * `admin_refused` for each request whose caller lacks the role.
   */
  readonly log: Log
  /** Milliseconds between two looks into the ledger while a tail waits. 1..10_000, default 500. */
  readonly tailPollMs?: number
}

export interface Admin {
  /** `http://HOST:PORT`, with the port that was taken. */
  readonly url: string
  /** Ends waiting tails at once, lets other answers finish for at most a second, then closes. Idempotent. */
  close(): Promise<void>
}

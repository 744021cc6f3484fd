import type { Clock } from '../clock.ts'
import type { Config } from '../config/schema.ts'
import type { Caller } from '../identity/caller.ts'
import type { LedgerReader } from '../ledger/index.ts'
import type { Log } from '../telemetry/log.ts'

/** What a caller may do here. `auditor` may do all that `viewer` may. */
export type AdminRole = 'viewer' | 'auditor'

/**
 * Where the management API writes. Lines of the audit carry `audit: true`: `bodies_read` for each reading of bodies, `admin_refused`
 * for each request whose caller lacks the role.
 */
export type AdminLog = Pick<Log, 'info' | 'warn' | 'error'>

export interface AdminOptions {
  /** Port 0 takes a free one. On a loopback host only requests whose Host header names loopback are answered. */
  readonly listen: { readonly host: string; readonly port: number }
  readonly roles: Config['admin']['roles']
  /** The two methods of the gateway's verifier that are needed; rejects with `IdentityError`. */
  readonly verifier: { remembered(token: string): Caller | null; verify(token: string): Promise<Caller> }
  readonly ledger: LedgerReader
  /**
   * What `instances` and `whoami` tell about the house. Credentials in it are never answered. Its members are read at each
   * request, so that getters can follow a reload of the configuration.
   */
  readonly house: Pick<Config, 'instances' | 'pools' | 'workloads'>
  readonly clock: Clock
  readonly log: AdminLog
  /** Milliseconds between two looks into the ledger while a tail waits. 1..10_000, default 500. */
  readonly tailPollMs?: number
}

export interface Admin {
  /** `http://HOST:PORT`, with the port that was taken. */
  readonly url: string
  /** Ends waiting tails at once, lets other answers finish for at most a second, then closes. Idempotent. */
  close(): Promise<void>
}

/** `startAdmin` of `index.ts`. Rejects when the address cannot be taken (`EADDRINUSE`, `EACCES`, ...). */
export type StartAdmin = (options: AdminOptions) => Promise<Admin>

import type { AuditTrail } from '../audit/index.ts'
import type { Clock } from '../clock.ts'
import type { Configuration } from '../config/in-force/index.ts'
import type { Config, LimitName } from '../config/schema/index.ts'
import type { Caller } from '../identity/caller.ts'
import type { GroupDirectory } from '../identity/index.ts'
import type { ProbeResult } from '../instances/state.ts'
import type { SourceState } from '../ledger/collect/index.ts'
import type { Feeds } from '../ledger/feeds/control.ts'
import type { LedgerReader } from '../ledger/index.ts'
import type { RecordRow } from '../ledger/record.ts'
import type { LimitsReport } from '../limits/index.ts'
import type { Log } from '../log.ts'
import type { Drains } from '../replicas/drains.ts'
import type { ReplicasReport } from '../replicas/index.ts'
import type { Overrides } from '../replicas/overrides.ts'
import type { LogLevels } from '../telemetry/log/index.ts'
import type { CallExplainer } from './explain/index.ts'
import type { ConsoleOptions } from './session/index.ts'

/**
 * Role of a caller. `auditor` and `operator` each include `viewer`, and neither includes the other; `admin` includes
 * `operator`. `developer` is a viewer of their own workloads alone. `custodian` sets and lifts legal holds, `eraser`
 * erases a person; each includes `viewer` and nothing else, so that one needs the other.
 */
export const adminRoles = ['viewer', 'developer', 'auditor', 'operator', 'admin', 'custodian', 'eraser'] as const
export type AdminRole = (typeof adminRoles)[number]

/**
 * The running house as the management API sees it, and the actions on it. Credentials in the configuration are never
 * returned. Members are read at each request, so that getters can follow a reload.
 */
export interface AdminHouse extends Pick<Config, 'instances' | 'pools' | 'workloads'> {
  /** This replica and those with which it shares a Redis. */
  replicas(): Promise<ReplicasReport>
  limits(): Promise<LimitsReport>
  /** The cost of a record, line by line; null where the prices of now do not give it. */
  costLines(row: RecordRow): CostLines | null
  /** Currency of cost limits, ISO 4217. */
  readonly currency: string
  /** Time zone of days and months of limits, as `Europe/Berlin`. */
  readonly timeZone: string
  /** First day of a fiscal year of limits, as `04-01`. */
  readonly fiscalYearStart: string
  /** Address of the gateway as programs see it; null where no calls are served. */
  readonly gatewayUrl: string | null
  /** Where the gateway listens in this process, for calls of the playground; null where no calls are served. */
  readonly ownUrl: string | null
  /** Audiences that tokens may have. */
  readonly audiences: readonly string[]
  /** The feeds, and what operators may do with them. */
  readonly feeds: Pick<Feeds, 'states' | 'pause' | 'resume' | 'rewind'>
  /** Sources of a collector; a gateway has none. */
  sources(): readonly SourceState[]
  /** Asks an instance for its models with its credential. Null when there is no such instance. */
  probe(instance: string): Promise<ProbeResult | null>
  /** Says what would happen to calls. */
  readonly calls: CallExplainer
  /** Keeps new calls away from instances, and lets them go there again. */
  readonly drains: Pick<Drains, 'drain' | 'restore'>
  /** Changes limits for a time. */
  readonly overrides: Pick<Overrides, 'begin' | 'end'>
  /** Every rule of limits, with what it limits. */
  limitRules(): readonly { readonly name: string; readonly measures: readonly LimitName[] }[]
  /** The log of this process; null where it is not Gatehouse's own. */
  readonly levels: LogLevels | null
  /** The configuration's file and what is in force; null where the program has made the configuration itself. */
  readonly configuration: Configuration | null
  /** All metrics as text. @param accept the field of the request: Prometheus' format, or OpenMetrics. */
  metrics(accept: string): Promise<{ readonly contentType: string; readonly text: string }>
}

export const tokenParts = [
  'prompt',
  'cached',
  'audioPrompt',
  'imagePrompt',
  'completion',
  'reasoning',
  'audioCompletion',
  'imageCompletion',
] as const

export interface CostLines {
  /** Parts with tokens. */
  readonly lines: readonly {
    readonly part: (typeof tokenParts)[number]
    readonly tokens: number
    /** Billionths of the currency. */
    readonly nanoPerToken: number
    readonly nano: number
  }[]
  /** Share of the price that was paid: less than 1 for a call of a batch. */
  readonly share: number
}

export interface AdminOptions {
  /** Port 0 takes any free port. On a loopback host only requests whose Host header names loopback are answered. */
  readonly listen: { readonly host: string; readonly port: number }
  /**
   * The roles, the sign-in, and whether `/metrics` is answered without a token. Called at each request, so that a
   * reload can take a role away. The same `roles` object gives the same answers without being read again.
   */
  readonly access: () => Pick<Config['admin'], 'roles' | 'metricsWithoutToken' | 'publicUrl' | 'signIn'>
  /** The two methods of the gateway's verifier that are used here; rejects with `IdentityError`. */
  readonly verifier: { remembered(token: string): Caller | null; verify(token: string): Promise<Caller> }
  /**
   * Looks up groups that a token does not list; null when only the token counts. Default: null. Called at each request.
   */
  readonly groups?: () => GroupDirectory | null
  readonly ledger: LedgerReader
  readonly house: AdminHouse
  /** The console, and sessions of people who sign in to it. Default: the API alone. */
  readonly console?: ConsoleOptions
  /** Takes an entry for each change, each reading of bodies and each refusal. Closed by its owner. */
  readonly audit: AuditTrail
  readonly clock: Clock
  /**
   * Directory for files that are being made, on a disk with room for them; emptied at the start. Default: the system's
   * one for temporary files, and nothing is emptied.
   */
  readonly scratch?: string
  /**
   * Audit lines carry `audit: true`: `bodies_read` for each reading of bodies, `bodies_searched` for each search in
   * them, `records_exported` for each export of conversations, `ledger_queried` for each query in SQL,
   * `instance_probed` for each probe, `instance_drained` and `instance_restored` for each of these orders,
   * `drain_order_failed` for one that could not be kept, `feed_paused`, `feed_resumed` and `feed_rewound` for each
   * order to a feed, `feed_order_failed` for one that it did not confirm, `log_level_set` and `log_level_reset`,
   * `signed_in`, `signed_out` and `sign_in_failed` for people with a browser, `admin_refused` for each request whose
   * caller lacks the role.
   */
  readonly log: Log
  /** Milliseconds between two reads of the ledger while a tail waits. 1..10_000, default 500. */
  readonly tailPollMs?: number
  /** Milliseconds in which an export whose connection broke can be resumed. Default 120,000. */
  readonly exportResumeMs?: number
  /** Longest time that `close` waits for answers in flight, in milliseconds. Default 1,000. */
  readonly closeGraceMs?: number
}

export interface Admin {
  /** `http://HOST:PORT`, with the port that was taken. */
  readonly url: string
  /** Ends waiting tails at once, lets other answers finish for at most a second, then closes. Idempotent. */
  close(): Promise<void>
}

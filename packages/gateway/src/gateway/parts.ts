import type { Clock } from '../clock.ts'
import type { Config } from '../config/schema/index.ts'
import type { GroupDirectory, Verifier } from '../identity/index.ts'
import type { Instance } from '../instances/index.ts'
import type { Journal } from '../ledger/index.ts'
import type { Limits } from '../limits/index.ts'
import type { Log } from '../log.ts'
import type { Objects } from '../objects/index.ts'
import type { PriceBook } from '../prices/index.ts'
import type { EndedCall } from '../telemetry/calls.ts'
import type { TokenCounter } from '../tokens/index.ts'
import type { WholeAnswer } from './backend/answer-head.ts'
import type { Admitted } from './exchange.ts'
import type { FollowUps } from './follow-ups/index.ts'
import type { Guards } from './guards.ts'
import type { Cors } from './listener/cors.ts'
import type { Plan } from './plan/index.ts'
import type { Route } from './stages/1-resolve/route.ts'
import type { ReceiveLimits } from './stages/4-receive/request.ts'

/**
 * Everything that the gateway uses of the house. Built once per configuration, in `house/data-plane.ts`. A stage does
 * not take all of it: it names the parts that it uses, as a `Pick` or as a smaller interface.
 */
export interface GatewayParts extends GatewayServices, GatewaySettings, GatewayHooks {}

interface GatewayServices {
  /** Finds the route of a method and a URL; remembers common addresses. */
  readonly resolve: (method: string, url: string) => Route
  readonly plan: Plan
  readonly verifier: Verifier
  /** Null when only tokens say which groups a caller is in. */
  readonly groups: GroupDirectory | null
  readonly objects: Objects
  readonly limits: Limits
  readonly prices: PriceBook
  readonly copies: CopySender
  readonly followUps: FollowUps
  readonly journal: Journal
  readonly counter: TokenCounter
  readonly guards: Guards
  /** Null when no page in a browser may call. */
  readonly cors: Cors | null
  readonly clock: Clock
  readonly log: Log
  /** 0..1, 1 excluded. Decides which calls belong to a share. */
  readonly random: () => number
}

interface GatewaySettings {
  readonly receiveLimits: ReceiveLimits
  /** Longest time of an exchange, in ms. */
  readonly totalMs: number
  /** `objects.unknown`. */
  readonly unknownObjects: 'refuse' | 'allow'
  /** `objects.encryptedReasoning`. */
  readonly encryptedReasoning: 'pin' | 'drop'
  /** For the protected-resource metadata. */
  readonly identity: Config['identity']['entra']
  /** For `WWW-Authenticate`. Null: the Host header decides. */
  readonly publicUrl: string | null
  /** `gateway.trustForwardedFor` and `trustedProxies`. */
  readonly isProxy: ((address: string) => boolean) | null
  /** True: when the disk refuses, calls continue without a record, and lost records are counted. */
  readonly continueUnrecorded: boolean
  /** Marks records as the demonstration's history. */
  readonly demonstration: boolean
  /** True when every call meets a limit. Decides readiness while the store of the limits is down. */
  readonly limitedThroughout: boolean
}

interface GatewayHooks {
  /** Called for each record that the journal could not take. */
  readonly lost: (id: string) => void
  /** Called in turn for each exchange that has ended; metrics are the first. */
  readonly ended: readonly EndedListener[]
  /** Number of instances that refuse the gateway's own credential now. */
  readonly credentialsRefused: () => number
  /** As `Readiness` has it. */
  readonly surroundings: () => Readonly<Record<string, string>>
  /** Number of feeds that fail now. */
  readonly feedsTroubled: () => number
}

/**
 * Called with the figures of an exchange that has ended, copies included, before its record is in the journal. It runs
 * within the call, so it may count, or queue for later: it must not wait, and must not throw. The names are those of
 * the configuration: nothing here was written by a client.
 */
export type EndedListener = (call: EndedCall) => void

/** Parts that a copy uses. A copy is never copied again. */
export type CopyParts = Omit<GatewayParts, 'copies'>

/** Sends copies of a client's call. No method rejects or delays that call. */
export interface CopySender {
  /** Sends a copy to the workload's shadow deployment, if the call has one and is in its share. */
  shadow(exchange: Admitted): void
  /**
   * Sends the same call to another member.
   * @param apart instances that must not serve it.
   * @returns an answer that the client can use; null when there is none.
   */
  hedge(exchange: Admitted, apart: readonly Instance[]): Promise<WholeAnswer | null>
}

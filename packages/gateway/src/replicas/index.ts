/**
 * Replicas: what each of them knows alone (health of its deployments, calls in flight, its feeds, limits that it counts
 * in memory), published through Redis every few seconds, so that any of them can show all.
 */
import type { InstanceState } from '../instances/state.ts'
import type { FeedState } from '../ledger/feeds/control.ts'
import type { RuleReport, StoreState } from '../limits/index.ts'

/** What a replica counts of one limit by itself. */
export type OwnRule = Pick<RuleReport, 'rule' | 'measure' | 'subject' | 'used' | 'reserved' | 'refused'>

/** What a replica says of itself. */
export interface ReplicaFigures {
  readonly version: string
  /** Start of the process, milliseconds since the epoch. */
  readonly startedAtMs: number
  /** Calls of clients in flight. */
  readonly callsInFlight: number
  readonly instances: readonly InstanceState[]
  readonly feeds: readonly FeedState[]
  readonly limits: {
    readonly store: 'memory' | 'redis'
    readonly state: StoreState
    /** Calls in the waiting line. */
    readonly waiting: number
    /** The fullest counters of a replica that counts in memory; empty where Redis counts. */
    readonly rules: readonly OwnRule[]
  }
}

export interface ReplicaState {
  /** Belongs to the replica's ledger, so it outlives restarts. */
  readonly id: string
  /** As its records have it. */
  readonly name: string
  /** True for the replica that answers. */
  readonly isSelf: boolean
  /** `silent`: it has not published for 15 seconds. After an hour it is forgotten. */
  readonly status: 'alive' | 'silent'
  /** Time since it last published, milliseconds. */
  readonly quietMs: number
  /** As last published; null when a version published them that this one cannot read. */
  readonly figures: ReplicaFigures | null
}

export interface ReplicasReport {
  /** `alone`: no Redis is configured. `away`: Redis does not answer. In both cases only the own replica is listed. */
  readonly sharing: 'ok' | 'alone' | 'away'
  /** In the order of their names. */
  readonly replicas: readonly ReplicaState[]
}

export interface Replicas {
  report(): Promise<ReplicasReport>
  /** Takes this replica out of the list. */
  close(): Promise<void>
}

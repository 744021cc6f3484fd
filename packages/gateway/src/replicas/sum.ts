/** Sums of what the replicas say, in the form in which one of them says it. */
import type { BreakerState, InstanceState, LaneState } from '../instances/state.ts'
import type { FeedState, FeedStatus } from '../ledger/feeds/control.ts'
import type { ReplicaFigures, ReplicasReport } from './index.ts'

/** Figures of the replicas that publish. */
export function aliveFigures({ replicas }: ReplicasReport): readonly ReplicaFigures[] {
  return replicas.flatMap(({ status, figures }) => (status === 'alive' && figures !== null ? [figures] : []))
}

/**
 * Each instance as the replicas together see it: calls and failures are sums, a state is that of the replica that sees
 * the worst, latencies are weighted by calls.
 */
export function sumOfInstances(all: readonly ReplicaFigures[]): readonly InstanceState[] {
  return summed(
    all.flatMap(({ instances }) => instances),
    ({ name }) => name,
    (a, b) => ({
      name: a.name,
      healthy: a.healthy && b.healthy,
      drained: a.drained ?? b.drained,
      credentialRefused: a.credentialRefused || b.credentialRefused,
      credentialRefusals: a.credentialRefusals + b.credentialRefusals,
      lastProbe: (a.lastProbe?.atMs ?? 0) >= (b.lastProbe?.atMs ?? 0) ? a.lastProbe : b.lastProbe,
      inFlight: a.inFlight + b.inFlight,
      lanes: summed([...a.lanes, ...b.lanes], ({ deployment }) => deployment, sumOfLanes),
    }),
  )
}

/** Each feed of the replicas together: counts are sums, the lag in seconds is the longest, the state is the worst. */
export function sumOfFeeds(all: readonly ReplicaFigures[]): readonly FeedState[] {
  return summed(
    all.flatMap(({ feeds }) => feeds),
    ({ name }) => name,
    (a, b) => {
      const [worse, better] = feedRank[a.status] >= feedRank[b.status] ? [a, b] : [b, a]
      const { lastError, lastErrorAtMs } = worse.lastError === null ? better : worse
      return {
        name: a.name,
        kind: a.kind,
        status: worse.status,
        lagRecords: a.lagRecords + b.lagRecords,
        lagSeconds: Math.max(a.lagSeconds, b.lagSeconds),
        lagBytes: a.lagBytes + b.lagBytes,
        sent: a.sent + b.sent,
        sentBytes: a.sentBytes + b.sentBytes,
        retried: a.retried + b.retried,
        setAside: a.setAside + b.setAside,
        lastSentAtMs: most(a.lastSentAtMs, b.lastSentAtMs),
        ...{ lastError, lastErrorAtMs },
        droppedSegments: a.droppedSegments + b.droppedSegments,
      }
    },
  )
}

const feedRank = { running: 0, paused: 1, stopped: 2, failing: 3 } as const satisfies Record<FeedStatus, number>
const breakerRank = { closed: 0, 'half-open': 1, open: 2 } as const satisfies Record<BreakerState, number>

function sumOfLanes(a: LaneState, b: LaneState): LaneState {
  const { breaker, breakerReason, retryAtMs } = breakerRank[a.breaker] >= breakerRank[b.breaker] ? a : b
  return {
    deployment: a.deployment,
    kind: a.kind,
    ...{ breaker, breakerReason, retryAtMs },
    utilization: most(a.utilization, b.utilization),
    spilling: a.spilling || b.spilling,
    remainingTokens: least(a.remainingTokens, b.remainingTokens),
    remainingRequests: least(a.remainingRequests, b.remainingRequests),
    latencyMs: weighted(a, b),
    latencyP95Ms: most(a.latencyP95Ms, b.latencyP95Ms),
    inFlight: a.inFlight + b.inFlight,
    calls: a.calls + b.calls,
    failures: a.failures + b.failures,
  }
}

function weighted(a: LaneState, b: LaneState): number | null {
  if (a.latencyMs === null || b.latencyMs === null) return a.latencyMs ?? b.latencyMs
  const calls = a.calls + b.calls
  return calls === 0 ? a.latencyMs : (a.latencyMs * a.calls + b.latencyMs * b.calls) / calls
}

function most(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b)
}

function least(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b)
}

function summed<T>(all: readonly T[], keyOf: (one: T) => string, sum: (a: T, b: T) => T): readonly T[] {
  return [...Map.groupBy(all, keyOf).values()].map(group => group.reduce(sum))
}

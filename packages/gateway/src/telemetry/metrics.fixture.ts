/** For tests: a call, states of every kind, and figures with an entry of each. */
import { feedState } from '../admin/running.fixture.ts'
import type { InstanceState } from '../instances/state.ts'
import type { SourceState } from '../ledger/collect/index.ts'
import type { LimitsReport, RuleReport } from '../limits/index.ts'
import { noUsage } from '../wire/usage.ts'
import type { EndedCall } from './calls.ts'
import { Figures } from './figures.ts'
import type { MetricsSources } from './metrics.ts'

export const endedCall: EndedCall = {
  id: '019abcde-f012-7345-8678-9abcdef01234',
  copyOf: null,
  traceId: null,
  endedAtMs: 1_780_000_000_000,
  workload: 'hr-bot',
  deployment: 'gpt-4o',
  instance: 'east',
  provider: 'azure.ai.openai',
  operation: 'chat/completions',
  asksModel: true,
  caller: null,
  stream: true,
  servedModel: 'gpt-4o-2024-08-06',
  copyKind: null,
  outcome: 'completed',
  code: null,
  status: 200,
  usage: {
    ...noUsage,
    source: 'reported',
    promptTokens: 1_000,
    completionTokens: 200,
    cachedTokens: 600,
    reasoningTokens: 50,
  },
  cost: { nano: 3_250_000, currency: 'USD', price: 'gpt-4o 2024-10-01' },
  durationMs: 1_200,
  firstByteMs: 400,
}

const rule: RuleReport = {
  rule: 'hr-bot',
  measure: 'tokensPerMinute',
  mode: 'enforce',
  scope: 'workload hr-bot',
  subject: null,
  workloads: ['hr-bot'],
  counter: 'hr-bot',
  limit: 60_000,
  used: 30_000,
  reserved: 15_000,
  remaining: 15_000,
  override: null,
  beganAtMs: null,
  renewsAtMs: 0,
  refused: 0,
}

const person = 'user:6f2b6c1e-3d0a-4b57-9c5e-0d2f8a7b1c34/a11ce000-6b1d-4c1e-9a53-0f5d1c7e2a01'
const report: LimitsReport = {
  store: 'redis',
  state: 'local',
  downSinceMs: 0,
  waiting: 4,
  rules: [rule, { ...rule, rule: 'hr-bot/caller', subject: person }],
}

export const states: readonly InstanceState[] = [
  {
    name: 'east',
    healthy: false,
    drained: { sinceMs: 1, by: 'alice@contoso.example' },
    credentialRefused: true,
    credentialRefusals: 3,
    lastProbe: null,
    inFlight: 2,
    lanes: [
      {
        deployment: 'gpt-4o',
        kind: 'provisioned',
        breaker: 'open',
        breakerReason: 'throttled',
        retryAtMs: 0,
        utilization: 0.93,
        spilling: true,
        remainingTokens: null,
        remainingRequests: 7,
        latencyMs: 400,
        latencyP95Ms: 900,
        inFlight: 2,
        calls: 10,
        failures: 3,
      },
    ],
  },
]

const sourceState: SourceState = {
  ...{ name: 'replicas', kind: 'files', status: 'running', taken: 5, doubles: 1, setAside: 0, incomplete: 0 },
  ...{ lastEndedAtMs: 5_000, lastTakenAtMs: 6_000, lastError: null, lastErrorAtMs: null },
}
export const sources: MetricsSources = {
  instances: () => states,
  limits: async () => report,
  ledger: async () => ({
    writable: true,
    heldEntries: 0,
    lostBodyBytes: 0,
    lostRecords: 2,
    openExchanges: 1,
    damagedBytes: 0,
  }),
  feeds: async () => [feedState],
  sources: () => [sourceState],
  followUps: () => ({ open: 2, asked: 5, reported: 3, bounded: 1 }),
  calls: () => ({ inFlight: 5, readingOn: 2, ready: false }),
  redisUp: () => false,
  recordsRefused: () => 1,
  journalDisk: async () => ({ bsize: 4_096, blocks: 1_000, bavail: 250 }),
}

/** Figures with one entry of every kind. */
export function filled(): Figures {
  const figures = new Figures()
  figures.ended(endedCall)
  figures.ended({ ...endedCall, copyKind: 'shadow' })
  figures.unpriced('gpt-9')
  figures.limits.refused('hr-bot', 'tokensPerMinute', false)
  figures.limits.estimateErrors('gpt-4o').add(0.1)
  figures.limits.waited('batch', 750, true)
  figures.limits.withoutStore('local')
  figures.limits.storeAnswered(0.7)
  return figures
}

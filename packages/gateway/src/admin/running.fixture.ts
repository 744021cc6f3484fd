/** A house whose state a test decides, for tests of the management API and its clients. */

import { demoDirectory } from '@gatehouse/simulator'
import type { Config } from '../config/schema/index.ts'
import type { InstanceState, LaneState, ProbeResult } from '../instances/state.ts'
import type { FeedState } from '../ledger/feeds/control.ts'
import { UnansweredError } from '../ledger/feeds/thread.ts'
import type { LimitsReport, RuleReport } from '../limits/index.ts'
import type { ReplicaFigures, ReplicaState } from '../replicas/index.ts'
import { memoryLog } from '../telemetry/log/log.fixture.ts'
import { testConfiguration } from './configuration.fixture.ts'
import type { AdminHouse } from './index.ts'

const noRoles = { viewer: [], developer: [], auditor: [], operator: [], admin: [], custodian: [], eraser: [] }

export type Running = { -readonly [Member in keyof AdminHouse]: AdminHouse[Member] } & { probed: string[] }

export function runningHouse(
  config: Pick<AdminHouse, 'instances' | 'pools' | 'workloads'> & Partial<Pick<Config, 'admin'>>,
): Running {
  const probed: string[] = []
  const { instances, pools, workloads } = config
  const feeds = testFeeds()
  return {
    ...{
      instances,
      pools,
      workloads,
      currency: 'USD',
      timeZone: 'UTC',
      fiscalYearStart: '01-01',
      // As a price of now that was changed since the call.
      costLines: () => null,
      gatewayUrl: 'https://gate.example',
      ownUrl: null,
      audiences: ['api://gatehouse'],
      probed,
    },
    feeds,
    replicas: async () => ({ sharing: 'alone', replicas: [ownReplica(await feeds.states())] }),
    sources: () => [],
    limits: async () => limitsReport,
    async probe(name) {
      probed.push(name)
      return name === 'east' ? goodProbe : failedProbe
    },
    calls: {
      explain: async call => [{ stage: 'resolve', verdict: 'pass', text: call.url }],
      workloadNamed: ({ url }) => url.split('/')[2] ?? null,
      explainRecord: async ({ method, path }) => {
        const call = { method, url: path, caller: null, headers: {}, model: null }
        return { call, steps: [], assumed: [], stage: null }
      },
      replay: async (_, rows) => {
        return { calls: rows.length, same: rows.length, changes: [], copies: 0, fromMs: null, toMs: null, untold: [] }
      },
    },
    drains: {
      drain: async (_, by) => ({ drained: { sinceMs: atMs, by }, sharing: 'alone' }),
      restore: async () => ({ drained: null, sharing: 'alone' }),
    },
    overrides: { begin: async () => 'alone', end: async ({ rule }) => (rule === 'hr-bot' ? 'alone' : null) },
    limitRules: () => [
      { name: 'hr-bot', measures: ['tokensPerMinute', 'costPerMonth'] },
      { name: 'hr-bot/caller', measures: ['tokensPerMinute'] },
    ],
    levels: memoryLog({}, () => atMs).log.levels,
    configuration: testConfiguration(config.admin?.roles ?? noRoles),
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text: 'gatehouse_info 1\n' }),
  }
}

const atMs = Date.UTC(2026, 10, 23, 12)
export const goodProbe: ProbeResult = { atMs, ok: true, status: 200, durationMs: 41, error: null }
export const failedProbe: ProbeResult = {
  ...goodProbe,
  ok: false,
  status: 401,
  error: 'The instance refused the key (401).',
}

export function laneState(changes: Partial<LaneState> = {}): LaneState {
  return {
    deployment: 'gpt-4o',
    kind: 'standard',
    breaker: 'closed',
    breakerReason: null,
    retryAtMs: null,
    utilization: null,
    spilling: false,
    remainingTokens: null,
    remainingRequests: null,
    latencyMs: 412.4,
    latencyP95Ms: 1_203.9,
    inFlight: 3,
    calls: 300,
    failures: 2,
    ...changes,
  }
}

/** East is spilling to west, whose breaker is open for 20 more seconds. */
const instanceStates: readonly InstanceState[] = [
  {
    name: 'east',
    healthy: true,
    drained: null,
    credentialRefused: false,
    credentialRefusals: 0,
    lastProbe: goodProbe,
    inFlight: 3,
    lanes: [laneState({ kind: 'provisioned', utilization: 0.934, spilling: true })],
  },
  {
    name: 'west',
    healthy: false,
    drained: null,
    credentialRefused: true,
    credentialRefusals: 7,
    lastProbe: failedProbe,
    inFlight: 0,
    lanes: [
      laneState({
        breaker: 'open',
        breakerReason: 'throttled',
        retryAtMs: atMs + 20_000,
        remainingTokens: 0,
        inFlight: 0,
        calls: 100,
        failures: 40,
      }),
    ],
  },
]

/** The replica that answers; it began an hour before. */
function ownReplica(feeds: readonly FeedState[]): ReplicaState {
  const figures: ReplicaFigures = {
    ...{ version: '0.0.0', startedAtMs: atMs - 3_600_000, callsInFlight: 3, instances: instanceStates, feeds },
    limits: { store: 'memory', state: 'ok', waiting: 0, rules: [] },
  }
  return { id: 'own', name: 'east-1', isSelf: true, status: 'alive', quietMs: 0, figures }
}

export function ruleReport(changes: Partial<RuleReport> = {}): RuleReport {
  return {
    rule: 'hr-bot',
    measure: 'tokensPerMinute',
    mode: 'enforce',
    scope: 'workload hr-bot',
    subject: null,
    workloads: ['hr-bot'],
    counter: 'hr-bot',
    limit: 60_000,
    used: 12_345,
    reserved: 4_000,
    remaining: 43_655,
    beganAtMs: null,
    renewsAtMs: atMs + 30_000,
    override: null,
    refused: 0,
    ...changes,
  }
}

const aliceId = demoDirectory.people.find(person => person.name === 'alice')?.objectId ?? ''
const caller = `user:${demoDirectory.tenantId}/${aliceId}`
const limitsReport: LimitsReport = {
  store: 'memory',
  state: 'ok',
  downSinceMs: null,
  waiting: 0,
  rules: [
    ruleReport(),
    ruleReport({
      measure: 'costPerMonth',
      limit: 500e9,
      used: 481.5e9,
      reserved: 0.25e9,
      remaining: 18.25e9,
      beganAtMs: Date.UTC(2026, 10, 1),
      renewsAtMs: Date.UTC(2026, 11, 1),
    }),
    ruleReport({
      rule: 'hr-bot/caller',
      scope: 'each caller of hr-bot',
      subject: caller,
      counter: 'hr-bot/caller',
      limit: 20_000,
      used: 20_000,
      reserved: 0,
      remaining: 0,
      refused: 7,
    }),
    ruleReport({
      rule: 'code-assistant',
      measure: 'callsInFlight',
      scope: 'workload code-assistant',
      workloads: ['code-assistant'],
      counter: 'code-assistant',
      limit: 50,
      used: 0,
      reserved: 3,
      remaining: 47,
      renewsAtMs: null,
    }),
    ruleReport({
      rule: 'limits.rules.company',
      measure: 'tokensPerDay',
      mode: 'shadow',
      scope: 'everything',
      workloads: null,
      counter: 'limits.rules.company',
      limit: 1_000_000,
      used: 1_250_000,
      reserved: 0,
      remaining: 0,
      beganAtMs: Date.UTC(2026, 10, 23),
      renewsAtMs: Date.UTC(2026, 10, 24),
      refused: 41,
    }),
  ],
}

export const feedState: FeedState = {
  name: 'east',
  kind: 'files',
  status: 'failing',
  ...{ lagRecords: 1_200, lagSeconds: 75, lagBytes: 2_400_000 },
  ...{ sent: 98_000, sentBytes: 51_000_000, retried: 40, setAside: 1, droppedSegments: 2 },
  lastSentAtMs: Date.UTC(2026, 10, 23, 11, 58),
  lastError: '/archive: the disk is full. Free space on it (ENOSPC).',
  lastErrorAtMs: Date.UTC(2026, 10, 23, 11, 59, 30),
}

/** A feed, named like an instance so that tests can take any route with one name; and `stuck`, which never answers. */
function testFeeds(): AdminHouse['feeds'] {
  let state = feedState
  const order = async (name: string, next: Partial<FeedState>): Promise<FeedState | null> => {
    if (name === 'stuck') throw new UnansweredError()
    if (name !== state.name) return null
    state = { ...state, ...next }
    return state
  }
  return {
    states: async () => [state],
    pause: name => order(name, { status: 'paused' }),
    resume: name => order(name, { status: 'running' }),
    rewind: (name, toMs) => order(name, { lagRecords: 5_000, lastSentAtMs: toMs }),
  }
}

/** Limits with a clock and a ledger that the test controls, and an observer that records every event. */
import assert from 'node:assert/strict'
import { type Config, type ConfigInput, configSchema } from '../config/schema/index.ts'
import { testCaller } from '../identity/caller.fixture.ts'
import type { Caller } from '../identity/index.ts'
import type { SpentGroup } from '../ledger/reports.ts'
import type { ActiveLimits } from './admission.ts'
import type { Ask, Denial, Lease, LimitsObserver, RuleDenial, RuleReport, Spent } from './index.ts'
import { openLimits } from './open.ts'

export const tenant = '11111111-2222-3333-4444-555555555555'

export function person(id: number): Caller {
  const objectId = `00000000-0000-0000-0000-${String(id).padStart(12, '0')}`
  return testCaller({ tenantId: tenant, objectId })
}

/** Workloads `chat` and `batch` on deployment `gpt`, which both instances `one` and `two` have. */
export function configOf(change: {
  readonly chat?: ConfigInput['workloads'][string]['limits']
  readonly limits?: ConfigInput['limits']
  readonly instances?: Partial<ConfigInput['instances'][string]>
}): Config {
  const workload = { callers: [{ tenant }], targets: ['main'], deployments: ['gpt'] }
  const instance = { endpoint: 'http://127.0.0.1:1', deployments: { gpt: { model: 'gpt-4o' } }, ...change.instances }
  return configSchema.parse({
    identity: { entra: { tenants: [tenant] } },
    instances: { one: instance, two: instance },
    pools: { main: { members: [{ instance: 'one' }, { instance: 'two' }] } },
    workloads: {
      chat: { ...workload, ...(change.chat === undefined ? {} : { limits: change.chat }) },
      batch: { ...workload, priority: 'batch' },
    },
    ...(change.limits === undefined ? {} : { limits: change.limits }),
  })
}

export interface Observed {
  readonly refused: { readonly rule: string; readonly measure: string; readonly shadow: boolean }[]
  readonly estimateErrors: { readonly deployment: string; readonly error: number }[]
  readonly waited: { readonly priority: string; readonly ms: number; readonly admitted: boolean }[]
}

export interface TestLimits {
  readonly limits: ActiveLimits
  readonly observed: Observed
  /** The clock, in ms since the epoch; tests move it. */
  readonly time: { ms: number }
  /** Reserves for a call that must not wait. @returns its lease, or the reason why it was refused. */
  take(tokens: number, of?: Partial<TestCall>): Lease | Denial
}

export interface TestCall {
  readonly caller: Caller
  readonly workload: string
  readonly deployment: string | null
  readonly costNano: number
}

export async function openTestLimits(
  config: Config,
  given: { startMs?: number; spent?: readonly SpentGroup[] } = {},
): Promise<TestLimits> {
  const time = { ms: given.startMs ?? Date.UTC(2026, 2, 2, 9) }
  const observed: Observed = { refused: [], estimateErrors: [], waited: [] }
  const observer: LimitsObserver = {
    refused: (rule, measure, shadow) => void observed.refused.push({ rule, measure, shadow }),
    estimateErrors: deployment => ({ add: error => void observed.estimateErrors.push({ deployment, error }) }),
    waited: (priority, ms, admitted) => void observed.waited.push({ priority, ms, admitted }),
    withoutStore() {},
    storeAnswered() {},
  }
  const spent = (fromMs: number, toMs: number): Promise<readonly SpentGroup[]> =>
    Promise.resolve((given.spent ?? []).filter(group => group.startedAtMs >= fromMs && group.startedAtMs < toMs))
  const limits = await openLimits(config, { clock: () => time.ms, observer, ledger: { spent } })
  return {
    limits,
    observed,
    time,
    take(tokens, of = {}) {
      const { caller = person(1), workload = 'chat', deployment = 'gpt', costNano = 0 } = of
      const meets = limits.meets(workload, deployment) ?? assert.fail('the call meets no limit')
      const ask = { ...askOf(tokens, costNano), caller }
      const admission = limits.admit(meets, ask, { deadlineAt: 0, signal: null })
      if (admission instanceof Promise) throw new TypeError('the call has to wait')
      return admission.lease ?? admission.denial
    },
  }
}

export function askOf(tokens: number, costNano = 0): Ask {
  return {
    caller: person(1),
    priority: 'standard',
    tokens,
    costNano,
    leastTokens: tokens,
    prompt: { textBytes: 100, media: 0, soundTokens: 0, stored: 0 },
    promptTokens: 20,
    maximumGiven: true,
  }
}

export function spentOf(tokens: number, costNano = 0): Spent {
  return { tokens, costNano, calls: 1, promptTokens: null, completionTokens: null }
}

export function isLease(one: Lease | Denial): one is Lease {
  return 'settle' in one
}

export function expectLease(one: Lease | Denial): Lease {
  assert.ok(isLease(one), `refused: ${JSON.stringify(one)}`)
  return one
}

/** The refusal of a call by a rule. */
export function expectDenial(one: Lease | Denial): RuleDenial {
  assert.ok(!isLease(one), 'the call was admitted')
  assert.ok(one.kind !== 'store')
  return one
}

/** The lines of a report that `wanted` selects. */
export async function reportLines(
  { limits }: TestLimits,
  wanted: (line: RuleReport) => boolean,
): Promise<readonly RuleReport[]> {
  return (await limits.report()).rules.filter(wanted)
}

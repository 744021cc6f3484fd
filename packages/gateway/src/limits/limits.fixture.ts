/** Limits on a clock of the test's own, with a ledger that remembers what it is told. */
import assert from 'node:assert/strict'
import { type Config, type ConfigInput, configSchema } from '../config/schema.ts'
import type { Caller } from '../identity/index.ts'
import type { SpentGroup } from '../ledger/reports.ts'
import type { StandingLimits } from './admission.ts'
import type { Ask, Denial, Lease, LimitsObserver, Spent } from './index.ts'
import { openLimits } from './open.ts'

export const tenant = '11111111-2222-3333-4444-555555555555'

export function person(id: number): Caller {
  const objectId = `00000000-0000-0000-0000-${String(id).padStart(12, '0')}`
  return {
    kind: 'user',
    tenantId: tenant,
    objectId,
    appId: null,
    displayName: null,
    groups: [],
    listsGroups: true,
    groupsOverage: false,
    roles: [],
    scopes: [],
    managedIdentityId: null,
    audience: '',
    tokenVersion: '2.0',
    expiresAtMs: 0,
  }
}

/** Workloads `chat` and `batch` on deployment `gpt`, which instances `one` and `two` have. */
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

export interface Told {
  readonly refused: { readonly rule: string; readonly measure: string; readonly shadow: boolean }[]
  readonly estimateErrors: { readonly deployment: string; readonly error: number }[]
  readonly waited: { readonly priority: string; readonly ms: number; readonly admitted: boolean }[]
}

export interface Opened {
  readonly limits: StandingLimits
  readonly told: Told
  /** Milliseconds since the epoch; tests move it. */
  readonly time: { ms: number }
  /** Reserves for a call that must not wait. */
  take(tokens: number, of?: Partial<Call>): Lease | Denial
}

export interface Call {
  readonly caller: Caller
  readonly workload: string
  readonly deployment: string | null
  readonly costNano: number
}

export async function opened(
  config: Config,
  given: { startMs?: number; spent?: readonly SpentGroup[] } = {},
): Promise<Opened> {
  const time = { ms: given.startMs ?? Date.UTC(2026, 2, 2, 9) }
  const told: Told = { refused: [], estimateErrors: [], waited: [] }
  const observer: LimitsObserver = {
    refused: (rule, measure, shadow) => void told.refused.push({ rule, measure, shadow }),
    estimateErrors: deployment => ({ add: error => void told.estimateErrors.push({ deployment, error }) }),
    waited: (priority, ms, admitted) => void told.waited.push({ priority, ms, admitted }),
    withoutStore() {},
    storeAnswered() {},
  }
  const spent = (fromMs: number, toMs: number): Promise<readonly SpentGroup[]> =>
    Promise.resolve((given.spent ?? []).filter(group => group.startedAtMs >= fromMs && group.startedAtMs < toMs))
  const limits = await openLimits(config, { clock: () => time.ms, observer, ledger: { spent } })
  return {
    limits,
    told,
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

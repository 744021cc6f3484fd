/** What cannot be told from records, said exactly. */
import { isDeepStrictEqual } from 'node:util'
import type { Config } from '../../../config/schema/index.ts'
import type { RecordRow } from '../../../ledger/record.ts'

/** Settings of a workload that only a body meets. */
const bodySettings = [
  'tools',
  'dataSources',
  'outsideUrls',
  'serviceTiers',
  'background',
  'store',
  'storedPrompts',
  'output',
] as const
type BodySetting = (typeof bodySettings)[number]

/** The setting of a workload that refuses with a code which only a body gets. */
const settingOfCode: Readonly<Record<string, readonly BodySetting[]>> = {
  tool_not_allowed: ['tools'],
  data_source_not_allowed: ['dataSources'],
  outside_url_not_allowed: ['outsideUrls'],
  service_tier_not_allowed: ['serviceTiers'],
  option_not_allowed: ['background', 'store', 'storedPrompts'],
  maximum_missing: ['output'],
  maximum_too_large: ['output'],
  batch_line_refused: ['tools', 'output'],
}

const limitCodes: ReadonlySet<string> = new Set([
  'token_limit_reached',
  'request_limit_reached',
  'concurrency_limit_reached',
  'cost_limit_reached',
  'budget_exhausted',
  'request_exceeds_limit',
])

/** The setting that may have refused a call then and is another one now; null where none has changed. */
export function settingBehind({ workload }: RecordRow, code: string, before: Config, after: Config): string | null {
  const settings = settingOfCode[code] ?? []
  const changed = workload === null ? undefined : settings.find(name => !isSame(before, after, workload, name))
  if (changed !== undefined) return `workloads.${workload}.${changed}`
  if (workload !== null && (code === 'deployment_not_allowed' || code === 'model_missing')) {
    return isSame(before, after, workload, 'deployments') ? null : `workloads.${workload}.deployments`
  }
  if (limitCodes.has(code)) return changedLimits(workload, before, after)
  if (code.startsWith('token_')) return isDeepStrictEqual(before.identity, after.identity) ? null : 'identity.entra'
  if (code === 'body_too_large') {
    return before.gateway.bodyBytesMax === after.gateway.bodyBytesMax ? null : 'gateway.bodyBytesMax'
  }
  return null
}

function changedLimits(workload: string | null, before: Config, after: Config): string | null {
  if (!isDeepStrictEqual(before.limits, after.limits)) return 'limits'
  if (workload !== null && !isSame(before, after, workload, 'limits')) return `workloads.${workload}.limits`
  const limitsOf = ({ instances }: Config): unknown =>
    Object.entries(instances).map(([name, { limits, deployments }]) => [
      name,
      limits,
      Object.entries(deployments).map(([own, written]) => [own, written.limits]),
    ])
  return isDeepStrictEqual(limitsOf(before), limitsOf(after)) ? null : 'instances'
}

function isSame(
  before: Config,
  after: Config,
  workload: string,
  setting: BodySetting | 'deployments' | 'limits' | 'canary',
): boolean {
  return isDeepStrictEqual(before.workloads[workload]?.[setting], after.workloads[workload]?.[setting])
}

export function notesOf(calls: readonly RecordRow[], before: Config, after: Config): readonly string[] {
  const names = [...new Set(calls.flatMap(({ workload }) => workload ?? []))].filter(
    name => Object.hasOwn(before.workloads, name) && Object.hasOwn(after.workloads, name),
  )
  const changed = names.flatMap(name =>
    bodySettings.filter(setting => !isSame(before, after, name, setting)).map(setting => ({ name, setting })),
  )
  const canaries = names.filter(name => !isSame(before, after, name, 'canary'))
  const unreserved = calls.filter(
    ({ reservedTokens, usage }) => (reservedTokens ?? 0) === 0 && (usage.totalTokens ?? 0) > 0,
  ).length
  const notes: (string | null)[] = [
    ...changed.map(({ name, setting }) => {
      const count = calls.filter(({ workload, requestBytes }) => workload === name && requestBytes > 0).length
      return `workloads.${name}.${setting} differs: records do not hold what bodies had, so which of the ${count} calls with a body it meets is not known.`
    }),
    before.gateway.bodyBytesMax === after.gateway.bodyBytesMax
      ? null
      : 'gateway.bodyBytesMax differs: how large bodies were unpacked is not in records.',
    ...canaries.map(
      name =>
        `workloads.${name}.canary differs: which calls are in a share, chance decides; each is taken to stay with the deployment that it named.`,
    ),
    'Every instance is taken to answer: breakers, drains, spilling and free capacity are not replayed.',
    'Limits begin with what the ledger has of their windows at the first of these calls; windows of a second and calls in flight begin empty.',
    unreserved === 0
      ? null
      : `${unreserved} calls met no limit on tokens then: they are taken to reserve what they used, not what they might have needed.`,
    before.limits.store === 'redis' || after.limits.store === 'redis'
      ? 'Calls of other replicas are not in this ledger, so limits that are counted together have more room here than they had.'
      : null,
    'Groups and roles are not in records: a call that was let through is taken to have those that its workload’s rules named.',
    'Bodies are not read: a file of a batch and the objects that a body names are taken to be allowed.',
  ]
  return notes.filter(note => note !== null)
}

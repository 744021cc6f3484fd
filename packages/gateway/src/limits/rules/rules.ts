/**
 * The configuration's limits as rules: which calls each limits, what it counts separately, and how much it allows.
 * Compiled at boot.
 */
import {
  type Config,
  type LimitAmounts,
  type LimitName,
  type LimitRuleConfig,
  limitNames,
} from '../../config/schema/index.ts'
import { compileRules, type RuleMatcher } from '../../identity/index.ts'
import type { OverriddenLimit } from '../index.ts'

export type PerName = LimitRuleConfig['per'][number]

export interface RuleLimit {
  readonly measure: LimitName
  readonly limit: number
  /** Absent where the limit is that of the configuration. */
  readonly override?: OverriddenLimit
}

export interface LimitRule {
  /**
   * As clients and reports see it: `hr-bot`, `hr-bot/caller`, `limits.rules.NAME`, `instances.NAME`,
   * `instances.NAME.deployments.NAME`.
   */
  readonly name: string
  /** First part of its counters' keys; the same for rules that share a counter. */
  readonly base: string
  readonly per: readonly PerName[]
  /** Null selects all. */
  readonly workloads: ReadonlySet<string> | null
  readonly callers: RuleMatcher | null
  /** Names that the workload uses. */
  readonly deployments: ReadonlySet<string> | null
  readonly instances: ReadonlySet<string> | null
  /** Name of a deployment on the instance. It differs from the workload's name where the pool has an alias. */
  readonly deploymentThere: string | null
  readonly enforce: boolean
  readonly limits: readonly RuleLimit[]
  /** The calls that it limits, in words. */
  readonly scope: string
  /** Place of its amounts in the configuration. */
  readonly path: readonly string[]
}

/** Calls of one workload on one deployment: the part of a call that selects rules before it is sent. */
export interface CallScope {
  readonly workload: string
  readonly deployment: string | null
}

export function compileLimits(config: Config): readonly LimitRule[] {
  const rules: LimitRule[] = []
  for (const [name, { limits }] of Object.entries(config.workloads)) {
    if (limits === undefined) continue
    const workloads = new Set([name])
    const { perCaller } = limits
    rules.push({
      ...selectsAll,
      ...common(limits),
      name,
      base: `workload/${name}`,
      workloads,
      scope: `workload ${name}`,
      path: ['workloads', name, 'limits'],
    })
    if (perCaller === undefined) continue
    rules.push({
      ...selectsAll,
      ...common(perCaller),
      name: `${name}/caller`,
      base: `workload/${name}/caller`,
      per: ['caller'],
      workloads,
      scope: `each caller of workload ${name}`,
      path: ['workloads', name, 'limits', 'perCaller'],
    })
  }
  for (const [name, rule] of Object.entries(config.limits.rules)) rules.push(namedRule(name, rule))
  for (const [name, instance] of Object.entries(config.instances)) rules.push(...rulesOfInstance(name, instance))
  return rules.filter(rule => rule.limits.length > 0)
}

/** A rule that selects every call and counts all of them together. */
const selectsAll = {
  per: [],
  workloads: null,
  callers: null,
  deployments: null,
  instances: null,
  deploymentThere: null,
} as const

function common(written: LimitAmounts): Pick<LimitRule, 'enforce' | 'limits'> {
  return { enforce: written.mode === 'enforce', limits: amountsOf(written) }
}

function amountsOf(written: LimitAmounts): LimitRule['limits'] {
  return limitNames.flatMap(measure => {
    const amount = written[measure]
    if (amount === undefined) return []
    return [{ measure, limit: typeof amount === 'number' ? amount : amount.nano }]
  })
}

function namedRule(name: string, rule: LimitRuleConfig): LimitRule {
  return {
    ...common(rule),
    name: `limits.rules.${name}`,
    base: rule.counter === undefined ? `rule/${name}` : `counter/${rule.counter}`,
    per: rule.per,
    workloads: setOf(rule.workloads),
    callers: rule.callers === undefined ? null : compileRules(rule.callers),
    deployments: setOf(rule.deployments),
    instances: setOf(rule.instances),
    deploymentThere: null,
    scope: scopeTextOf(rule),
    path: ['limits', 'rules', name],
  }
}

function rulesOfInstance(name: string, { limits, deployments }: Config['instances'][string]): LimitRule[] {
  const instances = new Set([name])
  const rules: LimitRule[] = []
  if (limits !== undefined) {
    rules.push({
      ...selectsAll,
      ...common(limits),
      name: `instances.${name}`,
      base: `instance/${name}`,
      instances,
      scope: `instance ${name}`,
      path: ['instances', name, 'limits'],
    })
  }
  for (const [deployment, written] of Object.entries(deployments)) {
    if (written.limits === undefined) continue
    rules.push({
      ...selectsAll,
      ...common(written.limits),
      name: `instances.${name}.deployments.${deployment}`,
      base: `instance/${name}/${deployment}`,
      instances,
      deploymentThere: deployment,
      scope: `deployment ${deployment} of instance ${name}`,
      path: ['instances', name, 'deployments', deployment, 'limits'],
    })
  }
  return rules
}

function setOf(names: readonly string[] | undefined): ReadonlySet<string> | null {
  return names === undefined ? null : new Set(names)
}

/** `each caller: workloads hr-bot, chat on deployment gpt-4o`; `everything` for a rule that selects all calls. */
function scopeTextOf(rule: LimitRuleConfig): string {
  const callers = rule.callers?.map(caller => {
    const [[kind, value] = ['', '']] = Object.entries(caller)
    return `${kind} ${value}`
  })
  const parts = [
    listed('workload', rule.workloads),
    callers === undefined ? null : callers.join(', '),
    listed('deployment', rule.deployments),
    listed('instance', rule.instances),
  ].filter(part => part !== null)
  const selected = parts.length === 0 ? 'everything' : parts.join('; ')
  return rule.per.length === 0 ? selected : `each ${rule.per.join(' and ')} of ${selected}`
}

function listed(word: string, names: readonly string[] | undefined): string | null {
  if (names === undefined) return null
  return `${word}${names.length > 1 ? 's' : ''} ${names.join(', ')}`
}

/** True when the rule can apply to calls of this scope, for some caller and on some instance. */
export function concerns(rule: LimitRule, { workload, deployment }: CallScope): boolean {
  if (rule.workloads !== null && !rule.workloads.has(workload)) return false
  // A call without a deployment matches no rule about deployments.
  if (deployment === null) return rule.deployments === null && !rule.per.includes('deployment')
  return rule.deployments === null || rule.deployments.has(deployment)
}

/** True for rules that can be checked only after the call's instance is chosen. */
export function needsInstance(rule: LimitRule): boolean {
  return rule.instances !== null || rule.per.includes('instance')
}

export function needsCaller(rule: LimitRule): boolean {
  return rule.callers !== null || rule.per.includes('caller')
}

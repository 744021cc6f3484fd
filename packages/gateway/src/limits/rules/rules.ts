/** The configuration's limits as rules: whom each is for, what it counts by itself, and how much. Compiled at boot. */
import {
  type Config,
  type LimitAmounts,
  type LimitName,
  type LimitRuleConfig,
  limitNames,
} from '../../config/schema.ts'
import { compileRules, type RuleMatcher } from '../../identity/index.ts'

export type PerName = LimitRuleConfig['per'][number]

export interface LimitRule {
  /** As clients and reports see it: `hr-bot`, `hr-bot/caller`, `limits.rules.NAME`, `instances.NAME`, `instances.NAME.deployments.NAME`. */
  readonly name: string
  /** First part of its counters' keys; rules that share a counter have the same one. */
  readonly base: string
  readonly per: readonly PerName[]
  /** Null selects all. */
  readonly workloads: ReadonlySet<string> | null
  readonly callers: RuleMatcher | null
  /** As the workload names them. */
  readonly deployments: ReadonlySet<string> | null
  readonly instances: ReadonlySet<string> | null
  /** Name of a deployment on the instance, which may be another one than the workload's (an alias). */
  readonly deploymentThere: string | null
  readonly enforce: boolean
  readonly limits: readonly { readonly measure: LimitName; readonly limit: number }[]
  /** Whom it is for, in words. */
  readonly scope: string
}

/** What a rule looks at. */
export interface Place {
  readonly workload: string
  readonly deployment: string | null
}

export function compileLimits(config: Config): readonly LimitRule[] {
  const rules: LimitRule[] = []
  for (const [name, { limits }] of Object.entries(config.workloads)) {
    if (limits === undefined) continue
    const workloads = new Set([name])
    const { perCaller } = limits
    rules.push({ ...all, ...common(limits), name, base: `workload/${name}`, workloads, scope: `workload ${name}` })
    if (perCaller === undefined) continue
    rules.push({
      ...all,
      ...common(perCaller),
      name: `${name}/caller`,
      base: `workload/${name}/caller`,
      per: ['caller'],
      workloads,
      scope: `each caller of workload ${name}`,
    })
  }
  for (const [name, rule] of Object.entries(config.limits.rules)) rules.push(across(name, rule))
  for (const [name, instance] of Object.entries(config.instances)) rules.push(...ofInstance(name, instance))
  return rules.filter(rule => rule.limits.length > 0)
}

/** A rule that selects nothing and counts all together. */
const all = {
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

function across(name: string, rule: LimitRuleConfig): LimitRule {
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
    scope: scopeOf(rule),
  }
}

function ofInstance(name: string, { limits, deployments }: Config['instances'][string]): LimitRule[] {
  const instances = new Set([name])
  const rules: LimitRule[] = []
  if (limits !== undefined) {
    const own = { name: `instances.${name}`, base: `instance/${name}`, instances, scope: `instance ${name}` }
    rules.push({ ...all, ...common(limits), ...own })
  }
  for (const [deployment, written] of Object.entries(deployments)) {
    if (written.limits === undefined) continue
    rules.push({
      ...all,
      ...common(written.limits),
      name: `instances.${name}.deployments.${deployment}`,
      base: `instance/${name}/${deployment}`,
      instances,
      deploymentThere: deployment,
      scope: `deployment ${deployment} of instance ${name}`,
    })
  }
  return rules
}

function setOf(names: readonly string[] | undefined): ReadonlySet<string> | null {
  return names === undefined ? null : new Set(names)
}

/** `each caller: workloads hr-bot, chat on deployment gpt-4o`; `everything` for a rule without a selection. */
function scopeOf(rule: LimitRuleConfig): string {
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

/** Whether the rule can be about such calls at all, whoever calls and wherever they go. */
export function concerns(rule: LimitRule, { workload, deployment }: Place): boolean {
  if (rule.workloads !== null && !rule.workloads.has(workload)) return false
  // A call without a deployment is on none: a rule about deployments is not about it.
  if (deployment === null) return rule.deployments === null && !rule.per.includes('deployment')
  return rule.deployments === null || rule.deployments.has(deployment)
}

/** Rules that can only be asked once it is known where a call goes. */
export function needsInstance(rule: LimitRule): boolean {
  return rule.instances !== null || rule.per.includes('instance')
}

export function needsCaller(rule: LimitRule): boolean {
  return rule.callers !== null || rule.per.includes('caller')
}

/** The limits that a call meets, in words. Reads the configuration only; nothing is counted. */
import type { Config } from '../../config/schema/index.ts'
import type { RuleFacts, Subject } from '../index.ts'
import { compileLimits, type LimitRule } from './rules.ts'
import { rulesAt, rulesForCaller, rulesOfScope } from './scope-rules.ts'

export interface LimitsMet {
  /** Limits that apply whichever instance serves the call. */
  readonly anywhere: readonly RuleFacts[]
  /** Further limits that apply only when this instance serves it. */
  at(instance: string): readonly RuleFacts[]
}

export function limitsMet(config: Config, { caller, workload, deployment }: Subject): LimitsMet {
  const rules = rulesOfScope(compileLimits(config), { workload, deployment })
  return {
    anywhere: factsOf(rulesForCaller(rules.anywhere, caller)),
    at: instance => {
      const there = deploymentNamesAt(config, instance, deployment).flatMap(name => rulesAt(rules, instance, name))
      return factsOf(rulesForCaller([...new Set(there)], caller))
    },
  }
}

function factsOf(rules: readonly LimitRule[]): readonly RuleFacts[] {
  return rules.flatMap(rule =>
    rule.limits.map(({ measure, limit }) => ({
      rule: rule.name,
      measure,
      limit,
      mode: modeOf(rule),
      scope: rule.scope,
      path: [...rule.path, measure],
    })),
  )
}

export function modeOf(rule: LimitRule): 'enforce' | 'shadow' {
  return rule.enforce ? 'enforce' : 'shadow'
}

/** Names that a deployment may have on an instance: its own name, and the aliases that pools give it there. */
export function deploymentNamesAt(
  config: Config,
  instance: string,
  deployment: string | null,
): readonly (string | null)[] {
  if (deployment === null) return [null]
  const aliases = Object.values(config.pools).flatMap(pool =>
    pool.members.flatMap(member => (member.instance === instance ? (member.aliases[deployment] ?? []) : [])),
  )
  const known = config.instances[instance]?.deployments ?? {}
  return [...new Set([...aliases, deployment])].filter(name => name in known)
}

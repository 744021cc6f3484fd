import type { Config } from '../../config/schema/index.ts'
import { compileLimits, type LimitRule, needsInstance } from '../../limits/rules/rules.ts'

/**
 * True when every call of every workload on every deployment meets an enforced limit. Without the store of the limits
 * and with `whenStoreIsDown: refuse`, nothing at all is then served.
 */
export function limitedThroughout(config: Config): boolean {
  const forAll = compileLimits(config).filter(
    rule => rule.enforce && rule.callers === null && !needsInstance(rule) && !needsDeployment(rule),
  )
  const workloads = Object.keys(config.workloads)
  return (
    workloads.length > 0 &&
    workloads.every(name => forAll.some(rule => rule.workloads === null || rule.workloads.has(name)))
  )
}

/** Calls on files or batches run on no deployment, so they do not meet such a rule. */
function needsDeployment(rule: LimitRule): boolean {
  return rule.deployments !== null || rule.per.includes('deployment')
}

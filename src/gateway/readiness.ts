import type { Config } from '../config/schema.ts'
import { compileLimits, needsInstance } from '../limits/rules.ts'

/**
 * True when no call passes without meeting a limit that is enforced, whichever workload makes it, for whichever deployment: without the
 * store of the limits and with `whenStoreIsDown: refuse` nothing at all is then served.
 */
export function limitedThroughout(config: Config): boolean {
  const forAll = compileLimits(config).filter(
    rule => rule.enforce && rule.callers === null && rule.deployments === null && !needsInstance(rule),
  )
  const workloads = Object.keys(config.workloads)
  return (
    workloads.length > 0 &&
    workloads.every(name => forAll.some(rule => rule.workloads === null || rule.workloads.has(name)))
  )
}

/** Grants: which workload and target a call may use. */
import { type Caller, callerKey, lackingText } from '../../../identity/index.ts'
import type { Target } from '../../../instances/pool.ts'
import type { Operation } from '../../../wire/operations.ts'
import type { Plan, Workload } from '../../plan/index.ts'
import { listed, Refusal } from '../../refusals.ts'
import type { Route } from '../1-resolve/route.ts'

export interface Grant {
  readonly workload: Workload
  readonly target: Target
}

/**
 * @param claimed name of the workload, as the request has it; null where it names none.
 * @throws Refusal workload_missing, workload_unknown, caller_not_bound, caller_unbound, caller_groups_overage,
 *   target_unknown, target_not_allowed, deployment_not_allowed, operation_not_allowed
 */
export function findGrant(caller: Caller, route: Route, claimed: string | null, plan: Plan): Grant {
  const workload = findWorkload(caller, claimed, plan)
  const target = findTarget(workload, route.target, plan)
  if (route.deployment !== null) requireDeployment(workload, route.deployment)
  requireOperation(workload, route.operation)
  return { workload, target }
}

/**
 * Also called for a deployment that the body or a header field names.
 * @param param the member or field that names it. @throws Refusal deployment_not_allowed
 */
export function requireDeployment(workload: Workload, deployment: string, param = 'model'): void {
  if (!workload.deployments.has(deployment)) throw deploymentRefused(workload, deployment, param)
}

export function deploymentRefused(workload: Workload, deployment: string, param: string): Refusal {
  const details = { workload: workload.name, deployment, allowed: listed(workload.deployments) }
  return new Refusal('deployment_not_allowed', details, { param })
}

/** @throws Refusal operation_not_allowed */
export function requireOperation(workload: Workload, operation: Operation): void {
  if (workload.operations.has(operation)) return
  throw new Refusal('operation_not_allowed', { workload: workload.name, operation: operation.name })
}

function findWorkload(caller: Caller, name: string | null, plan: Plan): Workload {
  if (name === null) return onlyWorkload(caller, plan)
  const workload = plan.workloads.get(name)
  if (workload === undefined) throw new Refusal('workload_unknown', { workload: name, others: others(caller, plan) })
  if (workload.bound(caller) !== null) return workload
  if (workload.rules.groupsOverage(caller)) throw new Refusal('caller_groups_overage', { workload: name })
  const lacking = lackingText(workload.rules.lacking(caller), caller)
  throw new Refusal('caller_not_bound', {
    caller: shown(caller),
    workload: name,
    lacking,
    others: others(caller, plan),
  })
}

/** `You may call as: a, b.` @param bound not empty. */
export function mayCallAs(bound: readonly Workload[]): string {
  return `You may call as: ${listed(bound.map(({ name }) => name))}.`
}

/** The workloads that the caller may use, as a sentence with a space before it; empty where there are none. */
function others(caller: Caller, plan: Plan): string {
  const bound = plan.workloadsOf(caller)
  return bound.length === 0 ? '' : ` ${mayCallAs(bound)}`
}

function onlyWorkload(caller: Caller, plan: Plan): Workload {
  const bound = plan.workloadsOf(caller)
  const [first] = bound
  if (first === undefined) throw new Refusal('caller_unbound', { caller: shown(caller), lacking: plan.lacking(caller) })
  if (bound.length === 1) return first
  const workloads = listed(bound.map(workload => workload.name))
  throw new Refusal('workload_missing', { count: bound.length, workloads }, { param: 'x-gatehouse-workload' })
}

function findTarget(workload: Workload, name: string | null, plan: Plan): Target {
  if (name === null) return workload.standardTarget
  const target = workload.targets.get(name)
  if (target !== undefined) return target
  const allowed = listed(workload.targets.keys())
  if (!plan.targets.has(name)) throw new Refusal('target_unknown', { workload: workload.name, target: name, allowed })
  throw new Refusal('target_not_allowed', { workload: workload.name, target: name, allowed })
}

function shown(caller: Caller): string {
  return caller.displayName === null ? callerKey(caller) : `${caller.displayName}, ${callerKey(caller)}`
}

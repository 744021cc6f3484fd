/** What explainers say of a stage that lets the call pass. */
import type { Config } from '../../config/schema/index.ts'
import type { Caller } from '../../identity/index.ts'
import type { Received } from '../exchange.ts'
import type { Route } from '../stages/1-resolve/route.ts'
import type { Grant } from '../stages/3-authorize/grant.ts'

export function describeDeployment(deployment: string | null): string {
  if (deployment === null) return 'The operation runs on no deployment.'
  return `Deployment ${deployment}, allowed for the workload.`
}

/** The deployments that get a share or a copy of such calls. */
export function sharesOf({ workload, target }: Grant, deployment: string | null): readonly string[] {
  const canary = workload.canary.get(deployment ?? '')
  const shadow = workload.shadow.get(deployment ?? '')
  const texts = [
    canary === undefined
      ? null
      : `Canary: ${percentOf(canary.share)} of these calls go to ${canary.deployment} instead; the rest is explained here.`,
    shadow === undefined
      ? null
      : `Shadow: a copy of ${percentOf(shadow.share)} of these calls goes to ${shadow.deployment} of ${(shadow.target ?? target).name}; its answer is discarded.`,
  ]
  return texts.filter(text => text !== null)
}

function percentOf(share: number): string {
  return `${Number((share * 100).toFixed(2))} %`
}

/** Null for a call that names no object: it may go anywhere. */
export function locateText({ call, route, grant }: Received, config: Config): string | null {
  const { operation, objectId } = route
  const { workload } = grant
  const { object, lists, refersBy } = operation
  const others =
    config.objects.unknown === 'refuse'
      ? 'otherwise the answer is 404'
      : 'an object that no call created is looked up on the first member'
  if (object !== null) {
    return `The ${object.replaceAll('_', ' ')} ${objectId ?? ''} must have been created by workload ${workload.name}; ${others}.`
  }
  if (lists !== null && call.method !== 'POST')
    return `The list shows what workload ${workload.name} created, and nothing else.`
  if (refersBy.length === 0) return null
  return `If the request uses stored objects (files, responses), workload ${workload.name} must have created them; ${others}. Without them, any member may serve the call.`
}

export function admitText(count: number, { operation }: Route, { limits }: Config): string {
  const { length, maxWait } = limits.waitingLine
  if (count === 0) return 'Meets no limit.'
  const free =
    operation.usage === 'none'
      ? ' The operation costs no tokens: it counts only as a request and a call in flight.'
      : ''
  const met = count === 1 ? 'Meets one limit' : `Meets ${count} limits; the one with the least room decides`
  const waits = length === 0 ? '' : `; without room, a call may wait in line for up to ${maxWait / 1_000} s`
  return `${met}${waits}. Counters are in ${limits.store === 'memory' ? 'memory' : 'Redis'}.${free}`
}

export function describeModels(names: readonly string[]): string {
  return `Answered by the gateway itself, with what the workload may use there: ${names.length === 0 ? 'nothing' : names.join(', ')}.`
}

export function describeRoute(route: Route): string {
  const parts = [
    `Operation ${route.operation.name}`,
    route.target === null ? 'no target in the address' : `target ${route.target}`,
    route.workload === null ? 'no workload in the address' : `workload ${route.workload}`,
    route.deployment === null ? null : `deployment ${route.deployment}`,
    route.apiVersion === null ? null : `api-version ${route.apiVersion}`,
  ]
  return `${parts.filter(part => part !== null).join(', ')}.`
}

export function describeGrant(grant: Grant, caller: Caller): string {
  const { name, capture, priority } = grant.workload
  const rule = grant.workload.bound(caller)
  return `Workload ${name}, bound by the rule "${rule?.text ?? ''}"; target ${grant.target.name}; capture ${capture}; priority ${priority}.`
}

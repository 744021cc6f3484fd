/** Canary: a share of a workload's calls goes to another deployment, as the operator has configured it. */
import type { Reference } from '../../../wire/references.ts'
import type { Grant } from '../3-authorize/grant.ts'
import type { ReceivedRequest } from './request.ts'

/**
 * Runs before anything is reserved, because limits and prices are those of the deployment that serves.
 * @param random 0..1, 1 excluded. @returns the same object for a call that stays where it is.
 */
export function steer(request: ReceivedRequest, grant: Grant, random: () => number): ReceivedRequest {
  const { canary } = grant.workload
  if (canary.size === 0 || request.deployment === null || request.references.some(isBound)) return request
  const to = canary.get(request.deployment)
  return to === undefined || random() >= to.share ? request : { ...request, deployment: to.deployment }
}

/**
 * A call that continues from a stored object, or brings content that only one deployment can read, stays with the
 * deployment that began it.
 */
function isBound({ echoed, kind }: Reference): boolean {
  return !echoed || kind === 'reasoning'
}

/** Canary: a share of a workload's calls goes to another deployment, as the operator has configured it. */
import type { Reference } from '../../../wire/references.ts'
import type { Grant } from '../3-authorize/grant.ts'
import type { Asked } from './request.ts'

/**
 * Runs before anything is reserved, because limits and prices are those of the deployment that serves.
 * @param random 0..1, 1 excluded. @returns the same object for a call that stays where it is.
 */
export function steer(asked: Asked, grant: Grant, random: () => number): Asked {
  const { canary } = grant.workload
  if (canary.size === 0 || asked.deployment === null || asked.references.some(isBound)) return asked
  const to = canary.get(asked.deployment)
  return to === undefined || random() >= to.share ? asked : { ...asked, deployment: to.deployment }
}

/**
 * A call that continues from a stored object, or brings content that only one deployment can read, stays with the
 * deployment that began it.
 */
function isBound({ echoed, kind }: Reference): boolean {
  return !echoed || kind === 'reasoning'
}

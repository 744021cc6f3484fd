/** Groups of a caller whose token does not list them: looked up only where a workload's rules could need them. */
import { type Caller, type GroupDirectory, GroupsUnavailable } from '../../../identity/index.ts'
import type { Authenticated } from '../../exchange.ts'
import { Refusal } from '../../refusals.ts'
import { claimedWorkload } from '../3-authorize/index.ts'

export interface GroupsParts {
  /** Null where only tokens say which groups a caller is in. */
  readonly groups: Pick<GroupDirectory, 'complete'> | null
}

/**
 * @returns the same caller where no rule needs its groups, or where the configuration names no directory for them.
 * @throws Refusal groups_unavailable, also as a rejection
 */
export function withGroups(exchange: Authenticated, { groups }: GroupsParts): Caller | Promise<Caller> {
  const { caller, plan } = exchange
  if (groups === null || !plan.needsGroups(caller, claimedWorkload(exchange))) return caller
  try {
    const complete = groups.complete(caller)
    return complete instanceof Promise ? complete.catch(refuse) : complete
  } catch (error) {
    return refuse(error)
  }
}

function refuse(error: unknown): never {
  if (!(error instanceof GroupsUnavailable)) throw error
  throw new Refusal('groups_unavailable', {}, { retryAfterMs: error.retryAfterMs, cause: error.cause ?? error })
}

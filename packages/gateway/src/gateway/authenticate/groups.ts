/** Groups of a caller whose token does not list them: looked up where a workload's rules could need them, and only there. */
import { type Caller, GroupsUnavailable } from '../../identity/index.ts'
import type { GatewayParts } from '../parts.ts'
import { Refusal } from '../refusals.ts'
import type { Route } from '../resolve/index.ts'

/**
 * @param named value of `x-gatehouse-workload`, null when absent.
 * @returns the caller as it is where no rule needs its groups, or where nobody is asked for them.
 * @throws Refusal groups_unavailable, also as a rejection
 */
export function withGroups(
  caller: Caller,
  route: Route,
  named: string | null,
  { groups, plan }: Pick<GatewayParts, 'groups' | 'plan'>,
): Caller | Promise<Caller> {
  if (groups === null || !plan.needsGroups(caller, route.workload ?? named)) return caller
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

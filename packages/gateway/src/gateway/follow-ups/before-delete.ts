import type { Admitted } from '../exchange.ts'
import type { FollowUps } from './index.ts'

/**
 * Asks what an object used before the call deletes it: afterwards its instance cannot say.
 * @returns null for nearly every call: there is nothing to wait for.
 */
export function askBeforeDelete(
  { call, route, token }: Admitted,
  { followUps }: { readonly followUps: Pick<FollowUps, 'askNow'> },
): Promise<void> | null {
  if (call.method !== 'DELETE' || route.objectId === null) return null
  return route.operation.tells !== null && route.operation.endsObject ? followUps.askNow(route.objectId, token) : null
}

/** Locate: where the objects live that a call refers to, and whether they are its workload's. */
import type { Account } from '../record/index.ts'
import type { GatewayParts } from '../serve.ts'

/**
 * @returns the instance that must serve; null where any member may.
 * @throws Refusal object_unknown
 */
export async function locate(_account: Account, _parts: GatewayParts): Promise<string | null> {
  return null
}

/** Admit: reserves what a call may need with every limit that it meets, or refuses it. */
import type { Lease } from '../../limits/index.ts'
import type { Account } from '../record/index.ts'
import type { GatewayParts } from '../serve.ts'

/**
 * @returns null for a call that meets no limit.
 * @throws Refusal token_limit_reached, request_limit_reached, concurrency_limit_reached, budget_exhausted, request_exceeds_limit,
 *   limits_unavailable; ClientLeft
 */
export function admit(_account: Account, _parts: GatewayParts): Promise<Lease | null> | Lease | null {
  return null
}

/** The member `service_tier`: which values exist, and which tier serves a call. */
import type { JsonRecord } from '../json.ts'
import { invalidRequest } from './errors.ts'

/** Values of `service_tier` in a call. */
const tiers: ReadonlySet<unknown> = new Set(['auto', 'default', 'flex', 'priority'])

/** Throws 400 for a tier that does not exist. */
export function checkServiceTier(input: JsonRecord): void {
  const { service_tier: tier } = input
  if (tier === undefined || tier === null || tiers.has(tier)) return
  const known = "'auto', 'default', 'flex', and 'priority'"
  const message = `Invalid value: ${JSON.stringify(tier)}. Supported values are: ${known}.`
  throw invalidRequest(message, 'service_tier', 'invalid_value')
}

/** The tier that serves a call: the one that it names, else the standard one. */
export function servedTier(input: JsonRecord): string {
  const { service_tier: tier } = input
  return tier === 'flex' || tier === 'priority' ? tier : 'default'
}

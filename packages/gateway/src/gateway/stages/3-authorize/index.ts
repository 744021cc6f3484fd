/**
 * Authorize: caller and route to a grant. The workload is only a claim of the URL or of a header field until a rule of
 * the configuration binds the caller to it. What is not configured is not allowed.
 */
import { type Authenticated, type Authorized, noteGrant, type Resolved } from '../../exchange.ts'
import { findGrant } from './grant.ts'

/** @throws Refusal as `findGrant` does */
export function authorize(exchange: Authenticated): Authorized {
  const { caller, route, plan } = exchange
  noteGrant(exchange, findGrant(caller, route, claimedWorkload(exchange), plan))
  return exchange
}

/**
 * The workload that the address names, or the header field `x-gatehouse-workload` where it names none; null where
 * neither does.
 */
export function claimedWorkload({ call, route }: Resolved): string | null {
  if (route.workload !== null) return route.workload
  const value = call.req.headers['x-gatehouse-workload']
  // Node joins repeated fields with a comma, and no workload's name has one.
  return typeof value === 'string' && value !== '' ? value : null
}

import type { Gauge, Lease } from '../../limits/index.ts'

const none: readonly string[] = []

/**
 * Header fields that tell a client where it stands, as Azure names them: names and values in turn. They replace the instance's
 * own, since the gateway's limits are those that the caller has. The same empty array for a call that met no limit.
 */
export function limitHeaders(lease: Lease | null): readonly string[] {
  if (lease === null) return none
  const { tokens, requests, store } = lease
  if (tokens === null && requests === null && store === 'ok') return none
  const headers = gaugeHeaders(tokens, requests)
  if (store !== 'ok') headers.push('x-gatehouse-limits', store)
  return headers
}

/** @returns a new array. */
export function gaugeHeaders(tokens: Gauge | null, requests: Gauge | null): string[] {
  const headers: string[] = []
  if (tokens !== null) push(headers, 'tokens', tokens)
  if (requests !== null) push(headers, 'requests', requests)
  return headers
}

function push(headers: string[], what: 'tokens' | 'requests', { limit, remaining, resetMs }: Gauge): void {
  headers.push(`x-ratelimit-limit-${what}`, String(limit))
  headers.push(`x-ratelimit-remaining-${what}`, String(remaining))
  headers.push(`x-ratelimit-reset-${what}`, String(Math.ceil(resetMs / 1_000)))
}

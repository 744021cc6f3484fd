import type { Gauge, Lease } from '../../limits/index.ts'

/**
 * Header fields that tell a client where it stands, as Azure names them, as they stand in the head of an answer: `NAME: VALUE`, each with its
 * line end. They replace the instance's own, since the gateway's limits are those that the caller has. Null for a call that met no
 * limit.
 */
export function limitFields(lease: Lease | null): string | null {
  if (lease === null) return null
  const { tokens, requests, store } = lease
  if (tokens === null && requests === null && store === 'ok') return null
  const ofTokens = tokens === null ? '' : tokenFields(tokens)
  const ofRequests = requests === null ? '' : requestFields(requests)
  return store === 'ok' ? ofTokens + ofRequests : `${ofTokens}${ofRequests}x-gatehouse-limits: ${store}\r\n`
}

/** Not where the store's state alone is told. */
export function saysWhatIsLeft(fields: string | null): boolean {
  return fields?.startsWith('x-ratelimit-') === true
}

function tokenFields({ limit, remaining, resetMs }: Gauge): string {
  return `x-ratelimit-limit-tokens: ${limit}\r\nx-ratelimit-remaining-tokens: ${remaining}\r\nx-ratelimit-reset-tokens: ${secondsOf(resetMs)}\r\n`
}

function requestFields({ limit, remaining, resetMs }: Gauge): string {
  return `x-ratelimit-limit-requests: ${limit}\r\nx-ratelimit-remaining-requests: ${remaining}\r\nx-ratelimit-reset-requests: ${secondsOf(resetMs)}\r\n`
}

/** The same as names and values in turn, for refusals. */
export function gaugeHeaders(tokens: Gauge | null, requests: Gauge | null): string[] {
  const headers: string[] = []
  if (tokens !== null) push(headers, 'tokens', tokens)
  if (requests !== null) push(headers, 'requests', requests)
  return headers
}

function push(headers: string[], what: 'tokens' | 'requests', { limit, remaining, resetMs }: Gauge): void {
  headers.push(`x-ratelimit-limit-${what}`, String(limit))
  headers.push(`x-ratelimit-remaining-${what}`, String(remaining))
  headers.push(`x-ratelimit-reset-${what}`, String(secondsOf(resetMs)))
}

function secondsOf(ms: number): number {
  return Math.ceil(ms / 1_000)
}

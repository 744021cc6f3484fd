import type { Gauge, Lease } from '../../../limits/index.ts'
import { limitFields } from '../../../wire/backends.ts'
import { digits } from './digits.ts'

/**
 * Header fields with the state of the caller's limits, as Azure names them: names and values in turn. They replace the
 * instance's own, because the limits of the gateway are the caller's. Returns a new array; null for a call that meets
 * no limit.
 */
export function limitHeaders({ tokens, requests, store }: Lease): string[] | null {
  if (tokens === null && requests === null && store === 'ok') return null
  const headers = gaugeHeaders(tokens, requests)
  if (store !== 'ok') headers.push('x-gatehouse-limits', store)
  return headers
}

/** @returns a new array. */
export function gaugeHeaders(tokens: Gauge | null, requests: Gauge | null): string[] {
  const headers: string[] = []
  if (tokens !== null) push(headers, ofTokens, tokens)
  if (requests !== null) push(headers, ofRequests, requests)
  return headers
}

/** Whole names: a name that is put together for each call would be hashed and checked again each time. */
interface GaugeFields {
  readonly limit: string
  readonly remaining: string
  readonly reset: string
}

const ofTokens: GaugeFields = {
  limit: limitFields.limitTokens,
  remaining: limitFields.remainingTokens,
  reset: limitFields.resetTokens,
}
const ofRequests: GaugeFields = {
  limit: limitFields.limitRequests,
  remaining: limitFields.remainingRequests,
  reset: limitFields.resetRequests,
}

function push(headers: string[], names: GaugeFields, { limitText, remaining, resetSeconds }: Gauge): void {
  headers.push(names.limit, limitText, names.remaining, digits(remaining), names.reset, digits(resetSeconds))
}

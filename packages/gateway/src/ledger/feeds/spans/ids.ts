/** Ids of traces and spans, derived from records: a record that is sent again gives the same spans. */
import { createHash } from 'node:crypto'
import { isTraceId } from '../../../wire/trace-context.ts'

/**
 * 32 hexadecimal digits: the caller's trace, or the id of the record without its hyphens. A copy that the gateway sent
 * by itself is in the trace of the exchange that it copies.
 */
export function traceOf(row: {
  readonly id: string
  readonly copyOf: string | null
  readonly traceId: string | null
}): string {
  return row.traceId !== null && isTraceId(row.traceId) ? row.traceId : digitsOf(row.copyOf ?? row.id)
}

/** Of the exchange with the client. 16 hexadecimal digits: the second half of the record's id. */
export const exchangeSpan = (id: string): string => spanOf(id, 0)
/** Of the call of a model. */
export const callSpan = (id: string): string => spanOf(id, 1)
/** @param number from 0, as the record has its attempts. */
export const attemptSpan = (id: string, number: number): string => spanOf(id, 2 + number)

/** The part changes the last 16 bits. The 62 that are random in a UUID tell records of one trace apart. */
function spanOf(id: string, part: number): string {
  const digits = digitsOf(id)
  const last = Number.parseInt(digits.slice(28), 16) ^ (part & 0xffff)
  return digits.slice(16, 28) + last.toString(16).padStart(4, '0')
}

/** 32 hexadecimal digits whose second half does not begin with 0, so that no id made of it is 0. */
function digitsOf(id: string): string {
  const digits = id.replaceAll('-', '').toLowerCase()
  // Gateways make no other ids, but journals and sources may hold what they like.
  if (/^[0-9a-f]{16}[1-9a-f][0-9a-f]{15}$/.test(digits)) return digits
  const hash = createHash('sha256').update(id).digest('hex')
  return `${hash.slice(0, 16)}f${hash.slice(17, 32)}`
}

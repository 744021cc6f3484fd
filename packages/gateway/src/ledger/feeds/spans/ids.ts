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
export const exchangeSpan = (id: string): string => spanIn(digitsOf(id), 0)
/** @param number from 0, as the record has its attempts. */
export const attemptSpan = (id: string, number: number): string => spanIn(digitsOf(id), 2 + number)

/** All ids of a record's spans. */
export class SpanIds {
  readonly traceId: string
  readonly exchange: string
  /** Of the call of a model. */
  readonly call: string
  readonly #digits: string

  constructor(row: Parameters<typeof traceOf>[0]) {
    const digits = digitsOf(row.id)
    this.traceId = row.copyOf === null && row.traceId === null ? digits : traceOf(row)
    this.exchange = spanIn(digits, 0)
    this.call = spanIn(digits, 1)
    this.#digits = digits
  }

  /** As `attemptSpan`. */
  attempt(number: number): string {
    return spanIn(this.#digits, 2 + number)
  }
}

/** The part changes the last 16 bits. The 62 that are random in a UUID tell records of one trace apart. */
function spanIn(digits: string, part: number): string {
  if (part === 0) return digits.slice(16)
  const last = Number.parseInt(digits.slice(28), 16) ^ (part & 0xffff)
  return digits.slice(16, 28) + last.toString(16).padStart(4, '0')
}

/** 32 hexadecimal digits whose second half does not begin with 0, so that no id made of it is 0. */
function digitsOf(id: string): string {
  if (form.test(id)) return id.slice(0, 8) + id.slice(9, 13) + id.slice(14, 18) + id.slice(19, 23) + id.slice(24)
  // Gateways make no other ids, but journals and sources may hold what they like.
  const hash = createHash('sha256').update(id).digest('hex')
  return `${hash.slice(0, 16)}f${hash.slice(17, 32)}`
}

/** A UUID as gateways write it. */
const form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[1-9a-f][0-9a-f]{3}-[0-9a-f]{12}$/

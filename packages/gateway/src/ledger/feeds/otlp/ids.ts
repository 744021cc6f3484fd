/** Ids of traces and spans, derived from records: a record that is sent again gives the same spans. */
import { createHash } from 'node:crypto'

/**
 * 32 hexadecimal digits: the id of the record without its hyphens. A copy that the gateway sent by itself is in the
 * trace of the exchange that it copies.
 */
export function traceOf(id: string, copyOf: string | null): string {
  const digits = (copyOf ?? id).replaceAll('-', '').toLowerCase()
  // No record has another id. Nobody could read a trace of another length.
  return /^(?!0{32})[0-9a-f]{32}$/.test(digits) ? digits : hashOf(digits, 32)
}

/** 16 hexadecimal digits. @param part of the record, as `exchange`, `call`, `attempt/0`. */
export function spanOf(id: string, part: string): string {
  return hashOf(`${id}/${part}`, 16)
}

const hashOf = (text: string, digits: number): string =>
  createHash('sha256').update(text).digest('hex').slice(0, digits)

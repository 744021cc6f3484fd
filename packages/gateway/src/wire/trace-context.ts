/**
 * W3C Trace Context: the header field `traceparent`, in which a caller names its trace and its span.
 * https://www.w3.org/TR/trace-context/#traceparent-header
 */
export interface TraceContext {
  /** 32 hexadecimal digits in lower case, not all of them 0. */
  readonly traceId: string
  /** The caller's span: 16 hexadecimal digits in lower case, not all of them 0. */
  readonly parentSpanId: string
  /** The caller's flags, those alone that are defined: bit 0 sampled, bit 1 random trace id. */
  readonly flags: number
}

export const traceparentField = 'traceparent'

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/
const definedFlags = 0b11

export const isTraceId = (text: string): boolean => /^(?!0{32})[0-9a-f]{32}$/.test(text)
export const isSpanId = (text: string): boolean => /^(?!0{16})[0-9a-f]{16}$/.test(text)

/**
 * Null for what is not valid: its reader must not use it. Of a version after 00, what 00 has is read.
 * @param field as Node has it in `headers`, where repeated fields are joined by commas and so are not valid.
 */
export function traceContextOf(field: unknown): TraceContext | null {
  if (typeof field !== 'string') return null
  const [, version, traceId = '', parentSpanId = '', flags = '', more] = form.exec(field) ?? []
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return null
  if (!isTraceId(traceId) || !isSpanId(parentSpanId)) return null
  return { traceId, parentSpanId, flags: Number.parseInt(flags, 16) & definedFlags }
}

/** The field in version 00, with another span as the parent. */
export function traceparentOf({ traceId, flags }: TraceContext, parentSpanId: string): string {
  return `00-${traceId}-${parentSpanId}-0${flags}`
}

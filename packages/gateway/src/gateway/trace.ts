/** The trace that a caller brings (W3C Trace Context). */
import type { LogFields } from '../log.ts'
import { type TraceContext, traceContextOf, traceparentField } from '../wire/trace-context.ts'
import type { Exchange } from './exchange.ts'

/**
 * Null for a call without a grant: a caller without a name, or one that may not use the workload, must not choose the
 * trace of its record. Null as well where the workload ignores traces, and for a field that is not valid.
 */
export function takenTrace({ call, grant }: Pick<Exchange, 'call' | 'grant'>): TraceContext | null {
  return grant?.workload.continuesTraces === true ? traceContextOf(call.req.headers[traceparentField]) : null
}

/** Fields of every line of the log that belongs to a call. */
export function aboutCall(exchange: Pick<Exchange, 'call' | 'grant'>): LogFields {
  const trace = takenTrace(exchange)
  return { requestId: exchange.call.id, ...(trace === null ? {} : { traceId: trace.traceId }) }
}

/**
 * The trace in which an instance gets a span of the gateway as its parent; null where it gets the caller's own. Spans
 * of the instance would have a parent that nobody knows where some records of the workload become no spans.
 */
export function sentTrace(exchange: Pick<Exchange, 'call' | 'grant'>): TraceContext | null {
  return exchange.grant?.workload.alwaysHasSpans === true ? takenTrace(exchange) : null
}

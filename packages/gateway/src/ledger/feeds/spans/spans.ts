/**
 * A record as spans: SERVER for the exchange, a CLIENT span with the `gen_ai.*` attributes where a model was called,
 * and a CLIENT span for each attempt at an instance.
 * https://github.com/open-telemetry/semantic-conventions-genai, span `gen_ai.client.inference`
 * https://opentelemetry.io/docs/specs/semconv/http/http-spans/
 */

import { isSpanId, isTraceId } from '../../../wire/trace-context.ts'
import type { RecordRow } from '../../record.ts'
import type { AttemptRecord } from '../../values.ts'
import { readableText } from '../forms.ts'
import { attributesOf, methodOf, providerOf, type SpanAttributes } from './attributes.ts'
import { attemptSpan as attemptSpanId, callSpan as callSpanId, exchangeSpan, traceOf } from './ids.ts'
import type { SpanSettings } from './settings.ts'

export interface RecordSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | null
  readonly name: string
  readonly kind: 'server' | 'client' | 'internal'
  /** Milliseconds since the epoch; the end is not before the start. */
  readonly startMs: number
  readonly endMs: number
  readonly attributes: SpanAttributes
  readonly events: readonly { readonly name: string; readonly atMs: number }[]
  readonly isError: boolean
}

/** The spans of a record, parents before children. */
export function spansOf(row: RecordRow, settings: SpanSettings): RecordSpan[] {
  const { exchange, call } = attributesOf(row, settings)
  const attempts = timed(row)
  const isCall = attempts.length > 0 && row.deployment !== null
  const server = serverSpan(row, isCall ? exchange : { ...exchange, ...call })
  const first = attempts[0]
  const logical = isCall && first !== undefined ? [callSpan(row, server, first.startMs, call, settings)] : []
  const parent = logical[0] ?? server
  return [server, ...logical, ...attempts.map(attempt => attemptSpan(row, parent, attempt))].map(readable)
}

/** Texts of clients and backends may hold what is no text elsewhere. */
function readable(span: RecordSpan): RecordSpan {
  const attributes: SpanAttributes = {}
  for (const [name, value] of Object.entries(span.attributes)) {
    if (typeof value === 'string') attributes[name] = readableText(value)
    else attributes[name] = Array.isArray(value) ? value.map(readableText) : value
  }
  return { ...span, name: readableText(span.name), attributes }
}

/** The caller's span; null without its trace. */
function parentOf({ traceId, parentSpanId }: RecordRow): string | null {
  return traceId !== null && parentSpanId !== null && isTraceId(traceId) && isSpanId(parentSpanId) ? parentSpanId : null
}

/** What a client asked is a SERVER span. What the gateway sent by itself is part of the trace that it copies. */
function serverSpan(row: RecordRow, attributes: SpanAttributes): RecordSpan {
  const { id, copyOf, copyKind, operation, status, outcome, outcomeCode } = row
  const isError = outcome === 'failed' || outcome === 'interrupted' || (status ?? 0) >= 500
  const method = String(attributes['http.request.method'])
  const verb = copyKind ?? (method === '_OTHER' ? 'HTTP' : method)
  return {
    traceId: traceOf(row),
    spanId: exchangeSpan(id),
    parentSpanId: copyOf === null ? parentOf(row) : exchangeSpan(copyOf),
    // The path is the client's to choose, and a name must be one of few.
    name: operation === null ? verb : `${verb} ${operation}`,
    kind: copyOf === null ? 'server' : 'internal',
    ...between(row.startedAtMs, row.endedAtMs),
    attributes: { ...attributes, ...errorType(isError, outcomeCode ?? status) },
    events: [],
    isError,
  }
}

function callSpan(
  row: RecordRow,
  server: RecordSpan,
  startMs: number,
  call: SpanAttributes,
  settings: SpanSettings,
): RecordSpan {
  const { sentAtMs, firstByteAtMs, status, outcome, outcomeCode } = row
  const isError = outcome === 'failed' || outcome === 'interrupted' || (status ?? 0) >= 400
  const provider = { 'gen_ai.provider.name': providerOf(row, settings) }
  return {
    traceId: server.traceId,
    spanId: callSpanId(row.id),
    parentSpanId: server.spanId,
    name: `${call['gen_ai.operation.name'] ?? ''} ${call['gen_ai.request.model'] ?? ''}`.trim(),
    kind: 'client',
    ...between(startMs, row.endedAtMs),
    attributes: { ...provider, ...call, ...errorType(isError, outcomeCode ?? status) },
    events: [...eventOf('gatehouse.sent', sentAtMs), ...eventOf('gatehouse.first_byte', firstByteAtMs)],
    isError,
  }
}

interface TimedAttempt extends AttemptRecord {
  readonly number: number
  readonly startMs: number
  /** True where the record does not say when it began. */
  readonly isPlaced: boolean
}

function attemptSpan(row: RecordRow, parent: RecordSpan, attempt: TimedAttempt): RecordSpan {
  const { number, startMs, isPlaced, instance, status, error, durationMs } = attempt
  const isError = error !== null || (status ?? 0) >= 400
  const method = methodOf(row)
  const verb = method['http.request.method'] === '_OTHER' ? 'HTTP' : row.method
  return {
    traceId: parent.traceId,
    spanId: attemptSpanId(row.id, number),
    parentSpanId: parent.spanId,
    name: `${verb} ${instance}`,
    kind: 'client',
    ...between(startMs, startMs + durationMs),
    attributes: {
      ...method,
      'server.address': instance,
      ...(status === null ? {} : { 'http.response.status_code': status }),
      ...(number === 0 ? {} : { 'http.request.resend_count': number }),
      ...(isPlaced ? { 'gatehouse.attempt.start_estimated': true } : {}),
      ...errorType(isError, error ?? status),
    },
    events: [],
    isError,
  }
}

/**
 * The record says when the last attempt was sent, and how long each one took. Earlier ones are placed before it, one
 * right before the other; but none before the exchange.
 */
function timed({ attempts, startedAtMs, sentAtMs, endedAtMs }: RecordRow): TimedAttempt[] {
  const placed: TimedAttempt[] = []
  let nextMs: number | null = null
  for (const [number, attempt] of [...attempts.entries()].toReversed()) {
    const isLast: boolean = nextMs === null
    const startMs: number = isLast && sentAtMs !== null ? sentAtMs : (nextMs ?? endedAtMs) - attempt.durationMs
    nextMs = Math.max(startedAtMs, startMs)
    placed.unshift({ ...attempt, number, startMs: nextMs, isPlaced: !isLast || sentAtMs === null })
  }
  return placed
}

/** Clocks are set back. */
const between = (startMs: number, endMs: number) => ({ startMs, endMs: Math.max(startMs, endMs) })

const eventOf = (name: string, atMs: number | null): RecordSpan['events'] => (atMs === null ? [] : [{ name, atMs }])

/** `error.type`: a code, or the status as a text. */
function errorType(isError: boolean, type: string | number | null): SpanAttributes {
  return isError ? { 'error.type': type === null ? '_OTHER' : String(type) } : {}
}

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
import { addAttributes, addMethod, providerOf, SpanAttributes } from './attributes.ts'
import { exchangeSpan, SpanIds, traceOf } from './ids.ts'
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
  const attempts = timed(row)
  const [first] = attempts
  const isCall = first !== undefined && row.deployment !== null
  const exchange = new SpanAttributes()
  exchange.add('gatehouse.request_id', readableText(row.id))
  const verb = addMethod(row, exchange)
  const call = isCall ? new SpanAttributes() : exchange
  if (isCall) call.add('gen_ai.provider.name', providerOf(row, settings))
  addAttributes(row, settings, exchange, call)
  const ids = new SpanIds(row.id)
  const server = serverSpan(row, ids, exchange, verb)
  const spans = [server]
  if (isCall) spans.push(callSpan(row, ids, server, first.startMs, call))
  const parent = spans.at(-1) ?? server
  for (const attempt of attempts) spans.push(attemptSpan(row, ids, parent, attempt))
  return spans
}

/** The caller's span; null without its trace. */
function parentOf({ traceId, parentSpanId }: RecordRow): string | null {
  return traceId !== null && parentSpanId !== null && isTraceId(traceId) && isSpanId(parentSpanId) ? parentSpanId : null
}

/** What a client asked is a SERVER span. What the gateway sent by itself is part of the trace that it copies. */
function serverSpan(row: RecordRow, ids: SpanIds, attributes: SpanAttributes, verb: string): RecordSpan {
  const { copyOf, copyKind, operation, status, outcome, outcomeCode } = row
  const isError = outcome === 'failed' || outcome === 'interrupted' || (status ?? 0) >= 500
  if (isError) attributes.add('error.type', errorType(outcomeCode ?? status))
  const begins = readableText(copyKind ?? verb)
  return {
    traceId: traceOf(row),
    spanId: ids.exchange,
    parentSpanId: copyOf === null ? parentOf(row) : exchangeSpan(copyOf),
    // The path is the client's to choose, and a name must be one of few.
    name: operation === null ? begins : `${begins} ${readableText(operation)}`,
    kind: copyOf === null ? 'server' : 'internal',
    ...between(row.startedAtMs, row.endedAtMs),
    attributes,
    events: noEvents,
    isError,
  }
}

function callSpan(
  row: RecordRow,
  ids: SpanIds,
  server: RecordSpan,
  startMs: number,
  attributes: SpanAttributes,
): RecordSpan {
  const { sentAtMs, firstByteAtMs, status, outcome, outcomeCode } = row
  const isError = outcome === 'failed' || outcome === 'interrupted' || (status ?? 0) >= 400
  if (isError) attributes.add('error.type', errorType(outcomeCode ?? status))
  return {
    traceId: server.traceId,
    spanId: ids.call,
    parentSpanId: server.spanId,
    name: `${attributes.get('gen_ai.operation.name') ?? ''} ${attributes.get('gen_ai.request.model') ?? ''}`.trim(),
    kind: 'client',
    ...between(startMs, row.endedAtMs),
    attributes,
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

function attemptSpan(row: RecordRow, ids: SpanIds, parent: RecordSpan, attempt: TimedAttempt): RecordSpan {
  const { number, startMs, isPlaced, status, error, durationMs } = attempt
  const isError = error !== null || (status ?? 0) >= 400
  const instance = readableText(attempt.instance)
  const attributes = new SpanAttributes()
  const verb = addMethod(row, attributes)
  attributes.add('server.address', instance)
  if (status !== null) attributes.add('http.response.status_code', status)
  if (number !== 0) attributes.add('http.request.resend_count', number)
  if (isPlaced) attributes.add('gatehouse.attempt.start_estimated', true)
  if (isError) attributes.add('error.type', errorType(error ?? status))
  return {
    traceId: parent.traceId,
    spanId: ids.attempt(number),
    parentSpanId: parent.spanId,
    name: `${verb} ${instance}`,
    kind: 'client',
    ...between(startMs, startMs + durationMs),
    attributes,
    events: noEvents,
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
  for (let number = attempts.length - 1; number >= 0; number -= 1) {
    const { instance, status, durationMs, error } = attempts[number] as AttemptRecord
    const isLast: boolean = nextMs === null
    const startMs: number = isLast && sentAtMs !== null ? sentAtMs : (nextMs ?? endedAtMs) - durationMs
    nextMs = Math.max(startedAtMs, startMs)
    placed.unshift({
      ...{ instance, status, durationMs, error, number, startMs: nextMs },
      isPlaced: !isLast || sentAtMs === null,
    })
  }
  return placed
}

/** Clocks are set back. */
const between = (startMs: number, endMs: number) => ({ startMs, endMs: Math.max(startMs, endMs) })

const noEvents: RecordSpan['events'] = []
const eventOf = (name: string, atMs: number | null): RecordSpan['events'] =>
  atMs === null ? noEvents : [{ name, atMs }]

/** `error.type`: a code, or the status as a text. */
function errorType(type: string | number | null): string {
  return type === null ? '_OTHER' : readableText(String(type))
}

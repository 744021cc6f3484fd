/**
 * A record as spans: SERVER for the exchange, a CLIENT span with the `gen_ai.*` attributes where a model was called,
 * and a CLIENT span for each attempt at an instance.
 * https://github.com/open-telemetry/semantic-conventions-genai, span `gen_ai.client.inference`
 * https://opentelemetry.io/docs/specs/semconv/http/http-spans/
 */

import { isSpanId, isTraceId } from '../../../wire/trace-context.ts'
import type { RecordRow } from '../../record.ts'
import type { AttemptRecord } from '../../values.ts'
import { genAiOperation, readableText } from '../forms.ts'
import type { RecordedExchange } from '../index.ts'
import {
  type AttributeSink,
  type AttributeValue,
  addCall,
  addExchange,
  addMethod,
  SpanAttributes,
  verbOf,
} from './attributes.ts'
import { exchangeSpan, SpanIds } from './ids.ts'
import type { SpanSettings } from './settings.ts'

/** What a span has besides its attributes and events. */
export interface SpanHead {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | null
  readonly name: string
  readonly kind: 'server' | 'client' | 'internal'
  /** Milliseconds since the epoch; the end is not before the start. */
  readonly startMs: number
  readonly endMs: number
  readonly isError: boolean
}

/** Takes spans one after the other. It makes their texts readable (`readableText`). */
export interface SpanSink extends AttributeSink {
  begin(head: SpanHead): void
  /** Of the span that has begun, after its attributes. */
  event(name: string, atMs: number): void
  end(): void
}

export interface RecordSpan extends SpanHead {
  readonly attributes: SpanAttributes
  readonly events: readonly { readonly name: string; readonly atMs: number }[]
}

/** The spans of a record, parents before children. */
export function spansOf(row: RecordRow, settings: SpanSettings): RecordSpan[] {
  const list = new SpanList()
  writeSpans(row, settings, list)
  return list.spans
}

class SpanList implements SpanSink {
  readonly spans: RecordSpan[] = []
  #attributes = new SpanAttributes()
  #events: { readonly name: string; readonly atMs: number }[] = []

  begin(head: SpanHead): void {
    this.#attributes = new SpanAttributes()
    this.#events = []
    this.spans.push({ ...head, name: readableText(head.name), attributes: this.#attributes, events: this.#events })
  }

  attribute(name: string, value: AttributeValue): void {
    this.#attributes.add(name, value)
  }

  event(name: string, atMs: number): void {
    this.#events.push({ name, atMs })
  }

  end(): void {}
}

/** How many spans a record has. */
export const spanCount = ({ opened: { deployment }, closed: { attempts } }: RecordedExchange): number =>
  1 + Number(isOfModel({ deployment, attempts })) + attempts.length

/** True where a model was called: the record has a span for it. */
const isOfModel = ({ deployment, attempts }: Pick<RecordRow, 'deployment' | 'attempts'>): boolean =>
  deployment !== null && attempts.length > 0

/** Writes the spans of a record, parents before children. */
export function writeSpans(row: RecordRow, settings: SpanSettings, sink: SpanSink): void {
  const ids = new SpanIds(row)
  const { traceId } = ids
  const attempts = timed(row)
  const [first] = attempts
  const isCall = first !== undefined && isOfModel(row)
  writeExchange(row, settings, sink, ids, !isCall)
  if (isCall) writeCall(row, settings, sink, ids, first.startMs)
  const parentSpanId = isCall ? ids.call : ids.exchange
  for (const attempt of attempts)
    writeAttempt(row, sink, { traceId, spanId: ids.attempt(attempt.number), parentSpanId }, attempt)
}

/** The caller's span; null without its trace. */
function parentOf({ traceId, parentSpanId }: RecordRow): string | null {
  return traceId !== null && parentSpanId !== null && isTraceId(traceId) && isSpanId(parentSpanId) ? parentSpanId : null
}

/** What a client asked is a SERVER span. What the gateway sent by itself is part of the trace that it copies. */
function writeExchange(row: RecordRow, settings: SpanSettings, sink: SpanSink, ids: SpanIds, isAlone: boolean): void {
  const { copyOf, copyKind, operation, status, outcome, outcomeCode } = row
  const isError = outcome === 'failed' || outcome === 'interrupted' || (status ?? 0) >= 500
  const begins = copyKind ?? verbOf(row)
  sink.begin({
    traceId: ids.traceId,
    spanId: ids.exchange,
    parentSpanId: copyOf === null ? parentOf(row) : exchangeSpan(copyOf),
    // The path is the client's to choose, and a name must be one of few.
    name: operation === null ? begins : `${begins} ${operation}`,
    kind: copyOf === null ? 'server' : 'internal',
    ...between(row.startedAtMs, row.endedAtMs),
    isError,
  })
  sink.attribute('gatehouse.request_id', row.id)
  addMethod(row, sink)
  addExchange(row, settings, sink, isAlone)
  if (isError) sink.attribute('error.type', errorType(outcomeCode ?? status))
  sink.end()
}

function writeCall(row: RecordRow, settings: SpanSettings, sink: SpanSink, ids: SpanIds, startMs: number): void {
  const { sentAtMs, firstByteAtMs, status, outcome, outcomeCode, operation, deployment } = row
  const isError = outcome === 'failed' || outcome === 'interrupted' || (status ?? 0) >= 400
  sink.begin({
    traceId: ids.traceId,
    spanId: ids.call,
    parentSpanId: ids.exchange,
    name: `${genAiOperation(operation) ?? ''} ${deployment ?? ''}`.trim(),
    kind: 'client',
    ...between(startMs, row.endedAtMs),
    isError,
  })
  addCall(row, settings, sink)
  if (isError) sink.attribute('error.type', errorType(outcomeCode ?? status))
  if (sentAtMs !== null) sink.event('gatehouse.sent', sentAtMs)
  if (firstByteAtMs !== null) sink.event('gatehouse.first_byte', firstByteAtMs)
  sink.end()
}

interface TimedAttempt extends AttemptRecord {
  readonly number: number
  readonly startMs: number
  /** True where the record does not say when it began. */
  readonly isPlaced: boolean
}

function writeAttempt(
  row: RecordRow,
  sink: SpanSink,
  ids: Pick<SpanHead, 'traceId' | 'spanId' | 'parentSpanId'>,
  { number, startMs, isPlaced, instance, status, error, durationMs }: TimedAttempt,
): void {
  const isError = error !== null || (status ?? 0) >= 400
  const times = between(startMs, startMs + durationMs)
  sink.begin({ ...ids, name: `${verbOf(row)} ${instance}`, kind: 'client', ...times, isError })
  addMethod(row, sink)
  sink.attribute('server.address', instance)
  if (status !== null) sink.attribute('http.response.status_code', status)
  if (number !== 0) sink.attribute('http.request.resend_count', number)
  if (isPlaced) sink.attribute('gatehouse.attempt.start_estimated', true)
  if (isError) sink.attribute('error.type', errorType(error ?? status))
  sink.end()
}

/**
 * The record says when the last attempt was sent, and how long each one took. Earlier ones are placed before it, one
 * right before the other; but none before the exchange.
 */
function timed({ attempts, startedAtMs, sentAtMs, endedAtMs }: RecordRow): TimedAttempt[] {
  const last = attempts.length - 1
  let nextMs = endedAtMs
  const placed = attempts.toReversed().map(({ instance, status, durationMs, error }, place): TimedAttempt => {
    const isKnown = place === 0 && sentAtMs !== null
    nextMs = Math.max(startedAtMs, isKnown ? sentAtMs : nextMs - durationMs)
    return { instance, status, durationMs, error, number: last - place, startMs: nextMs, isPlaced: !isKnown }
  })
  return placed.reverse()
}

/** Clocks are set back. */
const between = (startMs: number, endMs: number) => ({ startMs, endMs: Math.max(startMs, endMs) })

/** `error.type`: a code, or the status as a text. */
const errorType = (type: string | number | null): string => String(type ?? '_OTHER')

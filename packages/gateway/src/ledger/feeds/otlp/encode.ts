/** Spans as a request of OTLP (opentelemetry/proto/collector/trace/v1/trace_service.proto), and what answers it. */
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { version } from '../../../version.ts'
import type { GenAiFamily } from '../spans/settings.ts'
import type { RecordSpan } from '../spans/spans.ts'

/** A record's spans, and the gateway process that served it. */
export interface RecordSpans {
  readonly replica: string | null
  readonly spans: readonly RecordSpan[]
}

type EncodedSpan = Parameters<typeof ProtobufTraceSerializer.serializeRequest>[0][number]
type Resource = EncodedSpan['resource']

/** Numbers of the API, which are one less than those of the protobufs. */
const kinds = { internal: 0, server: 1, client: 2 } as const
const statusError = 2
const statusUnset = 0
const sampled = 1

/** Only 1.41 has an address of its schema. */
const schemaUrl = 'https://opentelemetry.io/schemas/1.41.0'

/** @param service `service.name`. */
export function encoded(records: readonly RecordSpans[], service: string, genai: GenAiFamily): Uint8Array {
  const scope = { name: 'gatehouse', version, ...(genai === 'v1_41' ? { schemaUrl } : {}) }
  const resources = new Map<string | null, Resource>()
  const all: EncodedSpan[] = []
  for (const { replica, spans } of records) {
    let resource = resources.get(replica)
    if (resource === undefined) {
      resource = resourceOf(service, replica)
      resources.set(replica, resource)
    }
    for (const span of spans) all.push(readable(span, resource, scope))
  }
  const request = ProtobufTraceSerializer.serializeRequest(all)
  if (request === undefined) throw new Error('the spans could not be written as protobuf')
  return request
}

/**
 * What a collector says of a request that it has taken: spans that it did not keep, and why; null when it kept all.
 */
export function partialSuccess(answer: Uint8Array): { readonly rejected: number; readonly message: string } | null {
  if (answer.byteLength === 0) return null
  const { partialSuccess: partial } = ProtobufTraceSerializer.deserializeResponse(answer)
  const [rejected, message] = [Number(partial?.rejectedSpans ?? 0), partial?.errorMessage ?? '']
  return rejected === 0 && message === '' ? null : { rejected, message }
}

function resourceOf(service: string, replica: string | null): Resource {
  return resourceFromAttributes({
    'service.name': service,
    'service.version': version,
    ...(replica === null ? {} : { 'service.instance.id': replica }),
  })
}

function readable(
  span: RecordSpan,
  resource: Resource,
  instrumentationScope: EncodedSpan['instrumentationScope'],
): EncodedSpan {
  const { traceId, parentSpanId } = span
  const context = { traceId, spanId: span.spanId, traceFlags: sampled }
  const [startTime, endTime] = [timeOf(span.startMs), timeOf(span.endMs)]
  return {
    ...{ name: span.name, kind: kinds[span.kind], resource, instrumentationScope, startTime, endTime },
    spanContext: () => context,
    ...(parentSpanId === null ? {} : { parentSpanContext: { traceId, spanId: parentSpanId, traceFlags: sampled } }),
    status: { code: span.isError ? statusError : statusUnset },
    attributes: span.attributes,
    events: span.events.map(({ name, atMs }) => ({ name, time: timeOf(atMs) })),
    ...{ links: [], ended: true, duration: timeOf(span.endMs - span.startMs) },
    ...{ droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0 },
  }
}

/** Seconds and nanoseconds. Milliseconds of records have a fraction. */
function timeOf(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1_000)
  const nanos = Math.round((ms - seconds * 1_000) * 1_000_000)
  return nanos === 1_000_000_000 ? [seconds + 1, 0] : [seconds, nanos]
}

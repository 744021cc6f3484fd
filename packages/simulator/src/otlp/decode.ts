/** Requests of OTLP that carry spans, read by the published protobufs. */
import { decoded, message, messagesOf, type Pair, plainAttributes } from './messages.ts'
import type { ReceivedSpan } from './types.ts'

/** opentelemetry/proto/{collector/trace,trace}/v1. */
const root = messagesOf({
  Event: message({ time: [1, 'fixed64'], name: [2, 'string'], attributes: [3, 'KeyValue', 'repeated'] }),
  Status: message({ message: [2, 'string'], code: [3, 'int32'] }),
  Span: message({
    traceId: [1, 'bytes'],
    spanId: [2, 'bytes'],
    parentSpanId: [4, 'bytes'],
    name: [5, 'string'],
    kind: [6, 'int32'],
    start: [7, 'fixed64'],
    end: [8, 'fixed64'],
    attributes: [9, 'KeyValue', 'repeated'],
    events: [11, 'Event', 'repeated'],
    status: [15, 'Status'],
    flags: [16, 'fixed32'],
  }),
  ScopeSpans: message({ scope: [1, 'Scope'], spans: [2, 'Span', 'repeated'], schemaUrl: [3, 'string'] }),
  ResourceSpans: message({ resource: [1, 'Resource'], scopeSpans: [2, 'ScopeSpans', 'repeated'] }),
  Request: message({ resourceSpans: [1, 'ResourceSpans', 'repeated'] }),
  Partial: message({ rejectedSpans: [1, 'int64'], errorMessage: [2, 'string'] }),
  Response: message({ partialSuccess: [1, 'Partial'] }),
})

/** What the decoder makes of a request. What is empty may be missing. */
interface Decoded {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly Pair[] }
    readonly scopeSpans?: readonly {
      readonly scope?: { readonly name?: string }
      readonly schemaUrl?: string
      readonly spans?: readonly DecodedSpan[]
    }[]
  }[]
}

interface DecodedSpan {
  readonly traceId?: Buffer
  readonly spanId?: Buffer
  readonly parentSpanId?: Buffer
  readonly name?: string
  readonly kind?: number
  readonly start?: string
  readonly end?: string
  readonly attributes?: readonly Pair[]
  readonly events?: readonly { readonly name?: string; readonly time?: string }[]
  readonly status?: { readonly code?: number }
}

/** The spans of an ExportTraceServiceRequest. @throws where it is none. */
export function readSpans(body: Uint8Array): ReceivedSpan[] {
  const { resourceSpans = [] } = decoded(root, 'Request', body) as Decoded
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) =>
    scopeSpans.flatMap(({ scope, spans = [], schemaUrl = '' }) =>
      spans.map(span => ({
        ...spanOf(span),
        ...{ resource: plainAttributes(resource?.attributes), scope: scope?.name ?? '', schemaUrl },
      })),
    ),
  )
}

/** An answer that says how many spans were not kept, and why. */
export function partialAnswer(rejectedSpans: number, errorMessage: string): Uint8Array {
  const type = root.lookupType('Response')
  return type.encode(type.fromObject({ partialSuccess: { rejectedSpans, errorMessage } })).finish()
}

function spanOf(span: DecodedSpan): Omit<ReceivedSpan, 'resource' | 'scope' | 'schemaUrl'> {
  return {
    traceId: span.traceId?.toString('hex') ?? '',
    spanId: span.spanId?.toString('hex') ?? '',
    parentSpanId: span.parentSpanId?.toString('hex') ?? '',
    ...{ name: span.name ?? '', kind: span.kind ?? 0, start: BigInt(span.start ?? 0), end: BigInt(span.end ?? 0) },
    attributes: plainAttributes(span.attributes),
    events: (span.events ?? []).map(({ name = '', time = '0' }) => ({ name, time: BigInt(time) })),
    code: span.status?.code ?? 0,
  }
}

/**
 * Spans as items of Application Insights: the SERVER span is a request, the others are dependencies.
 * https://github.com/Azure/azure-rest-api-specs, Monitor.Exporters v2.1: TelemetryEnvelope, RequestData,
 * RemoteDependencyData. Lengths are those of that schema.
 */
import { version } from '../../../version.ts'
import { type AttributeValue, SpanAttributes } from '../spans/attributes.ts'
import type { RecordSpan } from '../spans/spans.ts'

/** A record's spans, and the gateway process that served it. */
interface RecordSpans {
  readonly id: string
  readonly replica: string | null
  readonly spans: readonly RecordSpan[]
  /** As `SampledRecord` has it. */
  readonly share: number
}

export interface Envelope {
  readonly name: string
  /** ISO 8601 in UTC. */
  readonly time: string
  readonly iKey: string
  /** Percent: the item stands for 100 / sampleRate items. */
  readonly sampleRate: number
  readonly tags: Readonly<Record<string, string>>
  readonly data: { readonly baseType: string; readonly baseData: Readonly<Record<string, unknown>> }
}

/** Characters. */
const longest = { id: 512, name: 1_024, resultCode: 1_024, target: 1_024, url: 2_048, value: 8_192 } as const
/** The service cuts the properties of an item at about 64 KB, and drops what comes after. Bytes as JSON. */
const propertiesBytesMax = 60_000
/** Bytes of quotes, a colon and a comma. */
const perPropertyBytes = 6
/** Less than the 1,000 days that the service takes. */
const durationMsMax = 999 * 86_400_000

const noAttributes = new SpanAttributes()

/** Attributes that are the schema's own fields, or tags. */
const mapped: ReadonlySet<string> = new Set(['enduser.id', 'client.address'])

/** The items of a record, in the order of its spans. @param role name of the gateway. */
export function envelopesOf({ replica, spans, share }: RecordSpans, key: string, role: string): Envelope[] {
  const [server] = spans
  return spans.map(span => ({
    name: `Microsoft.ApplicationInsights.${span.kind === 'server' ? 'Request' : 'RemoteDependency'}`,
    time: new Date(span.startMs).toISOString(),
    iKey: key,
    sampleRate: share * 100,
    tags: {
      'ai.operation.id': span.traceId,
      ...(span.parentSpanId === null ? {} : { 'ai.operation.parentId': span.parentSpanId }),
      ...(server === undefined ? {} : { 'ai.operation.name': cut(server.name, longest.name) }),
      'ai.cloud.role': role,
      ...(replica === null ? {} : { 'ai.cloud.roleInstance': replica }),
      'ai.application.ver': version,
      'ai.internal.sdkVersion': `gatehouse:${version}`,
      ...callerTags(server?.attributes ?? noAttributes),
    },
    data: span.kind === 'server' ? requestOf(span) : dependencyOf(span),
  }))
}

function requestOf(span: RecordSpan): Envelope['data'] {
  const status = span.attributes.get('http.response.status_code')
  return {
    baseType: 'RequestData',
    baseData: {
      ...common(span),
      // A client's mistake is a failed request there, though it is no error of the gateway.
      success: !span.isError && Number(status ?? 0) < 400,
      responseCode: cut(String(status ?? span.attributes.get('gatehouse.outcome_code') ?? 0), longest.resultCode),
      ...textOf(span.attributes, 'url.path', 'url', longest.url),
      properties: propertiesOf(span.attributes),
    },
  }
}

function dependencyOf(span: RecordSpan): Envelope['data'] {
  const { attributes } = span
  const provider = attributes.get('gen_ai.provider.name')
  const status = attributes.get('http.response.status_code') ?? attributes.get('error.type')
  return {
    baseType: 'RemoteDependencyData',
    baseData: {
      ...common(span),
      success: !span.isError,
      resultCode: cut(String(status ?? 0), longest.resultCode),
      type: provider === undefined ? typeOf(span) : cut(`GenAI | ${String(provider)}`, longest.name),
      ...textOf(attributes, 'server.address', 'target', longest.target),
      properties: propertiesOf(attributes),
    },
  }
}

const typeOf = ({ kind }: RecordSpan): string => (kind === 'internal' ? 'InProc' : 'HTTP')

const common = ({ spanId, name, startMs, endMs }: RecordSpan) => ({
  ver: 2,
  id: spanId,
  name: cut(name, longest.name),
  duration: durationOf(endMs - startMs),
})

/** Who called, where the spans say it. */
function callerTags(attributes: SpanAttributes): Record<string, string> {
  return {
    ...textOf(attributes, 'enduser.id', 'ai.user.authUserId', longest.name),
    ...textOf(attributes, 'client.address', 'ai.location.ip', longest.name),
  }
}

function textOf(attributes: SpanAttributes, attribute: string, name: string, most: number): Record<string, string> {
  const value = attributes.get(attribute)
  return value === undefined ? {} : { [name]: cut(String(value), most) }
}

/** In the order of the attributes, usage first, until the room is used up. */
function propertiesOf(attributes: SpanAttributes): Record<string, string> {
  const properties: Record<string, string> = {}
  let bytes = 0
  for (const [at, name] of attributes.names.entries()) {
    if (mapped.has(name)) continue
    const text = cut(plain(attributes.values[at] ?? ''), longest.value)
    // What JSON escapes takes up to six bytes a character.
    bytes += Buffer.byteLength(JSON.stringify(text)) + name.length + perPropertyBytes
    if (bytes > propertiesBytesMax) break
    properties[name] = text
  }
  return properties
}

const plain = (value: AttributeValue): string => (Array.isArray(value) ? JSON.stringify(value) : String(value))

/** At most so many characters and so many bytes, without half a surrogate pair at the end. */
function cut(text: string, most: number): string {
  if (text.length <= most / 3) return text
  let kept = text.slice(0, most)
  while (Buffer.byteLength(kept) > most) kept = kept.slice(0, -Math.ceil((Buffer.byteLength(kept) - most) / 3))
  return kept.isWellFormed() ? kept : kept.slice(0, -1)
}

/** `DD.HH:MM:SS.FFFFFF`. */
export function durationOf(ms: number): string {
  const micros = Math.round(Math.min(Math.max(0, ms), durationMsMax) * 1_000)
  const part = (unit: number, of: number, digits: number): string =>
    String(Math.floor(micros / unit) % of).padStart(digits, '0')
  const days = Math.floor(micros / 86_400_000_000)
  return `${days}.${part(3_600_000_000, 24, 2)}:${part(60_000_000, 60, 2)}:${part(1_000_000, 60, 2)}.${part(1, 1_000_000, 6)}`
}

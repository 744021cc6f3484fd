/**
 * Spans as a request of OTLP (opentelemetry/proto/collector/trace/v1/trace_service.proto), and what answers it. Numbers
 * of fields are those of opentelemetry/proto/{trace,common,resource}/v1.
 */
import { version } from '../../../version.ts'
import { rowOfHalves } from '../../read-fields.ts'
import { readableText } from '../forms.ts'
import type { RecordedExchange } from '../index.ts'
import type { AttributeValue } from '../spans/attributes.ts'
import type { SpanSettings } from '../spans/settings.ts'
import { type SpanHead, type SpanSink, writeSpans } from '../spans/spans.ts'
import { AttributeWriter } from './attribute-writer.ts'
import type { ProtobufWriter } from './protobuf.ts'

const request = { resourceSpans: 1 } as const
const resourceSpans = { resource: 1, scopeSpans: 2 } as const
const resource = { attributes: 1 } as const
const scopeSpans = { scope: 1, spans: 2, schemaUrl: 3 } as const
const scope = { name: 1, version: 2 } as const
const span = {
  traceId: 1,
  spanId: 2,
  parentSpanId: 4,
  name: 5,
  kind: 6,
  start: 7,
  end: 8,
  attributes: 9,
  events: 11,
  status: 15,
  flags: 16,
} as const
const event = { time: 1, name: 2 } as const
const status = { code: 3 } as const

const kinds = { internal: 1, server: 2, client: 3 } as const
/** `Status` with the code of an error. */
const errorStatus = Uint8Array.of(status.code * 8, 2)
/** W3C's flag "sampled", and the bits that say that the parent is known not to be of another process, or to be. */
const flags = { sampled: 1, hasIsRemote: 0x100, isRemote: 0x200 } as const

/** Only 1.41 has an address of its schema. */
const schemaUrl = 'https://opentelemetry.io/schemas/1.41.0'

/** Most spans and scopes need two bytes for their length. */
const lengthBytes = 2

/** Encodes requests, one after the other, into the same memory. */
export class SpanEncoder {
  readonly #service: string
  readonly #settings: SpanSettings
  readonly #attributes = new AttributeWriter()
  readonly #spans = new SpanWriter(this.#attributes)

  /** @param service `service.name`. */
  constructor(service: string, settings: SpanSettings) {
    this.#service = service
    this.#settings = settings
  }

  /** @returns bytes that are valid until the next call. */
  encode(exchanges: readonly RecordedExchange[]): Uint8Array {
    const { writer } = this.#attributes
    writer.reset()
    const byReplica = Map.groupBy(exchanges, ({ opened }) => opened.replica)
    for (const [replica, ofReplica] of byReplica) {
      const begun = writer.begin(request.resourceSpans)
      writeResource(this.#attributes, resourceSpans.resource, this.#service, replica)
      this.#scope(ofReplica)
      writer.end(begun)
    }
    return writer.written
  }

  #scope(exchanges: readonly RecordedExchange[]): void {
    const { writer } = this.#attributes
    const begun = writer.begin(resourceSpans.scopeSpans)
    writeScope(writer, scopeSpans.scope)
    for (const { opened, closed } of exchanges) writeSpans(rowOfHalves(opened, closed), this.#settings, this.#spans)
    if (this.#settings.genai === 'v1_41') writer.text(scopeSpans.schemaUrl, schemaUrl)
    writer.end(begun)
  }
}

/** Writes spans as they come, without objects in between. */
class SpanWriter implements SpanSink {
  readonly #attributes: AttributeWriter
  readonly #writer: ProtobufWriter
  #begun = 0

  constructor(attributes: AttributeWriter) {
    this.#attributes = attributes
    this.#writer = attributes.writer
  }

  begin({ traceId, spanId, parentSpanId, name, kind, startMs, endMs, isError }: SpanHead): void {
    const writer = this.#writer
    this.#begun = writer.begin(scopeSpans.spans, lengthBytes)
    writer.hex(span.traceId, traceId)
    writer.hex(span.spanId, spanId)
    if (parentSpanId !== null) writer.hex(span.parentSpanId, parentSpanId)
    writer.text(span.name, readableText(name))
    writer.varint(span.kind, kinds[kind])
    writer.nanoseconds(span.start, startMs)
    writer.nanoseconds(span.end, endMs)
    if (isError) writer.bytes(span.status, errorStatus)
    const ofCaller = kind === 'server' && parentSpanId !== null
    writer.fixed32(span.flags, flags.sampled | flags.hasIsRemote | (ofCaller ? flags.isRemote : 0))
  }

  attribute(name: string, value: AttributeValue): void {
    this.#attributes.write(span.attributes, name, value)
  }

  event(name: string, atMs: number): void {
    const writer = this.#writer
    const begun = writer.begin(span.events)
    writer.nanoseconds(event.time, atMs)
    writer.text(event.name, name)
    writer.end(begun)
  }

  end(): void {
    this.#writer.end(this.#begun, lengthBytes)
  }
}

/** Writes the resource: one gateway process. @param field of the message that has it. */
export function writeResource(
  attributes: AttributeWriter,
  field: number,
  service: string,
  replica: string | null,
): void {
  const { writer } = attributes
  const begun = writer.begin(field)
  attributes.write(resource.attributes, 'service.name', service)
  attributes.write(resource.attributes, 'service.version', version)
  if (replica !== null) attributes.write(resource.attributes, 'service.instance.id', replica)
  writer.end(begun)
}

/** Writes the scope: what made the spans or metrics. @param field of the message that has it. */
export function writeScope(writer: ProtobufWriter, field: number): void {
  const begun = writer.begin(field)
  writer.text(scope.name, 'gatehouse')
  writer.text(scope.version, version)
  writer.end(begun)
}

/**
 * Spans as a request of OTLP (opentelemetry/proto/collector/trace/v1/trace_service.proto), and what answers it. Numbers
 * of fields are those of opentelemetry/proto/{trace,common,resource}/v1.
 */
import { version } from '../../../version.ts'
import type { AttributeValue } from '../spans/attributes.ts'
import type { RecordSpans } from '../spans/feed.ts'
import type { GenAiFamily } from '../spans/settings.ts'
import type { RecordSpan } from '../spans/spans.ts'
import { ProtobufWriter } from './protobuf.ts'

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
const keyValue = { key: 1, value: 2 } as const
const anyValue = { string: 1, bool: 2, int: 3, double: 4, array: 5 } as const
const arrayValue = { values: 1 } as const

const kinds = { internal: 1, server: 2, client: 3 } as const
const statusError = 2
/** W3C's flag "sampled", and the bits that say that the parent is known not to be of another process, or to be. */
const flags = { sampled: 1, hasIsRemote: 0x100, isRemote: 0x200 } as const

/** Only 1.41 has an address of its schema. */
const schemaUrl = 'https://opentelemetry.io/schemas/1.41.0'

/** Encodes requests, one after the other, into the same memory. */
export class SpanEncoder {
  readonly #service: string
  readonly #genai: GenAiFamily
  readonly #attributes = new AttributeWriter()

  /** @param service `service.name`. */
  constructor(service: string, genai: GenAiFamily) {
    this.#service = service
    this.#genai = genai
  }

  encode(records: readonly RecordSpans[]): Buffer {
    const { writer } = this.#attributes
    writer.reset()
    const byReplica = Map.groupBy(records, ({ replica }) => replica)
    for (const [replica, ofReplica] of byReplica) {
      const begun = writer.begin(request.resourceSpans)
      writeResource(this.#attributes, resourceSpans.resource, this.#service, replica)
      this.#scope(ofReplica)
      writer.end(begun)
    }
    return writer.finish()
  }

  #scope(records: readonly RecordSpans[]): void {
    const { writer } = this.#attributes
    const begun = writer.begin(resourceSpans.scopeSpans)
    writeScope(writer, scopeSpans.scope)
    for (const { spans } of records) for (const one of spans) this.#span(one)
    if (this.#genai === 'v1_41') writer.text(scopeSpans.schemaUrl, schemaUrl)
    writer.end(begun)
  }

  #span(one: RecordSpan): void {
    const { writer } = this.#attributes
    const begun = writer.begin(scopeSpans.spans)
    writer.hex(span.traceId, one.traceId)
    writer.hex(span.spanId, one.spanId)
    if (one.parentSpanId !== null) writer.hex(span.parentSpanId, one.parentSpanId)
    writer.text(span.name, one.name)
    writer.varint(span.kind, kinds[one.kind])
    writer.nanoseconds(span.start, one.startMs)
    writer.nanoseconds(span.end, one.endMs)
    const { names, values } = one.attributes
    for (let at = 0; at < names.length; at += 1) {
      this.#attributes.write(span.attributes, names[at] as string, values[at] as AttributeValue)
    }
    for (const { name, atMs } of one.events) {
      const eventBegun = writer.begin(span.events)
      writer.nanoseconds(event.time, atMs)
      writer.text(event.name, name)
      writer.end(eventBegun)
    }
    if (one.isError) {
      const statusBegun = writer.begin(span.status)
      writer.varint(status.code, statusError)
      writer.end(statusBegun)
    }
    const ofCaller = one.kind === 'server' && one.parentSpanId !== null
    writer.fixed32(span.flags, flags.sampled | flags.hasIsRemote | (ofCaller ? flags.isRemote : 0))
    writer.end(begun)
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

/** Most values of a name whose bytes are kept; a name with more of them is one whose values do not repeat. */
const keptValuesMax = 64

/** What is known of a name. */
interface KnownName {
  readonly key: Uint8Array
  /** Bytes of an attribute by its value; null where values do not repeat. */
  values: Map<AttributeValue, Uint8Array> | null
}

/** Writes attributes. Names repeat, and so do most values: their bytes are kept. */
export class AttributeWriter {
  readonly writer = new ProtobufWriter()
  readonly #known = new Map<string, KnownName>()

  /** @param field of the list of attributes in the message that is being written. */
  write(field: number, name: string, value: AttributeValue): void {
    const { writer } = this
    const known = this.#known.get(name) ?? this.#learn(name)
    const kept = known.values?.get(value)
    if (kept !== undefined) {
      writer.bytes(field, kept)
      return
    }
    const begun = writer.begin(field)
    writer.raw(known.key)
    const valueBegun = writer.begin(keyValue.value)
    writeValue(writer, value)
    writer.end(valueBegun)
    writer.end(begun)
    if (known.values === null || typeof value === 'object') return
    if (known.values.size === keptValuesMax) known.values = null
    else known.values.set(value, encodedAttribute(known.key, value))
  }

  #learn(name: string): KnownName {
    const writer = new ProtobufWriter(256)
    writer.text(keyValue.key, name)
    const known: KnownName = { key: writer.finish(), values: new Map() }
    this.#known.set(name, known)
    return known
  }
}

/** The attribute without its tag and length. */
function encodedAttribute(key: Uint8Array, value: AttributeValue): Uint8Array {
  const writer = new ProtobufWriter(256)
  writer.raw(key)
  const begun = writer.begin(keyValue.value)
  writeValue(writer, value)
  writer.end(begun)
  return writer.finish()
}

function writeValue(writer: ProtobufWriter, value: AttributeValue): void {
  if (typeof value === 'string') writer.text(anyValue.string, value)
  else if (typeof value === 'boolean') writer.varint(anyValue.bool, Number(value))
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) writer.int64(anyValue.int, value)
    else writer.double(anyValue.double, value)
  } else {
    const begun = writer.begin(anyValue.array)
    for (const item of value) {
      const itemBegun = writer.begin(arrayValue.values)
      writer.text(anyValue.string, item)
      writer.end(itemBegun)
    }
    writer.end(begun)
  }
}

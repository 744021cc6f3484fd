/**
 * Messages of OTLP, read by another library than the one that writes them. Numbers and types of the fields are those of
 * https://github.com/open-telemetry/opentelemetry-proto, without packages.
 */
import protobuf from 'protobufjs/light.js'

type Fields = Readonly<Record<string, readonly [id: number, type: string, rule?: 'repeated']>>

export const message = (fields: Fields, oneofs = {}): protobuf.IType => ({
  oneofs,
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [id, type, rule]]) => [
      name,
      { id, type, ...(rule === undefined ? {} : { rule }) },
    ]),
  ),
})

/** opentelemetry/proto/{common,resource}/v1: what requests of all signals have. */
const common = {
  AnyValue: message(
    {
      stringValue: [1, 'string'],
      boolValue: [2, 'bool'],
      intValue: [3, 'int64'],
      doubleValue: [4, 'double'],
      arrayValue: [5, 'ArrayValue'],
      bytesValue: [7, 'bytes'],
    },
    { value: { oneof: ['stringValue', 'boolValue', 'intValue', 'doubleValue', 'arrayValue', 'bytesValue'] } },
  ),
  ArrayValue: message({ values: [1, 'AnyValue', 'repeated'] }),
  KeyValue: message({ key: [1, 'string'], value: [2, 'AnyValue'] }),
  Resource: message({ attributes: [1, 'KeyValue', 'repeated'] }),
  Scope: message({ name: [1, 'string'], version: [2, 'string'] }),
}

/** The messages of a signal, with those that all signals have. */
export const messagesOf = (own: Readonly<Record<string, protobuf.IType>>): protobuf.Root =>
  protobuf.Root.fromJSON({ nested: { ...common, ...own } })

/** The members of a message: what is empty may be missing, 64-bit numbers are texts. @throws where it is none. */
export function decoded(root: protobuf.Root, name: string, body: Uint8Array): unknown {
  const type = root.lookupType(name)
  return type.toObject(type.decode(body), { longs: String, bytes: Buffer })
}

/** An attribute as it is decoded. */
export interface Pair {
  readonly key: string
  readonly value?: Readonly<Record<string, unknown>>
}

export function plainAttributes(pairs: readonly Pair[] = []): Record<string, unknown> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, plainValue(value)]))
}

function plainValue(value: Readonly<Record<string, unknown>> = {}): unknown {
  const [[kind, plain] = []] = Object.entries(value)
  if (kind === 'intValue') return Number(plain)
  if (kind !== 'arrayValue') return plain
  return ((plain as { values?: Record<string, unknown>[] }).values ?? []).map(plainValue)
}

/** Values as Terraform's protocol carries them: MessagePack, with an extension for "not known yet". */
import { decode, ExtData, encode } from '@msgpack/msgpack'
import type { AttributeSchema, BlockSchema, TypeOf } from './schema.ts'

/** A value in a message of the protocol. */
export interface DynamicValue {
  readonly msgpack: Uint8Array
  readonly json: Uint8Array
}

/** Decides about one attribute: its value, null where there is none. */
type Decide = (name: string, attribute: AttributeSchema, value: unknown) => unknown

const madeUpGuid = '00000000-0000-4000-8000-0000000000aa'
const unknownValue = new ExtData(0, new Uint8Array([0]))

/** A value for the wire. */
export function written(value: unknown): DynamicValue {
  return { msgpack: encode(value), json: new Uint8Array() }
}

/** A value from the wire; null for none. */
export function read(value: DynamicValue | null | undefined): unknown {
  return value && value.msgpack.length > 0 ? decode(value.msgpack) : null
}

/** A value from a state, in which each value of any type has its type beside it. */
export function stored(schema: BlockSchema, value: unknown): unknown {
  return visited(schema, value, (_, attribute, given) =>
    attribute.type === 'dynamic' && isObject(given)
      ? [Buffer.from(JSON.stringify(given['type'])), given['value']]
      : given,
  )
}

/** What is left open and can be computed is not known before the resource is made. Values of any type stay absent. */
export function planned(schema: BlockSchema, value: unknown): unknown {
  return visited(schema, value, (_, attribute, given) =>
    given === null && attribute.use !== 'required' && attribute.type !== 'dynamic' ? unknownValue : given,
  )
}

/** What was not known gets a value of its type; an id has the type and the name of its resource. */
export function made(schema: BlockSchema, type: string, value: unknown): unknown {
  const id = isObject(value) && typeof value['name'] === 'string' ? `${type}/${value['name']}` : type
  return visited(schema, value, (name, attribute, given) =>
    given instanceof ExtData ? invented(name, id, attribute.type) : given,
  )
}

/** A block with every attribute decided, blocks within it too. */
function visited(schema: BlockSchema, value: unknown, decide: Decide): unknown {
  if (!isObject(value)) return value
  const result: Record<string, unknown> = {}
  for (const [name, attribute] of Object.entries(schema.attributes)) {
    result[name] = decide(name, attribute, value[name] ?? null)
  }
  for (const [name, nested] of Object.entries(schema.blocks)) {
    const inner = value[name] ?? null
    result[name] = Array.isArray(inner)
      ? inner.map(each => visited(nested.block, each, decide))
      : visited(nested.block, inner, decide)
  }
  return result
}

function invented(name: string, id: string, of: TypeOf): unknown {
  if (of === 'number') return 0
  if (of === 'bool') return false
  // A value of any type carries its type with it: nothing is the only one without.
  if (of === 'dynamic') return null
  if (typeof of !== 'string') return of[0] === 'map' ? {} : []
  // The gateway reads it: it must be one.
  if (name === 'connection_string')
    return `InstrumentationKey=${madeUpGuid};IngestionEndpoint=https://ingestion.example/`
  if (name === 'id') return `/subscriptions/00000000-0000-4000-8000-000000000000/${id}`
  if (/(?:client|tenant|principal|object|subscription)_id$/.test(name)) return madeUpGuid
  const text = `made-up-${name.replaceAll('_', '-')}`
  return /(?:^|_)(?:server|hostname|fqdn|domain)$/.test(name) ? `${text}.invalid` : text
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExtData)
}

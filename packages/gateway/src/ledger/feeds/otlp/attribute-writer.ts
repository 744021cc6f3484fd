/** Writes attributes: `KeyValue` of opentelemetry/proto/common/v1. */
import { readableText } from '../forms.ts'
import type { AttributeValue } from '../spans/attributes.ts'
import { ProtobufWriter } from './protobuf.ts'

const keyValue = { key: 1, value: 2 } as const
const anyValue = { string: 1, bool: 2, int: 3, double: 4, array: 5 } as const
const arrayValue = { values: 1 } as const

/** Most texts of a name whose bytes are kept; a name with more of them is one whose texts do not repeat. */
const keptTextsMax = 512
/** Longer texts, in UTF-16 units, are not kept, so that a client cannot fill the memory with them. */
const keptUnitsMax = 1_024

/** What is known of a name. */
interface KnownName {
  /** The field of the name. */
  readonly key: Uint8Array
  /** Bytes of an attribute by its text; null where texts do not repeat. */
  texts: Map<string, Uint8Array> | null
  /** The same by the only text of its list. */
  lists: Map<string, Uint8Array> | null
}

/** Names repeat, and so do most texts: their bytes are kept. */
export class AttributeWriter {
  readonly writer = new ProtobufWriter()
  readonly #known = new Map<string, KnownName>()

  /** Makes texts readable. @param field of the list of attributes in the message that is being written. */
  write(field: number, name: string, value: AttributeValue): void {
    const known = this.#known.get(name) ?? this.#learn(name)
    const kept = keptBytes(known, value)
    if (kept === null) writeAttribute(this.writer, field, known.key, value)
    else this.writer.bytes(field, kept)
  }

  #learn(name: string): KnownName {
    const writer = new ProtobufWriter(256)
    writer.text(keyValue.key, name)
    const known: KnownName = { key: writer.finish(), texts: new Map(), lists: new Map() }
    this.#known.set(name, known)
    return known
  }
}

/** The attribute without its tag and length; null for one that is not kept. */
function keptBytes(known: KnownName, value: AttributeValue): Uint8Array | null {
  const isList = typeof value === 'object'
  const text = isList && value.length === 1 ? value[0] : value
  const kept = isList ? known.lists : known.texts
  if (typeof text !== 'string' || kept === null) return null
  const bytes = kept.get(text)
  if (bytes !== undefined) return bytes
  if (text.length > keptUnitsMax) return null
  if (kept.size < keptTextsMax) {
    const made = encodedAttribute(known.key, value)
    kept.set(text, made)
    return made
  }
  if (isList) known.lists = null
  else known.texts = null
  return null
}

function encodedAttribute(key: Uint8Array, value: AttributeValue): Uint8Array {
  const writer = new ProtobufWriter(256)
  writeMembers(writer, key, value)
  return writer.finish()
}

function writeAttribute(writer: ProtobufWriter, field: number, key: Uint8Array, value: AttributeValue): void {
  const begun = writer.begin(field)
  writeMembers(writer, key, value)
  writer.end(begun)
}

function writeMembers(writer: ProtobufWriter, key: Uint8Array, value: AttributeValue): void {
  writer.raw(key)
  const begun = writer.begin(keyValue.value)
  writeValue(writer, value)
  writer.end(begun)
}

function writeValue(writer: ProtobufWriter, value: AttributeValue): void {
  if (typeof value === 'string') writer.text(anyValue.string, readableText(value))
  else if (typeof value === 'boolean') writer.varint(anyValue.bool, Number(value))
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) writer.int64(anyValue.int, value)
    else writer.double(anyValue.double, value)
  } else {
    const begun = writer.begin(anyValue.array)
    for (const item of value) {
      const itemBegun = writer.begin(arrayValue.values)
      writer.text(anyValue.string, readableText(item))
      writer.end(itemBegun)
    }
    writer.end(begun)
  }
}

/** Reads short messages of protocol buffers: what collectors answer. */

/** A field as it came: a varint as a number, what has a length as its bytes. */
export interface ReadField {
  readonly field: number
  readonly value: number | Uint8Array
}

/**
 * The fields of a message, in their order. Those of fixed width are left out.
 * @throws RangeError where it is no message.
 */
export function fieldsIn(bytes: Uint8Array): ReadField[] {
  const reader = new Reader(bytes)
  const fields: ReadField[] = []
  while (reader.isMore) {
    const tag = reader.varint()
    const field = Math.floor(tag / 8)
    switch (tag % 8) {
      case 0:
        fields.push({ field, value: reader.varint() })
        break
      case 1:
        reader.bytes(8)
        break
      case 2:
        fields.push({ field, value: reader.bytes(reader.varint()) })
        break
      case 5:
        reader.bytes(4)
        break
      default:
        throw new RangeError(`a field has the wire type ${tag % 8}`)
    }
  }
  return fields
}

/** The last value of a field that is a number; 0 where there is none. */
export function numberIn(fields: readonly ReadField[], field: number): number {
  const value = fields.findLast(one => one.field === field)?.value
  return typeof value === 'number' ? value : 0
}

/** The last value of a field that has a length; empty where there is none. */
export function bytesIn(fields: readonly ReadField[], field: number): Uint8Array {
  const value = fields.findLast(one => one.field === field)?.value
  return value instanceof Uint8Array ? value : new Uint8Array()
}

export function textIn(fields: readonly ReadField[], field: number): string {
  return Buffer.from(bytesIn(fields, field)).toString()
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isMore(): boolean {
    return this.#at < this.#bytes.length
  }

  bytes(length: number): Uint8Array {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new RangeError('a field goes on beyond the message')
    const read = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return read
  }

  varint(): number {
    let value = 0
    for (let digit = 0; digit < 10; digit += 1) {
      const [byte = 0] = this.bytes(1)
      value += (byte & 0x7f) * 128 ** digit
      if (byte < 0x80) return value
    }
    throw new RangeError('a number has more than ten bytes')
  }
}

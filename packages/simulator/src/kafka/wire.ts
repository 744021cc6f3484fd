/** Primitive types of Kafka's protocol. https://kafka.apache.org/protocol#protocol_types */

/** Reads one request. @throws RangeError when it is shorter than it says. */
export class WireReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  int8(): number {
    return this.#bytes.readInt8(this.#take(1))
  }

  int16(): number {
    return this.#bytes.readInt16BE(this.#take(2))
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#take(4))
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#take(8))
  }

  /** Empty where it is null. */
  string(): string {
    const length = this.int16()
    const at = this.#take(Math.max(0, length))
    return this.#bytes.toString('utf8', at, this.#at)
  }

  /** Empty where they are null. */
  bytes(): Buffer {
    const length = this.int32()
    const at = this.#take(Math.max(0, length))
    return this.#bytes.subarray(at, this.#at)
  }

  /** Null where it is null. */
  array<T>(read: () => T): T[] | null {
    const length = this.int32()
    if (length > this.#bytes.byteLength) throw new RangeError('an array is longer than its request')
    return length < 0 ? null : Array.from({ length }, read)
  }

  #take(length: number): number {
    const at = this.#at
    this.#at += length
    if (this.#at > this.#bytes.byteLength) throw new RangeError('a request is shorter than it says')
    return at
  }
}

/** Writes one answer. */
export class WireWriter {
  readonly #parts: Buffer[] = []

  int8(value: number): this {
    return this.#number(1, part => part.writeInt8(value))
  }

  int16(value: number): this {
    return this.#number(2, part => part.writeInt16BE(value))
  }

  int32(value: number): this {
    return this.#number(4, part => part.writeInt32BE(value))
  }

  int64(value: bigint): this {
    return this.#number(8, part => part.writeBigInt64BE(value))
  }

  string(text: string): this {
    const bytes = Buffer.from(text)
    return this.int16(bytes.byteLength).raw(bytes)
  }

  nullString(): this {
    return this.int16(-1)
  }

  bytes(bytes: Buffer): this {
    return this.int32(bytes.byteLength).raw(bytes)
  }

  array<T>(items: readonly T[], write: (item: T) => void): this {
    this.int32(items.length)
    for (const item of items) write(item)
    return this
  }

  raw(bytes: Buffer): this {
    this.#parts.push(bytes)
    return this
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts)
  }

  #number(length: number, write: (part: Buffer) => void): this {
    const part = Buffer.allocUnsafe(length)
    write(part)
    return this.raw(part)
  }
}

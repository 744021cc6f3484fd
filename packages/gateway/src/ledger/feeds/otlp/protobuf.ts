/** Writes the wire format of protocol buffers. https://protobuf.dev/programming-guides/encoding/ */

const wire = { varint: 0, fixed64: 1, length: 2, fixed32: 5 } as const
type WireType = (typeof wire)[keyof typeof wire]

/** The longest varint. */
const varintBytesMax = 10
/** Texts up to this length, in UTF-16 units, have at most 127 bytes: their length is one byte. */
const shortText = 42
/** By code of the letter: the value of a hexadecimal digit in lower case. `Buffer.write` takes three times as long. */
const digitOf = new Uint8Array(128)
for (let digit = 0; digit < 16; digit += 1) digitOf[digit.toString(16).charCodeAt(0)] = digit

/** The tag of a field. */
const tagOf = (field: number, type: WireType): number => field * 8 + type

/**
 * One writer for many messages: it grows to the longest one and is used again. Fields are written in the order of the
 * calls; a message within another one lies between `begin` and `end`.
 */
export class ProtobufWriter {
  #bytes: Buffer
  #view: DataView
  #at = 0

  /** @param bytes of the memory with which it begins. */
  constructor(bytes = 65_536) {
    this.#bytes = Buffer.allocUnsafeSlow(bytes)
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** Forgets what was written. */
  reset(): void {
    this.#at = 0
  }

  /** What was written since `reset`, as a copy. */
  finish(): Buffer {
    return Buffer.from(this.written)
  }

  /** What was written since `reset`, until the next one: no copy. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at)
  }

  /** @param value a whole number, 0 or more. */
  varint(field: number, value: number): void {
    this.#room(2 * varintBytesMax)
    this.#varint(tagOf(field, wire.varint))
    this.#varint(value)
  }

  /** `int64`, of any sign. */
  int64(field: number, value: number): void {
    if (value >= 0) {
      this.varint(field, value)
      return
    }
    this.#room(2 * varintBytesMax)
    this.#varint(tagOf(field, wire.varint))
    let rest = BigInt.asUintN(64, BigInt(value))
    for (; rest > 0x7fn; rest >>= 7n) this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80
    this.#bytes[this.#at++] = Number(rest)
  }

  double(field: number, value: number): void {
    this.#room(varintBytesMax + 8)
    this.#varint(tagOf(field, wire.fixed64))
    this.#double(value)
  }

  /** @param value a whole number, 0 or more, below 2^53. */
  fixed64(field: number, value: number): void {
    this.#room(varintBytesMax + 8)
    this.#varint(tagOf(field, wire.fixed64))
    this.#fixed64(value % 0x1_0000_0000, Math.floor(value / 0x1_0000_0000))
  }

  /** `fixed64` in nanoseconds. @param ms milliseconds, with a fraction; 0 or more. */
  nanoseconds(field: number, ms: number): void {
    this.#room(varintBytesMax + 8)
    this.#varint(tagOf(field, wire.fixed64))
    const whole = Math.floor(ms)
    // The product of two numbers below 2^53 does not fit: high and low half are multiplied apart.
    const low = (whole % 0x1_0000) * 1_000_000 + Math.round((ms - whole) * 1_000_000)
    const high = Math.floor(whole / 0x1_0000) * 1_000_000
    // high * 2^16 + low
    const lowest = (high % 0x1_0000) * 0x1_0000 + low
    const carried = lowest % 0x1_0000_0000
    this.#fixed64(carried, Math.floor(high / 0x1_0000) + Math.floor(lowest / 0x1_0000_0000))
  }

  fixed32(field: number, value: number): void {
    this.#room(varintBytesMax + 4)
    this.#varint(tagOf(field, wire.fixed32))
    this.#view.setUint32(this.#at, value, true)
    this.#at += 4
  }

  text(field: number, text: string): void {
    this.#room(2 * varintBytesMax + text.length * 3)
    this.#varint(tagOf(field, wire.length))
    if (text.length > shortText) this.#varint(Buffer.byteLength(text))
    else this.#at += 1
    const length = this.#bytes.write(text, this.#at)
    if (text.length <= shortText) this.#bytes[this.#at - 1] = length
    this.#at += length
  }

  /** `bytes` from hexadecimal digits in lower case, an even number of them. */
  hex(field: number, digits: string): void {
    this.#room(2 * varintBytesMax + digits.length)
    this.#varint(tagOf(field, wire.length))
    const length = digits.length >> 1
    this.#varint(length)
    const bytes = this.#bytes
    for (let at = 0; at < length; at += 1) {
      const high = digitOf[digits.charCodeAt(2 * at)] as number
      bytes[this.#at + at] = (high << 4) | (digitOf[digits.charCodeAt(2 * at + 1)] as number)
    }
    this.#at += length
  }

  /** Doubles of a packed list. */
  doubles(field: number, values: readonly number[]): void {
    this.#room(2 * varintBytesMax + values.length * 8)
    this.#varint(tagOf(field, wire.length))
    this.#varint(values.length * 8)
    for (const value of values) this.#double(value)
  }

  /** Whole numbers, 0 or more, of a packed list of `fixed64`. */
  fixed64s(field: number, values: readonly number[]): void {
    this.#room(2 * varintBytesMax + values.length * 8)
    this.#varint(tagOf(field, wire.length))
    this.#varint(values.length * 8)
    for (const value of values) this.#fixed64(value % 0x1_0000_0000, Math.floor(value / 0x1_0000_0000))
  }

  /** Bytes that are whole fields already. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** A message within this one that is encoded already. */
  bytes(field: number, message: Uint8Array): void {
    this.#room(2 * varintBytesMax + message.length)
    this.#varint(tagOf(field, wire.length))
    this.#varint(message.length)
    this.raw(message)
  }

  /**
   * Begins a message within this one.
   * @param lengthBytes bytes that its length takes most often: 1 up to 127 bytes, 2 up to 16 KiB.
   * @returns what `end` needs.
   */
  begin(field: number, lengthBytes = 1): number {
    this.#room(varintBytesMax + lengthBytes)
    this.#varint(tagOf(field, wire.length))
    this.#at += lengthBytes
    return this.#at
  }

  /** Ends the message: its length is put before it, and it moves where the length needs other bytes than expected. */
  end(begun: number, lengthBytes = 1): void {
    const length = this.#at - begun
    let digits = 1
    for (let rest = length; rest > 0x7f; rest = Math.floor(rest / 128)) digits += 1
    if (digits !== lengthBytes) {
      this.#room(digits)
      this.#bytes.copyWithin(begun + digits - lengthBytes, begun, this.#at)
    }
    this.#at = begun - lengthBytes
    this.#varint(length)
    this.#at += length
  }

  #varint(value: number): void {
    const bytes = this.#bytes
    let rest = value
    for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 128)) bytes[this.#at++] = (rest % 128) | 0x80
    for (; rest > 0x7f; rest >>= 7) bytes[this.#at++] = (rest & 0x7f) | 0x80
    bytes[this.#at++] = rest
  }

  #double(value: number): void {
    this.#view.setFloat64(this.#at, value, true)
    this.#at += 8
  }

  #fixed64(low: number, high: number): void {
    this.#view.setUint32(this.#at, low, true)
    this.#view.setUint32(this.#at + 4, high, true)
    this.#at += 8
  }

  #room(more: number): void {
    const needed = this.#at + more
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length))
    larger.set(this.written)
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}

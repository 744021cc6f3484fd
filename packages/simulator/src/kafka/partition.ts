/** One partition: batches as producers sent them, with offsets, and what removes doubles by sequence numbers. */
import { crc32c } from './crc32c.ts'
import { errorCode } from './errors.ts'

/** Places in a batch of version 2. https://kafka.apache.org/documentation/#recordbatch */
const at = {
  length: 8,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
} as const
const headBytes = 61
/** Batches of a producer that are recognised when they come again. */
const rememberedMax = 5

interface Batch {
  readonly first: bigint
  readonly last: bigint
  readonly bytes: Buffer
}

interface ProducerState {
  epoch: number
  /** The newest last. */
  readonly batches: { readonly first: number; readonly last: number; readonly offset: bigint }[]
}

export interface Appended {
  readonly error: number
  /** Of the first record; -1 with an error. */
  readonly offset: bigint
}

const refused = (error: number): Appended => ({ error, offset: -1n })

export class Partition {
  readonly #batches: Batch[] = []
  readonly #producers = new Map<bigint, ProducerState>()
  readonly #batchBytesMax: number
  readonly #keptBytesMax: number
  #keptBytes = 0
  /** Offset of the next record. */
  end = 0n
  /** Offset of the oldest record that is kept. */
  start = 0n
  /** Batches that came again and were left out. */
  doubles = 0

  constructor(batchBytesMax: number, keptBytesMax: number) {
    this.#batchBytesMax = batchBytesMax
    this.#keptBytesMax = keptBytesMax
  }

  /** @param bytes one batch, or several. */
  append(bytes: Buffer): Appended {
    let first: Appended | null = null
    for (let from = 0; from < bytes.byteLength; ) {
      if (bytes.byteLength - from < headBytes) return refused(errorCode.corruptMessage)
      const length = at.length + 4 + bytes.readInt32BE(from + at.length)
      const appended = this.#appendOne(Buffer.from(bytes.subarray(from, from + length)), length)
      if (appended.error !== errorCode.none) return appended
      first ??= appended
      from += length
    }
    return first ?? refused(errorCode.corruptMessage)
  }

  /**
   * Whole batches from the one that has this offset; at least one, if there is any.
   * @returns null when there is no such offset.
   */
  read(offset: bigint, bytesMax: number): Buffer | null {
    if (offset < this.start || offset > this.end) return null
    const found: Buffer[] = []
    let bytes = 0
    for (const batch of this.#batches) {
      if (batch.last < offset) continue
      if (found.length > 0 && bytes + batch.bytes.byteLength > bytesMax) break
      found.push(batch.bytes)
      bytes += batch.bytes.byteLength
    }
    return Buffer.concat(found)
  }

  #appendOne(batch: Buffer, length: number): Appended {
    if (batch.byteLength < headBytes || batch.byteLength !== length || batch.readInt8(at.magic) !== 2)
      return refused(errorCode.corruptMessage)
    if (length > this.#batchBytesMax) return refused(errorCode.messageTooLarge)
    if (crc32c(batch.subarray(at.attributes)) !== batch.readUInt32BE(at.crc)) return refused(errorCode.corruptMessage)
    const lastDelta = batch.readInt32BE(at.lastOffsetDelta)
    const known = this.#checkSequence(batch, lastDelta)
    if (known !== null) return known
    const first = this.end
    batch.writeBigInt64BE(first)
    this.end += BigInt(lastDelta) + 1n
    this.#keep({ first, last: this.end - 1n, bytes: batch })
    return { error: errorCode.none, offset: first }
  }

  /** @returns null for a batch that is new. https://cwiki.apache.org/confluence/x/zZRcB (KIP-98) */
  #checkSequence(batch: Buffer, lastDelta: number): Appended | null {
    const id = batch.readBigInt64BE(at.producerId)
    if (id < 0n) return null
    const epoch = batch.readInt16BE(at.producerEpoch)
    const first = batch.readInt32BE(at.baseSequence)
    const last = (first + lastDelta) & 0x7fffffff
    const state = this.#producers.get(id) ?? { epoch, batches: [] }
    if (epoch < state.epoch) return refused(errorCode.oldEpoch)
    if (epoch > state.epoch) state.batches.length = 0
    state.epoch = epoch
    const double = state.batches.find(known => known.first === first && known.last === last)
    if (double !== undefined) {
      this.doubles += 1
      return { error: errorCode.none, offset: double.offset }
    }
    const newest = state.batches.at(-1)
    if (newest !== undefined && first !== ((newest.last + 1) & 0x7fffffff)) return refused(errorCode.outOfOrderSequence)
    state.batches.push({ first, last, offset: this.end })
    if (state.batches.length > rememberedMax) state.batches.shift()
    this.#producers.set(id, state)
    return null
  }

  /** The oldest batches make room for new ones. */
  #keep(batch: Batch): void {
    this.#batches.push(batch)
    this.#keptBytes += batch.bytes.byteLength
    while (this.#keptBytes > this.#keptBytesMax && this.#batches.length > 1) {
      const oldest = this.#batches.shift()
      this.#keptBytes -= oldest?.bytes.byteLength ?? 0
      this.start = this.#batches[0]?.first ?? this.end
    }
  }
}

/**
 * Metadata of a frame as bytes:
 *
 *     f64 × numbers       NaN is null
 *     u32 u32             bytes of the names, bytes of the texts
 *     u16 × texts         length of each text in UTF-16 units, 0xffff is null
 *     u16 × names         the same for names
 *     UTF-8               all names joined, then all texts joined
 *
 * Lengths in UTF-16 units survive UTF-8 whatever the text: a lone surrogate comes back as one replacement unit.
 * The lengths and bytes of the names are contiguous, so that a reader can look up all of them at once.
 */
import type { Closed, Opened } from '../record.ts'
import { type BlockShape, closedShape, openedShape } from './fields.ts'
import { textUnitsMax } from './forms.ts'
import { writeClosed, writeOpened } from './unrolled.ts'

/** Length of a text that is null. */
export const absent = 0xffff
const lengthsOf = (shape: BlockShape): number => shape.texts + shape.names

/**
 * Collects one block before it is written, because its size decides where it goes. One per writer and half, used again
 * and again.
 */
export class MetadataBlock {
  readonly #numbers = new Float64Array(Math.max(openedShape.numbers, closedShape.numbers))
  readonly #lengths = new Uint16Array(Math.max(lengthsOf(openedShape), lengthsOf(closedShape)))
  #shape = openedShape
  #numberCount = 0
  #lengthCount = 0
  #names = ''
  #texts = ''

  opened(record: Opened): void {
    this.#begin(openedShape)
    writeOpened(this, record)
  }

  closed(record: Closed): void {
    this.#begin(closedShape)
    writeClosed(this, record)
  }

  /** Bytes that the block takes at most. */
  get bytesMax(): number {
    return blockBytes(this.#shape) + 3 * (this.#names.length + this.#texts.length)
  }

  /** Writes the block. @returns its end. */
  write(target: Buffer, view: DataView, start: number): number {
    let at = start
    for (let index = 0; index < this.#numberCount; index++, at += 8) {
      view.setFloat64(at, this.#numbers[index] as number, true)
    }
    const sizesAt = at
    at += 8
    for (let index = 0; index < this.#lengthCount; index++, at += 2) {
      view.setUint16(at, this.#lengths[index] as number, true)
    }
    const nameBytes = target.write(this.#names, at)
    at += nameBytes
    const textBytes = target.write(this.#texts, at)
    view.setUint32(sizesAt, nameBytes, true)
    view.setUint32(sizesAt + 4, textBytes, true)
    return at + textBytes
  }

  #begin(shape: BlockShape): void {
    this.#shape = shape
    this.#numberCount = 0
    this.#lengthCount = 0
    this.#names = ''
    this.#texts = ''
  }

  /** One value of the half that is written, in the order of the format: first numbers, then texts, then names. */
  number(value: number | null): void {
    this.#numbers[this.#numberCount++] = value ?? Number.NaN
  }
  name(value: string | null): void {
    this.#names += this.#length(value)
  }
  text(value: string | null): void {
    this.#texts += this.#length(value)
  }
  #length(value: string | null): string {
    if (value === null) {
      this.#lengths[this.#lengthCount++] = absent
      return ''
    }
    // Texts are joined: half a surrogate pair at the end of one would become whole with the half at the beginning of
    // the next.
    const kept = (value.length > textUnitsMax ? value.slice(0, textUnitsMax) : value).toWellFormed()
    this.#lengths[this.#lengthCount++] = kept.length
    return kept
  }
}

/** Bytes of a block without its text. */
export function blockBytes(shape: BlockShape): number {
  return shape.numbers * 8 + 8 + (shape.texts + shape.names) * 2
}

/** Positions of the parts of a block. One object for all blocks of a reader, which reads thousands a second. */
export class BlockView {
  numbersAt = 0
  textLengthsAt = 0
  nameLengthsAt = 0
  namesAt = 0
  textsAt = 0
  endAt = 0
  shape: BlockShape = openedShape

  /** False when the sizes do not fit into `end`. */
  read(view: DataView, start: number, end: number, shape: BlockShape): boolean {
    this.shape = shape
    this.numbersAt = start
    const sizesAt = start + shape.numbers * 8
    this.textLengthsAt = sizesAt + 8
    this.nameLengthsAt = this.textLengthsAt + shape.texts * 2
    this.namesAt = this.nameLengthsAt + shape.names * 2
    if (this.namesAt > end) return false
    this.textsAt = this.namesAt + view.getUint32(sizesAt, true)
    this.endAt = this.textsAt + view.getUint32(sizesAt + 4, true)
    return this.endAt <= end
  }

  /** NaN for null, and for a field that the block's format does not have. */
  number(view: DataView, index: number): number {
    return index < this.shape.numbers ? view.getFloat64(this.numbersAt + index * 8, true) : Number.NaN
  }
}

/** The strings of `count` fields with their lengths at `lengthsAt` and their joined text at `from..to`. */
function readStrings(
  source: Buffer,
  view: DataView,
  lengthsAt: number,
  count: number,
  from: number,
  to: number,
): (string | null)[] {
  const joined = source.toString('utf8', from, to)
  const values: (string | null)[] = []
  let at = 0
  for (let index = 0; index < count; index++) {
    const length = view.getUint16(lengthsAt + index * 2, true)
    if (length === absent) {
      values.push(null)
      continue
    }
    values.push(joined.slice(at, at + length))
    at += length
  }
  return values
}

/** The names of a block, in the order of its format's list. */
export function namesOf(source: Buffer, view: DataView, block: BlockView): (string | null)[] {
  return readStrings(source, view, block.nameLengthsAt, block.shape.names, block.namesAt, block.textsAt)
}

/** The texts of a block, in the order of its format's list. */
export function textsOf(source: Buffer, view: DataView, block: BlockView): (string | null)[] {
  return readStrings(source, view, block.textLengthsAt, block.shape.texts, block.textsAt, block.endAt)
}

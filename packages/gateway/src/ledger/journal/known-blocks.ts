import type { BlockShape } from './fields.ts'
import type { BlockView } from './metadata.ts'

/** Blocks that are remembered. A gateway has fewer kinds of calls than this at a time. */
const blocksMax = 4_096
/** Larger blocks are not remembered, so that a client cannot fill the memory with long names. */
const blockBytesMax = 4_096

type Make<Value> = (source: Buffer, view: DataView, block: BlockView) => Value

/**
 * What was made of the names of blocks. The same caller sends the same names again and again, so all names of a block
 * are looked up at once.
 */
export class KnownBlocks<Value> {
  /** By shape, because the same bytes may mean something else in another one. */
  readonly #known = new Map<BlockShape, Map<string, Value>>()

  /** @param make called where the names of the block are not known. */
  get(source: Buffer, view: DataView, block: BlockView, make: Make<Value>): Value {
    const key = source.toString('latin1', block.nameLengthsAt, block.textsAt)
    const known = this.#of(block.shape)
    const found = known.get(key)
    if (found !== undefined) return found
    const made = make(source, view, block)
    if (key.length <= blockBytesMax) {
      if (known.size >= blocksMax) known.clear()
      known.set(key, made)
    }
    return made
  }

  forget(): void {
    this.#known.clear()
  }

  #of(shape: BlockShape): Map<string, Value> {
    let known = this.#known.get(shape)
    if (known === undefined) {
      known = new Map()
      this.#known.set(shape, known)
    }
    return known
  }
}

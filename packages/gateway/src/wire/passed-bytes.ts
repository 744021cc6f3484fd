/** The bytes of a JSON object that comes piece by piece, without one of its members. */

/** Most bytes that are held back. Beyond them the member stays in. */
const heldBytesMax = 65_536

/**
 * The bytes of an object without one of its members and the comma that goes with it. From each comma on (for the first
 * member: from its key on) the bytes are held back until it is known whether the member stays.
 */
export class PassedBytes {
  #out: Buffer[] = []
  /** Bytes that are held back, in order. Pieces from between pass even when the member is dropped. */
  #held: { readonly bytes: Buffer; readonly between: boolean }[] = []
  #heldBytes = 0
  #state: 'passing' | 'held' | 'dropped' = 'passing'
  #from = 0
  /** True until a member has stayed: a member that is dropped before takes the comma after it along. */
  #isFirst = true

  take(): Buffer[] {
    const out = this.#out
    this.#out = []
    return out
  }

  begin(from: number): void {
    this.#from = from
  }

  end(bytes: Buffer, to: number): void {
    this.#flush(bytes, to)
  }

  between(bytes: Buffer): void {
    if (this.#state === 'held') this.#held.push({ bytes, between: true })
    else this.#out.push(bytes)
  }

  atKey(bytes: Buffer, at: number): void {
    if (!this.#isFirst) return
    this.#flush(bytes, at)
    this.#state = 'held'
  }

  atComma(bytes: Buffer, at: number): void {
    if (this.#isFirst) return
    this.#flush(bytes, at)
    this.#state = 'held'
  }

  /** The member stays, or the object has ended. */
  release(bytes: Buffer, at: number): void {
    this.#flush(bytes, at)
    for (const piece of this.#held) this.#out.push(piece.bytes)
    this.#held = []
    this.#heldBytes = 0
    this.#isFirst = false
    this.#state = 'passing'
  }

  /** The member is dropped. */
  drop(): void {
    if (this.#state !== 'held') return
    for (const piece of this.#held) if (piece.between) this.#out.push(piece.bytes)
    this.#held = []
    this.#heldBytes = 0
    this.#state = 'dropped'
  }

  valueEnds(end: number): void {
    if (this.#state !== 'dropped' || this.#isFirst) return
    this.#from = end
    this.#state = 'passing'
  }

  #flush(bytes: Buffer, to: number): void {
    const from = this.#from
    if (to <= from) return
    this.#from = to
    if (this.#state === 'dropped') return
    const piece = bytes.subarray(from, to)
    if (this.#state === 'passing') {
      this.#out.push(piece)
      return
    }
    this.#held.push({ bytes: piece, between: false })
    this.#heldBytes += piece.length
    if (this.#heldBytes > heldBytesMax) this.release(bytes, to)
  }
}

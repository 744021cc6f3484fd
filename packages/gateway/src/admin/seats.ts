/** Bounds what callers hold open at once: streams, relayed calls. */

interface SeatBounds {
  /** Of all callers. */
  readonly most: number
  /** Of one caller. */
  readonly callersMost: number
  /** The error for a caller that gets none. @param whose bound is reached. */
  readonly refused: (whose: 'all' | 'own') => Error
}

export class Seats {
  readonly #bounds: SeatBounds
  #taken = 0
  readonly #byCaller = new Map<string, number>()

  constructor(bounds: SeatBounds) {
    this.#bounds = bounds
  }

  /** @returns gives the seat back; may be called again. @throws what `refused` makes. */
  take(caller: string): () => void {
    const own = this.#byCaller.get(caller) ?? 0
    const { most, callersMost, refused } = this.#bounds
    if (this.#taken >= most) throw refused('all')
    if (own >= callersMost) throw refused('own')
    this.#taken += 1
    this.#byCaller.set(caller, own + 1)
    let isTaken = true
    return () => {
      if (!isTaken) return
      isTaken = false
      this.#taken -= 1
      const left = (this.#byCaller.get(caller) ?? 1) - 1
      if (left > 0) this.#byCaller.set(caller, left)
      else this.#byCaller.delete(caller)
    }
  }
}

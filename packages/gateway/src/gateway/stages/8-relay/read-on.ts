/**
 * Reading on: when a client leaves, the gateway reads the answer in flight to the usage at its end, because the backend
 * bills it all the same. Reasoning before the first visible word is in no text, so without this, leaving early would be
 * free. Time, bytes and the number of such calls are bounded; a call whose end is not reached is charged at its bound.
 */
import type { Operation } from '../../../wire/operations.ts'

/** Most bytes of one answer that are read after its client left. */
export const readOnBytesMax = 67_108_864

/** Most answers that are read on at once in the whole process. */
const atOnceMax = 512

export class ReadingOn {
  #inFlight = 0

  /** Number of answers that are read on now. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** @returns false when there is no room. */
  begin(): boolean {
    if (this.#inFlight >= atOnceMax) return false
    this.#inFlight += 1
    return true
  }

  end(): void {
    this.#inFlight -= 1
  }
}

/** True for operations whose answers report what the call used, or what an earlier object used. */
export function isWorthReading({ usage, tells }: Pick<Operation, 'usage' | 'tells'>): boolean {
  return usage !== 'none' || tells !== null
}

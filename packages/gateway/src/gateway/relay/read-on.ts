/**
 * Reading on: when a client leaves, the answer under way is read on towards the usage at its end, since it is billed whether anybody hears it
 * or not. What was thought before the first visible word is in no text, so that leaving early would be free otherwise. Bounded in time, in
 * bytes and in calls at once; where the end is not reached, the call is charged at its bound.
 */
import type { Operation } from '../../wire/operations.ts'

/** Bytes that are read of one answer after its client left. */
export const readOnBytesMax = 67_108_864

/** Answers that are read on at once, for the whole process. */
const atOnceMax = 512

export class ReadingOn {
  #underWay = 0

  /** Answers that are read on now. */
  get underWay(): number {
    return this.#underWay
  }

  /** @returns false when there is no room. */
  begin(): boolean {
    if (this.#underWay >= atOnceMax) return false
    this.#underWay += 1
    return true
  }

  end(): void {
    this.#underWay -= 1
  }
}

/** True for operations whose answers tell what a call used, or what an object that was made before did. */
export function isWorthReading({ usage, tells }: Operation): boolean {
  return usage !== 'none' || tells !== null
}

/** A connection of the load, what is counted on it, and how its answers are checked. */
import type { ExpectedAnswer } from './questions.ts'
import { type Answer, Connection, WireError } from './wire.ts'

/** Longest silence before a timeout, in ms. */
export const silenceMsMax = 20_000
/** A worker that fails this often in a row gives up. */
const failuresInRowMax = 5

/** Failures by kind; empty when all went well. */
export type Errors = Readonly<Record<string, number>>

export class ErrorCount {
  readonly byKind: Record<string, number> = {}
  add(kind: string): void {
    this.byKind[kind] = (this.byKind[kind] ?? 0) + 1
  }
}

/** The reason why this answer is not the expected one; null if it is. */
export function fault(answer: Answer, expected: ExpectedAnswer, events: number): string | null {
  if (answer.status !== 200) return `status_${answer.status}`
  if (answer.bytes !== expected.bytes) return `length_${answer.bytes}_instead_of_${expected.bytes}`
  if (events !== expected.events) return `events_${events}_instead_of_${expected.events}`
  return null
}

/** A connection that is opened again after a failure. */
export class Line {
  readonly #url: string
  #connection: Connection | null = null

  constructor(url: string) {
    this.#url = url
  }

  async ready(): Promise<Connection> {
    if (this.#connection?.usable) return this.#connection
    this.#connection = await Connection.open(this.#url, silenceMsMax)
    return this.#connection
  }

  close(): void {
    this.#connection?.close()
  }
}

/** Repeats `once` until it returns false. Failures are counted; after several in a row the worker gives up. */
export async function repeat(errors: ErrorCount, once: () => Promise<boolean>): Promise<void> {
  let inRow = 0
  while (inRow < failuresInRowMax) {
    try {
      if (!(await once())) return
      inRow = 0
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      errors.add(error.code)
      inRow += 1
    }
  }
}

import type { RecordedExchange } from './index.ts'

/** What is done with of a batch: one that fails is offered again from its first record on, maybe with more records. */
export class OfferedBatch {
  readonly #done = new Set<string>()
  #first: string | null = null

  /** @returns what is not done with yet. */
  begin(exchanges: readonly RecordedExchange[]): RecordedExchange[] {
    const first = exchanges[0]?.id ?? null
    if (first !== this.#first) this.#done.clear()
    this.#first = first
    return exchanges.filter(({ id }) => !this.#done.has(id))
  }

  /** The batch was taken whole. The same records may be offered anew, after a rewind. */
  end(): void {
    this.#first = null
  }

  has(id: string): boolean {
    return this.#done.has(id)
  }

  /** The record has arrived, or was set aside. */
  add(id: string): void {
    this.#done.add(id)
  }
}

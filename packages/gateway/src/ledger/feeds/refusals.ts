/** What feeds do with a record that the other side refuses by its content. */

/** The other side says that it can never take this content. */
export class ContentRefusedError extends Error {
  override readonly name = 'ContentRefusedError'
}

/** A record that the other side refuses this often is set aside. With growing pauses that takes some minutes. */
const refusalsMax = 10

/** Counts refusals in a row of the record that is refused now. */
export class Refusals {
  #current: { readonly id: string; readonly times: number } | null = null

  /**
   * Counts a refusal of the record.
   * @returns why it must be set aside.
   * @throws the refusal until the record was refused often enough.
   */
  reasonFor(id: string, refusal: ContentRefusedError): string {
    const times = 1 + (this.#current?.id === id ? this.#current.times : 0)
    this.#current = { id, times }
    if (times < refusalsMax) throw refusal
    this.#current = null
    return `${refusal.message} It was sent ${times} times.`
  }
}

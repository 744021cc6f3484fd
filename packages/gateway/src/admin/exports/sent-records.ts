/**
 * Counts the records of an export. A connection that breaks may lose the last of them: the next one begins again after
 * the last record that its reader has.
 */

/** What is on its way to a reader is far less. */
const recentMax = 20_000

export class SentRecords {
  #count = 0
  /** Ids of the newest of them, in their order. */
  #recent: string[] = []

  get count(): number {
    return this.#count
  }

  add(ids: readonly string[]): void {
    this.#count += ids.length
    this.#recent.push(...ids)
    if (this.#recent.length > 2 * recentMax) this.#recent = this.#recent.slice(-recentMax)
  }

  /**
   * Takes back all that came after a record.
   * @param id null for all of them.
   * @returns false where this is not known any more; nothing is taken back then.
   */
  goOnAfter(id: string | null): boolean {
    const at = id === null ? -1 : this.#recent.lastIndexOf(id)
    const isKnown = id === null ? this.#recent.length === this.#count : at >= 0
    if (!isKnown) return false
    this.#count -= this.#recent.length - (at + 1)
    this.#recent.length = at + 1
    return true
  }
}

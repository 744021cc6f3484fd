/** Results of work that is the same each time, by key. The least recently used is evicted. */
export class Memo<Value> {
  readonly #values = new Map<string, Value>()
  readonly #valuesMax: number
  constructor(valuesMax: number) {
    this.#valuesMax = valuesMax
  }

  get(key: string, make: () => Value): Value {
    const known = this.#values.get(key)
    const value = known === undefined ? make() : known
    // Moved to the end, so that the first key is the least recently used.
    this.#values.delete(key)
    this.#values.set(key, value)
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= this.#valuesMax) break
      this.#values.delete(oldest)
    }
    return value
  }
}

/** Results of work that comes out the same each time, by key; the least recently used is forgotten. */
export class Memo<Value> {
  readonly #values = new Map<string, Value>()
  readonly #valuesMax: number
  constructor(valuesMax: number) {
    this.#valuesMax = valuesMax
  }

  get(key: string, make: () => Value): Value {
    const known = this.#values.get(key)
    const value = known === undefined ? make() : known
    // Moved to the end: the first key is the one that was not asked for longest.
    this.#values.delete(key)
    this.#values.set(key, value)
    for (const oldest of this.#values.keys()) {
      if (this.#values.size <= this.#valuesMax) break
      this.#values.delete(oldest)
    }
    return value
  }
}

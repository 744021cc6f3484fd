import type { Owner } from './index.ts'

/** Owners of the newest objects that this process knows. */
export class OwnerMemory {
  readonly #owners = new Map<string, Owner>()
  /** Owners are few and objects many: each pair of names is kept once. */
  readonly #pairs = new Map<string, Owner>()
  readonly #sizeMax: number

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  get size(): number {
    return this.#owners.size
  }

  get(id: string): Owner | null {
    return this.#owners.get(id) ?? null
  }

  /**
   * @returns false when it has an owner already. The first owner stays: ids are never given twice, so a second one
   *   would be a caller that made an instance return an id that is not its own.
   */
  put(id: string, owner: Owner): boolean {
    if (this.#owners.has(id)) return false
    const kept = this.#pairOf(owner)
    this.#owners.set(id, kept)
    if (this.#owners.size > this.#sizeMax) this.#forgetOldest()
    return true
  }

  delete(id: string): void {
    this.#owners.delete(id)
  }

  /** Oldest first. */
  entries(): IterableIterator<[string, Owner]> {
    return this.#owners.entries()
  }

  #pairOf({ workload, instance }: Owner): Owner {
    const key = `${workload}\n${instance}`
    const known = this.#pairs.get(key)
    if (known !== undefined) return known
    const pair = { workload, instance }
    this.#pairs.set(key, pair)
    return pair
  }

  #forgetOldest(): void {
    const [oldest] = this.#owners.keys()
    if (oldest !== undefined) this.#owners.delete(oldest)
  }
}

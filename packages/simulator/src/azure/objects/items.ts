/**
 * Items of Responses and conversations that an instance keeps, by their ids. Another instance does not know these ids.
 */
import type { JsonRecord } from '../../json.ts'

/** Holders are counted: an item is kept while a response or a conversation has it. */
export class Items {
  readonly #byId = new Map<string, { item: JsonRecord; holders: number }>()

  hold(items: readonly JsonRecord[]): void {
    for (const item of items) {
      if (typeof item.id !== 'string') continue
      const kept = this.#byId.get(item.id)
      if (kept) kept.holders += 1
      else this.#byId.set(item.id, { item, holders: 1 })
    }
  }

  release(items: readonly JsonRecord[]): void {
    for (const { id } of items) {
      const kept = typeof id === 'string' ? this.#byId.get(id) : undefined
      if (!kept) continue
      kept.holders -= 1
      if (kept.holders === 0) this.#byId.delete(String(id))
    }
  }

  get(id: string): JsonRecord | null {
    return this.#byId.get(id)?.item ?? null
  }
}

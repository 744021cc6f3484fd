import type { JsonRecord } from '../../json.ts'
import type { Run } from '../responses/run.ts'
import { Items } from './items.ts'

export interface StoredFile {
  readonly object: JsonRecord & { readonly id: string }
  readonly bytes: Buffer
  /** Null for a file that does not expire. */
  readonly expiresAtMs: number | null
}

export interface StoredResponse {
  readonly id: string
  readonly run: Run
  /** Everything that the model read, oldest first, with ids. */
  readonly inputItems: readonly JsonRecord[]
  /** Everything that it produces, also before it is over. */
  readonly output: readonly JsonRecord[]
}

export interface StoredVectorStore {
  readonly id: string
  readonly createdAtSeconds: number
  name: string | null
  metadata: JsonRecord
  /** By the file's id. */
  readonly files: Map<string, { readonly id: string; readonly attributes: JsonRecord }>
  readonly batches: Map<
    string,
    { readonly id: string; readonly createdAtSeconds: number; readonly files: readonly string[] }
  >
}

export interface StoredUpload {
  object: JsonRecord
  readonly parts: Map<string, Buffer>
  /** Lifetime of the file that it becomes; null for no end. */
  readonly fileSeconds: number | null
}

export interface StoredChat {
  object: JsonRecord & { readonly id: string }
  readonly messages: readonly (JsonRecord & { readonly id: string })[]
}

export interface StoredEval {
  object: JsonRecord & { readonly id: string }
  readonly runs: Map<string, JsonRecord & { readonly id: string }>
  /** Output items by the id of their run. */
  readonly outputs: Map<string, (JsonRecord & { readonly id: string })[]>
}

export interface StoredContainer {
  readonly id: string
  readonly name: string
  readonly memoryLimit: string
  readonly idleMinutes: number
  readonly createdAtSeconds: number
  usedAtMs: number
  /** By their own ids. */
  readonly files: Map<string, StoredFile>
}

export interface StoredConversation {
  readonly id: string
  readonly createdAtSeconds: number
  metadata: JsonRecord
  /** Oldest first, with ids. */
  readonly items: JsonRecord[]
  /** Responses that will add their items. */
  readonly runs: Run[]
}

/** Most objects of one kind that are kept; beyond it the oldest is evicted. */
const objectsMax = 5_000

/** Objects that calls create, in the order of their creation. */
class Shelf<Value> {
  readonly #byId = new Map<string, Value>()
  readonly #forgotten: (value: Value) => void

  /** `forgotten` is called with every object that is deleted, replaced or evicted. */
  constructor(forgotten: (value: Value) => void = () => {}) {
    this.#forgotten = forgotten
  }

  put(id: string, value: Value): void {
    const before = this.#byId.get(id)
    if (before !== undefined) this.#forgotten(before)
    this.#byId.set(id, value)
    for (const oldest of this.#byId.keys()) {
      if (this.#byId.size <= objectsMax) return
      this.delete(oldest)
    }
  }

  get(id: string): Value | null {
    return this.#byId.get(id) ?? null
  }

  delete(id: string): boolean {
    const value = this.#byId.get(id)
    if (value === undefined) return false
    this.#forgotten(value)
    return this.#byId.delete(id)
  }

  /** Newest first, as the service lists them. */
  newest(): Value[] {
    return [...this.#byId.values()].reverse()
  }
}

export class Store {
  readonly items = new Items()
  readonly files = new Shelf<StoredFile>()
  readonly responses = new Shelf<StoredResponse>(({ inputItems, output }) => {
    this.items.release(inputItems)
    this.items.release(output)
  })
  readonly batches = new Shelf<JsonRecord & { readonly id: string }>()
  readonly uploads = new Shelf<StoredUpload>()
  readonly chats = new Shelf<StoredChat>()
  readonly jobs = new Shelf<JsonRecord & { readonly id: string }>()
  readonly evals = new Shelf<StoredEval>()
  readonly videos = new Shelf<JsonRecord & { readonly id: string }>()
  readonly vectorStores = new Shelf<StoredVectorStore>()
  readonly containers = new Shelf<StoredContainer>()
  readonly conversations = new Shelf<StoredConversation>(({ items }) => this.items.release(items))
}

/** A page of a list, by the query's `limit` (1 .. 100, default `standard`) and `after`. */
export function page<Item extends { readonly id?: unknown }>(
  items: readonly Item[],
  query: URLSearchParams,
  standard = 20,
): JsonRecord {
  const limit = Math.min(100, Math.max(1, Math.floor(Number(query.get('limit') ?? standard)) || standard))
  const after = query.get('after')
  const start = after === null ? 0 : items.findIndex(item => item.id === after) + 1
  const data = items.slice(start, start + limit)
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: start + limit < items.length,
  }
}

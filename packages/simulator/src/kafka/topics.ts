/** The topics of the broker. */
import { EventEmitter } from 'node:events'
import { Partition } from './partition.ts'

export interface TopicSettings {
  /** Default 3. */
  readonly partitions?: number
  /** Most bytes of a batch (`max.message.bytes`). Default 1,048,588, as Kafka's. */
  readonly messageBytesMax?: number
}

/** Bytes of batches that a partition keeps; older ones make room. */
const keptBytesMax = 64 * 1_048_576

export class Topics {
  readonly #partitions = new Map<string, readonly Partition[]>()
  readonly #events = new EventEmitter().setMaxListeners(0)

  add(name: string, { partitions = 3, messageBytesMax = 1_048_588 }: TopicSettings): void {
    const made = Array.from({ length: partitions }, () => new Partition(messageBytesMax, keptBytesMax))
    this.#partitions.set(name, made)
  }

  remove(name: string): void {
    this.#partitions.delete(name)
  }

  names(): string[] {
    return [...this.#partitions.keys()]
  }

  /** Empty for a topic that does not exist. */
  partitions(name: string): readonly Partition[] {
    return this.#partitions.get(name) ?? []
  }

  partition(name: string, number: number): Partition | null {
    return this.#partitions.get(name)?.[number] ?? null
  }

  appended(): void {
    this.#events.emit('appended')
  }

  /** Resolves at the next batch, or after this time. */
  async nextBatch(withinMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, withinMs)
    this.#events.once('appended', resolve)
    await promise
    clearTimeout(timer)
    this.#events.off('appended', resolve)
  }
}

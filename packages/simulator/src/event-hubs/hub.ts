import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { EventHubOptions, KeptEvent } from './types.ts'

/** An event as it arrived. */
export type ArrivedEvent = Pick<KeptEvent, 'body' | 'properties' | 'messageId' | 'contentType'>

/** Where a reader starts: after an offset or a sequence number, or after a time. `latest`: only what comes. */
export type Position =
  | { readonly after: 'sequence'; readonly value: number }
  | { readonly after: 'time'; readonly value: number }
  | { readonly after: 'latest' }

/** Bytes of one event in the count of offsets and of what is kept, besides its body. */
const eventBytes = 128
/** A sequence number times this is an offset. */
export const offsetStep = 64

/** The events of one partition, and who waits for more. */
export class Partition {
  readonly id: string
  #events: KeptEvent[] = []
  #next = 0
  #bytes = 0
  readonly #waiting = new Set<() => void>()

  constructor(id: string) {
    this.id = id
  }

  get events(): readonly KeptEvent[] {
    return this.#events
  }

  /** Sequence number of the next event. */
  get next(): number {
    return this.#next
  }

  append(arrived: readonly ArrivedEvent[], partitionKey: string | null, enqueuedAtMs: number, bytesMax: number): void {
    for (const event of arrived) {
      const sequenceNumber = this.#next
      this.#next += 1
      this.#bytes += event.body.byteLength + eventBytes
      const offset = String(sequenceNumber * offsetStep)
      this.#events.push({ ...event, partition: this.id, sequenceNumber, offset, enqueuedAtMs, partitionKey })
    }
    let dropped = 0
    for (const { body } of this.#events) {
      if (this.#bytes <= bytesMax) break
      this.#bytes -= body.byteLength + eventBytes
      dropped += 1
    }
    if (dropped > 0) this.#events = this.#events.slice(dropped)
    for (const wake of this.#waiting) wake()
  }

  /** Sequence number of the first event after a position. */
  startOf(position: Position): number {
    if (position.after === 'latest') return this.#next
    if (position.after === 'sequence') return position.value + 1
    return this.#events.find(({ enqueuedAtMs }) => enqueuedAtMs > position.value)?.sequenceNumber ?? this.#next
  }

  /** The event with this sequence number, or the oldest that is kept after it; null when there is none yet. */
  at(sequenceNumber: number): KeptEvent | null {
    const first = this.#events[0]
    if (first === undefined) return null
    return this.#events[Math.max(0, sequenceNumber - first.sequenceNumber)] ?? null
  }

  /** @returns stops the calls. */
  onEvents(wake: () => void): () => void {
    this.#waiting.add(wake)
    return () => void this.#waiting.delete(wake)
  }
}

export class Hub {
  readonly name: string
  readonly createdAtMs: number
  readonly messageBytesMax: number
  readonly partitions: readonly Partition[]
  readonly #keptBytesMax: number
  readonly #clock: Clock
  #turn = 0

  constructor(name: string, options: EventHubOptions, clock: Clock) {
    this.name = name
    this.createdAtMs = clock()
    this.messageBytesMax = options.messageBytesMax ?? 1_048_576
    this.partitions = Array.from({ length: options.partitions ?? 2 }, (_, index) => new Partition(String(index)))
    this.#keptBytesMax = (options.keptBytesMax ?? 67_108_864) / this.partitions.length
    this.#clock = clock
  }

  partition(id: string): Partition | null {
    return this.partitions.find(partition => partition.id === id) ?? null
  }

  /** Events of one key go to one partition; those without are spread. */
  partitionFor(key: string | null): Partition {
    const number = key === null ? this.#turn++ : createHash('sha256').update(key).digest().readUInt32BE(0)
    const chosen = this.partitions[number % this.partitions.length]
    if (chosen === undefined) throw new RangeError(`the hub ${this.name} has no partitions`)
    return chosen
  }

  append(partition: Partition, events: readonly ArrivedEvent[], partitionKey: string | null): void {
    partition.append(events, partitionKey, this.#clock(), this.#keptBytesMax)
  }
}

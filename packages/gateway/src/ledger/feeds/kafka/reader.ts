/** Reads a topic without a group: every partition, each from an offset that the caller keeps. */
import { setTimeout as delay } from 'node:timers/promises'
import { Consumer, type RecordsBatch } from '@platformatic/kafka'
import { clientOptions, type KafkaClientParts } from './client.ts'
import { explainKafkaError } from './errors.ts'
import type { KafkaConnection } from './settings.ts'

export interface ReadMessage {
  readonly partition: number
  readonly offset: bigint
  /** Empty where the message has none. */
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  readonly value: Uint8Array
}

export interface ReaderParts extends KafkaClientParts {
  /**
   * The message that is next in the partition is not there, and reading goes on at another one: those before it were
   * deleted before they were read, or the topic was made anew, so that it has fewer messages.
   */
  readonly onMoved: (partition: number, from: bigint, to: bigint) => void
}

/** Longest time that a broker waits for messages, in milliseconds. */
const waitMsMax = 500
/** Bytes of an answer, of one partition and of all. A longer batch comes alone. */
const partitionBytesMax = 1_048_576
const answerBytesMax = 8 * 1_048_576
/** Of ListOffsets, instead of a time. */
const [earliest, latest] = [-2n, -1n]
/** Bit of a batch's attributes. https://kafka.apache.org/documentation/#recordbatch */
const controlBatch = 0x20

type Fetcher = Consumer<Buffer, Buffer, Buffer, Buffer>
type Answer = Awaited<ReturnType<Fetcher['fetch']>>

/**
 * Reads on and on, until the signal. A batch is empty when the brokers have answered and have nothing new.
 * @param from by partition: the offset of the first message; a partition without one is read from its beginning.
 * @throws Error with what an operator can do. Reading goes on with another call.
 */
export async function* readTopic(
  connection: KafkaConnection,
  from: ReadonlyMap<number, bigint>,
  signal: AbortSignal,
  parts: ReaderParts,
): AsyncGenerator<readonly ReadMessage[]> {
  const options = clientOptions(connection, parts)
  const consumer: Fetcher = new Consumer<Buffer, Buffer, Buffer, Buffer>({ ...options, groupId: 'gatehouse' })
  const close = (): void => void consumer.close(true).catch(() => {})
  signal.addEventListener('abort', close, { once: true })
  try {
    consumer.topics.track(connection.topic)
    const reading = new TopicReading(consumer, connection.topic, from, parts)
    while (!signal.aborted) yield await reading.next()
  } catch (error) {
    if (!signal.aborted) throw explainKafkaError(error, connection)
  } finally {
    signal.removeEventListener('abort', close)
    close()
  }
}

class TopicReading {
  readonly #consumer: Fetcher
  readonly #topic: string
  readonly #next: Map<number, bigint>
  readonly #onMoved: ReaderParts['onMoved']
  #hasBegun = false

  constructor(consumer: Fetcher, topic: string, from: ReadonlyMap<number, bigint>, { onMoved }: ReaderParts) {
    this.#consumer = consumer
    this.#topic = topic
    this.#next = new Map(from)
    this.#onMoved = onMoved
  }

  /** What the leaders of all partitions answer to one question; nothing when there is nothing new. */
  async next(): Promise<ReadMessage[]> {
    const { partitions, id } = await this.#partitions()
    await this.#begin(partitions.length)
    const byLeader = Map.groupBy(partitions.keys(), partition => partitions[partition]?.leader ?? -1)
    // A partition without a leader has one again soon.
    byLeader.delete(-1)
    if (byLeader.size === 0) await delay(waitMsMax)
    const answers = await Promise.all(
      Array.from(byLeader, ([node, numbers]) =>
        this.#consumer.fetch({
          node,
          maxWaitTime: waitMsMax,
          minBytes: 1,
          maxBytes: answerBytesMax,
          topics: [{ topicId: id, partitions: numbers.map(partition => this.#wanted(partition)) }],
        }),
      ),
    )
    return answers.flatMap(answer => this.#messagesOf(answer))
  }

  async #partitions() {
    const { topics } = await this.#consumer.metadata({ topics: [this.#topic] })
    const topic = topics.get(this.#topic)
    return { id: topic?.id ?? '', partitions: topic?.partitions ?? [] }
  }

  /** Looks up where new partitions begin, and whether the others still have the message that is next. */
  async #begin(count: number): Promise<void> {
    const isKnown = Array.from({ length: count }, (_, partition) => this.#next.has(partition)).every(Boolean)
    if (isKnown && this.#hasBegun) return
    this.#hasBegun = true
    const [firsts, ends] = await Promise.all(
      [earliest, latest].map(timestamp => this.#consumer.listOffsets({ topics: [this.#topic], timestamp })),
    )
    for (const [partition, first] of (firsts?.get(this.#topic) ?? []).entries()) {
      const end = ends?.get(this.#topic)?.[partition] ?? first
      const next = this.#next.get(partition)
      if (next !== undefined && next >= first && next <= end) continue
      if (next !== undefined) this.#onMoved(partition, next, first)
      this.#next.set(partition, first)
    }
  }

  #wanted(partition: number) {
    return {
      ...{ partition, currentLeaderEpoch: -1, lastFetchedEpoch: -1, partitionMaxBytes: partitionBytesMax },
      fetchOffset: this.#next.get(partition) ?? 0n,
    }
  }

  #messagesOf({ responses }: Answer): ReadMessage[] {
    return responses.flatMap(({ partitions }) =>
      partitions.flatMap(({ partitionIndex, records }) =>
        (records ?? []).flatMap(batch => this.#messagesIn(partitionIndex, batch)),
      ),
    )
  }

  #messagesIn(partition: number, batch: RecordsBatch): ReadMessage[] {
    const next = this.#next.get(partition) ?? 0n
    this.#next.set(partition, batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n)
    // What a transaction of another producer leaves is no message.
    if ((batch.attributes & controlBatch) !== 0) return []
    return batch.records.flatMap(({ offsetDelta, key, headers, value }) => {
      const offset = batch.firstOffset + BigInt(offsetDelta)
      // A batch comes whole, also when only its end was asked for.
      if (offset < next) return []
      const fields = Object.fromEntries(headers.map(([name, text]) => [String(name), String(text ?? '')]))
      return [{ partition, offset, key: String(key ?? ''), headers: fields, value: value ?? Buffer.alloc(0) }]
    })
  }
}

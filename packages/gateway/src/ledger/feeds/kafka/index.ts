/**
 * The feed of kind `kafka`: writes records to a topic of Apache Kafka, or of Event Hubs by its Kafka endpoint. Records
 * of one caller and workload are in one partition, in the order of their ends.
 */
import { MessageWriter, type RecordMessage, UnsendableError } from '../documents/index.ts'
import type { FeedForm } from '../forms.ts'
import type { Feed, FeedParts, RecordedExchange } from '../index.ts'
import { TopicProducer } from './producer.ts'
import type { KafkaSettings } from './settings.ts'

/** @public Imported by the feed's thread. */
export function openFeed(settings: unknown, parts: FeedParts): Feed {
  return new KafkaFeed(settings as KafkaSettings, parts)
}

class KafkaFeed implements Feed {
  readonly #settings: KafkaSettings
  readonly #parts: FeedParts
  readonly #writer: MessageWriter
  #producer: TopicProducer | null = null

  constructor(settings: KafkaSettings, parts: FeedParts) {
    this.#settings = settings
    this.#parts = parts
    // Batches are compressed, not messages.
    this.#writer = new MessageWriter({ ...settings, gzip: false })
  }

  async take(exchanges: readonly RecordedExchange[]): Promise<void> {
    const aside: (readonly [RecordedExchange, string])[] = []
    try {
      this.#producer ??= await TopicProducer.open(this.#settings, bytes => this.#parts.sent(bytes))
      const producer = this.#producer
      for (const exchange of exchanges) {
        const messages = this.#messagesOf(exchange, producer.bodyBytesMax)
        if (typeof messages === 'string') aside.push([exchange, messages])
        else for (const message of messages) await producer.add(topicMessage(message, this.#settings.form))
      }
      await producer.flush()
    } catch (error) {
      // The next try begins with a connection and a producer of its own.
      void this.#producer?.close().catch(() => {})
      this.#producer = null
      throw error
    }
    // Not before: a batch that fails comes again, and must not count them twice.
    for (const [exchange, reason] of aside) this.#parts.setAside(exchange, reason)
  }

  async close(): Promise<void> {
    await this.#producer?.close()
  }

  /** @returns the reason where the record can never be sent. */
  #messagesOf(exchange: RecordedExchange, bytesMax: number): Iterable<RecordMessage> | string {
    try {
      return this.#writer.messages(exchange, bytesMax)
    } catch (error) {
      if (error instanceof UnsendableError) return error.message
      throw error
    }
  }
}

/** Headers let a reader choose messages without reading their bodies. docs/feeds.md */
function topicMessage({ id, part, parts, key, body, contentType }: RecordMessage, form: FeedForm) {
  const headers = { id, part: String(part), parts: String(parts), form, 'content-type': contentType }
  return { key, headers, body }
}

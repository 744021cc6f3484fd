/** Writes messages to a topic, each at least once and in order, with sequence numbers against doubles (KIP-98). */
import { Admin, ConfigResourceTypes, type MessageToProduce, Producer } from '@platformatic/kafka'
import { clientOptions, type KafkaClientParts } from './client.ts'
import { explainKafkaError } from './errors.ts'
import type { KafkaSettings } from './settings.ts'

export interface TopicMessage {
  /** Messages of one key stay in order: they are in one partition. */
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** Most bytes of a message in a batch besides its key, its headers and its body, and of a batch with one message. */
const frameBytes = 128
/** Most bytes of the key and the headers of a message. */
const headBytesMax = 1_024

type Message = MessageToProduce<Buffer, Buffer, Buffer, Buffer> & { readonly value: Buffer }

export type ProducerSettings = Pick<
  KafkaSettings,
  'brokers' | 'topic' | 'tls' | 'credential' | 'compression' | 'messageBytes'
>

/**
 * Gathers messages into requests of at most so many bytes; while one is on its way the next is gathered. After a
 * failure it is of no more use: what was sent may have been written or not.
 */
export class TopicProducer {
  readonly #settings: ProducerSettings
  readonly #producer: Producer<Buffer, Buffer, Buffer, Buffer>
  readonly #requestBytesMax: number
  readonly #onSent: (bytes: number) => void
  #waiting: Message[] = []
  #waitingBytes = 0
  #onTheWay: Promise<void> = Promise.resolve()

  private constructor(
    settings: ProducerSettings,
    producer: Producer<Buffer, Buffer, Buffer, Buffer>,
    requestBytesMax: number,
    onSent: (bytes: number) => void,
  ) {
    this.#settings = settings
    this.#producer = producer
    this.#requestBytesMax = requestBytesMax
    this.#onSent = onSent
  }

  /**
   * Connects, and finds the topic.
   * @param onSent is called with the bytes of bodies that enough replicas have written.
   * @throws Error with what an operator can do.
   */
  static async open(
    settings: ProducerSettings,
    onSent: (bytes: number) => void,
    parts: KafkaClientParts = {},
  ): Promise<TopicProducer> {
    const { topic, compression, messageBytes } = settings
    const options = clientOptions(settings, parts)
    const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({ ...options, idempotent: true, compression })
    try {
      await producer.metadata({ topics: [topic] })
    } catch (error) {
      // Not waited for: the other side may not answer.
      void producer.close().catch(() => {})
      throw explainKafkaError(error, settings)
    }
    const topicBytes = await topicBytesMax(options, topic)
    const most = Math.min(messageBytes, topicBytes ?? messageBytes)
    // What cannot be compressed becomes a little longer by it.
    return new TopicProducer(settings, producer, compression === 'none' ? most : Math.floor(most * 0.98), onSent)
  }

  /** Most bytes of a message's body. */
  get bodyBytesMax(): number {
    return this.#requestBytesMax - frameBytes - headBytesMax
  }

  /** Resolves when another message may be added. */
  async add({ key, headers, body }: TopicMessage): Promise<void> {
    const entries = Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)] as const)
    const headBytes = entries.reduce((sum, [name, text]) => sum + name.byteLength + text.byteLength + 10, key.length)
    const bytes = frameBytes + headBytes + body.byteLength
    if (this.#waiting.length > 0 && this.#waitingBytes + bytes > this.#requestBytesMax) await this.#pass()
    const { topic } = this.#settings
    this.#waiting.push({ topic, key: Buffer.from(key), headers: new Map(entries), value: body })
    this.#waitingBytes += bytes
  }

  /** Resolves when everything that was added is written. */
  async flush(): Promise<void> {
    if (this.#waiting.length > 0) await this.#pass()
    await this.#onTheWay
  }

  /** Sends what was gathered when the request before it has succeeded. */
  async #pass(): Promise<void> {
    await this.#onTheWay
    const messages = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    this.#onTheWay = this.#send(messages)
    // A failure is thrown where it is waited for.
    this.#onTheWay.catch(() => {})
  }

  async #send(messages: Message[]): Promise<void> {
    try {
      await this.#producer.send({ messages })
    } catch (error) {
      throw explainKafkaError(error, this.#settings)
    }
    this.#onSent(messages.reduce((sum, { value }) => sum + value.byteLength, 0))
  }

  async close(): Promise<void> {
    await this.#producer.close()
  }
}

/** The topic's `max.message.bytes`; null where the cluster does not say. */
async function topicBytesMax(options: ReturnType<typeof clientOptions>, topic: string): Promise<number | null> {
  const name = 'max.message.bytes'
  const admin = new Admin({ ...options, retries: 0 })
  try {
    const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configurationKeys: [name] }
    const [found] = await admin.describeConfigs({ resources: [resource] })
    const value = Number(found?.configs.find(config => config.name === name)?.value)
    return Number.isInteger(value) && value > 0 ? value : null
  } catch {
    return null
  } finally {
    void admin.close().catch(() => {})
  }
}

/**
 * The feed of kind `event-hubs`: sends records to an event hub of Azure, one JSON object per event, long ones in parts.
 * Events of one caller and workload have one partition key and are sent one batch after the other; those of others are
 * sent at the same time. A record that was taken in part is sent again whole.
 */
import type { EventData, EventDataBatch } from '@azure/event-hubs'
import { MessageWriter, orderingKey, type RecordMessage, UnsendableError } from '../documents/index.ts'
import type { Feed, FeedParts, RecordedExchange } from '../index.ts'
import { RetryLaterError } from '../retry-later.ts'
import { placeOf } from './connection.ts'
import { explainEventHubError } from './explain.ts'
import { Producer } from './producer.ts'
import type { EventHubsSettings } from './settings.ts'

/** Batches that are on their way at the same time, each with up to a megabyte. */
const lanesMax = 8
/** Longest event, in bytes: also where a hub takes longer ones, its readers may not. */
const eventBytesMax = 1_048_576
/** Bytes of an event and its batch besides the body and the properties: annotations, ids, sections. */
const overheadBytes = 1_024

/** Longest wait for the answer to a batch, in milliseconds. */
const answerMsMax = 20_000

/** @public Imported by the feed's thread. */
export function openFeed(settings: unknown, parts: FeedParts): Feed {
  return openEventHubsFeed(settings as EventHubsSettings, parts, answerMsMax)
}

/** @param answerMs longest wait for the answer to a batch, in milliseconds. */
export function openEventHubsFeed(settings: EventHubsSettings, parts: FeedParts, answerMs: number): Feed {
  return new EventHubsFeed(settings, parts, answerMs)
}

class EventHubsFeed implements Feed {
  readonly #settings: EventHubsSettings
  readonly #parts: FeedParts
  readonly #answerMs: number
  readonly #writer: MessageWriter
  readonly #properties: Readonly<Record<string, string>>
  #producer: Producer | null = null
  /**
   * Those that the hub has taken, of a batch that was not taken whole: they are offered again as the same objects.
   * Without it a hub that is busy would only ever get the first ones.
   */
  readonly #taken = new WeakSet<RecordedExchange>()

  constructor(settings: EventHubsSettings, parts: FeedParts, answerMs: number) {
    this.#settings = settings
    this.#answerMs = answerMs
    this.#parts = parts
    this.#writer = new MessageWriter(settings)
    this.#properties = propertiesOf(settings)
  }

  async take(exchanges: readonly RecordedExchange[]): Promise<void> {
    const lanes = lanesOf(exchanges.filter(exchange => !this.#taken.has(exchange)))
    try {
      const producer = await this.#open()
      await allOf(lanes, (key, lane, isStopped) => this.#sendLane(producer, key, lane, isStopped))
    } catch (error) {
      const explained = explainEventHubError(error, placeOf(this.#settings))
      // What was on its way over a link that broke must not arrive after what is sent over the next one.
      if (!(explained instanceof RetryLaterError)) await this.close()
      throw explained
    }
  }

  async close(): Promise<void> {
    const producer = this.#producer
    this.#producer = null
    await producer?.close()
  }

  async #open(): Promise<Producer> {
    if (this.#producer?.isOpen === false) await this.close()
    this.#producer ??= await Producer.open(this.#settings, this.#answerMs)
    return this.#producer
  }

  async #sendLane(
    producer: Producer,
    partitionKey: string,
    lane: readonly RecordedExchange[],
    isStopped: () => boolean,
  ): Promise<void> {
    let batch = await producer.begin(partitionKey)
    let complete: RecordedExchange[] = []
    const send = async (): Promise<void> => {
      if (batch.count > 0) {
        await producer.send(batch)
        this.#parts.sent(batch.sizeInBytes)
      }
      for (const exchange of complete) this.#taken.add(exchange)
      complete = []
    }
    for (const exchange of lane) {
      if (isStopped()) return
      try {
        for (const message of this.#messages(exchange, batch)) {
          const event = this.#eventOf(message)
          if (batch.tryAdd(event)) continue
          await send()
          batch = await producer.begin(partitionKey)
          if (!batch.tryAdd(event)) throw new UnsendableError('An event of the record is longer than a batch may be.')
        }
      } catch (error) {
        if (!(error instanceof UnsendableError)) throw error
        this.#parts.setAside(exchange, error.message)
        this.#taken.add(exchange)
        continue
      }
      complete.push(exchange)
    }
    await send()
  }

  #messages(exchange: RecordedExchange, { maxSizeInBytes }: EventDataBatch): Iterable<RecordMessage> {
    const besides = overheadBytes + JSON.stringify(this.#properties).length
    return this.#writer.messages(exchange, Math.min(maxSizeInBytes, eventBytesMax) - besides)
  }

  #eventOf({ id, part, parts, body, contentType }: RecordMessage): EventData {
    return {
      body,
      contentType,
      messageId: parts === 1 ? id : `${id}/${part}`,
      properties: { ...this.#properties },
    }
  }
}

/** https://learn.microsoft.com/azure/data-explorer/ingest-data-event-hub-overview#ingestion-properties */
function propertiesOf({ gzip, dataExplorer }: EventHubsSettings): Readonly<Record<string, string>> {
  const encoding = gzip ? { 'content-encoding': 'gzip' } : {}
  if (dataExplorer === undefined) return encoding
  const { table, mapping, database } = dataExplorer
  return {
    ...encoding,
    ...(gzip ? { Compression: 'gzip' } : {}),
    ...{ Table: table, Format: 'json', IngestionMappingReference: mapping },
    ...(database === undefined ? {} : { Database: database }),
  }
}

/**
 * Exchanges by partition key, in their order. Callers share 256 keys, so that those who call seldom share batches; each
 * caller and workload keeps one key.
 */
function lanesOf(exchanges: readonly RecordedExchange[]): ReadonlyMap<string, readonly RecordedExchange[]> {
  return Map.groupBy(exchanges, ({ opened }) => orderingKey(opened).slice(0, 2))
}

/** Works on all lanes, some at a time. Rejects with the first failure, after all that had begun have ended. */
async function allOf(
  lanes: ReadonlyMap<string, readonly RecordedExchange[]>,
  work: (key: string, lane: readonly RecordedExchange[], isStopped: () => boolean) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = []
  const rest = lanes.entries()
  const worker = async (): Promise<void> => {
    for (const [key, lane] of rest) {
      if (failures.length > 0) return
      await work(key, lane, () => failures.length > 0).catch(error => failures.push(error))
    }
  }
  await Promise.all(Array.from({ length: Math.min(lanesMax, lanes.size) }, worker))
  if (failures.length > 0) throw failures[0]
}

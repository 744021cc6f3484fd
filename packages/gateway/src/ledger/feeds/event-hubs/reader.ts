/** Reads a hub: every partition from its beginning or after an offset. */
import { type EventHubConsumerClient, earliestEventPosition, type ReceivedEventData } from '@azure/event-hubs'
import { closeAll, connectionOf, placeOf } from './connection.ts'
import { explainEventHubError } from './explain.ts'
import type { EventHubAddress } from './settings.ts'

export interface HubReaderSettings extends EventHubAddress {
  /** Each reader of the hub has one of its own. */
  readonly consumerGroup: string
}

export interface HubMessage {
  readonly partition: string
  readonly offset: string
  /** Application properties that are text. */
  readonly headers: Readonly<Record<string, string>>
  readonly value: Uint8Array
}

/** Events that a partition gives at once. */
const eventsMax = 300
/** The library waits so long for them to be as many, in seconds. */
const waitSeconds = 1

/**
 * Batches of messages as they come, each of one partition, until the signal is aborted; an empty one where a partition
 * has answered and has nothing new. Of each partition, one batch waits at most.
 * @param from by partition: the offset after which to read; others are read from their beginning.
 * @throws Error that says what failed; reading can be begun again.
 */
export async function* readHub(
  settings: HubReaderSettings,
  from: ReadonlyMap<string, string>,
  signal: AbortSignal,
): AsyncGenerator<readonly HubMessage[]> {
  const arrivals = new Arrivals(signal)
  let client: EventHubConsumerClient | null = null
  try {
    client = await openConsumer(settings)
    for (const partition of await client.getPartitionIds())
      arrivals.follow(client, partition, from.get(partition) ?? null)
    yield* arrivals.batches()
  } catch (error) {
    throw explainEventHubError(error, placeOf(settings))
  } finally {
    await arrivals.close()
    if (client !== null) await closeAll([client])
  }
}

/** @throws Error whose message may hold the connection string. */
async function openConsumer(settings: HubReaderSettings): Promise<EventHubConsumerClient> {
  const { EventHubConsumerClient: Client } = await import('@azure/event-hubs')
  const connection = await connectionOf(settings)
  const options = { retryOptions: { maxRetries: 0, timeoutInMs: 30_000 } }
  return connection.length === 2
    ? new Client(settings.consumerGroup, ...connection, options)
    : new Client(settings.consumerGroup, ...connection, options)
}

interface Arrival {
  readonly messages: readonly HubMessage[]
  /** Lets the partition give its next batch. */
  readonly taken: () => void
}

/** What the partitions have given and nobody has taken yet. */
class Arrivals {
  readonly #signal: AbortSignal
  readonly #subscriptions: { close(): Promise<void> }[] = []
  readonly #waiting: Arrival[] = []
  #failure: unknown = null
  #isClosed = false
  #wake: () => void = () => {}

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', () => this.#wake(), { once: true })
  }

  follow(client: EventHubConsumerClient, partition: string, after: string | null): void {
    const startPosition = after === null ? earliestEventPosition : { offset: after }
    const handlers = {
      processEvents: (events: readonly ReceivedEventData[]) => this.#arrive(partition, events),
      processError: async (error: unknown) => {
        this.#failure ??= error
        this.#wake()
      },
    }
    const options = {
      startPosition,
      maxBatchSize: eventsMax,
      maxWaitTimeInSeconds: waitSeconds,
      skipParsingBodyAsJson: true,
    }
    this.#subscriptions.push(client.subscribe(partition, handlers, options))
  }

  async *batches(): AsyncGenerator<readonly HubMessage[]> {
    while (!this.#signal.aborted) {
      const arrival = this.#waiting.shift()
      if (arrival !== undefined) {
        try {
          yield arrival.messages
        } finally {
          arrival.taken()
        }
      } else if (this.#failure !== null) throw this.#failure
      else {
        const { promise, resolve } = Promise.withResolvers<void>()
        this.#wake = resolve
        await promise
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const { taken } of this.#waiting.splice(0)) taken()
    await closeAll(this.#subscriptions)
  }

  async #arrive(partition: string, events: readonly ReceivedEventData[]): Promise<void> {
    if (this.#isClosed) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push({ messages: events.map(event => messageOf(partition, event)), taken: resolve })
    this.#wake()
    await promise
  }
}

function messageOf(partition: string, { offset, properties = {}, body }: ReceivedEventData): HubMessage {
  const headers = Object.entries(properties).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return { partition, offset, headers: Object.fromEntries(headers), value: bytesOf(body) }
}

/** Events of others may have bodies that are no bytes. */
function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body
  return Buffer.from(typeof body === 'string' ? body : (JSON.stringify(body) ?? ''))
}

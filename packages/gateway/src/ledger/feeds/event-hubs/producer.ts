/** A client that sends to a hub, for as long as its link is open. */
import { type EventDataBatch, EventHubProducerClient } from '@azure/event-hubs'
import { closeAll, connectionOf } from './connection.ts'
import type { EventHubAddress } from './settings.ts'

/** Time between two looks at the link, in milliseconds. */
const lookMs = 250

/** What the library keeps of its links, and its types do not show. */
interface Internals {
  readonly _sendersMap?: ReadonlyMap<string, { isOpen(): boolean }>
}

/**
 * The library opens a closed link again by itself. But it waits for answers that cannot come any more, and leaves the
 * renewal of the old link's token running for ever. A producer ends with its link instead.
 */
export class Producer {
  readonly #client: EventHubProducerClient
  readonly #closed = new AbortController()
  readonly #look: NodeJS.Timeout

  /**
   * Opens the link. @param answerMs longest wait for an answer, in milliseconds.
   * @throws Error whose message may hold the connection string.
   */
  static async open(address: EventHubAddress, answerMs: number): Promise<Producer> {
    const connection = await connectionOf(address)
    // The feed tries again by itself, and shows the reason in between.
    const options = { retryOptions: { maxRetries: 0, timeoutInMs: answerMs } }
    const client =
      connection.length === 2
        ? new EventHubProducerClient(...connection, options)
        : new EventHubProducerClient(...connection, options)
    try {
      await client.createBatch()
      return new Producer(client)
    } catch (error) {
      await closeAll([client])
      throw error
    }
  }

  private constructor(client: EventHubProducerClient) {
    this.#client = client
    this.#look = setInterval(() => {
      if (!this.isOpen) this.#closed.abort()
    }, lookMs).unref()
  }

  get isOpen(): boolean {
    const { _sendersMap: senders = new Map() } = this.#client as unknown as Internals
    return [...senders.values()].every(sender => sender.isOpen())
  }

  /** @throws LinkClosedError, so that the library does not open another link. */
  async begin(partitionKey: string): Promise<EventDataBatch> {
    if (!this.isOpen) throw new LinkClosedError()
    return this.#client.createBatch({ partitionKey })
  }

  /** Resolves when the hub has the batch for good. @throws LinkClosedError, when it may have the batch or not. */
  async send(batch: EventDataBatch): Promise<void> {
    if (!this.isOpen) throw new LinkClosedError()
    try {
      await this.#client.sendBatch(batch, { abortSignal: this.#closed.signal })
    } catch (error) {
      throw this.#closed.signal.aborted ? new LinkClosedError() : error
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#look)
    await closeAll([this.#client])
  }
}

class LinkClosedError extends Error {
  constructor() {
    super('the link was closed')
    this.name = 'LinkClosedError'
  }
}

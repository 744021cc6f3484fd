/**
 * The feed of kind `webhook`: sends records as signed messages to an address of the operator, one request after the
 * other. A message counts as sent when the receiver has answered 2xx.
 */
import { type Clock, systemClock } from '../../../clock.ts'
import type { ResolveName } from '../checked-addresses.ts'
import { columnsOf, type FeedColumn, fedRecordOrReason } from '../forms.ts'
import type { Feed, FeedParts, RecordedExchange } from '../index.ts'
import { OfferedBatch } from '../offered.ts'
import { ContentRefusedError, Refusals } from '../refusals.ts'
import { messageBody, messageId, type WebhookRecord, webhookRecord } from './message.ts'
import { isWanted } from './only.ts'
import { GoneError, Receiver } from './receiver.ts'
import type { WebhookSettings } from './settings.ts'
import { keyOf } from './sign.ts'

/** @public Imported by the feed's thread. */
export function openFeed(settings: unknown, parts: FeedParts): Feed {
  return new WebhookFeed(settings as WebhookSettings, parts)
}

export class WebhookFeed implements Feed {
  readonly #settings: WebhookSettings
  readonly #parts: FeedParts
  readonly #columns: readonly FeedColumn[]
  readonly #receiver: Receiver
  /** The message that was tried last and not taken: its first record, and how many it has. */
  #tried: { readonly id: string; readonly records: number } | null = null
  readonly #refusals = new Refusals()
  readonly #batch = new OfferedBatch()

  constructor(settings: WebhookSettings, parts: FeedParts, clock: Clock = systemClock, resolve?: ResolveName) {
    const { secret, previous } = settings.credential
    this.#settings = settings
    this.#parts = parts
    this.#columns = columnsOf(settings.form, settings.columns, settings.bodies)
    this.#receiver = new Receiver({
      ...{ url: settings.url, timeoutMs: settings.timeout, clock, resolve },
      privateHost: settings.privateHost ?? null,
      keys: [secret, ...(previous === undefined ? [] : [previous])].map(keyOf),
    })
  }

  wants(exchange: RecordedExchange): boolean {
    const { only } = this.#settings
    return only === undefined || isWanted(only, exchange)
  }

  async take(exchanges: readonly RecordedExchange[]): Promise<void> {
    for (const message of this.#messages(this.#batch.begin(exchanges))) {
      const { records, aside } = this.#read(message)
      if (records.length > 0) await this.#send(records, message)
      for (const [exchange, reason] of aside) this.#setAside(exchange, reason)
    }
    this.#batch.end()
  }

  close(): Promise<void> {
    return this.#receiver.close()
  }

  /** A message that is tried again has the same records, so that its id is the same: new ones wait for the next. */
  #messages(exchanges: readonly RecordedExchange[]): readonly (readonly RecordedExchange[])[] {
    const tried = this.#tried?.id === exchanges[0]?.id ? (this.#tried?.records ?? 0) : 0
    return [exchanges.slice(0, tried), exchanges.slice(tried)].filter(({ length }) => length > 0)
  }

  async #send(records: readonly WebhookRecord[], exchanges: readonly RecordedExchange[]): Promise<void> {
    this.#tried = { id: exchanges[0]?.id ?? '', records: exchanges.length }
    try {
      await this.#post(records)
    } catch (error) {
      if (!(error instanceof ContentRefusedError)) throw this.#explained(error)
      await this.#refused(records, exchanges, error)
    }
    this.#tried = null
  }

  /** One record may be what the receiver refuses: each is sent by itself. @throws until that was often enough. */
  async #refused(
    records: readonly WebhookRecord[],
    exchanges: readonly RecordedExchange[],
    refusal: ContentRefusedError,
  ): Promise<void> {
    for (const record of records) {
      const own = exchanges.filter(({ id }) => id === record.id)
      if (records.length > 1) {
        await this.#send([record], own)
        continue
      }
      const reason = this.#refusals.reasonFor(record.id, refusal)
      for (const exchange of own) this.#setAside(exchange, reason)
    }
  }

  async #post(records: readonly WebhookRecord[]): Promise<void> {
    const body = messageBody(this.#parts.name, this.#settings.form, records)
    await this.#receiver.post(messageId(records), body)
    this.#parts.sent(body.byteLength)
    for (const { id } of records) this.#batch.add(id)
  }

  #setAside(exchange: RecordedExchange, reason: string): void {
    if (this.#batch.has(exchange.id)) return
    this.#parts.setAside(exchange, reason)
    this.#batch.add(exchange.id)
  }

  #explained(error: unknown): unknown {
    if (!(error instanceof GoneError)) return error
    this.#parts.pause()
    return new Error(`${error.message} The feed is paused. Remove it, or correct \`url\`; then resume it.`)
  }

  #read(exchanges: readonly RecordedExchange[]): {
    readonly records: readonly WebhookRecord[]
    readonly aside: readonly (readonly [RecordedExchange, string])[]
  } {
    const withBodies = this.#columns.some(({ isBody }) => isBody)
    const records: WebhookRecord[] = []
    const aside: (readonly [RecordedExchange, string])[] = []
    for (const exchange of exchanges) {
      const record = fedRecordOrReason(exchange, withBodies)
      if (typeof record === 'string') aside.push([exchange, record])
      else records.push(webhookRecord(exchange.id, record, this.#columns))
    }
    return { records, aside }
  }
}

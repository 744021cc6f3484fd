/** Prices: what tokens of a model cost, in billionths of a currency per token. */
import type { Cost } from '../ledger/record.ts'
import type { Usage } from '../wire/usage.ts'

export interface Price {
  /** Model and first day, as `gpt-4o-2024-08-06 2024-10-01`. The record keeps it beside the cost. */
  readonly name: string
  /** From the configuration (`prices.models`), or from the catalogue. */
  readonly from: 'configuration' | 'catalogue'
  /** Nano per token: 2,500 for 2.50 per million. With up to three decimals, as prices have up to six. */
  readonly inputNano: number
  readonly cachedInputNano: number
  readonly outputNano: number
  readonly reasoningNano: number
  readonly audioInputNano: number
  readonly audioOutputNano: number
  readonly imageInputNano: number
  readonly imageOutputNano: number
  /** Share of the price that calls of a batch pay. */
  readonly batchShare: number
  /** Prices of service tiers by their names in lower case. */
  readonly tiers: ReadonlyMap<string, Price>
  /** The price of a call whose prompt has more tokens than `above`; null where the length does not matter. */
  readonly longContext: { readonly above: number; readonly price: Price } | null
}

/** The facts that decide between the prices of one model. */
export interface Sold {
  /** `service_tier` of the answer; null where it names none. */
  readonly tier: string | null
  readonly usage: Pick<Usage, 'promptTokens'>
}

export interface PriceBook {
  /** ISO 4217. */
  readonly currency: string
  /**
   * The price, at that time, of the first of these models that has one; null when none has. The served model comes
   * first, then the one of the configuration. A model is known by its whole name, in any case: a similar name never
   * lends its price.
   */
  priceOf(servedModel: string | null, model: string, atMs: number): Price | null
  /**
   * Reports a billed call whose model has no price: one line in the log per model, and counted each time.
   * @param tier set where the model has a price and this tier of it has none.
   */
  unpriced(model: string, tier?: string | null): void
}

/** Gets reports for the metrics. Called while a call ends: it must be quick and must not throw. */
export interface PricesObserver {
  /** A call was billed and has no cost. `model` is the configuration's. */
  unpriced(model: string): void
}

export type { Cost, Usage }

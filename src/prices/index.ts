/** Prices: what tokens of a model cost, in billionths of a currency per token, so that sums stay whole numbers. */
import type { Cost, Usage } from '../ledger/record.ts'

export interface Price {
  /** Model and first day, as `gpt-4o-2024-08-06 2024-10-01`: stands in the record beside the cost. */
  readonly name: string
  readonly inputNano: number
  readonly cachedInputNano: number
  readonly outputNano: number
  readonly reasoningNano: number
  readonly audioInputNano: number
  readonly audioOutputNano: number
  /** Part of the price that calls of a batch pay. */
  readonly batchShare: number
}

export interface PriceBook {
  /** ISO 4217. */
  readonly currency: string
  /**
   * The price of the first of these models that has one, at that time; null when none has. Served model first, then the one that the
   * configuration names. Remembered: the same question is a lookup.
   */
  priceOf(servedModel: string | null, model: string, atMs: number): Price | null
}

export type { Cost, Usage }

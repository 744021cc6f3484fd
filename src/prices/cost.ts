import type { Cost, Usage } from '../ledger/record.ts'
import type { Price } from './index.ts'

/** What an exchange cost. Cached, reasoning and audio tokens are parts of prompt and completion, as Azure reports them. */
export function costOf(price: Price, usage: Usage, currency: string): Cost {
  const nano = Math.round(
    (usage.promptTokens ?? 0) * price.inputNano + (usage.completionTokens ?? 0) * price.outputNano,
  )
  return { nano, currency, price: price.name }
}

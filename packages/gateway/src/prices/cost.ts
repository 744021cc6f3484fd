/** Computes what an exchange cost. */
import type { Cost } from '../ledger/record.ts'
import type { Usage } from '../wire/usage.ts'
import type { Price, PriceBook, Sold } from './index.ts'

/** Tiers at the list price. Azure answers `default` where no other tier was requested. */
const ordinaryTiers: ReadonlySet<string> = new Set(['default', 'auto', 'standard'])

/** A call whose tokens are known. */
export interface Billed extends Sold {
  readonly servedModel: string | null
  /** As the configuration names it. */
  readonly model: string
  readonly startedAtMs: number
  readonly usage: Usage
  readonly ofBatch?: boolean
}

/**
 * The cost of a call; null where its model, or the tier that served it, has no price. That is reported and never
 * treated as free.
 */
export function chargeOf(book: PriceBook, call: Billed): Cost | null {
  const price = book.priceOf(call.servedModel, call.model, call.startedAtMs)
  const sold = price === null ? null : priceOfCall(price, call)
  if (sold !== null) return costOf(sold, call.usage, book.currency, call.ofBatch === true ? sold.batchShare : 1)
  book.unpriced(call.model, price === null ? null : call.tier)
  return null
}

/**
 * The price of a call among those of its model: by the tier of the answer, and by the length of the prompt.
 * @returns null for a tier without a price: another tier's price would be wrong, and usually too low.
 */
export function priceOfCall(price: Price, { tier, usage: { promptTokens } }: Sold): Price | null {
  const ofTier = tier === null || ordinaryTiers.has(tier) ? price : (price.tiers.get(tier.toLowerCase()) ?? null)
  const long = ofTier?.longContext ?? null
  return long !== null && (promptTokens ?? 0) > long.above ? long.price : ofTier
}

/**
 * Cached, reasoning, audio and image tokens are parts of prompt and completion, as Azure reports them. A cached audio
 * or image token, which Azure reports as both, counts as audio or image. The parts are whole thousandths of a billionth
 * (pico), and only their sum is rounded: it is exact up to 9,000 units of the currency per call, and to the 16th digit
 * beyond.
 *
 * @param share share of the price that is paid: `price.batchShare` for a call of a batch.
 */
export function costOf(price: Price, usage: Usage, currency: string, share = 1): Cost {
  const tokens = splitOf(usage)
  const pico =
    tokens.prompt * picoOf(price.inputNano) +
    tokens.cached * picoOf(price.cachedInputNano) +
    tokens.audioPrompt * picoOf(price.audioInputNano) +
    tokens.imagePrompt * picoOf(price.imageInputNano) +
    tokens.completion * picoOf(price.outputNano) +
    tokens.reasoning * picoOf(price.reasoningNano) +
    tokens.audioCompletion * picoOf(price.audioOutputNano) +
    tokens.imageCompletion * picoOf(price.imageOutputNano)
  const nano = Math.min(Math.round((pico * share) / 1_000), Number.MAX_SAFE_INTEGER)
  return { nano, currency, price: price.name }
}

type Split = Readonly<Record<TokenPart, number>>

/** The tokens of a call, each in one part. */
function splitOf(usage: Usage): Split {
  const prompt = new Rest(usage.promptTokens)
  const audioPrompt = prompt.take(usage.audioPromptTokens)
  const imagePrompt = prompt.take(usage.imagePromptTokens)
  const cached = prompt.take(usage.cachedTokens)
  const completion = new Rest(usage.completionTokens)
  const audioCompletion = completion.take(usage.audioCompletionTokens)
  const imageCompletion = completion.take(usage.imageCompletionTokens)
  const reasoning = completion.take(usage.reasoningTokens)
  return {
    ...{ prompt: prompt.tokens, cached, audioPrompt, imagePrompt },
    ...{ completion: completion.tokens, reasoning, audioCompletion, imageCompletion },
  }
}

const rates = {
  prompt: 'inputNano',
  cached: 'cachedInputNano',
  audioPrompt: 'audioInputNano',
  imagePrompt: 'imageInputNano',
  completion: 'outputNano',
  reasoning: 'reasoningNano',
  audioCompletion: 'audioOutputNano',
  imageCompletion: 'imageOutputNano',
} as const satisfies Record<string, keyof Price>

type TokenPart = keyof typeof rates

interface CostLine {
  readonly part: TokenPart
  readonly tokens: number
  /** Billionths of the currency per token, as the list has it. */
  readonly nanoPerToken: number
  /** What these tokens cost, in billionths, with up to three decimals. */
  readonly nano: number
}

interface CostLines {
  readonly lines: readonly CostLine[]
  /** Share of the price that was paid: less than 1 for a call of a batch. */
  readonly share: number
}

/**
 * A recorded cost, line by line, with the prices of now.
 * @returns null where these do not give the recorded cost to the billionth: they were changed since.
 */
export function costLinesOf(book: PriceBook, call: Billed, recorded: Cost): CostLines | null {
  const price = book.priceOf(call.servedModel, call.model, call.startedAtMs)
  const sold = price === null ? null : priceOfCall(price, call)
  if (sold === null || sold.name !== recorded.price || book.currency !== recorded.currency) return null
  const share = [1, sold.batchShare].find(one => costOf(sold, call.usage, book.currency, one).nano === recorded.nano)
  if (share === undefined) return null
  const tokens = splitOf(call.usage)
  const lines = (Object.keys(rates) as TokenPart[]).map(part => {
    const nanoPerToken = sold[rates[part]]
    return { part, tokens: tokens[part], nanoPerToken, nano: (tokens[part] * picoOf(nanoPerToken) * share) / 1_000 }
  })
  return { share, lines: lines.filter(line => line.tokens > 0) }
}

/** Tokens of which no part has been taken yet. */
class Rest {
  tokens: number

  constructor(tokens: number | null) {
    this.tokens = whole(tokens)
  }

  /** @returns the part, no more than what is left. */
  take(part: number | null): number {
    const taken = Math.min(whole(part), this.tokens)
    this.tokens -= taken
    return taken
  }
}

/** Figures from Azure may be absent, and are -1 where it does not know them. */
function whole(tokens: number | null): number {
  return tokens === null || !(tokens > 0) ? 0 : Math.min(Math.floor(tokens), Number.MAX_SAFE_INTEGER)
}

/** Prices have at most six decimals: per token, a whole number of picos. */
function picoOf(nano: number): number {
  return Math.round(nano * 1_000)
}

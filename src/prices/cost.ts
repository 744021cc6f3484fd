import type { Cost, Usage } from '../ledger/record.ts'
import type { Price } from './index.ts'

/**
 * What an exchange cost. Cached, reasoning and audio tokens are parts of prompt and completion, as Azure reports them; a cached
 * audio token, which Azure reports as both, counts as audio. The parts are whole billionths of a thousandth (pico) and only their
 * sum is rounded: exact up to 9,000 units of the currency per call, beyond it to the 16th digit.
 *
 * @param share part of the price that is paid: `price.batchShare` for a call of a batch.
 */
export function costOf(price: Price, usage: Usage, currency: string, share = 1): Cost {
  const prompt = whole(usage.promptTokens)
  const audioPrompt = Math.min(whole(usage.audioPromptTokens), prompt)
  const cached = Math.min(whole(usage.cachedTokens), prompt - audioPrompt)
  const completion = whole(usage.completionTokens)
  const audioCompletion = Math.min(whole(usage.audioCompletionTokens), completion)
  const reasoning = Math.min(whole(usage.reasoningTokens), completion - audioCompletion)
  const pico =
    (prompt - audioPrompt - cached) * picoOf(price.inputNano) +
    cached * picoOf(price.cachedInputNano) +
    audioPrompt * picoOf(price.audioInputNano) +
    (completion - audioCompletion - reasoning) * picoOf(price.outputNano) +
    reasoning * picoOf(price.reasoningNano) +
    audioCompletion * picoOf(price.audioOutputNano)
  const nano = Math.min(Math.round((pico * share) / 1_000), Number.MAX_SAFE_INTEGER)
  return { nano, currency, price: price.name }
}

/** Tokens as Azure reports them may be absent, and -1 where it does not know. */
function whole(tokens: number | null): number {
  return tokens === null || !(tokens > 0) ? 0 : Math.min(Math.floor(tokens), Number.MAX_SAFE_INTEGER)
}

/** Prices have six decimals at most: per token, a whole number of picos. */
function picoOf(nano: number): number {
  return Math.round(nano * 1_000)
}

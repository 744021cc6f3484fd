/**
 * Estimates of what calls will need, learned from earlier calls. Cheap by design: a prompt is estimated from its length
 * and never parsed, since a tokenizer costs milliseconds on the event loop.
 */
import type { PromptSize } from '../index.ts'

/** Initial estimate: English prose in JSON. */
const tokensPerByteAtFirst = 0.27
/** Initial estimate: an image of ordinary size in high detail. */
const tokensPerMediumAtFirst = 800
/** Initial estimate: a stored conversation or file. */
const tokensPerStoredAtFirst = 2_000
/** Longest prompt that counts fully; a longer one counts like one of this length. */
const weighedBytesMax = 65_536
/** The initial estimate counts like a prompt of this length. */
const bytesAtFirst = 4_000
/** Factor on the weight of older calls with each new one: the last 20 to 50 calls decide. */
const decay = 0.95
const weight = 0.1
/** Number of calls after which the learned length replaces `limits.completionTokensAssumed`. */
const enoughCalls = 5
const completionTokensMax = 1_000_000

/**
 * Prompts on one deployment. Long prompts weigh more than short ones, since their errors matter most; but no single
 * prompt weighs so much that it decides for all callers.
 */
export class PromptEstimate {
  #bytes = bytesAtFirst
  #tokens = bytesAtFirst * tokensPerByteAtFirst
  #perMedium = tokensPerMediumAtFirst
  #perStored = tokensPerStoredAtFirst

  /** Whole tokens, at least 1. */
  of(prompt: PromptSize): number {
    const { media, soundTokens, stored } = prompt
    const ofText = this.#ofText(prompt) + soundTokens
    if (media === 0 && stored === 0) return Math.max(1, Math.round(ofText))
    return Math.max(1, Math.round(ofText + media * this.#perMedium + stored * this.#perStored))
  }

  #ofText({ textBytes }: PromptSize): number {
    return (textBytes * this.#tokens) / this.#bytes
  }

  learn(prompt: PromptSize, tokens: number): void {
    const { textBytes, media, soundTokens, stored } = prompt
    // The tokens of sounds are computed, so a body with sounds would only add their error to the other estimates.
    if (soundTokens > 0) return
    if (media === 0 && stored === 0) {
      if (textBytes > 0) this.#learnText(textBytes, tokens)
      return
    }
    // Media and stored objects are learned only from calls that have just one of the two.
    if (media > 0 && stored > 0) return
    const each = Math.max(0, tokens - this.#ofText(prompt)) / (media + stored)
    if (media > 0) this.#perMedium += weight * (each - this.#perMedium)
    else this.#perStored += weight * (each - this.#perStored)
  }

  #learnText(bytes: number, tokens: number): void {
    const share = bytes <= weighedBytesMax ? 1 : weighedBytesMax / bytes
    this.#bytes = this.#bytes * decay + bytes * share
    // A token has at least one byte. More reported tokens came from elsewhere (an image behind a link).
    this.#tokens = this.#tokens * decay + Math.min(tokens, bytes) * share
  }
}

/**
 * Completions of one workload on one deployment, for calls without a maximum: the mean plus two standard deviations.
 */
export class CompletionEstimate {
  #calls = 0
  #mean = 0
  #variance = 0

  of(assumed: number): number {
    if (this.#calls < enoughCalls) return assumed
    const most = Math.ceil(this.#mean + 2 * Math.sqrt(this.#variance))
    return Math.min(Math.max(1, most), completionTokensMax)
  }

  learn(tokens: number): void {
    this.#calls += 1
    // The first few calls are averaged equally, so that the very first one does not dominate.
    const share = Math.max(weight, 1 / this.#calls)
    const difference = tokens - this.#mean
    this.#mean += share * difference
    this.#variance = (1 - share) * (this.#variance + share * difference * difference)
  }
}

/** All estimates. They survive a change of configuration. There are as many as configured workloads and deployments. */
export class Estimates {
  readonly #prompts = new Map<string, PromptEstimate>()
  readonly #completions = new Map<string, CompletionEstimate>()

  prompt(deployment: string): PromptEstimate {
    return getOrMake(this.#prompts, deployment, () => new PromptEstimate())
  }

  completion(workload: string, deployment: string): CompletionEstimate {
    return getOrMake(this.#completions, `${workload}/${deployment}`, () => new CompletionEstimate())
  }
}

function getOrMake<T>(map: Map<string, T>, key: string, make: () => T): T {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}

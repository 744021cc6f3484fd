/**
 * What calls will need, learned from what earlier ones needed. Cheap by design: a prompt is estimated from its length and never read,
 * since reading it with a tokenizer costs milliseconds on the loop.
 */
import type { PromptSize } from '../index.ts'

/** English prose in JSON, before anything is learned. */
const tokensPerByteAtFirst = 0.27
/** An image of ordinary size in high detail, before anything is learned. */
const tokensPerMediumAtFirst = 800
/** A stored conversation or file, before anything is learned. */
const tokensPerStoredAtFirst = 2_000
/** Of a longer prompt no more than this weighs. */
const bytesThatDecideMost = 65_536
/** What is known before the first call weighs as much as a prompt of so many bytes. */
const bytesAtFirst = 4_000
/** What is left of an observation's weight after each further one: some 20 to 50 calls decide. */
const kept = 0.95
const weight = 0.1
/** Calls after which what was learned replaces `limits.completionTokensAssumed`. */
const enoughCalls = 5
const completionTokensMax = 1_000_000

/**
 * Prompts on one deployment. Long prompts weigh more than short ones, since their error is what counts; but none so much that one caller's
 * monster decides for everybody.
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
    // How long sounds are is known; what a body with one would teach of anything else is only their error.
    if (soundTokens > 0) return
    if (media === 0 && stored === 0) {
      if (textBytes > 0) this.#learnText(textBytes, tokens)
      return
    }
    // What is no text is learned from calls that have one kind of it.
    if (media > 0 && stored > 0) return
    const each = Math.max(0, tokens - this.#ofText(prompt)) / (media + stored)
    if (media > 0) this.#perMedium += weight * (each - this.#perMedium)
    else this.#perStored += weight * (each - this.#perStored)
  }

  #learnText(bytes: number, tokens: number): void {
    const share = bytes <= bytesThatDecideMost ? 1 : bytesThatDecideMost / bytes
    this.#bytes = this.#bytes * kept + bytes * share
    // A token stands for a byte at least: what is reported beyond that came from elsewhere (an image behind a link).
    this.#tokens = this.#tokens * kept + Math.min(tokens, bytes) * share
  }
}

/** Completions of one workload on one deployment, for calls that give no maximum: the mean and two deviations. */
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
    // The first few are averaged as they are, so that the very first does not linger.
    const share = Math.max(weight, 1 / this.#calls)
    const difference = tokens - this.#mean
    this.#mean += share * difference
    this.#variance = (1 - share) * (this.#variance + share * difference * difference)
  }
}

/** Kept over changes of configuration. As many as there are configured workloads and deployments. */
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

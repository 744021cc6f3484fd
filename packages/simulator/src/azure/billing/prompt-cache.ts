import { hash } from 'node:crypto'
import type { Clock } from '../../clock.ts'

const stepTokens = 128
const leastTokens = 1_024
const keptMs = 10 * 60_000
/** Prompts are compared in steps of this many characters, about 128 tokens of English. */
const stepChars = 512
const stepsMax = 1_024
const marksMax = 32_768

/**
 * How much of a prompt was seen before, as the service's prompt caching reports it: for prompts of at least 1,024
 * tokens, in steps of 128 tokens, for ten minutes.
 */
export class PromptCache {
  readonly #clock: Clock
  readonly #seenAtMs = new Map<string, number>()
  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Cached tokens of this prompt, 0 when it is short or new. Remembers the prompt. `scope` separates deployments. */
  cachedTokens(scope: string, text: string, tokens: number): number {
    if (tokens < leastTokens) return 0
    const now = this.#clock()
    const marks = marksOf(scope, text)
    const fresh = marks.findIndex(mark => now - (this.#seenAtMs.get(mark) ?? Number.NEGATIVE_INFINITY) > keptMs)
    for (const mark of marks) this.#remember(mark, now)
    const share = ((fresh < 0 ? marks.length : fresh) * stepChars) / Math.max(1, text.length)
    const cached = Math.floor((share * tokens) / stepTokens) * stepTokens
    return cached < leastTokens ? 0 : cached
  }

  #remember(mark: string, now: number): void {
    this.#seenAtMs.delete(mark)
    this.#seenAtMs.set(mark, now)
    for (const oldest of this.#seenAtMs.keys()) {
      if (this.#seenAtMs.size <= marksMax) return
      this.#seenAtMs.delete(oldest)
    }
  }
}

/** One mark per step; each represents all text up to its end. */
function marksOf(scope: string, text: string): string[] {
  const marks: string[] = []
  let before = scope
  for (let end = stepChars; end <= text.length && marks.length < stepsMax; end += stepChars) {
    before = hash('sha1', before + text.slice(end - stepChars, end), 'base64')
    marks.push(before)
  }
  return marks
}

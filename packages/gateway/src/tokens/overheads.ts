import { modelFacts } from '../wire/models.ts'

/**
 * Tokens that Azure reports in addition to those of the text. The figures come from recorded answers (2025 and 2026),
 * unless a comment says otherwise. Counting is used where no usage was reported, so a figure that is one token too high
 * is better than one that is too low.
 */
export interface Overheads {
  /** Added once to every prompt, for the beginning of the answer. */
  readonly priming: number
  /** Added to every answer, before its first visible token. */
  readonly opening: number
  /** Added at the end of a text that was not cut. */
  readonly closing: number
  /** Added once to a prompt with tools; `perFunction` for each function. */
  readonly tools: number
  readonly perFunction: number
  /** Added to a prompt for each call that an earlier answer made, in addition to `callsTokens`. */
  readonly perPastCall: number
}

/** GPT-4, GPT-3.5 and their completions: OpenAI's cookbook, "How to count tokens with tiktoken". */
const early: Overheads = { priming: 3, opening: 0, closing: 0, tools: 12, perFunction: 10, perPastCall: 0 }
/** gpt-4o and gpt-4.1: a text of n tokens is reported as n + 1. */
const later: Overheads = { ...early, closing: 1, perFunction: 7 }
/**
 * GPT-5: texts of 1 and 2 tokens are reported as 11 and 12 without any reasoning; one message is 1 less than for
 * gpt-4o. There is no recording of the o-series; the same figures are assumed.
 */
const reasoning: Overheads = { ...later, priming: 2, opening: 9, tools: 97, perPastCall: 3 }

const byFamily = { early, later, reasoning }

export function overheadsOf(model: string): Overheads {
  return byFamily[modelFacts(model).overheads]
}

/**
 * Tokens that the calls of one answer add to those of their names and arguments, and add again to each prompt that
 * repeats them. Two calls were recorded with 29; one call has 8 in public traces; the figure for each further call is a
 * guess.
 */
export function callsTokens(calls: number): number {
  return calls <= 1 ? calls * 8 : 29 + (calls - 2) * 9
}

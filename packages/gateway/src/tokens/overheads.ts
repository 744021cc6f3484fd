import { modelFacts } from '../wire/models.ts'

/**
 * Tokens that Azure reports beyond those of the text itself. The figures are those of recorded answers (2025 and 2026) where there are any; the
 * others say so. Counting is used where nothing was reported, so a figure that is a token too high is better than one too low.
 */
export interface Overheads {
  /** Once in every prompt, for the beginning of the answer. */
  readonly priming: number
  /** In every answer, before its first visible token. */
  readonly opening: number
  /** At the end of a text that was not cut. */
  readonly closing: number
  /** In a prompt with tools: once, and for each function. */
  readonly tools: number
  readonly perFunction: number
  /** In a prompt, for each call that an answer before made, beside `callsTokens`. */
  readonly perPastCall: number
}

/** GPT-4, GPT-3.5 and their completions: OpenAI's cookbook, "How to count tokens with tiktoken". */
const early: Overheads = { priming: 3, opening: 0, closing: 0, tools: 12, perFunction: 10, perPastCall: 0 }
/** gpt-4o and gpt-4.1: a text of n tokens is reported as n + 1. */
const later: Overheads = { ...early, closing: 1, perFunction: 7 }
/**
 * GPT-5: texts of 1 and 2 tokens are reported as 11 and 12 with no reasoning at all; one message is 1 less than for gpt-4o. There is no recording
 * of the o-series, which is taken to be alike.
 */
const reasoning: Overheads = { ...later, priming: 2, opening: 9, tools: 97, perPastCall: 3 }

const byFamily = { early, later, reasoning }

export function overheadsOf(model: string): Overheads {
  return byFamily[modelFacts(model).overheads]
}

/**
 * Of the calls in one answer, beside their names and arguments; the same again in each prompt that repeats them. Two calls were recorded with 29;
 * one is 8 by public traces; each further one is a guess.
 */
export function callsTokens(calls: number): number {
  return calls <= 1 ? calls * 8 : 29 + (calls - 2) * 9
}

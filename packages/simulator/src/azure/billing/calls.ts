/**
 * The cost of function calls beside their names and arguments, in the answer that makes them and in the prompts that
 * repeat them. Recorded: two calls of one answer cost 29 more than their texts, in both places. A single call has a
 * shorter form: 8, by public traces of gpt-4 and gpt-4.1. For more than two, the step is a guess.
 */
export function callsTokens(calls: number): number {
  if (calls <= 1) return calls * 8
  return 11 + 9 * calls
}

/** Tokens of the call with this index (from 0), in the order in which the calls are made. */
export const nextCallTokens = (index: number): number => callsTokens(index + 1) - callsTokens(index)

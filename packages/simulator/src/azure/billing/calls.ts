/**
 * What calls of functions cost beside their names and arguments, in the answer that makes them and in the prompts that repeat them. Recorded:
 * two calls of one answer 29 more than their texts, in both places. A single call is written in a shorter form: 8, by what public traces of
 * gpt-4 and gpt-4.1 report. For more than two the step is a guess.
 */
export function callsTokens(calls: number): number {
  if (calls <= 1) return calls * 8
  return 11 + 9 * calls
}

/** Of the call with this index (from 0), in the order in which they are made. */
export const nextCallTokens = (index: number): number => callsTokens(index + 1) - callsTokens(index)

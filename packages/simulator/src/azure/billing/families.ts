/**
 * What a family of models adds to the tokens of the text itself. Every figure comes from recorded usage of Azure deployments (2025 and
 * 2026), or from what OpenAI publishes about its chat format; `recorded.test.ts` holds the recorded ones.
 */
export interface Family {
  readonly encoding: 'cl100k_base' | 'o200k_base'
  /** Tokens of a prompt beside its messages: what primes the answer. */
  readonly primingTokens: number
  /** Tokens that are produced before the first one that anybody sees, beside reasoning. */
  readonly openingTokens: number
  /** Tokens that end a text; not produced where a limit cuts it. */
  readonly closingTokens: number
  /** A prompt with tools: once, and for each function beside its text. */
  readonly toolsTokens: number
  readonly functionTokens: number
  /** For each call that an earlier answer made, beside what any family takes for it. */
  readonly pastCallTokens: number
}

const legacy: Family = {
  encoding: 'cl100k_base',
  primingTokens: 3,
  openingTokens: 0,
  closingTokens: 0,
  toolsTokens: 12,
  functionTokens: 10,
  pastCallTokens: 0,
}

/** A text of n tokens is billed as n + 1: four of four recordings of gpt-4o-mini and gpt-4.1-mini. */
const omni: Family = { ...legacy, encoding: 'o200k_base', closingTokens: 1, functionTokens: 7 }

/**
 * Recordings of gpt-5-mini: a text of 1 as 11, of 2 as 12, with no reasoning at all; a prompt of one message one less than gpt-4o's; a tool
 * 85 more; each earlier call 3 more. That all but the last of the ten come before the text is a guess.
 */
const thinking: Family = {
  ...omni,
  primingTokens: 2,
  openingTokens: 9,
  closingTokens: 1,
  toolsTokens: 97,
  pastCallTokens: 3,
}

/** The o-series has no recording: it is taken to be like GPT-5. Models of other makers are taken to be like gpt-4o. */
const families: readonly (readonly [RegExp, Family])[] = [
  [/^(ft:)?gpt-(4(?![\d.o])|3\.?5)|^(davinci|babbage)|embedding/i, legacy],
  [/^(ft:)?(o\d|gpt-5(?!.*chat))/i, thinking],
  [/(?:)/, omni],
]

export function familyOf(model: string): Family {
  return families.find(([names]) => names.test(model))?.[1] ?? omni
}

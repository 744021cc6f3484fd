/**
 * What a family of models adds to the tokens of the text itself. Every figure comes from recorded usage of Azure
 * deployments (2025 and 2026) or from what OpenAI publishes about its chat format; `recorded.test.ts` has the recorded
 * ones.
 */
export interface Family {
  readonly encoding: 'cl100k_base' | 'o200k_base'
  /** Tokens of a prompt beside its messages: they open the answer. */
  readonly primingTokens: number
  /** Tokens that are produced before the first visible one, beside reasoning. */
  readonly openingTokens: number
  /** Tokens that end a text; not produced when a limit cuts it. */
  readonly closingTokens: number
  /** Tokens of a prompt with tools: once per prompt, and per function beside its text. */
  readonly toolsTokens: number
  readonly functionTokens: number
  /** Tokens of each call that an earlier answer made, beside those that every family adds. */
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
 * Recordings of gpt-5-mini: a text of 1 is billed as 11 and one of 2 as 12, without any reasoning; a prompt of one
 * message costs one less than gpt-4o's; a tool 85 more; each earlier call 3 more. It is a guess that all but the last
 * of the ten come before the text.
 */
const thinking: Family = {
  ...omni,
  primingTokens: 2,
  openingTokens: 9,
  closingTokens: 1,
  toolsTokens: 97,
  pastCallTokens: 3,
}

/** There is no recording of the o-series: it is treated like GPT-5. Models of other makers are treated like gpt-4o. */
const families: readonly (readonly [RegExp, Family])[] = [
  [/^(ft:)?gpt-(4(?![\d.o])|3\.?5)|^(davinci|babbage)|embedding/i, legacy],
  [/^(ft:)?(o\d|gpt-5(?!.*chat))/i, thinking],
  [/(?:)/, omni],
]

export function familyOf(model: string): Family {
  return families.find(([names]) => names.test(model))?.[1] ?? omni
}

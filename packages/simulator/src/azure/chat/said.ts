/** The question to a model, and its answer. */
import type { JsonRecord } from '../../json.ts'
import type { Turn } from '../answers/index.ts'
import type { TokenPiece } from '../billing/index.ts'

export interface Question {
  readonly turns: readonly Turn[]
  /** In the form of chat completions: `{type: 'function', function: {name, description, parameters}}`. */
  readonly tools: readonly JsonRecord[]
  /** `auto`, `none`, `required` or `{type: 'function', function: {name}}`. */
  readonly toolChoice: unknown
  readonly parallelTools: boolean
  /** Null for text; `schema` is null for any JSON object. */
  readonly json: { readonly schema: unknown } | null
  readonly stop: readonly string[]
  /** Maximum of tokens of one choice, hidden reasoning included; null for no limit. */
  readonly tokensMax: number | null
  /** `reasoning_effort`; null for the default. */
  readonly effort: string | null
  readonly choices: number
  /** The caller's own `seed`. */
  readonly seed: number | null
}

export interface SaidToolCall {
  readonly name: string
  readonly arguments: string
  /** The pieces of the arguments. */
  readonly pieces: readonly TokenPiece[]
  /** Cost of the call beside its arguments; charged when its name is sent. */
  readonly openingTokens: number
}

export interface Said {
  readonly text: string
  readonly pieces: readonly TokenPiece[]
  readonly toolCalls: readonly SaidToolCall[]
  readonly finish: 'stop' | 'length' | 'tool_calls'
  readonly reasoningTokens: number
  /** Tokens that are produced before the first visible one: the reasoning and the model's own opening. */
  readonly thoughtTokens: number
  /** Tokens that are produced after the last visible one; 0 when a limit cut the answer. */
  readonly closingTokens: number
  /** All tokens: this is charged. */
  readonly tokens: number
}

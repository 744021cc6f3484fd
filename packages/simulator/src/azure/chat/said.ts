/** What a model is asked, and what it says. */
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
  /** Null for text; `schema` null for any JSON object. */
  readonly json: { readonly schema: unknown } | null
  readonly stop: readonly string[]
  /** Most tokens of one choice, hidden reasoning included; null for no limit. */
  readonly tokensMax: number | null
  /** `reasoning_effort`; null for the standard one. */
  readonly effort: string | null
  readonly choices: number
  /** The caller's own `seed`. */
  readonly seed: number | null
}

export interface SaidToolCall {
  readonly name: string
  readonly arguments: string
  /** Of the arguments. */
  readonly pieces: readonly TokenPiece[]
  /** What the call costs beside its arguments; charged when its name goes out. */
  readonly openingTokens: number
}

export interface Said {
  readonly text: string
  readonly pieces: readonly TokenPiece[]
  readonly toolCalls: readonly SaidToolCall[]
  readonly finish: 'stop' | 'length' | 'tool_calls'
  readonly reasoningTokens: number
  /** What is produced before anything can be seen: the reasoning and the model's own opening. */
  readonly thoughtTokens: number
  /** What is produced after the last visible token; 0 where a limit cut the answer. */
  readonly closingTokens: number
  /** All of it: what is charged. */
  readonly tokens: number
}

/** The types of an assembled answer, and the draft that it is made of. */
import type { ReportedUsage } from './reported-usage.ts'

export interface AssembledToolCall {
  readonly id: string | null
  readonly name: string
  /** JSON text as the model wrote it; cut where the stream was cut. */
  readonly arguments: string
}

export interface AssembledChoice {
  readonly index: number
  readonly text: string
  readonly refusal: string | null
  /** Reasoning that the model showed (`reasoning_content`, summaries); null where there is none. */
  readonly reasoning: string | null
  readonly toolCalls: readonly AssembledToolCall[]
  /**
   * `stop`, `length`, `tool_calls`, `content_filter`, ...; for Responses the status, or the reason why it is
   * incomplete.
   */
  readonly finishReason: string | null
}

export interface Assembled {
  /** `id` and `model` of the answer. Never from the frame with prompt filter results, where they are empty. */
  readonly id: string | null
  readonly model: string | null
  /** The answer's `service_tier`. */
  readonly serviceTier: string | null
  /** In the order of their index. A response of the Responses API is one choice. */
  readonly choices: readonly AssembledChoice[]
  readonly usage: ReportedUsage | null
  /** True when `usage` came in the middle of a stream: the figures would have grown. */
  readonly usageSoFar: boolean
  /** An error body, or an error frame in the middle of a stream; `code` as text. */
  readonly error: { readonly code: string | null; readonly type: string | null; readonly message: string } | null
  /** True when the end has come: a whole document, `[DONE]`, or a closing event of Responses. */
  readonly complete: boolean
}

export interface DraftChoice {
  text: string
  refusal: string
  reasoning: string
  finishReason: string | null
  /** By the index that the service gives them. */
  readonly toolCalls: Map<number, { id: string | null; name: string; arguments: string }>
}

export interface Draft {
  id: string | null
  model: string | null
  serviceTier: string | null
  usage: ReportedUsage | null
  usageSoFar: boolean
  error: Assembled['error']
  complete: boolean
  readonly choices: Map<number, DraftChoice>
}

/** The draft of the choice with this index; a new one when there is none. */
export function choiceOf(draft: Draft, index: number): DraftChoice {
  const known = draft.choices.get(index)
  if (known !== undefined) return known
  const begun: DraftChoice = { text: '', refusal: '', reasoning: '', finishReason: null, toolCalls: new Map() }
  draft.choices.set(index, begun)
  return begun
}

/** The draft of the tool call with this index; a new one when there is none. */
export function toolCallOf(choice: DraftChoice, index: number): { id: string | null; name: string; arguments: string } {
  const known = choice.toolCalls.get(index)
  if (known !== undefined) return known
  const begun = { id: null, name: '', arguments: '' }
  choice.toolCalls.set(index, begun)
  return begun
}

/** The draft as an answer. */
export function finished(draft: Draft): Assembled {
  const { id, model, serviceTier, usage, usageSoFar, error, complete } = draft
  const choices = inOrder(draft.choices).map(([index, { text, refusal, reasoning, finishReason, toolCalls }]) => ({
    index,
    text,
    refusal: refusal === '' ? null : refusal,
    reasoning: reasoning === '' ? null : reasoning,
    toolCalls: inOrder(toolCalls).map(([, call]) => ({ ...call })),
    finishReason,
  }))
  return { id, model, serviceTier, choices, usage, usageSoFar, error, complete }
}

function inOrder<T>(byIndex: ReadonlyMap<number, T>): [number, T][] {
  return [...byIndex].sort(([left], [right]) => left - right)
}

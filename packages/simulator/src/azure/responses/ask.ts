import type { JsonRecord } from '../../json.ts'
import type { Question } from '../chat/said.ts'
import type { StoredConversation } from '../objects/store.ts'
import type { RunAsk } from './run.ts'

/** A call to the Responses API, read and checked. */
export interface ResponsesAsk extends RunAsk {
  readonly store: boolean
  readonly include: ReadonlySet<unknown>
  /** How many likely tokens are named beside each, where log probabilities are included. */
  readonly topLogprobs: number
  /** How its reasoning is to be summed up; null where it is not. */
  readonly summary: string | null
  /** The call's own input as items, each with an id. */
  readonly items: readonly JsonRecord[]
  /** What came before in the conversation, then `items`. */
  readonly context: readonly JsonRecord[]
  /** Gets the items of this call and its answer. */
  readonly conversation: StoredConversation | null
  /** Tools that run in the service. */
  readonly hosted: readonly JsonRecord[]
  readonly question: Question
}

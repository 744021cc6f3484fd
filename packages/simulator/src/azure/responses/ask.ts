import type { JsonRecord } from '../../json.ts'
import type { Question } from '../chat/said.ts'
import type { StoredConversation } from '../objects/store.ts'
import type { RunAsk } from './run.ts'

/** A call to the Responses API, read and checked. */
export interface ResponsesAsk extends RunAsk {
  readonly store: boolean
  readonly include: ReadonlySet<unknown>
  /** Number of likely tokens beside each token, when log probabilities are included. */
  readonly topLogprobs: number
  /** Form of the summary of its reasoning; null for none. */
  readonly summary: string | null
  /** The call's own input as items, each with an id. */
  readonly items: readonly JsonRecord[]
  /** The earlier items of the conversation, then `items`. */
  readonly context: readonly JsonRecord[]
  /** The conversation that gets the items of this call and of its answer; null for none. */
  readonly conversation: StoredConversation | null
  /** Tools that run in the service. */
  readonly hosted: readonly JsonRecord[]
  readonly question: Question
}

/** A conversation of the playground, apart from the form in which an operation of the API writes it. */

export interface ToolCall {
  readonly id: string
  readonly name: string
  /** JSON text, as the model wrote it. */
  readonly input: string
}

export interface UserMessage {
  readonly role: 'user'
  readonly text: string
  /** Addresses of the form `data:`. */
  readonly images: readonly string[]
}

export interface ToolMessage {
  readonly role: 'tool'
  readonly callId: string
  readonly text: string
}

/** What went wrong with a call. */
export interface Failure {
  /**
   * `refused`: the gateway did not let it through. `signed-out`: the session has ended. `broken`: the answer broke off.
   * `failed`: everything else, as an error of the model's side.
   */
  readonly kind: 'refused' | 'signed-out' | 'broken' | 'failed'
  readonly code: string
  readonly message: string
}

export interface Answer {
  readonly role: 'assistant'
  readonly deployment: string
  /** `stopped` by the reader. */
  readonly state: 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed'
  readonly text: string
  readonly reasoning: string
  /** Why the model did not want to answer. */
  readonly refusal: string
  readonly calls: readonly ToolCall[]
  /** Why the model ended, as `stop` or `length`; empty while it is not known. */
  readonly finish: string
  /** Items of the answer as Responses wrote them, to send them back; null for other operations. */
  readonly items: readonly unknown[] | null
  readonly failure: Failure | null
  /** Id of the call and of its record; null before the gateway has it. */
  readonly callId: string | null
  /** Measured in this page, in ms from sending; null before it is known. */
  readonly firstWordMs: number | null
  readonly durationMs: number | null
}

export type Message = UserMessage | ToolMessage | Answer

export const answerOf = (deployment: string): Answer => ({
  role: 'assistant',
  deployment,
  state: 'waiting',
  text: '',
  reasoning: '',
  refusal: '',
  calls: [],
  finish: '',
  items: null,
  failure: null,
  callId: null,
  firstWordMs: null,
  durationMs: null,
})

export const isUnderWay = ({ state }: Answer): boolean => state === 'waiting' || state === 'streaming'

/** True when there is something in it that a later call must know. */
export function hasContent({ text, refusal, calls }: Answer): boolean {
  return text !== '' || refusal !== '' || calls.length > 0
}

/** Calls of the last answer that have no result yet: without it the conversation cannot go on. */
export function openCalls(messages: readonly Message[]): readonly ToolCall[] {
  const at = messages.findLastIndex(({ role }) => role === 'assistant')
  const answer = messages[at]
  if (answer?.role !== 'assistant') return []
  const given = messages.slice(at + 1).flatMap(message => (message.role === 'tool' ? [message.callId] : []))
  return answer.calls.filter(({ id }) => !given.includes(id))
}

/**
 * A call as a conversation: the messages of its request and of its answer, for every operation and for any bytes.
 * Streams are put together, tools are named with their arguments, and what is no text is named with its type and size.
 * Bytes that are cut off give what was whole by then. Never throws.
 */
import { answeredOf } from './answer.ts'
import type { Conversation } from './message.ts'
import { askedOf } from './request.ts'

export type { Conversation } from './message.ts'

export interface RecordedCall {
  readonly operation: string
  /** True where the call asked for a stream. */
  readonly stream: boolean
  readonly requestContentType: string | null
  readonly responseContentType: string | null
  /** Null where there is none. */
  readonly request: Buffer | null
  readonly response: Buffer | null
}

export function conversationOf(call: RecordedCall): Conversation {
  const { operation, stream, requestContentType, responseContentType, request, response } = call
  const { messages, tools, continues } = askedOf(operation, requestContentType, request)
  const answered = answeredOf({ operation, stream, contentType: responseContentType, bytes: response })
  return { messages: [...messages, ...answered.messages], tools, continues, complete: answered.complete }
}

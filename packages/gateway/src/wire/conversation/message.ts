/** The types of a conversation: what was asked and answered in one call, as people read it. */

/** Something that is no text: it is named, and its bytes are left out. */
export interface Attachment {
  readonly kind: 'image' | 'audio' | 'video' | 'file' | 'embedding' | 'data'
  readonly name?: string
  readonly mediaType?: string
  /** Size of the content; absent where only a reference was sent. */
  readonly bytes?: number
  readonly url?: string
  readonly fileId?: string
  /** Numbers of an embedding. */
  readonly dimensions?: number
}

export interface ToolCall {
  readonly id: string | null
  readonly name: string
  /** JSON text as the model wrote it; cut where the answer was cut. */
  readonly arguments: string
}

export interface Message {
  /**
   * As the API has it: `system`, `developer`, `user`, `assistant`, `tool`. `error` for an answer that is an error;
   * `request` and `response` for what has no roles, as a list of files.
   */
  readonly role: string
  readonly text: string
  /** Name of the participant, or code of the error. */
  readonly name?: string
  readonly refusal?: string
  /** Reasoning that the model showed. */
  readonly reasoning?: string
  readonly toolCalls?: readonly ToolCall[]
  /** Of the result of a tool: the call that it answers. */
  readonly toolCallId?: string
  readonly attachments?: readonly Attachment[]
  /** Number of the answer, from 0, where a call asked for several. */
  readonly choice?: number
  readonly finishReason?: string
}

export interface Conversation {
  /** In the order in which they were said: those of the request, then the answer. */
  readonly messages: readonly Message[]
  /** Names of the tools that the call offered. */
  readonly tools: readonly string[]
  /** Ids of the response and the conversation that the call continues: their messages are in other records. */
  readonly continues: readonly string[]
  /** False where the answer has no end, or there is none. */
  readonly complete: boolean
}

/** The message without members that have no value. */
export function messageOf(
  role: string,
  said: Partial<{ [K in keyof Message]: Message[K] | null | undefined }>,
): Message {
  const entries = Object.entries(said).filter(
    ([, value]) =>
      value !== null && value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0),
  )
  return { role, text: '', ...Object.fromEntries(entries) }
}

export function attachmentOf(
  kind: Attachment['kind'],
  facts: Partial<{ [K in keyof Attachment]: Attachment[K] | null | undefined }> = {},
): Attachment {
  const entries = Object.entries(facts).filter(([, value]) => value !== null && value !== undefined && value !== '')
  return { kind, ...Object.fromEntries(entries) }
}

/** One message of a conversation, as the generator sees it. */
export interface Turn {
  /** `system`, `developer`, `user`, `assistant`, `tool`, `function`. */
  readonly role: string
  /** All text parts, joined. */
  readonly text: string
  /** URLs of images in the message: data URLs or addresses. */
  readonly images?: readonly string[]
}

/** The last message of a person; empty when there is none. */
export function question(messages: readonly Turn[]): string {
  return messages.findLast(turn => turn.role === 'user')?.text.trim() ?? messages.at(-1)?.text.trim() ?? ''
}

/** What the conversation was told to be: system and developer messages together. */
export function instructions(messages: readonly Turn[]): string {
  return messages
    .filter(turn => turn.role === 'system' || turn.role === 'developer')
    .map(turn => turn.text)
    .join('\n')
}

/** All that was said, for seeding. */
export function conversationKey(messages: readonly Turn[]): string {
  return messages.map(turn => `${turn.role}:${turn.text}`).join('\u0000')
}

/** One message of a conversation, as the generator sees it. */
export interface Turn {
  /** `system`, `developer`, `user`, `assistant`, `tool`, `function`. */
  readonly role: string
  /** All text parts, joined. */
  readonly text: string
  /** URLs of images in the message: data URLs or addresses. */
  readonly images?: readonly string[]
}

/** Only the beginning and the end of a longer message are read: orders are in one of them, and reading stays cheap. */
const headCharacters = 6_000
const tailCharacters = 2_000

/** The conversation as it is read. Results of tools are not shortened, because they are parsed. */
export function clipped(messages: readonly Turn[]): readonly Turn[] {
  const isLong = ({ role, text }: Turn): boolean =>
    role !== 'tool' && role !== 'function' && text.length > headCharacters + tailCharacters
  if (!messages.some(isLong)) return messages
  return messages.map(turn => {
    if (!isLong(turn)) return turn
    return {
      ...turn,
      text: `${turn.text.slice(0, headCharacters)}\n${turn.text.slice(-tailCharacters)}`.toWellFormed(),
    }
  })
}

/** The last message of a person; empty when there is none. */
export function lastQuestion(messages: readonly Turn[]): string {
  return messages.findLast(turn => turn.role === 'user')?.text.trim() ?? messages.at(-1)?.text.trim() ?? ''
}

/** The system and developer messages, joined. */
export function instructions(messages: readonly Turn[]): string {
  return messages
    .filter(turn => turn.role === 'system' || turn.role === 'developer')
    .map(turn => turn.text)
    .join('\n')
}

/** The text of the whole conversation, for seeding. */
export function conversationKey(messages: readonly Turn[]): string {
  return messages.map(turn => `${turn.role}:${turn.text}`).join('\u0000')
}

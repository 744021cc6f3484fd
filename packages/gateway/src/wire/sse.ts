/** One dispatched event (WHATWG HTML, "Server-sent events", 9.2.6). */
export interface ServerSentEvent {
  /** Field `event`; empty when there was none. */
  readonly type: string
  /** Lines of `data`, joined by line feeds. */
  readonly data: string
}

export interface SseParser {
  /** Takes the next bytes of the stream, split anywhere, inside a character too. */
  push(bytes: Uint8Array): void
  /** Data of the event that has begun and not ended; null when it has none. */
  open(): string | null
}

/**
 * Parses a stream as the specification says: UTF-8 with an optional byte order mark; lines end in CRLF, LF or CR; one
 * space after the colon is dropped; comments and unknown fields are skipped; an event without data, or without its
 * blank line at the end of the stream, is ignored.
 */
export function createSseParser(onEvent: (event: ServerSentEvent) => void): SseParser {
  const decoder = new TextDecoder()
  let pending = ''
  let skipLineFeed = false
  let type = ''
  let dataLines: string[] = []

  const dispatch = (): void => {
    if (dataLines.length > 0) onEvent({ type, data: dataLines.join('\n') })
    type = ''
    dataLines = []
  }
  const takeLine = (line: string): void => {
    if (line === '') {
      dispatch()
      return
    }
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') dataLines.push(value)
    if (field === 'event') type = value
  }
  return {
    push(bytes) {
      let text = decoder.decode(bytes, { stream: true })
      if (text === '') return
      // The LF of a CRLF that was split between two chunks.
      if (skipLineFeed && text.startsWith('\n')) text = text.slice(1)
      skipLineFeed = text.endsWith('\r')
      const lines = text.split(/\r\n|\r|\n/)
      // Only the new text is searched, so a long line in many chunks takes linear time.
      const rest = lines.pop() ?? ''
      for (const line of lines) {
        takeLine(pending + line)
        pending = ''
      }
      pending += rest
    },
    open() {
      const last = pending.startsWith('data:') ? [pending.slice(pending[5] === ' ' ? 6 : 5)] : []
      return dataLines.length + last.length === 0 ? null : [...dataLines, ...last].join('\n')
    },
  }
}

/** The server-sent events of an answer that was a stream, as they passed. */

export interface StreamEvent {
  /** From 1. */
  readonly at: number
  /** Its name; `message` where it has none. */
  readonly name: string
  readonly data: string
}

/** @param text the bytes of the answer. Events as WHATWG's HTML defines them; comments are left out. */
export function eventsOf(text: string): readonly StreamEvent[] {
  const blocks = text
    .replace(/^\ufeff/, '')
    .replace(/\r\n?/g, '\n')
    .split('\n\n')
  const events: StreamEvent[] = []
  for (const block of blocks) {
    const fields = block.split('\n').map(fieldOf)
    const data = fields.filter(([name]) => name === 'data').map(([, value]) => value)
    if (data.length === 0) continue
    const named = fields.findLast(([name]) => name === 'event')?.[1] ?? ''
    events.push({ at: events.length + 1, name: named === '' ? 'message' : named, data: data.join('\n') })
  }
  return events
}

function fieldOf(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(':')
  if (colon === -1) return [line, '']
  const value = line.slice(colon + 1)
  return [line.slice(0, colon), value.startsWith(' ') ? value.slice(1) : value]
}

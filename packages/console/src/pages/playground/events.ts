/** Server-sent events (HTML Living Standard, section 9.2.6) as far as streams of models use them: their data. */

/**
 * @param pieces of a stream, cut anywhere.
 * @returns the data of each event, joined by line feeds where it has several lines.
 */
export async function* eventData(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  let data: string[] = []
  for await (const piece of pieces) {
    // A carriage return at the end may be half of a line's end.
    const text = rest + piece
    const held = text.endsWith('\r') ? '\r' : ''
    const lines = (held === '' ? text : text.slice(0, -1)).split(/\r\n|\n|\r/)
    rest = `${lines.pop() ?? ''}${held}`
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield data.join('\n')
        data = []
      } else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5))
    }
  }
}

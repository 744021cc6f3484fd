/** Streams for property tests: the same events in every framing that WHATWG HTML, section 9.2.6, allows. */
import fc from 'fast-check'
import { createSseParser, type ServerSentEvent } from '../../wire/sse.ts'

export type Json = { readonly [key: string]: unknown }

export interface Framed {
  readonly bytes: Buffer
  /** Data of the events, in order: an object, or a text such as `[DONE]`. */
  readonly events: readonly (Json | string)[]
}

/** How one event is written. */
export interface Framing {
  readonly comment: string | null
  readonly fields: readonly string[]
  /** The text between `data:` and the data. */
  readonly gap: '' | ' '
  readonly manyLines: boolean
  readonly spaced: boolean
  readonly escapes: boolean
  readonly ends: readonly string[]
}

const lineEnds = fc.constantFrom('\n', '\r\n', '\r')

export const framings: fc.Arbitrary<Framing> = fc.record({
  comment: fc.option(
    fc.constantFrom(': ping', ':', ': ping {x', ':{"usage":{"prompt_tokens":7,"completion_tokens":7}}'),
    {
      freq: 3,
    },
  ),
  fields: fc.subarray(['event: message', 'id: 1', 'retry: 10', 'id', 'unknown: {'], { maxLength: 2 }),
  gap: fc.constantFrom('', ' '),
  manyLines: fc.boolean(),
  spaced: fc.boolean(),
  escapes: fc.boolean(),
  ends: fc.array(lineEnds, { minLength: 1, maxLength: 4 }),
})

/** @param events of the stream, in order. @param isEndless the last event may come without its blank line. */
export function framed(events: fc.Arbitrary<readonly (Json | string)[]>): fc.Arbitrary<Framed> {
  return fc
    .record({
      events,
      styles: fc.array(framings, { minLength: 1, maxLength: 8 }),
      oneEnd: fc.option(lineEnds, { freq: 1 }),
      mark: fc.boolean(),
      lastBlank: fc.boolean(),
    })
    .map(({ events: written, styles: each, oneEnd, mark, lastBlank }) => {
      const texts = written.map((event, index) => {
        const style = each[index % each.length] as Framing
        return eventText(
          event,
          oneEnd === null ? style : { ...style, ends: [oneEnd] },
          lastBlank || index < written.length - 1,
        )
      })
      return { bytes: Buffer.from(`${mark ? '\ufeff' : ''}${texts.join('')}`), events: written }
    })
}

function eventText(event: Json | string, style: Framing, withBlank: boolean): string {
  const { comment, fields, gap, ends } = style
  const text = typeof event === 'string' ? event : jsonText(event, style)
  const data = text.split('\n').map(line => `data:${gap}${line}`)
  const lines = [
    ...fields,
    ...(comment === null ? data : data.flatMap(line => [comment, line])),
    ...(withBlank ? [''] : []),
  ]
  return lines.map((line, index) => line + endOf(ends, index)).join('')
}

/** An empty line after a CR must not be only an LF: the two would be one line end. */
function endOf(ends: readonly string[], index: number): string {
  const end = ends[index % ends.length] as string
  const before = ends[(index - 1 + ends.length) % ends.length]
  return end === '\n' && before === '\r' ? '\r\n' : end
}

function jsonText(event: Json, { manyLines, spaced, escapes }: Framing): string {
  const text = manyLines ? JSON.stringify(event, null, 1) : JSON.stringify(event)
  const apart = spaced && !manyLines ? text.replace(/"(usage|choices|finish_reason)":/g, '"$1" : ') : text
  return escapes ? apart.replace(/"usage"/g, '"us\\u0061ge"') : apart
}

/** One event in one framing. */
export function dataFramed(event: Json | string, framing: Framing): string {
  return eventText(event, framing, true)
}

/**
 * The data that a client by the specification gets. An event without its blank line at the end counts, as in newer
 * SDKs.
 */
export function dataOf(bytes: Buffer): (Json | string)[] {
  const events: ServerSentEvent[] = []
  const parser = createSseParser(event => events.push(event))
  parser.push(bytes)
  parser.push(Buffer.from('\r\n\r\n'))
  return events.map(({ data }) => (data.startsWith('{') ? (JSON.parse(data) as Json) : data))
}

/** The bytes in pieces. @param cuts any numbers. */
export function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const edges = [...new Set([0, ...cuts.map(cut => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
  return edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge))
}

/** Texts of a body as people read them: escapes decoded, and what a stream cuts into pieces put together. */
import { createAssembler } from '../../wire/assemble.ts'
import type { Assembled } from '../../wire/assembled.ts'
import { parseCutJson } from '../../wire/cut-json.ts'
import { createSseParser } from '../../wire/sse.ts'
import { joinedDeltas } from './deltas.ts'
import type { Needle, Place } from './needle.ts'

/** What the record says of its response. */
export interface Answering {
  readonly operation: string
  /** True when the call asked for a stream. */
  readonly stream: boolean
}

/** The first place of a text in a request or in a response that is no stream. Keys of JSON are no text. */
export function placeInDocument(needle: Needle, body: Buffer): Place | null {
  return placeInData(needle, body.toString('utf8'))
}

/** The first place of a text in a response. */
export function placeInResponse(needle: Needle, body: Buffer, { operation, stream }: Answering): Place | null {
  if (!stream || startsDocument(body)) return placeInDocument(needle, body)
  const events = body.toString('utf8')
  const inEvents = needle.mayBeIn(events)
  const deltas = inEvents ? null : joinedDeltas(operation, events)
  if (deltas !== null && !needle.mayBeIn(deltas)) return null
  const assembler = createAssembler(operation, true)
  assembler.push(body)
  for (const text of textsOfAnswer(assembler.result())) {
    const place = placeInString(needle, text)
    if (place !== null) return place
  }
  return inEvents ? placeInEvents(needle, body) : null
}

function* textsOfAnswer({ choices, error }: Assembled): Generator<string> {
  for (const { text, refusal, reasoning, toolCalls } of choices) {
    yield text
    if (refusal !== null) yield refusal
    if (reasoning !== null) yield reasoning
    for (const call of toolCalls) {
      yield call.name
      yield call.arguments
    }
  }
  if (error !== null) yield error.message
}

/** What events say beside the text that they stream, event by event. */
function placeInEvents(needle: Needle, body: Buffer): Place | null {
  let place: Place | null = null
  const parser = createSseParser(({ data }) => {
    place ??= placeInData(needle, data)
  })
  parser.push(body)
  const last = parser.open()
  return place ?? (last === null ? null : placeInData(needle, last))
}

/** No meaningful line of an event stream begins with a bracket. */
function startsDocument(body: Buffer): boolean {
  return /^[\s\ufeff]*[{[]/.test(body.toString('utf8', 0, 64))
}

function placeInData(needle: Needle, text: string): Place | null {
  if (!needle.mayBeIn(text)) return null
  const parsed = startsJson(text) ? parseCutJson(text.replace(/^\ufeff/, '')) : null
  const place = parsed === null ? null : placeInValue(needle, parsed.value)
  return place !== null || parsed?.whole === true ? place : placeInLines(needle, text)
}

const startsJson = (text: string): boolean => /^[\s\ufeff]*[{["]/.test(text)

/** Text of any kind, in which lines may be JSON, as those of batches are. */
function placeInLines(needle: Needle, text: string): Place | null {
  let plainFrom = 0
  for (let from = 0; from < text.length; ) {
    const feed = text.indexOf('\n', from)
    const end = feed === -1 ? text.length : feed + 1
    const line = text.slice(from, end)
    const parsed = startsJson(line) ? parseCutJson(line) : null
    if (parsed?.whole === true) {
      const place = needle.placeIn(text.slice(plainFrom, from)) ?? placeInValue(needle, parsed.value)
      if (place !== null) return place
      plainFrom = end
    }
    from = end
  }
  return needle.placeIn(text.slice(plainFrom))
}

function placeInValue(needle: Needle, value: unknown): Place | null {
  const waiting = [value]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (typeof next === 'string') {
      const place = placeInString(needle, next)
      if (place !== null) return place
    } else if (typeof next === 'object' && next !== null) {
      // The first member is looked at first.
      for (const member of Object.values(next).reverse()) waiting.push(member)
    }
  }
  return null
}

/** Arguments of tools are JSON in a string: their own escapes are decoded too. */
function placeInString(needle: Needle, text: string): Place | null {
  const place = needle.placeIn(text)
  if (place !== null || !text.includes('\\') || !/^\s*[{[]/.test(text)) return place
  const parsed = needle.mayBeIn(text) ? parseCutJson(text) : null
  return parsed === null ? null : placeInValue(needle, parsed.value)
}

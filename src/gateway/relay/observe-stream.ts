/**
 * Observes server-sent events (WHATWG HTML, section 9.2.6) at the level of bytes: an event is looked into only when it holds
 * one of the few words that matter, so that an ordinary chunk of text costs a few searches and no parsing.
 *
 * Where the gateway asked for usage on the client's behalf, what the client did not ask for is taken out again: the last event,
 * that has usage and no choices, and the member `"usage":null` of the others. Only then an incomplete event waits for its end.
 */
import type { Usage } from '../../ledger/record.ts'
import { isRecord } from '../../wire/json.ts'
import { type MemberRange, type Scan, scanObject, withoutMember } from '../../wire/json-scan.ts'
import { usageFrom } from '../../wire/usage.ts'
import type { Births } from './births.ts'
import { errorCodeOf, learn } from './observe-json.ts'
import { empty, type Learned, type Observer } from './observer.ts'

/** A single event beyond this is not server-sent events as Azure writes them: observation stops, bytes pass. */
const eventBytesMax = 4_194_304

const usageWord = Buffer.from('"usage"')
const errorWord = Buffer.from('"error"')
const finishWord = Buffer.from('"finish_reason":"')
/** Events that hold one of these tell ids: read only where the call may create something. */
const tellingWords = ['"item"', '"annotation"', '"encrypted_content"'].map(word => Buffer.from(word))
const nullAtEnd = Buffer.from(',"usage":null}')
const usageAndChoices: ReadonlySet<string> = new Set(['usage', 'choices'])

const lineFeed = 0x0a
const carriageReturn = 0x0d
const braceOpen = 0x7b
const braceClose = 0x7d

/** @param births null for calls that create nothing. */
export function observeStream(hideUsage: boolean, births: Births | null = null): Observer {
  return new StreamObserver(hideUsage, births)
}

class StreamObserver implements Observer {
  readonly #hide: boolean
  readonly #births: Births | null
  /** The event that has not ended yet. */
  #open: Buffer = empty
  #blind = false
  #usage: Usage | null = null
  #servedModel: string | null = null
  #finishReason: string | null = null
  #errorCode: string | null = null
  #errorInStream = false

  constructor(hideUsage: boolean, births: Births | null) {
    this.#hide = hideUsage
    this.#births = births
  }

  pass(chunk: Buffer): Buffer {
    if (this.#blind) return chunk
    const bytes = this.#open.length === 0 ? chunk : Buffer.concat([this.#open, chunk])
    const kept: Buffer[] = []
    let start = 0
    // A word's next place is searched once and kept until it is passed: chunks can hold hundreds of events.
    const words = new Words(bytes)
    for (let end = eventEnd(bytes, start); end !== -1; end = eventEnd(bytes, start)) {
      this.#event(bytes, start, end, words, kept)
      start = end
    }
    this.#open = start === bytes.length ? empty : bytes.subarray(start)
    if (this.#open.length > eventBytesMax) return this.#giveUp(chunk, kept)
    if (!this.#hide) return chunk
    return kept.length === 1 ? (kept[0] as Buffer) : Buffer.concat(kept)
  }

  rest(): Buffer {
    const held = this.#hide && !this.#blind ? this.#open : empty
    this.#open = empty
    return held
  }

  learned(): Learned {
    return {
      usage: this.#usage,
      servedModel: this.#servedModel,
      finishReason: this.#finishReason,
      errorCode: this.#errorCode,
      errorInStream: this.#errorInStream,
      objectId: this.#births?.objectId ?? null,
    }
  }

  #giveUp(chunk: Buffer, kept: Buffer[]): Buffer {
    this.#blind = true
    const held = this.#open
    this.#open = empty
    return this.#hide ? Buffer.concat([...kept, held]) : chunk
  }

  #event(bytes: Buffer, start: number, end: number, words: Words, kept: Buffer[]): void {
    const tells = this.#births !== null && words.tells(start, end)
    if (this.#servedModel === null || tells || words.error(start, end)) this.#read(bytes, start, end)
    const finishAt = words.finish(start, end)
    if (finishAt !== -1) {
      const from = finishAt + finishWord.length
      this.#finishReason = bytes.toString('latin1', from, Math.min(bytes.indexOf('"', from), from + 64))
    }
    const hasUsage = words.usage(start, end)
    if (!this.#hide) {
      if (hasUsage) this.#read(bytes, start, end)
      return
    }
    if (hasUsage) this.#hideUsage(bytes, start, end, kept)
    else kept.push(bytes.subarray(start, end))
  }

  #hideUsage(bytes: Buffer, start: number, end: number, kept: Buffer[]): void {
    const [from, to] = jsonRange(bytes, start, end)
    // As Azure writes it: the last member of the outermost object, so no parsing is needed: 2.5 instead of 6.4 µs an event.
    const tail = to - nullAtEnd.length
    if (tail > from && bytes.compare(nullAtEnd, 0, nullAtEnd.length, tail, to) === 0) {
      kept.push(bytes.subarray(start, tail), bytes.subarray(to - 1, end))
      return
    }
    const found = usageMember(bytes, from, to)
    if (found === null) {
      kept.push(bytes.subarray(start, end))
      return
    }
    if (bytes[found.range.valueStart] === braceOpen) {
      this.#read(bytes, start, end)
      if (found.noChoices) return
    }
    const [before, after] = withoutMember(bytes, found.scan, found.range, to)
    kept.push(bytes.subarray(start, before), bytes.subarray(after, end))
  }

  /** Parses the event. Rare: the first ones, the last one, errors. */
  #read(bytes: Buffer, start: number, end: number): void {
    const [from, to] = jsonRange(bytes, start, end)
    if (from === -1) return
    let document: Record<string, unknown>
    try {
      document = JSON.parse(bytes.toString('utf8', from, to)) as Record<string, unknown>
    } catch {
      return // Not for us to repair: the client gets the bytes as they came.
    }
    // Responses wraps the object in an event: {"type":"response.completed","response":{…}}.
    const inner = document['response']
    const learned = learn(isRecord(inner) ? inner : document)
    this.#births?.heard(document)
    this.#servedModel ??= learned.servedModel
    this.#usage = usageFrom(document['usage']) ?? learned.usage ?? this.#usage
    if (inner !== undefined) this.#finishReason = learned.finishReason ?? this.#finishReason
    const code = errorCodeOf(document['error']) ?? learned.errorCode ?? plainError(document)
    if (code !== null) {
      this.#errorCode = code
      this.#errorInStream = true
    }
  }
}

/** Responses' own error event has its fields at the top: {"type":"error","code":…,"message":…}. */
function plainError(document: Record<string, unknown>): string | null {
  return document['type'] === 'error' ? errorCodeOf(document) : null
}

function usageMember(
  bytes: Buffer,
  from: number,
  to: number,
): { scan: Scan; range: MemberRange; noChoices: boolean } | null {
  if (from === -1) return null
  try {
    const scan = scanObject(bytes, usageAndChoices, from, to)
    const range = scan.members.get('usage')
    if (range === undefined) return null
    const choices = scan.members.get('choices')
    const noChoices =
      choices !== undefined && /^\[\s*\]$/.test(bytes.toString('latin1', choices.valueStart, choices.valueEnd))
    return { scan, range, noChoices }
  } catch {
    return null
  }
}

/** Offsets of the JSON object of an event with one line of data; [-1, -1] when there is none. */
function jsonRange(bytes: Buffer, start: number, end: number): [number, number] {
  const from = bytes.indexOf(braceOpen, start)
  if (from === -1 || from >= end) return [-1, -1]
  let to = end
  while (to > from && bytes[to - 1] !== braceClose) to -= 1
  return [from, to]
}

/** Offset behind the blank line that ends the event, -1 when it has not come yet. Lines end in LF or CRLF. */
function eventEnd(bytes: Buffer, start: number): number {
  let at = bytes.indexOf(lineFeed, start)
  while (at !== -1) {
    const next = at + 1
    if (bytes[next] === lineFeed) return next + 1
    if (bytes[next] === carriageReturn && bytes[next + 1] === lineFeed) return next + 2
    at = bytes.indexOf(lineFeed, next)
  }
  return -1
}

class Words {
  readonly #bytes: Buffer
  #usageAt = -2
  #errorAt = -2
  #finishAt = -2
  readonly #tellsAt: number[] = [-2, -2, -2]

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  usage(start: number, end: number): boolean {
    this.#usageAt = this.#next(usageWord, this.#usageAt, start)
    return this.#usageAt !== -1 && this.#usageAt < end
  }

  error(start: number, end: number): boolean {
    this.#errorAt = this.#next(errorWord, this.#errorAt, start)
    return this.#errorAt !== -1 && this.#errorAt < end
  }

  finish(start: number, end: number): number {
    this.#finishAt = this.#next(finishWord, this.#finishAt, start)
    return this.#finishAt < end ? this.#finishAt : -1
  }

  tells(start: number, end: number): boolean {
    let found = false
    for (const [at, word] of tellingWords.entries()) {
      const next = this.#next(word, this.#tellsAt[at] ?? -2, start)
      this.#tellsAt[at] = next
      found ||= next !== -1 && next < end
    }
    return found
  }

  #next(word: Buffer, last: number, start: number): number {
    return last === -1 || last >= start ? last : this.#bytes.indexOf(word, start)
  }
}

/**
 * Observes an answer by what it is, which need not be what its Content-Type says: it may be a document that is declared
 * as a stream, events that are declared as JSON, or either of them without a type.
 */
import type { CreatedObjects } from './created-objects.ts'
import { observeJson } from './json.ts'
import { blind, type Learned, nothingLearned, type Observer } from './observer.ts'
import { observeStream } from './stream.ts'

/** @param declared the kind of body that the Content-Type names. */
export function observeAnswer(
  declared: 'stream' | 'json' | 'other',
  hideUsage: boolean,
  created: CreatedObjects | null,
): Observer {
  return new AnswerObserver(declared, hideUsage, created)
}

class AnswerObserver implements Observer {
  readonly #declared: 'stream' | 'json' | 'other'
  readonly #hideUsage: boolean
  readonly #created: CreatedObjects | null
  /** Null until a byte has come that shows what the body is. */
  #observer: Observer | null = null

  constructor(declared: 'stream' | 'json' | 'other', hideUsage: boolean, created: CreatedObjects | null) {
    this.#declared = declared
    this.#hideUsage = hideUsage
    this.#created = created
  }

  pass(chunk: Buffer): Buffer {
    if (this.#observer !== null) return this.#observer.pass(chunk)
    const first = firstByte(chunk)
    // White space and a byte order mark may begin either form.
    if (first === null) return chunk
    this.#observer = this.#observerOf(first)
    return this.#observer.pass(chunk)
  }

  rest(): Buffer {
    return (this.#observer ?? blind).rest()
  }

  learned(): Learned {
    return this.#observer === null ? nothingLearned : this.#observer.learned()
  }

  #observerOf(first: number): Observer {
    // No line of a stream that has a meaning begins with a bracket.
    if (first === 0x7b || first === 0x5b) return observeJson(this.#created)
    // The fields of a stream are `data`, `event`, `id` and `retry`; a comment begins with a colon.
    if (this.#declared === 'stream' || beginsLine.has(first)) return observeStream(this.#hideUsage, this.#created)
    return this.#declared === 'json' ? observeJson(this.#created) : blind
  }
}

const beginsLine: ReadonlySet<number> = new Set(Buffer.from('deir:'))

/** The first byte that counts; null while only white space or parts of a byte order mark have come. */
function firstByte(chunk: Buffer): number | null {
  for (let at = 0; at < chunk.length; at += 1) {
    const byte = chunk[at] as number
    if (byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d) continue
    if (byte === 0xef || byte === 0xbb || byte === 0xbf) continue
    return byte
  }
  return null
}

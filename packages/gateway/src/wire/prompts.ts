/** Counts the prompts in a body of the completions operation: each one gets an answer of its own. */
import { jsonBytes } from './json-bytes.ts'
import { type MemberRange, skipSpace, skipTextUntil } from './json-scan.ts'
import type { Sliced } from './slices.ts'

const { braceClose, braceOpen, bracketClose, bracketOpen, comma, quote } = jsonBytes

/**
 * Counts the entries of the member `prompt`: a text or a list of token numbers is one prompt; a list of texts or of
 * lists is as many as it has entries. The body must have been scanned before: a malformed one is counted as far as it
 * goes.
 */
export class PromptCounter implements Sliced<number> {
  readonly #bytes: Buffer
  readonly #end: number
  #at: number
  #depth = 0
  #inText = false
  #entries = 1
  #done = false

  constructor(bytes: Buffer, { valueStart, valueEnd }: MemberRange) {
    this.#bytes = bytes
    this.#end = valueEnd
    this.#at = skipSpace(bytes, valueStart, valueEnd)
    const first = bytes[this.#at] === bracketOpen ? bytes[skipSpace(bytes, this.#at + 1, valueEnd)] : undefined
    // A text is one prompt, and so is a list of numbers.
    this.#done = first !== quote && first !== bracketOpen
  }

  advance(count: number): boolean {
    const until = Math.min(this.#end, this.#at + count)
    while (!this.#done && this.#at < until) this.#step(until)
    this.#done ||= this.#at >= this.#end
    return this.#done
  }

  result(): number {
    return this.#entries
  }

  #step(until: number): void {
    if (this.#inText || this.#bytes[this.#at] === quote) {
      const behind = skipTextUntil(this.#bytes, this.#inText ? this.#at : this.#at + 1, until, this.#end)
      this.#inText = behind < 0
      this.#at = behind < 0 ? ~behind : behind
      return
    }
    const byte = this.#bytes[this.#at]
    if (byte === bracketOpen || byte === braceOpen) this.#depth += 1
    else if (byte === bracketClose || byte === braceClose) this.#depth -= 1
    else if (byte === comma && this.#depth === 1) this.#entries += 1
    this.#at += 1
  }
}

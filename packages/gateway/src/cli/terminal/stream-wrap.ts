/** A text that arrives in pieces, broken between words to the width of a terminal. */
import { columnsOf } from './printable.ts'

/**
 * Holds back the word that has begun, until it is whole. A word that is longer than a line stays whole, and so do the
 * lines of a block of code (between lines of three backticks): they can then be copied.
 */
export class StreamWrap {
  readonly #width: number
  #column = 0
  #blanks = ''
  #word = ''
  #isCode = false

  /** @param width columns of the terminal. */
  constructor(width: number) {
    this.#width = width
  }

  /** What can be printed now. */
  push(piece: string): string {
    let out = ''
    for (const [part] of piece.matchAll(/\n|[^\S\n]+|\S+/g)) {
      if (part === '\n') out += `${this.end()}\n`
      else if (/\S/.test(part)) this.#word += part
      else {
        out += this.#takeWord()
        this.#blanks += part
      }
      if (part === '\n') this.#column = 0
    }
    return out
  }

  /** The rest, at the end of a line or of the text. */
  end(): string {
    const out = this.#takeWord() + this.#blanks
    this.#blanks = ''
    return out
  }

  #takeWord(): string {
    const [blanks, word] = [this.#blanks, this.#word]
    if (word === '') return ''
    this.#blanks = ''
    this.#word = ''
    if (this.#column === 0 && word.startsWith('```')) this.#isCode = !this.#isCode
    const isTooWide = this.#column + columnsOf(blanks + word) > this.#width
    if (isTooWide && this.#column > 0 && !this.#isCode) {
      this.#column = columnsOf(word)
      return `\n${word}`
    }
    this.#column += columnsOf(blanks + word)
    return blanks + word
  }
}

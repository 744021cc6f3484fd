import { CliError } from '../errors.ts'
import type { Output } from '../terminal/wrap.ts'
import type { Sink } from './fetch.ts'
import { LineSums } from './line-sums.ts'

/** A line that has not ended is held back up to this length: then it can be fetched again after a break. */
const heldBytesMax = 16 * 1_048_576

/** Standard output. Only whole lines are written, and of lines longer than 16 MiB what has come. */
export class OutputSink implements Sink {
  readonly sums = new LineSums()
  readonly #output: Output
  /** A part of a long line may end within a character. */
  readonly #decoder = new TextDecoder()
  #held: readonly Uint8Array[] = []
  #heldBytes = 0
  /** True while a part of a long line is written. */
  #isTorn = false

  constructor(output: Output) {
    this.#output = output
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.sums.push(chunk)
    const end = chunk.lastIndexOf(0x0a) + 1
    if (end > 0) {
      this.#print([...this.#held, chunk.subarray(0, end)])
      this.#hold([])
      this.#isTorn = false
    }
    this.#hold([...this.#held, chunk.slice(end)])
    if (this.#heldBytes <= heldBytesMax) return
    this.#print(this.#held)
    this.#hold([])
    this.#isTorn = true
  }

  async dropOpenLine(): Promise<void> {
    if (this.#isTorn) {
      const why = 'A part of a record is written, and standard output cannot take it back.'
      throw new CliError('export_broken', 'The connection broke off.', why, 'the same with -o FILE')
    }
    this.sums.dropOpenLine()
    this.#hold([])
  }

  #hold(parts: readonly Uint8Array[]): void {
    this.#held = parts.filter(part => part.byteLength > 0)
    this.#heldBytes = this.#held.reduce((bytes, part) => bytes + part.byteLength, 0)
  }

  #print(parts: readonly Uint8Array[]): void {
    for (const part of parts) this.#output.write(this.#decoder.decode(part, { stream: true }))
  }
}

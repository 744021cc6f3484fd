/** A line without its line break. */
export interface Line {
  /** Empty for a line that is longer than `lineBytesMax`. */
  readonly value: Buffer
  /** True for the last line of the file. */
  readonly isLast: boolean
}

/** Longer lines are no record: what feeds write has at most 64 MiB of bodies, each byte at most six as JSON. */
const lineBytesMax = 400 * 1_048_576

/** The lines of a file, as bytes. The last one needs no line break. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let held: Buffer | null = null
  const line = new LineParts()
  for await (const chunk of chunks) {
    let from = 0
    for (let to = chunk.indexOf(10); to !== -1; to = chunk.indexOf(10, from)) {
      if (held !== null) yield { value: held, isLast: false }
      line.add(chunk.subarray(from, to))
      held = line.take()
      from = to + 1
    }
    if (from === chunk.byteLength) continue
    if (held !== null) yield { value: held, isLast: false }
    held = null
    line.add(chunk.subarray(from))
  }
  const last = line.isEmpty ? held : line.take()
  if (last !== null) yield { value: last, isLast: true }
}

class LineParts {
  #parts: Buffer[] = []
  #bytes = 0

  get isEmpty(): boolean {
    return this.#bytes === 0
  }

  add(part: Buffer): void {
    this.#bytes += part.byteLength
    if (this.#bytes <= lineBytesMax) this.#parts.push(part)
    else this.#parts = []
  }

  take(): Buffer {
    const line = this.#bytes <= lineBytesMax ? Buffer.concat(this.#parts) : Buffer.alloc(0)
    this.#parts = []
    this.#bytes = 0
    return line
  }
}

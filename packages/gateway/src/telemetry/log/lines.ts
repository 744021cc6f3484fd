/** Lines on their way to standard error, or to a file. */
import { pino } from 'pino'

/** What waits for a reader that is slow or away, in bytes at most; what comes beyond is dropped and counted. */
const waitingBytesMax = 8_388_608
/** Lines that may wait are written together: after this time in ms, or once there are so many characters. */
const laterMs = 250
const laterLengthMax = 16_384

export class LineWriter {
  /** Called when lines can be written again, with the number of those that were dropped. */
  onDropped: (lines: number) => void = () => {}
  readonly #out: ReturnType<typeof pino.destination>
  #later = ''
  #timer: NodeJS.Timeout | undefined
  #dropped = 0

  /** @param path of a file that lines are added to; absent: standard error. */
  constructor(path?: string) {
    this.#out = pino.destination({ dest: path ?? 2, sync: false, maxLength: waitingBytesMax })
    this.#out.on('drop', text => {
      this.#dropped += String(text).split('\n').length - 1
    })
    this.#out.on('drain', () => {
      if (this.#dropped === 0) return
      const lines = this.#dropped
      this.#dropped = 0
      this.onDropped(lines)
    })
  }

  /** @param line ends with a line feed. Lines stay in their order, whichever way they are written. */
  now(line: string): void {
    this.flush()
    this.#out.write(line)
  }

  later(line: string): void {
    this.#later += line
    if (this.#later.length >= laterLengthMax) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), laterMs)
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#later === '') return
    this.#out.write(this.#later)
    this.#later = ''
  }
}

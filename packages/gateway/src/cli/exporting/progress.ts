/** How far an export is, on a line of the terminal. */
import type { CliContext } from '../context.ts'
import { printable } from '../terminal/printable.ts'
import { figure } from '../terminal/table.ts'
import type { LineSums } from './line-sums.ts'

const everyMs = 250

export class Progress {
  readonly #context: Pick<CliContext, 'stderr' | 'clock'>
  readonly #sums: LineSums
  #shownAtMs = 0
  #isShown = false
  /** Calls that the gateway announced. */
  calls = 0

  constructor(context: Pick<CliContext, 'stderr' | 'clock'>, sums: LineSums) {
    this.#context = context
    this.#sums = sums
  }

  /** Shows it from time to time; nothing where it is no terminal. */
  readonly show = (): void => {
    const { stderr, clock } = this.#context
    const nowMs = clock()
    if (stderr.isTTY !== true || (this.#isShown && nowMs - this.#shownAtMs < everyMs)) return
    this.#shownAtMs = nowMs
    this.#isShown = true
    const { calls, records, bytes } = this.#sums
    const share = this.calls === 0 ? '' : ` (${Math.min(100, Math.floor((100 * calls) / this.calls))} %)`
    stderr.write(`\r\u001b[K${figure(records)} records${share}, ${megabytes(bytes)}`)
  }

  readonly broke = (why: string): void => {
    this.clear()
    this.#context.stderr.write(`! ${printable(why)} Going on after ${figure(this.#sums.records)} records.\n`)
  }

  clear(): void {
    if (this.#isShown) this.#context.stderr.write('\r\u001b[K')
    this.#isShown = false
  }
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toLocaleString('en-GB', { maximumFractionDigits: 1 })} MB`
}

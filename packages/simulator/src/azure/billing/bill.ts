import type { BillLine } from '../../types.ts'

/** A line that its call updates until the call has ended. */
export type OpenLine = { -readonly [Field in keyof BillLine]: BillLine[Field] }

/** The cost of an answer. */
export interface Spent {
  readonly promptTokens: number
  readonly completionTokens: number
  /** The completion tokens that are hidden reasoning, produced before the first visible one. Default 0. */
  readonly thoughtTokens?: number
}

/**
 * The account of what every received call produced and would be charged. A call has a line as soon as the head of its
 * request has arrived, with status 0 until its answer begins. These tokens count as produced:
 * - of a whole answer: all, because it is made before its first byte is sent. If the client leaves while it is made,
 *   those that had been made by then.
 * - of a stream: hidden reasoning as it is produced, before the first visible token; then the tokens of the events that
 *   were sent.
 * - of a prompt that the content filter refused: the prompt only, as Azure charges it. Other refusals produce nothing.
 *
 * The work of a batch is in the `usage` of the batch object, not here.
 */
export class Bill {
  #lines: OpenLine[] = []
  readonly #linesMax: number
  /** Beyond `linesMax` lines the oldest tenth is dropped, so that a load test does not fill the memory. */
  constructor(linesMax = 200_000) {
    this.#linesMax = linesMax
  }

  open(
    line: Pick<BillLine, 'gatehouseRequestId' | 'requestId' | 'receivedAtMs' | 'instance' | 'deployment' | 'operation'>,
  ): OpenLine {
    if (this.#lines.length >= this.#linesMax) this.#lines = this.#lines.slice(Math.ceil(this.#linesMax / 10))
    const open: OpenLine = {
      ...line,
      spilledFrom: null,
      subject: null,
      stream: false,
      status: 0,
      promptTokens: 0,
      completionTokens: 0,
      tools: [],
      serviceTier: null,
      usageReported: false,
      fault: null,
      clientGone: false,
      ended: false,
    }
    this.#lines.push(open)
    return open
  }

  /** Copies, in the order of arrival. */
  lines(): readonly BillLine[] {
    return this.#lines.map(line => ({ ...line }))
  }

  clear(): void {
    this.#lines = []
  }
}

import type { BillLine } from '../../types.ts'

/** A line that its call keeps up to date until it has ended. */
export type OpenLine = { -readonly [Field in keyof BillLine]: BillLine[Field] }

/** What an answer costs. */
export interface Spent {
  readonly promptTokens: number
  readonly completionTokens: number
  /** Of the completion tokens, those that are thought before anything is said. Default 0. */
  readonly thoughtTokens?: number
}

/**
 * What every received call produced and would be charged. A line is there from the moment the request's head has arrived, with status 0
 * until an answer begins. What counts as produced:
 * - a whole answer: it is made before its first byte, so all of it, whatever becomes of the bytes; when the client leaves while it is made,
 *   what had been made by then;
 * - a stream: hidden reasoning as it is thought, before the first visible token; then the tokens of the events written so far;
 * - a prompt refused by the content filter: the prompt alone, as Azure charges it. Other refusals: nothing.
 * Work of a batch is in the batch object's own `usage`, not here.
 */
export class Bill {
  #lines: OpenLine[] = []
  readonly #linesMax: number
  /** Beyond `linesMax` the oldest tenth is forgotten: a load test must not eat the machine's memory. */
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

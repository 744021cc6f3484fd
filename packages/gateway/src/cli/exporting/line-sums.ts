/** Reads an export as it comes: its whole lines, their sums, their SHA-256. Memory does not grow with a line. */
import { createHash, type Hash } from 'node:crypto'
import type { RecordRow } from '../../ledger/record.ts'

/** The file is not an export of conversations, or not as it was written. */
export class LineFault extends Error {
  constructor(line: number, why: string) {
    super(`Line ${line} ${why}.`)
    this.name = 'LineFault'
  }
}

interface Ends {
  readonly id: string
  /** ISO 8601. */
  readonly started: string
}

export interface Sums {
  readonly records: number
  /** With the calls that records stand for, as `gatehouse usage` counts them. */
  readonly calls: number
  readonly bytes: number
  readonly sha256: string
  readonly tokens: { readonly prompt: number; readonly completion: number; readonly total: number }
  /** One per currency, in the order of their names. */
  readonly costs: readonly { readonly currency: string; readonly amount: string; readonly nano: number }[]
  /** Null where there are no records. */
  readonly newest: Ends | null
  readonly oldest: Ends | null
}

const lineFeed = 0x0a
/** The figures of a record are far shorter. */
const headBytesMax = 1_048_576
/** What follows the figures in a line. A quotation mark within a text is escaped, so no text has it. */
const afterFigures = '},"bodies":"'
const beforeFigures = '{"record":'

export class LineSums {
  #records = 0
  #calls = 0
  readonly #tokens = { prompt: 0, completion: 0, total: 0 }
  readonly #costs = new Map<string, number>()
  #newest: Ends | null = null
  #oldest: Ends | null = null
  /** Bytes and hash up to the last line feed, and of everything. */
  #wholeBytes = 0
  #bytes = 0
  #whole: Hash = createHash('sha256')
  #hash: Hash = createHash('sha256')
  /** The beginning of the line that has not ended. */
  #head: Buffer[] = []
  #headBytes = 0

  /** @throws LineFault */
  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let from = 0
    for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, from)) {
      this.#takeHead(bytes.subarray(from, at))
      this.#takeLine()
      from = at + 1
    }
    if (from > 0) {
      this.#whole = this.#hash.update(bytes.subarray(0, from)).copy()
      this.#wholeBytes = this.#bytes + from
    }
    this.#bytes += bytes.byteLength
    this.#hash.update(bytes.subarray(from))
    this.#takeHead(bytes.subarray(from))
  }

  /** Forgets the line that has not ended. */
  dropOpenLine(): void {
    this.#bytes = this.#wholeBytes
    this.#hash = this.#whole.copy()
    this.#head = []
    this.#headBytes = 0
  }

  /** Bytes of the line that has not ended. */
  get openBytes(): number {
    return this.#bytes - this.#wholeBytes
  }

  get records(): number {
    return this.#records
  }

  get calls(): number {
    return this.#calls
  }

  /** Bytes of the whole lines. */
  get bytes(): number {
    return this.#wholeBytes
  }

  get lastId(): string | null {
    return this.#oldest?.id ?? null
  }

  /** Of the whole lines. */
  sums(): Sums {
    const costs = [...this.#costs].sort(([left], [right]) => (left < right ? -1 : 1))
    return {
      ...{ records: this.#records, calls: this.#calls, bytes: this.#wholeBytes },
      sha256: this.#whole.copy().digest('hex'),
      tokens: { ...this.#tokens },
      costs: costs.map(([currency, nano]) => ({ currency, amount: (nano / 1e9).toFixed(9), nano })),
      ...{ newest: this.#newest, oldest: this.#oldest },
    }
  }

  #takeHead(bytes: Buffer): void {
    if (bytes.byteLength === 0 || this.#headBytes >= headBytesMax) return
    // A chunk's memory is used again.
    const part = Buffer.from(bytes.subarray(0, headBytesMax - this.#headBytes))
    this.#head.push(part)
    this.#headBytes += part.byteLength
  }

  #takeLine(): void {
    const line = this.#records + 1
    const head = Buffer.concat(this.#head)
    this.#head = []
    this.#headBytes = 0
    const end = head.indexOf(afterFigures)
    if (end === -1 || !head.subarray(0, beforeFigures.length).equals(Buffer.from(beforeFigures))) {
      throw new LineFault(line, 'is not a record of an export of conversations')
    }
    this.#take(figuresOf(head.toString('utf8', beforeFigures.length, end + 1), line))
  }

  #take({ id, startedAtMs, summedCalls, usage, cost }: RecordRow): void {
    this.#records += 1
    this.#calls += summedCalls
    this.#tokens.prompt += usage.promptTokens ?? 0
    this.#tokens.completion += usage.completionTokens ?? 0
    this.#tokens.total += usage.totalTokens ?? 0
    if (cost !== null) this.#costs.set(cost.currency, (this.#costs.get(cost.currency) ?? 0) + cost.nano)
    const ends = { id, started: new Date(startedAtMs).toISOString() }
    this.#newest ??= ends
    this.#oldest = ends
  }
}

function figuresOf(json: string, line: number): RecordRow {
  try {
    return JSON.parse(json) as RecordRow
  } catch {
    throw new LineFault(line, 'has figures that are not JSON')
  }
}

/** Capture: an answer's bytes on their way into the journal, or held for counting where bodies are not recorded. */
import type { Journal } from '../../ledger/index.ts'

/** Of an answer that is not recorded so much is held for counting: a stream of some 25,000 tokens. Bytes. */
const uncapturedBytesMax = 8_388_608
/** An answer that goes on is written to the journal at this many bytes, or after this time: a crash loses no more. */
const progressBytes = 65_536
const progressEveryMs = 2_000

export class Capture {
  readonly #journal: Journal | null
  readonly #id: string
  unwritten: Buffer[] = []
  /** False once bytes were left out, so that what is held is a part. */
  isWhole = true
  /** True when earlier bytes were written. */
  progressed = false
  #unwrittenBytes = 0
  #progressedAt = 0

  /** @param journal null when bodies are not captured. */
  constructor(journal: Journal | null, id: string) {
    this.#journal = journal
    this.#id = id
  }

  add(chunk: Buffer): void {
    this.#unwrittenBytes += chunk.length
    // What is not to be recorded is still to be counted, where no usage is reported.
    if (this.#journal === null && this.#unwrittenBytes > uncapturedBytesMax) {
      this.isWhole = false
      return
    }
    this.unwritten.push(chunk)
    if (this.#unwrittenBytes >= progressBytes) this.progress()
  }

  /** Called a few times a second. */
  tick(now: number): void {
    if (this.#unwrittenBytes === 0) {
      this.#progressedAt = now
      return
    }
    if (this.#progressedAt === 0) this.#progressedAt = now
    if (now - this.#progressedAt >= progressEveryMs) this.progress()
  }

  /** Writes what has come. Also called early, where the beginning says what a restart must know: the id of work that goes on. */
  progress(): void {
    if (this.#journal === null) return
    const bytes = this.unwritten
    this.unwritten = []
    this.#unwrittenBytes = 0
    this.progressed = true
    this.#progressedAt = performance.now()
    // What the disk refuses now the journal keeps and tries again; the record's end reports a loss.
    this.#journal.progress(this.#id, 'response', bytes).catch(() => {})
  }
}

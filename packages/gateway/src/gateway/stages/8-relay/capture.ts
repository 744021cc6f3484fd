/** Writes the bytes of an answer to the journal, or holds them for counting where bodies are not recorded. */
import type { Journal } from '../../../ledger/index.ts'

/** The part of an unrecorded answer that is held for counting: a stream of some 25,000 tokens. Bytes. */
const uncapturedBytesMax = 8_388_608
/** An open answer is written to the journal at this many bytes, or after this time, so that a crash loses no more. */
const progressBytes = 65_536
const progressEveryMs = 2_000

export class Capture {
  readonly #journal: Journal | null
  readonly #id: string
  /** Bytes that are not in the journal yet. */
  unwritten: Buffer[] = []
  /** False once bytes were left out. */
  isWhole = true
  /** True when earlier bytes are in the journal. */
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
    // An answer that is not recorded is still counted, where no usage is reported.
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

  /**
   * Writes the bytes that have come. Called early when they name work in the background: a restart must know its id.
   */
  progress(): void {
    if (this.#journal === null) return
    const bytes = this.unwritten
    this.unwritten = []
    this.#unwrittenBytes = 0
    this.progressed = true
    this.#progressedAt = performance.now()
    // The journal keeps and retries what the disk refuses; the end of the record reports a loss.
    this.#journal.progress(this.#id, 'response', bytes).catch(() => {})
  }
}

/**
 * Exports of conversations from their first connection to their last. An export whose connection breaks can be gone on
 * with for a while, and is the same export in the audit trail.
 */
import { AdminError } from '../errors.ts'
import { SentRecords } from './sent-records.ts'

/** Exports that are read at once: each has a thread. */
const readingMax = 2

/** Writes the entry of the result. @param code null where the export is whole. */
export type EndOfExport = (code: string | null, records: number) => Promise<void>

export interface OpenExport {
  readonly id: string
  readonly reader: string
  /** What is exported, as text: only the same order can be resumed. */
  readonly order: string
  readonly sent: SentRecords
  /** Aborted when another connection resumes the export. */
  readonly reading: AbortSignal
  /** True for the first connection. */
  readonly isNew: boolean
}

export interface OrderedExport extends Pick<OpenExport, 'reader' | 'order'> {
  /** Id for a new one. */
  readonly newId: string
  /** The one to resume, and the last record that its reader has; null for a new one. */
  readonly resumes: { readonly id: string; readonly before: string | null } | null
}

interface Kept extends Pick<OpenExport, 'id' | 'reader' | 'order' | 'sent'> {
  /** Null while no connection reads it. */
  reading: AbortController | null
  /** Null before its first entry is written, and after the last. */
  end: EndOfExport | null
  timer: NodeJS.Timeout | undefined
}

export class OpenExports {
  readonly #exports = new Map<string, Kept>()
  readonly #resumeMs: number
  readonly #failed: (error: unknown) => void

  /**
   * @param resumeMs how long an export without a connection can be resumed.
   * @param closing aborted when the listener closes: what is not whole then has broken off.
   * @param failed called with the error of an entry that could not be written.
   */
  constructor(resumeMs: number, closing: AbortSignal, failed: (error: unknown) => void) {
    this.#resumeMs = resumeMs
    this.#failed = failed
    // At once, also those that are being read: the audit trail is closed soon after the listener.
    const over = (): void => {
      for (const kept of this.#exports.values()) this.#over(kept)
    }
    closing.addEventListener('abort', over, { once: true })
  }

  /** Throws where there is no place for another one. @throws AdminError exports_exhausted */
  requirePlace(reader: string): void {
    const reading = [...this.#exports.values()].filter(kept => kept.reading !== null)
    const isOwn = reading.some(kept => kept.reader === reader)
    if (!isOwn && reading.length < readingMax) return
    const which = isOwn ? 'An export of yours is' : `${readingMax} exports are`
    throw new AdminError('exports_exhausted', `${which} being read already. Try again when it is done.`)
  }

  /** Begins an export, or resumes one: its earlier connection then ends. @throws AdminError exports_exhausted */
  take({ reader, order, newId: id, resumes }: OrderedExport): OpenExport {
    const known = resumes === null ? undefined : this.#exports.get(resumes.id)
    const goesOn = known !== undefined && known.reader === reader && known.order === order
    if (goesOn && resumes !== null && known.sent.goOnAfter(resumes.before)) {
      known.reading?.abort()
      known.reading = null
      this.requirePlace(reader)
      clearTimeout(known.timer)
      return this.#read(known, false)
    }
    this.requirePlace(reader)
    const kept: Kept = { id, reader, order, sent: new SentRecords(), reading: null, end: null, timer: undefined }
    this.#exports.set(id, kept)
    return this.#read(kept, true)
  }

  /** After the first entry of a new export is written. */
  began({ id }: OpenExport, end: EndOfExport): void {
    const kept = this.#exports.get(id)
    if (kept !== undefined) kept.end = end
  }

  /** The last record was sent. What is on its way can still be lost, so that it can be resumed. */
  async whole({ id, sent }: OpenExport): Promise<void> {
    const kept = this.#exports.get(id)
    const end = kept?.end
    if (kept === undefined || end === null || end === undefined) return
    kept.end = null
    await end(null, sent.count)
  }

  /** A connection of it has ended, for whatever reason. May be called again. */
  left({ id, reading }: OpenExport): void {
    const kept = this.#exports.get(id)
    if (kept === undefined || kept.reading?.signal !== reading) return
    kept.reading = null
    // Nothing of it was sent: it could not begin.
    if (kept.end === null && kept.sent.count === 0) this.#exports.delete(id)
    else kept.timer = setTimeout(() => this.#over(kept), this.#resumeMs).unref()
  }

  #read(kept: Kept, isNew: boolean): OpenExport {
    kept.reading = new AbortController()
    const { id, reader, order, sent, reading } = kept
    return { id, reader, order, sent, reading: reading.signal, isNew }
  }

  #over(kept: Kept): void {
    clearTimeout(kept.timer)
    this.#exports.delete(kept.id)
    kept.end?.('export_broken', kept.sent.count).catch(this.#failed)
    kept.end = null
  }
}

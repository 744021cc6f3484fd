import type { Log } from '../../log.ts'
import { LedgerError } from '../index.ts'
import type { SegmentFile } from './segment-file.ts'

/**
 * Puts segments on the disk. After a sync that failed, the kernel may have dropped what it had not written, and the
 * next sync succeeds all the same. So the first failure puts everything in doubt that the last good sync does not
 * cover: the segment gets no further entries, and is written again as a file of its own.
 */
export class SegmentSyncs {
  readonly #log: Log
  readonly #onFailure: (cause: unknown) => void
  /** One after the other: a segment is not closed while it is synced. */
  #turn: Promise<unknown> = Promise.resolve()
  readonly #doubtful = new Set<SegmentFile>()
  /** Segments that get no further entries and are in doubt. */
  readonly #toRewrite = new Set<SegmentFile>()

  /** @param onFailure called when a segment that is in doubt could not be written again. */
  constructor(log: Log, onFailure: (cause: unknown) => void) {
    this.#log = log
    this.#onFailure = onFailure
  }

  /** False when the segment is in doubt: it must get no further entries, and be retired. Never rejects. */
  sync(segment: SegmentFile): Promise<boolean> {
    return this.#inTurn(() => this.#sync(segment))
  }

  /** Syncs and closes a segment that gets no further entries, in the background. */
  retire(segment: SegmentFile): void {
    void this.#inTurn(async () => {
      if (await this.#sync(segment)) return segment.close().catch(() => {})
      this.#toRewrite.add(segment)
      await this.#rewriteAll().catch(this.#onFailure)
    })
  }

  /** Writes again what is in doubt. @throws the system's error when that fails; it can be tried again. */
  rewrite(): Promise<void> {
    return this.#inTurn(() => this.#rewriteAll())
  }

  /**
   * Resolves when every segment that was retired before is on the disk and closed.
   * @throws LedgerError `ledger_unwritable` when one is in doubt: it will be written again.
   */
  settled(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#toRewrite.size === 0) return
      throw new LedgerError('ledger_unwritable', 'A segment of the journal could not be synced and is written again.')
    })
  }

  /** Waits for what is under way, and reports what stays in doubt. */
  async end(): Promise<void> {
    await this.rewrite().catch(() => {})
    for (const segment of this.#toRewrite) {
      this.#log.error(
        { segment: segment.number, fromOffset: segment.syncedTo, bytes: segment.bytes - segment.syncedTo },
        'journal_sync_in_doubt',
      )
      await segment.close().catch(() => {})
    }
  }

  async #sync(segment: SegmentFile): Promise<boolean> {
    if (this.#doubtful.has(segment)) return false
    if (segment.syncedTo >= segment.bytes) return true
    try {
      await segment.sync()
      return true
    } catch (cause) {
      this.#doubtful.add(segment)
      this.#log.error(
        { segment: segment.number, fromOffset: segment.syncedTo, cause: String(cause) },
        'journal_sync_failed',
      )
      return false
    }
  }

  async #rewriteAll(): Promise<void> {
    for (const segment of this.#toRewrite) {
      const facts = { segment: segment.number, fromOffset: segment.syncedTo, bytes: segment.bytes - segment.syncedTo }
      const lost = await segment.rewrite()
      this.#toRewrite.delete(segment)
      this.#doubtful.delete(segment)
      await segment.close().catch(() => {})
      if (lost === 0) this.#log.info(facts, 'journal_sync_repaired')
      else this.#log.error({ ...facts, lost }, 'journal_sync_lost')
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => {})
    return result
  }
}

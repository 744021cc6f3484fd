import { codeOf } from '../../errors.ts'
import type { Direction, Journal, LedgerError } from '../index.ts'
import type { Closed, Opened } from '../record.ts'
import { closed, slow, UnsyncedError, unwritable } from './failures.ts'
import { flag } from './fields.ts'
import { frameBodyBytesMax, frameKind } from './frame.ts'
import { ChunkPool, EntryGroup, type FrameFacts, sizeOf } from './group.ts'
import { entriesToKeep, HeldEntries, type JournalLosses } from './held-entries.ts'
import { appendAny } from './long-bodies.ts'
import { MetadataBlock } from './metadata.ts'
import { type JournalPosition, offsetOf, positionAt } from './position.ts'
import { removeUnfinished } from './rewrite.ts'
import { type SegmentFile, SegmentMaker } from './segment-file.ts'
import { SegmentSyncs } from './segment-syncs.ts'
import { isOld, newMarker, segmentBytesMax } from './segments.ts'
import { SlowWatch } from './slow-watch.ts'
import { flagsOf } from './unrolled.ts'
import type { JournalWriterOptions } from './writer-options.ts'

/** Size of the probe that decides whether the disk accepts writes again: as large as a group under load. */
const probeBytes = 256 * 1024
/** Groups up to this size are written on the main thread: 0.2 ms. */
const inlineBytesMax = 1024 * 1024
/** A slower write shows that the disk makes writers wait; for a while the main thread does not write then. */
const inlineMsMax = 50
const inlinePauseMs = 30_000
type Body = readonly Uint8Array[]
type Metadata = readonly MetadataBlock[]
const noBody: Body = []
const noMetadata: Metadata = []
const ignore = (): void => {}

/**
 * Writes the journal. Entries collect in a group while the one before is written; a group is one `writev`. When a write
 * fails, `open` rejects until the disk accepts writes again, and the entries of opened exchanges wait in memory. Their
 * promises reject too, because the bytes are not with the kernel yet.
 */
export class JournalWriter implements Journal {
  readonly losses: JournalLosses = { bodyBytes: 0, records: 0 }
  readonly #options: JournalWriterOptions
  readonly #pool = new ChunkPool()
  readonly #openedBlock = new MetadataBlock()
  readonly #closedBlock = new MetadataBlock()
  readonly #openedAlone = [this.#openedBlock] as const
  readonly #closedAlone = [this.#closedBlock] as const
  readonly #both = [this.#closedBlock, this.#openedBlock] as const
  readonly #held: HeldEntries
  readonly #maker: SegmentMaker
  #segment: SegmentFile | null = null
  #end: JournalPosition
  /** The group that collects entries, and the one that is being written. */
  #group: EntryGroup | null = null
  #writing: EntryGroup | null = null
  /** Marker of the segment for which the newest group is built: the next one when `#segment` is full. */
  #marker: Buffer
  #work: Promise<void> | null = null
  readonly #syncs: SegmentSyncs
  /** True after a sync failed: new segments then prove that they can be synced. */
  #mistrusts = false
  #scheduled = false
  /** Until this time, on the process's monotonic clock, writes go through the thread pool. */
  #inlineFromMs = 0
  #failure: LedgerError | null = null
  #retrying = false
  #stopRetry: (() => void) | null = null
  readonly #slow: SlowWatch
  readonly #stopSync: () => void
  #unsynced = false
  #closing = false

  private constructor(options: JournalWriterOptions) {
    this.#options = options
    this.#end = options.end
    this.#maker = new SegmentMaker(options.directory, options.clock)
    this.#marker = newMarker()
    this.#held = new HeldEntries(options.heldBytesMax ?? 64 * 1024 * 1024, this.losses)
    const { fsync, log, scheduler, slowMsMax = 10_000 } = options
    this.#slow = new SlowWatch(slowMsMax, scheduler, ms => this.#tooSlow(ms))
    this.#syncs = new SegmentSyncs(log, cause => this.#doubt(cause))
    this.#stopSync = fsync === 'batch' ? () => {} : scheduler(fsync, () => this.#syncOnInterval())
  }

  /** Rejects with `ledger_unwritable` when the first segment cannot be created. */
  static async open(options: JournalWriterOptions): Promise<JournalWriter> {
    const writer = new JournalWriter(options)
    try {
      await removeUnfinished(options.directory)
      await writer.#nextSegment(writer.#marker)
    } catch (cause) {
      writer.#stopSync()
      writer.#slow.stop()
      throw unwritable(cause)
    }
    return writer
  }

  get writable(): boolean {
    return this.#failure === null
  }

  /** After everything that is with the kernel. */
  get end(): JournalPosition {
    return this.#end
  }

  /** Entries that wait for the disk. */
  get heldEntries(): number {
    return this.#held.count
  }

  open(opened: Opened, requestBody: readonly Uint8Array[]): Promise<void> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    this.#openedBlock.opened(opened)
    return this.#append(frameKind.opened, opened.id, flagsOf(opened), this.#openedAlone, requestBody, 0)
  }

  progress(id: string, direction: Direction, bytes: readonly Uint8Array[]): Promise<void> {
    const kind = direction === 'request' ? frameKind.requestBytes : frameKind.responseBytes
    return this.#append(kind, id, 0, noMetadata, bytes, 0)
  }

  close(closed: Closed, responseBody: Body, requestBody: Body = noBody): Promise<void> {
    let requestBytes = sizeOf(requestBody)
    let body = requestBytes === 0 ? responseBody : [...requestBody, ...responseBody]
    if (sizeOf(body) > frameBodyBytesMax) {
      // A body longer than one entry is written before the end, because the end completes the record.
      if (requestBytes > 0) void this.progress(closed.id, 'request', requestBody).catch(() => {})
      void this.progress(closed.id, 'response', responseBody).catch(() => {})
      requestBytes = 0
      body = noBody
    }
    const { opened } = closed
    this.#closedBlock.closed(closed)
    if (opened !== undefined) this.#openedBlock.opened(opened)
    const flags = opened === undefined ? 0 : flagsOf(opened) | flag.carriesOpened
    const metadata = opened === undefined ? this.#closedAlone : this.#both
    return this.#append(frameKind.closed, closed.id, flags, metadata, body, requestBytes)
  }

  async written(id: string, direction: Direction): Promise<readonly Buffer[]> {
    await this.flushed()
    // Of the same moment as the position: what waits now may be with the kernel before the rest has been read back.
    const held = this.#held.bodiesOf(id, direction)
    return [...(await this.#options.readBack(id, direction, this.#end)), ...held]
  }

  /** Resolves when everything that was appended before is with the kernel or was rejected. */
  async flushed(): Promise<void> {
    while (this.#group !== null || this.#work !== null) {
      this.#start()
      await this.#work
    }
  }

  /**
   * Begins a segment: what was appended before is in segments that get no further entries, and on the disk. @returns
   * the beginning of the new segment. @throws LedgerError `ledger_unwritable`, `ledger_closed`
   */
  async seal(): Promise<JournalPosition> {
    do await this.flushed()
    while (this.#group !== null || this.#work !== null)
    if (this.#closing) throw closed()
    if (this.#failure !== null) throw this.#failure
    // Entries that arrive meanwhile are for the new segment already.
    this.#marker = newMarker()
    const made = this.#nextSegment(this.#marker)
    this.#work = made.then(ignore, ignore).finally(() => this.#worked())
    const segment = await made.catch(cause => Promise.reject(unwritable(cause)))
    this.#options.onWritten(this.#end)
    await this.#syncs.settled()
    return positionAt(segment.number, 0)
  }

  /** Writes what is left and syncs it. Calls after it reject with `ledger_closed`. */
  async finish(): Promise<void> {
    this.#closing = true
    this.#stopSync()
    this.#slow.stop()
    await this.flushed()
    if (this.#failure !== null) await this.#retry()
    this.#stopRetry?.()
    if (this.#held.count > 0) {
      this.#options.log.error({ entries: this.#held.count }, 'ledger_entries_lost')
    }
    const segment = this.#segment
    this.#segment = null
    if (segment !== null) this.#syncs.retire(segment)
    await this.#syncs.end()
  }

  #append(
    kind: FrameFacts['kind'],
    id: string,
    flags: number,
    metadata: readonly MetadataBlock[],
    body: readonly Uint8Array[],
    requestBytes: number,
  ): Promise<void> {
    if (this.#closing) return Promise.reject(closed())
    const facts = { kind, id, flags, writtenAtMs: this.#options.clock(), requestBytes }
    try {
      if (this.#failure !== null) return this.#hold(this.#failure, facts, metadata, body)
      const group = this.#groupForEntries()
      appendAny(group, facts, metadata, body)
      return group.written
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #groupForEntries(): EntryGroup {
    if (this.#group !== null) return this.#group
    const { segmentBytesMax: bytesMax = segmentBytesMax, segmentMsMax = 24 * 3_600_000, clock } = this.#options
    const segment = this.#segment
    const bytes = (segment?.bytes ?? 0) + (this.#writing?.bytes ?? 0)
    const ahead = segment === null || this.#marker !== segment.marker
    if (!ahead && (bytes >= bytesMax || isOld(clock() - segment.createdAtMs, segmentMsMax))) this.#marker = newMarker()
    const group = new EntryGroup(this.#pool, this.#marker)
    // A caller that ignores the promise must not end the process with its rejection. Callers that await it still get
    // it.
    group.written.catch(() => {})
    this.#group = group
    this.#schedule()
    return group
  }

  /** Writes at the end of this turn of the loop, so that everything from the same poll goes into one write. */
  #schedule(): void {
    if (this.#work !== null || this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#start()
    })
  }

  #start(): void {
    const group = this.#group
    if (this.#work !== null || group === null) return
    if (this.#writeInline(group)) return
    this.#work = this.#writeGroup(group).finally(() => this.#worked())
  }

  #worked(): void {
    this.#work = null
    // Entries that arrived meanwhile did not schedule a write.
    if (this.#group !== null) this.#schedule()
  }

  /**
   * Writes on this thread: a write into the page cache takes 5 µs and 0.2 µs per KB, and one through the thread pool 60
   * µs of CPU, half of it on this thread (bench/ledger.ts). False when the thread pool must write the group: its
   * segment does not exist yet, it is large, every group is synced, or the disk was slow a moment ago.
   */
  #writeInline(group: EntryGroup): boolean {
    const segment = this.#segment
    const { fsync } = this.#options
    const startedAtMs = performance.now()
    const able = fsync !== 'batch' && group.bytes <= inlineBytesMax && startedAtMs >= this.#inlineFromMs
    if (!able || segment === null || segment.marker !== group.marker) return false
    try {
      segment.appendInline(group.sealed(), group.bytes)
    } catch {
      // The thread pool writes it again at the same offset, and that way handles errors.
      return false
    }
    if (performance.now() - startedAtMs > inlineMsMax) this.#inlineFromMs = startedAtMs + inlinePauseMs
    this.#group = null
    this.#wrote(segment)
    group.resolve()
    group.release()
    return true
  }

  async #writeGroup(group: EntryGroup): Promise<void> {
    this.#group = null
    this.#writing = group
    try {
      await this.#slow.watch(this.#write(group.sealed(), group.bytes, group.marker))
      group.resolve()
      this.#writing = null
      group.release()
    } catch (cause) {
      this.#writing = null
      await this.#fail(cause, group)
    }
  }

  /** @param held how many of the waiting entries these are. */
  async #write(parts: readonly Uint8Array[], bytes: number, marker: Buffer, held = 0): Promise<void> {
    let segment = this.#segment
    if (segment === null || segment.marker !== marker) segment = await this.#nextSegment(marker)
    await segment.append(parts, bytes)
    if (this.#options.fsync === 'batch') await segment.sync().catch(cause => Promise.reject(new UnsyncedError(cause)))
    // At once with the position that follows: an entry is either waiting or written.
    this.#held.forget(held)
    this.#wrote(segment)
  }

  #wrote(segment: SegmentFile): void {
    this.#unsynced = true
    this.#end = positionAt(segment.number, segment.bytes)
    this.#options.onWritten(this.#end)
  }

  async #nextSegment(marker: Buffer): Promise<SegmentFile> {
    const made = await this.#maker.make(this.#end, marker, this.#options.fsync === 'batch' || this.#mistrusts)
    const full = this.#segment
    this.#segment = made
    this.#marker = marker
    this.#end = positionAt(made.number, made.bytes)
    if (full !== null) this.#syncs.retire(full)
    return made
  }

  async #syncOnInterval(): Promise<void> {
    const segment = this.#segment
    if (!this.#unsynced || segment === null) return
    this.#unsynced = false
    if (await this.#slow.watch(this.#syncs.sync(segment))) return
    // The segment must not be closed while a group is written to it.
    while (this.#work !== null) await this.#work
    this.#mistrusts = true
    if (segment === this.#segment) this.#leave(segment)
  }

  /** Writing goes on in a new segment, which says how much of this one is valid. */
  #leave(segment: SegmentFile): void {
    this.#segment = null
    this.#marker = newMarker()
    this.#syncs.retire(segment)
  }

  /** What is in doubt after a failed sync could not be written again: the disk counts as one that takes no writes. */
  #doubt(cause: unknown): void {
    if (this.#closing) return
    this.#failure ??= unwritable(cause)
    this.#options.log.error({ cause: this.#failure.message }, 'ledger_unwritable')
    this.#retryLater()
  }

  #retryLater(): void {
    this.#stopRetry ??= this.#options.scheduler(this.#options.retryMs ?? 1_000, () => this.#retry())
  }

  /** Rejects what the failed group and the next one open, and keeps the rest for later. */
  async #fail(cause: unknown, failed: EntryGroup): Promise<void> {
    const failure = unwritable(cause)
    if (this.#failure === null) {
      this.#options.log.error({ cause: failure.message }, 'ledger_unwritable')
    }
    this.#failure = failure
    // After a slow write, later entries wait already.
    const later = this.#held.takeAll()
    this.#putAside(failed, failure)
    for (const frame of later) this.#held.add(frame)
    this.#putAside(this.#group, failure)
    this.#group = null
    await this.#trim(cause)
    this.#retryLater()
  }

  #putAside(group: EntryGroup | null, failure: LedgerError): void {
    if (group === null) return
    this.#keep(group)
    group.reject(failure)
    group.release()
  }

  /**
   * Callers do not wait for a write or sync that does not end: it may be minutes. What it writes counts when it ends,
   * and an exchange that was refused meanwhile has its end in the journal as well.
   */
  #tooSlow(ms: number): void {
    if (this.#failure !== null) return
    const failure = slow(ms)
    this.#options.log.error({ cause: failure.message }, 'ledger_unwritable')
    this.#failure = failure
    this.#writing?.reject(failure)
    this.#putAside(this.#group, failure)
    this.#group = null
    this.#retryLater()
  }

  /**
   * Removes what the failed write left. When that fails too, when the segment may not grow (EFBIG) but others may, or
   * after a failed sync, writing goes on in a new segment, which says how much of this one is valid.
   */
  async #trim(cause: unknown): Promise<void> {
    const segment = this.#segment
    if (segment === null) return
    const trimmed = await segment.trim(offsetOf(this.#end)).then(
      () => true,
      () => false,
    )
    const isUnsynced = cause instanceof UnsyncedError
    this.#mistrusts ||= isUnsynced
    if (trimmed && !isUnsynced && codeOf(cause) !== 'EFBIG') return
    this.#leave(segment)
  }

  #hold(failure: LedgerError, facts: FrameFacts, metadata: Metadata, body: Body): Promise<void> {
    const group = new EntryGroup(this.#pool, this.#marker)
    appendAny(group, facts, metadata, body)
    this.#keep(group)
    group.release()
    return Promise.reject(failure)
  }

  #keep(group: EntryGroup): void {
    if (this.#options.holds === false) return
    for (const frame of entriesToKeep(group.sealed())) this.#held.add(frame)
  }

  /**
   * Probes the disk with a write of the size of a group, because a small write may still fit into the last bytes of a
   * full disk.
   */
  async #retry(): Promise<void> {
    if (this.#retrying || this.#failure === null) return
    this.#retrying = true
    try {
      while (this.#work !== null) await this.#work
      await this.#syncs.rewrite()
      const segment = this.#segment ?? (await this.#nextSegment(this.#marker))
      await segment.probe(probeBytes)
      await this.#writeHeld(segment)
      this.#failure = null
      this.#stopRetry?.()
      this.#stopRetry = null
      this.#options.log.info({ lost: this.losses }, 'ledger_writable_again')
    } catch (cause) {
      this.#failure = unwritable(cause)
      await this.#trim(cause)
    } finally {
      this.#retrying = false
    }
  }

  /** Writes the waiting entries; more may arrive during it. */
  async #writeHeld(segment: SegmentFile): Promise<void> {
    while (this.#held.count > 0) {
      const frames = this.#held.frames.slice(0, 256)
      for (const frame of frames) segment.marker.copy(frame, 0)
      await this.#write(frames, sizeOf(frames), segment.marker, frames.length)
    }
  }
}

import type { Clock } from '../../clock.ts'
import { codeOf } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { type Direction, type Journal, LedgerError } from '../index.ts'
import type { Closed, Opened } from '../record.ts'
import type { Scheduler } from '../scheduler.ts'
import { unwritable } from './failures.ts'
import { flag } from './fields.ts'
import { frameBodyBytesMax, frameKind } from './frame.ts'
import { ChunkPool, type FrameFacts, Group, sizeOf } from './group.ts'
import { entriesToKeep, HeldEntries, type JournalLosses } from './held.ts'
import { appendLong } from './long-bodies.ts'
import { MetadataBlock } from './metadata.ts'
import { type JournalPosition, offsetOf, positionAt } from './position.ts'
import { createSegment, type SegmentFile } from './segment-file.ts'
import { newMarker, segmentBytesMax } from './segments.ts'
import { flagsOf } from './unrolled.ts'

export interface JournalWriterOptions {
  /** Where the segments stand. */
  readonly directory: string
  /** The end of what is there: the first segment written is the one behind it. */
  readonly end: JournalPosition
  /** `batch`: every group is on the disk before its promise resolves. A number: milliseconds between two syncs. */
  readonly fsync: 'batch' | number
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly log: Log
  /** Called after each group: everything before this position is with the kernel. */
  readonly onWritten: (end: JournalPosition) => void
  /** Reads back what the journal holds of an open exchange, up to `end`. */
  readonly readBack: (id: string, direction: Direction, end: JournalPosition) => Promise<readonly Buffer[]>
  /** A segment is full at this size; the last group may go beyond. Default 64 MiB. */
  readonly segmentBytesMax?: number
  /** A segment is full at this age, so that the bodies of a quiet gateway can be purged in time. Default 24 hours. */
  readonly segmentMsMax?: number
  /** Bytes that wait in memory while the disk takes none; beyond it bodies are dropped. Default 64 MiB. */
  readonly heldBytesMax?: number
  /** Milliseconds between two tries while the disk takes none. Default 1,000. */
  readonly retryMs?: number
}

/** Size of the probe that decides whether the disk takes writes again: a group under load. */
const probeBytes = 256 * 1024
/** Groups up to this size are written on the main thread: 0.2 ms. */
const inlineBytesMax = 1024 * 1024
/** A write that takes longer shows a disk that makes writers wait; for a while none waits on the main thread. */
const inlineMsMax = 50
const inlinePauseMs = 30_000
const noBody: readonly Uint8Array[] = []
const noMetadata: readonly MetadataBlock[] = []

/**
 * Writes the journal. Entries collect in a group while the one before is being written; a group is one `writev`. When a write fails, `open`
 * is refused until the disk takes bytes again, and the entries of exchanges that were opened wait in memory: their promises reject all the
 * same, because the bytes are not with the kernel yet.
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
  #segment: SegmentFile | null = null
  #end: JournalPosition
  /** The group that takes entries, and the one that is being written. */
  #group: Group | null = null
  #writing: Group | null = null
  /** Marker of the segment that the newest group is made for: ahead of `#segment` when that is full. */
  #marker: Buffer
  #work: Promise<void> | null = null
  #retired: Promise<void> = Promise.resolve()
  #scheduled = false
  /** Writes go through the thread pool until then, on the process's monotonic clock. */
  #inlineFromMs = 0
  #failure: LedgerError | null = null
  #retrying = false
  #stopRetry: (() => void) | null = null
  readonly #stopSync: () => void
  #unsynced = false
  #closing = false

  private constructor(options: JournalWriterOptions) {
    this.#options = options
    this.#end = options.end
    this.#marker = newMarker()
    this.#held = new HeldEntries(options.heldBytesMax ?? 64 * 1024 * 1024, this.losses)
    const { fsync } = options
    this.#stopSync = fsync === 'batch' ? () => {} : options.scheduler(fsync, () => this.#syncOnInterval())
  }

  /** Rejects with `ledger_unwritable` when not even the first segment can be made. */
  static async open(options: JournalWriterOptions): Promise<JournalWriter> {
    const writer = new JournalWriter(options)
    try {
      await writer.#nextSegment(writer.#marker)
    } catch (cause) {
      writer.#stopSync()
      throw unwritable(cause)
    }
    return writer
  }

  get writable(): boolean {
    return this.#failure === null
  }

  /** Behind everything that is with the kernel. */
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

  close(
    closed: Closed,
    responseBody: readonly Uint8Array[],
    requestBody: readonly Uint8Array[] = noBody,
  ): Promise<void> {
    let requestBytes = sizeOf(requestBody)
    let body = requestBytes === 0 ? responseBody : [...requestBody, ...responseBody]
    if (sizeOf(body) > frameBodyBytesMax) {
      // What is longer than one entry goes before the end, because the end completes the record.
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
    const written = await this.#options.readBack(id, direction, this.#end)
    return [...written, ...this.#held.bodiesOf(id, direction)]
  }

  /** Resolves when everything that was handed over before is with the kernel or has been rejected. */
  async flushed(): Promise<void> {
    while (this.#group !== null || this.#work !== null) {
      this.#start()
      await this.#work
    }
  }

  /** Writes what is left and syncs it. Calls after it reject with `ledger_closed`. */
  async finish(): Promise<void> {
    this.#closing = true
    this.#stopSync()
    await this.flushed()
    if (this.#failure !== null) await this.#retry()
    this.#stopRetry?.()
    if (this.#held.count > 0) {
      this.#options.log.error(
        { entries: this.#held.count },
        'the ledger closes with entries that the disk did not take',
      )
    }
    const segment = this.#segment
    this.#segment = null
    if (segment !== null) this.#retire(segment)
    await this.#retired
  }

  #append(
    kind: FrameFacts['kind'],
    id: string,
    flags: number,
    metadata: readonly MetadataBlock[],
    body: readonly Uint8Array[],
    requestBytes: number,
  ): Promise<void> {
    if (this.#closing) return Promise.reject(new LedgerError('ledger_closed', 'The ledger has been closed.'))
    const facts = { kind, id, flags, writtenAtMs: this.#options.clock(), requestBytes }
    try {
      if (this.#failure !== null) return this.#hold(this.#failure, facts, metadata, body)
      const group = this.#groupForEntries()
      if (sizeOf(body) <= frameBodyBytesMax) group.append(facts, metadata, body)
      else appendLong(group, facts, metadata, body)
      return group.written
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #groupForEntries(): Group {
    if (this.#group !== null) return this.#group
    const { segmentBytesMax: bytesMax = segmentBytesMax, segmentMsMax = 24 * 3_600_000, clock } = this.#options
    const segment = this.#segment
    const bytes = (segment?.bytes ?? 0) + (this.#writing?.bytes ?? 0)
    const ahead = segment === null || this.#marker !== segment.marker
    if (!ahead && (bytes >= bytesMax || clock() - segment.createdAtMs >= segmentMsMax)) this.#marker = newMarker()
    const group = new Group(this.#pool, this.#marker)
    // Who does not wait for a group must not end the process with its rejection; who waits sees it all the same.
    group.written.catch(() => {})
    this.#group = group
    this.#schedule()
    return group
  }

  /** At the end of this turn of the loop: all that came in with the same poll goes into one write. */
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
    this.#work = this.#writeGroup(group).finally(() => {
      this.#work = null
      // What came in meanwhile was not scheduled.
      if (this.#group !== null) this.#schedule()
    })
  }

  /**
   * Writes on this thread: into the page cache that takes 5 µs and 0.2 µs per KB, while a write through the thread pool takes 60 µs of CPU, half
   * of it here (bench/ledger.ts). False when the group has to go the other way: its segment must be made first, it is large, every group is
   * synced, or the disk was slow a moment ago.
   */
  #writeInline(group: Group): boolean {
    const segment = this.#segment
    const { fsync } = this.#options
    const startedAtMs = performance.now()
    const able = fsync !== 'batch' && group.bytes <= inlineBytesMax && startedAtMs >= this.#inlineFromMs
    if (!able || segment === null || segment.marker !== group.marker) return false
    try {
      segment.appendInline(group.sealed(), group.bytes)
    } catch {
      // Written again from the same place on the other way, which knows what to do with errors.
      return false
    }
    if (performance.now() - startedAtMs > inlineMsMax) this.#inlineFromMs = startedAtMs + inlinePauseMs
    this.#group = null
    this.#wrote(segment)
    group.resolve()
    group.release()
    return true
  }

  async #writeGroup(group: Group): Promise<void> {
    this.#group = null
    this.#writing = group
    try {
      await this.#write(group.sealed(), group.bytes, group.marker)
      group.resolve()
      this.#writing = null
      group.release()
    } catch (cause) {
      this.#writing = null
      await this.#fail(cause, group)
    }
  }

  async #write(parts: readonly Uint8Array[], bytes: number, marker: Buffer): Promise<void> {
    let segment = this.#segment
    if (segment === null || segment.marker !== marker) segment = await this.#nextSegment(marker)
    await segment.append(parts, bytes)
    if (this.#options.fsync === 'batch') await segment.sync()
    this.#wrote(segment)
  }

  #wrote(segment: SegmentFile): void {
    this.#unsynced = true
    this.#end = positionAt(segment.number, segment.bytes)
    this.#options.onWritten(this.#end)
  }

  async #nextSegment(marker: Buffer): Promise<SegmentFile> {
    const { directory, clock, fsync } = this.#options
    const made = await createSegment(directory, this.#end, marker, clock, fsync === 'batch')
    const full = this.#segment
    this.#segment = made
    this.#marker = marker
    this.#end = positionAt(made.number, made.bytes)
    if (full !== null) this.#retire(full)
    return made
  }

  /** Syncs a segment that is not written any more whatever the interval, so that one sync covers all that is open. Nobody waits for it. */
  #retire(segment: SegmentFile): void {
    const { log } = this.#options
    this.#retired = Promise.allSettled([this.#retired, retire(segment)]).then(([, result]) => {
      if (result.status === 'rejected') log.error({ cause: String(result.reason) }, 'the journal could not be synced')
    })
  }

  async #syncOnInterval(): Promise<void> {
    const segment = this.#segment
    if (!this.#unsynced || segment === null) return
    this.#unsynced = false
    try {
      await segment.sync()
    } catch (cause) {
      // The segment may have been closed by its successor, which synced it.
      if (segment === this.#segment)
        this.#options.log.error({ cause: String(cause) }, 'the journal could not be synced')
    }
  }

  /** Refuses what the failed group and the one behind it open, and keeps the rest for later. */
  async #fail(cause: unknown, failed: Group): Promise<void> {
    const failure = unwritable(cause)
    if (this.#failure === null) {
      this.#options.log.error({ cause: failure.message }, 'the ledger cannot be written')
    }
    this.#failure = failure
    const waiting = this.#group
    this.#group = null
    for (const group of waiting === null ? [failed] : [failed, waiting]) {
      for (const frame of entriesToKeep(group.sealed())) this.#held.add(frame)
      group.reject(failure)
      group.release()
    }
    await this.#trim(cause)
    this.#stopRetry ??= this.#options.scheduler(this.#options.retryMs ?? 1_000, () => this.#retry())
  }

  /**
   * Takes away what the failed write left. The segment is given up where even that fails, and where it may not grow any more (EFBIG) while
   * others may: its successor says how much of it is valid.
   */
  async #trim(cause: unknown): Promise<void> {
    const segment = this.#segment
    if (segment === null) return
    const trimmed = await segment.trim(offsetOf(this.#end)).then(
      () => true,
      () => false,
    )
    if (trimmed && codeOf(cause) !== 'EFBIG') return
    this.#segment = null
    this.#marker = newMarker()
    await segment.close().catch(() => {})
  }

  #hold(
    failure: LedgerError,
    facts: FrameFacts,
    metadata: readonly MetadataBlock[],
    body: readonly Uint8Array[],
  ): Promise<void> {
    const group = new Group(this.#pool, this.#marker)
    if (sizeOf(body) <= frameBodyBytesMax) group.append(facts, metadata, body)
    else appendLong(group, facts, metadata, body)
    for (const frame of entriesToKeep(group.sealed())) this.#held.add(frame)
    group.release()
    return Promise.reject(failure)
  }

  /** Asks the disk with a write of the size of a group, because the last bytes of a full disk may still take a small one. */
  async #retry(): Promise<void> {
    if (this.#retrying || this.#failure === null) return
    this.#retrying = true
    try {
      const segment = this.#segment ?? (await this.#nextSegment(this.#marker))
      await segment.probe(probeBytes)
      await this.#writeHeld(segment)
      this.#failure = null
      this.#stopRetry?.()
      this.#stopRetry = null
      this.#options.log.info({ lost: this.losses }, 'the ledger can be written again')
    } catch (cause) {
      this.#failure = unwritable(cause)
      await this.#trim(cause)
    } finally {
      this.#retrying = false
    }
  }

  /** More may come in while the first are being written. */
  async #writeHeld(segment: SegmentFile): Promise<void> {
    while (this.#held.count > 0) {
      const frames = this.#held.frames.slice(0, 256)
      let bytes = 0
      for (const frame of frames) {
        segment.marker.copy(frame, 0)
        bytes += frame.byteLength
      }
      await this.#write(frames, bytes, segment.marker)
      this.#held.forget(frames.length)
    }
  }
}

async function retire(segment: SegmentFile): Promise<void> {
  try {
    await segment.sync()
  } finally {
    await segment.close()
  }
}

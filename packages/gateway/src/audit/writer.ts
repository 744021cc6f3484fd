/** Appends entries to the newest segment, many with one sync, and begins segments. */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { codeOf } from '../errors.ts'
import {
  closeFile,
  openFile,
  syncAll,
  syncData,
  syncDirectory,
  truncateFile,
  writeParts,
} from '../ledger/journal/files.ts'
import type { Log } from '../log.ts'
import { segmentPath, writeHead } from './files.ts'
import { type AuditEntry, AuditError, type AuditEvent } from './index.ts'
import { type ChainEnd, chainStart, compose } from './line.ts'
import { recover } from './recover.ts'
import { deletable, deleteThrough } from './retention.ts'

export interface WriterOptions {
  /** Directory of the trail. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
  /** How long entries are kept, in ms. Read when a segment begins. */
  readonly retainMs: () => number
  /** A segment that is larger is followed by a new one. Default 4 MiB. */
  readonly segmentBytesMax?: number
}

const segmentBytesDefault = 4 * 1_048_576
/** Entries of one sync, at most. */
const groupMax = 1_000

interface Waiting {
  readonly event: AuditEvent
  readonly timeMs: number
  readonly resolve: (entry: AuditEntry) => void
  readonly reject: (error: AuditError) => void
}

/** The segment that is written. */
interface Open {
  readonly file: number
  readonly segment: number
  readonly day: string
  bytes: number
}

export class Writer {
  readonly #options: WriterOptions
  #waiting: Waiting[] = []
  #running: Promise<void> | null = null
  #end: ChainEnd | null = null
  /** Null before the first entry, and after a fault: the file is then looked at again. */
  #open: Open | null = null
  /** Highest number of a segment. */
  #last = 0
  #fault: string | null = null
  #sweeping: Promise<void> | null = null
  /** Entries that are older are to be deleted; null where nothing is left to do. */
  #sweepFromMs: number | null = null
  #isClosed = false

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** The newest entry that is on the disk. */
  get end(): ChainEnd | null {
    return this.#end
  }

  write(event: AuditEvent): Promise<AuditEntry> {
    if (this.#isClosed) return Promise.reject(new AuditError('The audit trail is closed: the process is ending.'))
    const { promise, resolve, reject } = Promise.withResolvers<AuditEntry>()
    this.#waiting.push({ event, timeMs: this.#options.clock(), resolve, reject })
    this.#running ??= this.#run()
    return promise
  }

  /** Ends a deletion that has begun, with the entry that it writes; then writes `last`, and closes the file. */
  async close(last: AuditEvent): Promise<void> {
    while (this.#sweeping !== null) await this.#sweeping
    const ended = this.write(last).catch(() => {})
    this.#isClosed = true
    await ended
    await Promise.all([this.#running, this.#sweeping])
    if (this.#open !== null) await closeFile(this.#open.file)
    this.#open = null
  }

  async #run(): Promise<void> {
    // What comes in the same turn shares a sync with it.
    await null
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, groupMax)
      try {
        const entries = await this.#append(group)
        for (const [at, { resolve }] of group.entries()) resolve(entries[at] as AuditEntry)
        if (this.#fault !== null) this.#options.log.warn({}, 'audit_writable_again')
        this.#fault = null
      } catch (cause) {
        await this.#failed(cause)
        const error = new AuditError('The audit trail cannot be written.', { cause })
        for (const { reject } of group) reject(error)
      }
    }
    this.#running = null
  }

  async #append(group: readonly Waiting[]): Promise<AuditEntry[]> {
    const findings = this.#open === null ? await this.#reopen() : []
    const nowMs = this.#options.clock()
    const day = dayOf(nowMs)
    const begins = this.#begins(day)
    const open = begins === null ? (this.#open as Open) : await this.#begin(begins, day)
    let end = this.#end ?? chainStart
    const own = [
      // The random id tells this trail from one that somebody made in its place.
      ...(end.seq === -1 ? [ownEvent('trail_began', 'done', { trail: randomBytes(16).toString('hex') })] : []),
      ...(begins === null ? [] : [ownEvent('segment_began', 'done', { segment: open.segment })]),
      ...findings,
    ]
    const events = [...own.map(event => ({ event, timeMs: nowMs })), ...group]
    const composed = events.map(({ event, timeMs }) => {
      const one = compose(event, timeMs, end)
      end = one.entry
      return one
    })
    const bytes = Buffer.from(composed.map(({ line }) => line).join(''))
    await writeParts(open.file, [bytes], open.bytes, bytes.length)
    await syncData(open.file)
    await writeHead(this.#options.directory, end)
    // Only now: where the head cannot be written, the requests are refused, and their entries are cut off again.
    open.bytes += bytes.length
    this.#end = { seq: end.seq, hash: end.hash }
    if (begins !== null) {
      this.#sweepFromMs = nowMs - this.#options.retainMs()
      this.#sweeping ??= this.#sweep()
    }
    return composed.slice(own.length).map(({ entry }) => entry)
  }

  /** Looks at what is on the disk: at the start, and after a write that failed. */
  async #reopen(): Promise<AuditEvent[]> {
    const { directory } = this.#options
    const found = await recover(directory)
    this.#last = found.last
    const findings = found.findings.map(({ action, outcome, facts }) => ownEvent(action, outcome, facts))
    for (const { action, facts } of findings) this.#options.log.error({ ...facts }, `audit_${action}`)
    this.#end = found.end
    if (found.segment > 0) {
      const file = await openFile(segmentPath(directory, found.segment), 'r+')
      this.#open = { file, segment: found.segment, day: (found.time ?? '').slice(0, 10), bytes: found.bytes }
      // What a killed process has written may not be on the disk yet, and the next entry is chained to it.
      await syncAll(file)
    }
    return findings
  }

  /** Number of the segment to begin; null where the open one goes on. */
  #begins(day: string): number | null {
    const open = this.#open
    if (open === null) return this.#last + 1
    const bytesMax = this.#options.segmentBytesMax ?? segmentBytesDefault
    return open.bytes >= bytesMax || open.day !== day ? Math.max(open.segment, this.#last) + 1 : null
  }

  async #begin(segment: number, day: string): Promise<Open> {
    const { directory } = this.#options
    const file = await openFile(segmentPath(directory, segment), 'wx', 0o600)
    const old = this.#open
    this.#last = segment
    this.#open = { file, segment, day, bytes: 0 }
    if (old !== null) await closeFile(old.file)
    await syncDirectory(directory)
    return this.#open
  }

  async #sweep(): Promise<void> {
    try {
      // Another segment may begin meanwhile, and more is then too old.
      while (this.#sweepFromMs !== null) {
        const fromMs = this.#sweepFromMs
        this.#sweepFromMs = null
        await this.#deleteBefore(fromMs)
      }
    } catch (error) {
      if (!(error instanceof AuditError)) this.#options.log.warn({ error }, 'audit_not_swept')
    } finally {
      this.#sweeping = null
    }
  }

  /** The entry comes before the deletion: a chain that begins later without one is a trail that was cut. */
  async #deleteBefore(fromMs: number): Promise<void> {
    const { directory } = this.#options
    const gone = await deletable(directory, fromMs)
    if (gone === null) return
    await this.write(ownEvent('segments_deleted', 'done', { ...gone }))
    await deleteThrough(directory, gone.segment)
  }

  async #failed(cause: unknown): Promise<void> {
    const code = codeOf(cause) ?? String(cause)
    if (this.#fault !== code) this.#options.log.error({ code, error: cause }, 'audit_unwritable')
    this.#fault = code
    const open = this.#open
    this.#open = null
    if (open === null) return
    try {
      // Entries whose requests are refused now must not appear as done.
      await truncateFile(open.file, open.bytes)
      await closeFile(open.file)
    } catch (error) {
      this.#options.log.error({ error }, 'audit_unwritable')
    }
  }
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

/** What the process itself notes. */
export function ownEvent(action: string, outcome: AuditEvent['outcome'], facts: AuditEvent['facts']): AuditEvent {
  return { action, outcome, actor: 'gatehouse', name: null, address: null, requestId: null, reason: null, facts }
}

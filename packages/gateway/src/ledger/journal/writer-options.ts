import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Direction } from '../index.ts'
import type { Scheduler } from '../scheduler.ts'
import type { JournalPosition } from './position.ts'

export interface JournalWriterOptions {
  /** Directory of the segments. */
  readonly directory: string
  /** End of what exists: writing begins with the segment after it. */
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
  /** A segment is full at this size; its last group may exceed it. Default 64 MiB. */
  readonly segmentBytesMax?: number
  /** A segment is full at this age, so that the bodies of a quiet gateway can be deleted in time. Default 24 hours. */
  readonly segmentMsMax?: number
  /** Most bytes that wait in memory while the disk rejects writes; beyond it, bodies are dropped. Default 64 MiB. */
  readonly heldBytesMax?: number
  /** False keeps nothing that the disk rejects: whoever wrote it writes it again. Default true. */
  readonly holds?: boolean
  /** Longest time of a write or sync, in ms: beyond it, the disk counts as one that rejects writes. Default 10,000. */
  readonly slowMsMax?: number
  /** Milliseconds between two attempts while the disk rejects writes. Default 1,000. */
  readonly retryMs?: number
}

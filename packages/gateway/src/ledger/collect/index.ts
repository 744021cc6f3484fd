/**
 * The other end of feeds: a collector reads the messages of all replicas from sources and writes the records into a
 * ledger of its own, each once.
 */
import type { Log } from '../../log.ts'

/** One message of a source: a record of the form `gatehouse` as JSON, or a numbered part of one. */
export interface SourceMessage {
  /** Messages of one partition come in order. */
  readonly partition: string
  /** Place in the partition: reading resumes after it. */
  readonly offset: string
  readonly headers: Readonly<Record<string, string>>
  /** Compressed where the header `content-encoding` is `gzip`. */
  readonly value: Uint8Array
}

/** By partition: the offset of the last message that was taken for good. */
export type SourceOffsets = ReadonlyMap<string, string>

export interface MessageSource {
  /**
   * Batches of messages, as they come, until the signal is aborted; an empty one where the other side can be read and
   * has nothing new. Each partition is read after its offset, from its beginning where there is none. Throws when the
   * other side cannot be read; the collector begins again after a pause.
   */
  read(from: SourceOffsets, signal: AbortSignal): AsyncIterable<readonly SourceMessage[]>
  /** False for a partition that has ended for good, so that its offset need not be kept. Default: none has. */
  lives?(partition: string): boolean
}

/** What the module of a source exports. @param settings as the configuration has them. */
export interface SourceModule {
  openSource(settings: unknown, parts: { readonly log: Log }): MessageSource | Promise<MessageSource>
}

export type SourceStatus = 'running' | 'failing'

/** A source as reports show it. Counts are those since the start of the process. */
export interface SourceState {
  readonly name: string
  readonly kind: string
  /** `failing`: it is tried again, with growing pauses. */
  readonly status: SourceStatus
  /** Records that were written into the ledger. */
  readonly taken: number
  /** Records that the ledger had already. */
  readonly doubles: number
  /** Messages that are no record, and records whose parts never came, over the life of the file that lists them. */
  readonly setAside: number
  /** Records of which some parts are missing yet. */
  readonly incomplete: number
  /** When the newest record that was taken ended, milliseconds since the epoch. */
  readonly lastEndedAtMs: number | null
  readonly lastTakenAtMs: number | null
  readonly lastError: string | null
  readonly lastErrorAtMs: number | null
}

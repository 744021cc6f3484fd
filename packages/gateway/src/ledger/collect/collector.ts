import { setTimeout as pause } from 'node:timers/promises'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import { AsideFile } from '../feeds/aside.ts'
import { PartJoiner, readMessage, UnreadableMessageError } from '../feeds/documents/index.ts'
import type { Journal, Ledger } from '../index.ts'
import { type CollectedRecord, collectedRecord, NotARecord } from './collected.ts'
import type { MessageSource, SourceMessage, SourceState } from './index.ts'
import { OffsetFile } from './offsets.ts'

export interface NamedSource {
  /** 1 to 40 of `a-z`, `0-9` and `-`, unique among the sources: what was read is kept under it. */
  readonly name: string
  readonly kind: string
  readonly source: MessageSource
}

export interface CollectorOptions {
  readonly sources: readonly NamedSource[]
  /** Must not hold entries in memory that the disk refuses (`holds: false`): what failed is read again. */
  readonly ledger: Pick<Ledger, 'journal' | 'known'>
  /** Directory of the files that say how far each source was read; made when it is missing. */
  readonly directory: string
  /** True reads every source from its beginning again. Records that are there stay. */
  readonly fromBeginning: boolean
  readonly clock: Clock
  readonly log: Log
  /** 0..1, 1 excluded. */
  readonly random: () => number
  /** Pause after the first failure, milliseconds; each further one is twice as long, up to a minute. Default 1,000. */
  readonly retryMs?: number
}

const retryMsMax = 60_000

/** The place before a message; null at the beginning of its partition. */
interface BeforeMessage {
  readonly partition: string
  readonly offset: string | null
}

/** A message or a record that is set aside: its place, and why. */
interface Refusal {
  readonly place: Readonly<Record<string, unknown>>
  readonly reason: string
}

/** Reads sources into a ledger: every record once, however often it comes. */
export class Collector {
  readonly #sources: readonly ReadSource[]

  constructor(options: CollectorOptions) {
    const turns = new Turns()
    this.#sources = options.sources.map(named => new ReadSource(named, options, turns))
  }

  /** In the order of the configuration. */
  states(): readonly SourceState[] {
    return this.#sources.map(source => source.state())
  }

  /** Ends after the batches that are being written. */
  async close(): Promise<void> {
    await Promise.all(this.#sources.map(source => source.close()))
  }
}

/** One batch at a time, of all sources: two sources may bring the same record. */
class Turns {
  #last: Promise<unknown> = Promise.resolve()

  take<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => {})
    return turn
  }
}

class ReadSource {
  readonly #named: NamedSource
  readonly #options: CollectorOptions
  readonly #turns: Turns
  readonly #offsets: OffsetFile
  readonly #aside: AsideFile
  readonly #closing = new AbortController()
  readonly #ended: Promise<void>
  #joiner: PartJoiner<BeforeMessage>
  /** By partition: the last message that was read, where the offset that is kept is another one. */
  readonly #unsaved = new Map<string, string>()
  /** Records of which some parts never came. */
  #givenUp: string[] = []
  /** What is no record, until it is written down. */
  #refused: Refusal[] = []
  #failures = 0
  readonly #counts = { taken: 0, doubles: 0 }
  #lastEndedAtMs: number | null = null
  #lastTakenAtMs: number | null = null
  #error: { readonly text: string; readonly atMs: number } | null = null

  constructor(named: NamedSource, options: CollectorOptions, turns: Turns) {
    const { directory, fromBeginning } = options
    this.#named = named
    this.#options = options
    this.#turns = turns
    this.#offsets = new OffsetFile(directory, named.name, partition => named.source.lives?.(partition) ?? true)
    if (fromBeginning) this.#offsets.forget()
    this.#aside = new AsideFile(directory, named.name)
    this.#joiner = this.#newJoiner()
    this.#ended = this.#run()
  }

  state(): SourceState {
    const { name, kind } = this.#named
    return {
      ...{ name, kind },
      status: this.#failures === 0 ? 'running' : 'failing',
      ...this.#counts,
      setAside: this.#aside.count,
      incomplete: [...this.#joiner.incomplete()].length,
      lastEndedAtMs: this.#lastEndedAtMs,
      lastTakenAtMs: this.#lastTakenAtMs,
      lastError: this.#error?.text ?? null,
      lastErrorAtMs: this.#error?.atMs ?? null,
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#ended
    await this.#offsets.close()
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      try {
        this.#joiner = this.#newJoiner()
        this.#unsaved.clear()
        this.#givenUp = []
        this.#refused = []
        for await (const batch of this.#named.source.read(this.#offsets.offsets, signal)) {
          await this.#turns.take(() => this.#take(batch))
          this.#recovered()
          if (signal.aborted) break
        }
      } catch (error) {
        if (!signal.aborted) await this.#failed(error)
      }
    }
  }

  async #failed(error: unknown): Promise<void> {
    const { clock, log, random, retryMs = 1_000 } = this.#options
    const text = error instanceof Error ? error.message : String(error)
    this.#error = { text, atMs: clock() }
    if (this.#failures === 0) log.error({ source: this.#named.name, cause: text }, 'source_failed')
    const longest = Math.min(retryMsMax, retryMs * 2 ** Math.min(this.#failures, 10))
    this.#failures += 1
    // Half of it random, so that several readers do not come back at once.
    await pause(longest * (0.5 + random() / 2), undefined, { signal: this.#closing.signal }).catch(() => {})
  }

  #recovered(): void {
    if (this.#failures > 0) this.#options.log.info({ source: this.#named.name }, 'source_back')
    this.#failures = 0
  }

  /** What was read counts as read when its records are on the disk. */
  async #take(batch: readonly SourceMessage[]): Promise<void> {
    const { clock } = this.#options
    const records = new Map<string, CollectedRecord>()
    let repeated = 0
    for (const message of batch) {
      const record = this.#recordOf(message)
      if (record === null) continue
      if (records.has(record.closed.id)) repeated += 1
      records.set(record.closed.id, record)
    }
    const known = await this.#write(records)
    await this.#giveUp()
    await this.#setAside()
    await this.#saveOffsets()
    this.#counts.taken += records.size - known
    this.#counts.doubles += known + repeated
    if (records.size > known) this.#lastTakenAtMs = clock()
    for (const { closed } of records.values())
      this.#lastEndedAtMs = Math.max(this.#lastEndedAtMs ?? 0, closed.endedAtMs)
  }

  /** @returns how many of them the ledger had already. */
  async #write(records: ReadonlyMap<string, CollectedRecord>): Promise<number> {
    const { ledger } = this.#options
    if (!ledger.journal.writable) throw new Error('The ledger cannot be written: the log has the reason.')
    if (records.size === 0) return 0
    const known = await ledger.known([...records.keys()])
    const fresh = [...records.values()].filter(({ closed }) => !known.has(closed.id))
    await Promise.all(fresh.map(record => addTo(ledger.journal, record)))
    return known.size
  }

  /** Null for a part of a record, and for what is no record. */
  #recordOf({ partition, offset, headers, value }: SourceMessage): CollectedRecord | null {
    const before = this.#unsaved.get(partition) ?? this.#offsets.offsets.get(partition) ?? null
    this.#unsaved.set(partition, offset)
    try {
      const place = { partition, offset: before }
      const document = this.#joiner.add(readMessage(value, headers['content-encoding'] ?? null), place)
      return document === null ? null : collectedRecord(document)
    } catch (error) {
      if (!(error instanceof NotARecord || error instanceof UnreadableMessageError)) throw error
      this.#refused.push({ place: { partition, offset }, reason: error.message })
      return null
    }
  }

  #newJoiner(): PartJoiner<BeforeMessage> {
    return new PartJoiner({
      clock: this.#options.clock,
      onGivenUp: ({ id }) => this.#givenUp.push(id),
      onDamaged: (id, part) => {
        const reason = part === null ? 'its parts do not fit together' : `part ${part} is damaged`
        this.#refused.push({ place: { id }, reason })
      },
    })
  }

  /** Keeps where reading must begin after a crash: before the first part of a record that is not whole yet. */
  async #saveOffsets(): Promise<void> {
    const offsets = new Map(this.#unsaved)
    const held = new Set<string>()
    for (const { from } of this.#joiner.incomplete()) {
      if (held.has(from.partition)) continue
      held.add(from.partition)
      if (from.offset === null) offsets.delete(from.partition)
      else offsets.set(from.partition, from.offset)
    }
    await this.#offsets.save(offsets)
    for (const partition of this.#unsaved.keys()) if (!held.has(partition)) this.#unsaved.delete(partition)
  }

  /** Of a record that the ledger has already, a second sending may have ended in the middle. */
  async #giveUp(): Promise<void> {
    this.#joiner.expire()
    const given = this.#givenUp.splice(0)
    if (given.length === 0) return
    const known = await this.#options.ledger.known(given)
    for (const id of given)
      if (!known.has(id)) this.#refused.push({ place: { id }, reason: 'some of its parts never came' })
  }

  /** After the batch's records are on the disk: a batch that fails is read again, and must not count them twice. */
  async #setAside(): Promise<void> {
    const { clock, log } = this.#options
    for (const { place, reason } of this.#refused.splice(0)) {
      this.#aside.add(place, reason, clock())
      log.error({ source: this.#named.name, ...place, cause: reason }, 'message_set_aside')
    }
    await this.#aside.sync()
  }
}

/** Bodies up to this size are one entry with the figures. */
const wholeBytesMax = 4 * 1_048_576

/** Resolves when the record is on the disk. A longer one that a crash cuts off stays open, and is opened again. */
async function addTo(journal: Journal, { opened, closed, request, response }: CollectedRecord): Promise<void> {
  if (request.byteLength + response.byteLength <= wholeBytesMax)
    return journal.close({ ...closed, opened }, [response], [request])
  await Promise.all([
    journal.open(opened, [request]),
    journal.progress(closed.id, 'response', [response]),
    journal.close(closed, []),
  ])
}

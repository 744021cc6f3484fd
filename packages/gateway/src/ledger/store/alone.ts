import { mkdirSync } from 'node:fs'
import type { Log } from '../../log.ts'
import { journalPath } from '../directory.ts'
import { type Direction, LedgerError } from '../index.ts'
import { journalName } from '../journal/consumer.ts'
import { CursorFile } from '../journal/cursor-file.ts'
import { ExchangeReader } from '../journal/exchange-reader.ts'
import { endOfFiles } from '../journal/follower.ts'
import { type JournalPosition, segmentOf } from '../journal/position.ts'
import { AloneEraser } from './alone-eraser.ts'
import type { StoreCall } from './messages.ts'
import { deleteSegments, type Retained } from './retention.ts'
import type { Store, StoreStatus } from './store.ts'
import { idsOf, type Unfinished, unfinishedOf, writtenOf } from './unfinished.ts'

export interface JournalAloneOptions {
  readonly directory: string
  readonly log: Log
  /** As of the store. */
  readonly loadTo: JournalPosition | null
}

const consumer = 'open-exchanges'

/**
 * Takes the store's place in a ledger that has none (`ledger.store: none`). It follows the journal and knows which
 * exchanges are open, and nothing of those that have ended. What a gateway otherwise reads from its store for itself
 * is in Redis then: budgets, owners of objects, and what is owed.
 */
export class JournalAlone implements Pick<Store, StoreCall | 'position' | 'openIds' | 'abandon'> {
  readonly #journal: string
  readonly #eraser: AloneEraser
  /** Where a restart begins to read. */
  readonly #cursor: CursorFile
  readonly #exchanges: ExchangeReader<null>
  #damagedBytes = 0
  /** One write of the cursor after the other: they share a file. */
  #turn: Promise<void> = Promise.resolve()

  private constructor({ directory, log }: JournalAloneOptions) {
    this.#journal = journalPath(directory)
    this.#eraser = new AloneEraser(this.#journal)
    this.#cursor = new CursorFile({ directory, journal: this.#journal, consumer, log })
    const { position } = this.#cursor
    const reader = { name: consumer, position, readOpening: () => null, take: async () => {} }
    this.#exchanges = new ExchangeReader(this.#journal, reader, damage => {
      this.#damagedBytes += damage.bytes
      log.error({ ...damage }, 'journal_damaged')
    })
  }

  /** Reads what the journal's files hold, from where an earlier process had come. */
  static async open(options: JournalAloneOptions): Promise<JournalAlone> {
    mkdirSync(journalPath(options.directory), { recursive: true, mode: 0o700 })
    const alone = new JournalAlone(options)
    await alone.load(options.loadTo ?? endOfFiles(alone.#journal))
    return alone
  }

  /** After the last valid entry that was read. */
  get position(): JournalPosition {
    return this.#exchanges.position
  }

  openIds(): string[] {
    return idsOf(this.#exchanges.open)
  }

  status(): StoreStatus {
    return { openExchanges: this.#exchanges.open.size, damagedBytes: this.#damagedBytes }
  }

  async load(limit: JournalPosition): Promise<void> {
    this.#exchanges.limit = limit
    while (this.#exchanges.next()) {
      // An exchange that has ended leaves nothing to keep.
    }
    const { takenTo } = this.#cursor.position
    // A restart reads at most the rest of a segment again.
    if (segmentOf(this.position) > segmentOf(takenTo)) await this.#save()
  }

  unfinished(id: string): Unfinished | null {
    return unfinishedOf(this.#journal, this.#exchanges.open, id)
  }

  written(id: string, direction: Direction, end: JournalPosition): readonly Uint8Array[] {
    return writtenOf(this.#journal, this.#exchanges.open, { id, direction, end })
  }

  async retain(...[, , needs]: Parameters<Store['retain']>): Promise<Retained> {
    await this.#save()
    return {
      records: 0,
      archived: 0,
      ...deleteSegments(this.#journal, { ...needs, held: new Set(), store: this.#cursor.position.readFrom }),
    }
  }

  async close(): Promise<void> {
    await this.#save()
    this.#exchanges.close()
  }

  async abandon(): Promise<void> {
    this.#exchanges.close()
  }

  /** Names have numbers in a store only. */
  async keepNames(): Promise<void> {}

  /** Redis knows what earlier processes have used, who owns their objects, and what they owe. */
  async spent(): ReturnType<Store['spent']> {
    return []
  }
  async owed(): ReturnType<Store['owed']> {
    return []
  }
  async creatorsOf(): ReturnType<Store['creatorsOf']> {
    return new Map()
  }

  known(): Promise<never> {
    return Promise.reject(withoutStore())
  }
  usage(): Promise<never> {
    return Promise.reject(withoutStore())
  }
  series(): Promise<never> {
    return Promise.reject(withoutStore())
  }
  callers(): Promise<never> {
    return Promise.reject(withoutStore())
  }
  errors(): Promise<never> {
    return Promise.reject(withoutStore())
  }
  list(): Promise<never> {
    return Promise.reject(withoutStore())
  }
  follow(): Promise<never> {
    return Promise.reject(withoutStore())
  }
  row(): Promise<never> {
    return Promise.reject(withoutStore())
  }
  bodies(): Promise<never> {
    return Promise.reject(withoutStore())
  }
  keptBodies(): Promise<never> {
    return Promise.reject(withoutStore())
  }
  bodyPlaces(): Promise<never> {
    return Promise.reject(withoutStore())
  }
  conversationsPage(): Promise<never> {
    return Promise.reject(withoutStore())
  }

  eraseFigures(...asked: Parameters<Store['eraseFigures']>): ReturnType<Store['eraseFigures']> {
    return this.#eraser.figures(...asked)
  }
  eraseBegin(...asked: Parameters<Store['eraseBegin']>): ReturnType<Store['eraseBegin']> {
    return this.#eraser.begin(...asked)
  }
  eraseSegment(...asked: Parameters<Store['eraseSegment']>): ReturnType<Store['eraseSegment']> {
    return this.#eraser.segment(...asked)
  }
  eraseShipped(...asked: Parameters<Store['eraseShipped']>): ReturnType<Store['eraseShipped']> {
    return this.#eraser.shipped(...asked)
  }
  eraseArchives(): ReturnType<Store['eraseArchives']> {
    return this.#eraser.archives()
  }
  eraseRows(): ReturnType<Store['eraseRows']> {
    return this.#eraser.rows()
  }

  querySnapshot(): Promise<never> {
    return Promise.reject(withoutStore())
  }
  releaseSnapshot(): void {}

  #save(): Promise<void> {
    const saved = this.#turn.then(() => {
      const { position, readFrom } = this.#exchanges
      return this.#cursor.save({ journal: journalName(this.#journal), takenTo: position, readFrom })
    })
    this.#turn = saved.catch(() => {})
    return saved
  }
}

function withoutStore(): LedgerError {
  return new LedgerError(
    'ledger_without_store',
    'This gateway keeps its journal alone (ledger.store: none), so it answers no questions about records and usage. Ask the collector (gatehouse collect), or look where its feeds ship records: gatehouse feeds.',
  )
}

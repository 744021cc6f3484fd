import type { DuckDBAppender, DuckDBConnection, DuckDBPreparedStatement } from '@duckdb/node-api'
import { type Consumer, type Exchanges, type JournalCursor, journalName } from '../journal/consumer.ts'
import { ExchangeReader, readClosedBlock } from '../journal/exchange-reader.ts'
import { at } from '../journal/frame.ts'
import { readId } from '../journal/ids.ts'
import { BlockView } from '../journal/metadata.ts'
import { newOpenExchange, type OpenExchange } from '../journal/pairing.ts'
import { type JournalPosition, offsetOf, segmentOf } from '../journal/position.ts'
import { type Damage, SegmentScanner } from '../journal/scanner.ts'
import type { LedgerNames } from '../names.ts'
import { runHere } from './computed-here.ts'
import { NameBlocks } from './name-blocks.ts'
import { Dictionaries } from './names.ts'
import { type OpeningFacts, readOpening } from './opening.ts'
import type { Loaded } from './queries/list.ts'
import { ensureRollups, mergeRollups, prepareRollup } from './rollups.ts'
import { makeRoom, numberRows } from './room.ts'
import { batchRowsMax, RowBatch } from './row-batch.ts'
import { writeRow } from './row-writer.ts'
import { inTransaction } from './transaction.ts'

export interface LoaderOptions {
  readonly connection: DuckDBConnection
  /** Directory of the segments. */
  readonly journal: string
  /** Directory of the archives. */
  readonly archives: string
  readonly onDamage: (damage: Damage) => void
  /** Names that have a number before anything is loaded. */
  readonly names: LedgerNames
  /** True where names that no record has must stay, because records that have them come later. Default: false. */
  readonly keepsNames?: boolean
}

/** The store's cursor, one row of the database. */
interface StoreCursor {
  /** `takenTo` and `readFrom` of the journal's cursor. */
  readonly loaded: JournalPosition
  readonly low: JournalPosition
  readonly sequence: number
  readonly damagedBytes: number
}

/** Statements that every load runs; preparing them each time would cost some milliseconds. */
interface Statements {
  readonly begin: DuckDBPreparedStatement
  readonly rollup: DuckDBPreparedStatement
  readonly update: DuckDBPreparedStatement
  readonly commit: DuckDBPreparedStatement
}

/** An entry that ends an exchange whose beginning is not known. */
interface OrphanEnd {
  readonly id: string
  readonly position: JournalPosition
}

/** Most rows of one transaction: a checkpoint or a reader may have to wait for it. */
const transactionRowsMax = 8 * batchRowsMax

/**
 * Loads the journal into `records`: the journal's first consumer. It writes its cursor in the same transaction as the
 * rows, so loading again after any failure neither misses nor repeats a record.
 */
export class Loader implements Consumer<OpeningFacts> {
  readonly name = 'store'
  readonly names: Dictionaries
  readonly #options: LoaderOptions
  readonly #statements: Statements
  readonly #blocks: NameBlocks
  readonly #exchanges: ExchangeReader<OpeningFacts>
  readonly #batch = new RowBatch()
  /** Exchanges that ended before it are in the store. */
  #loaded: JournalPosition
  #low: JournalPosition
  #sequence: number
  #committedSequence: number
  #damagedBytes: number
  #appender: DuckDBAppender | null = null
  #rowsInTransaction = 0
  #rowsCommitted = 0
  #orphans: OrphanEnd[] = []

  private constructor(options: LoaderOptions, statements: Statements, names: Dictionaries, cursor: StoreCursor) {
    this.#options = options
    this.#statements = statements
    this.names = names
    this.#blocks = new NameBlocks(names)
    this.#loaded = cursor.loaded
    this.#low = cursor.low
    this.#sequence = cursor.sequence
    this.#committedSequence = cursor.sequence
    this.#damagedBytes = cursor.damagedBytes
    this.#exchanges = new ExchangeReader(options.journal, this, damage => {
      this.#damagedBytes += damage.bytes
      options.onDamage(damage)
    })
  }

  static async start(options: LoaderOptions): Promise<Loader> {
    const { connection } = options
    await inTransaction(connection, async () => {
      if (options.keepsNames !== true) await makeRoom(connection, options.archives)
      await ensureRollups(connection, options.archives)
    })
    const statements = await prepareStatements(connection)
    const loader = new Loader(options, statements, await Dictionaries.read(connection), await readCursor(connection))
    await loader.keep(options.names)
    return loader
  }

  /** Gives names their numbers, also in records that exist. Not while something is loaded. */
  async keep(kept: LedgerNames): Promise<void> {
    const fresh = this.names.keep(kept)
    if (fresh.length === 0) return
    this.#blocks.forget()
    const { connection } = this.#options
    const { begin, commit } = this.#statements
    await runHere(begin)
    await this.names.write(connection)
    await numberRows(connection, this.#options.archives, fresh)
    await runHere(commit)
  }

  /** What is committed. */
  get position(): JournalCursor {
    return { journal: journalName(this.#options.journal), takenTo: this.#loaded, readFrom: this.#low }
  }
  /** After the last entry that was read; what was closed before it is committed when a load has ended. */
  get readTo(): JournalPosition {
    return this.#exchanges.position
  }
  /** The exchanges that are open, as far as the journal was read. */
  get open(): ExchangeReader<OpeningFacts>['open'] {
    return this.#exchanges.open
  }
  /** What can be read. */
  get loaded(): Loaded {
    return { sequence: this.#committedSequence }
  }
  get damagedBytes(): number {
    return this.#damagedBytes
  }

  /**
   * Loads what ends at or before `limit`.
   * @returns how many records that were. When it rejects, this loader must be given up.
   */
  async load(limit: JournalPosition): Promise<number> {
    const before = this.#rowsCommitted
    this.#exchanges.limit = limit
    if (this.#exchanges.isBehind) await this.take(this.#exchanges)
    return this.#rowsCommitted - before
  }

  close(): void {
    this.#exchanges.close()
  }

  readOpening(entry: SegmentScanner, block: BlockView): OpeningFacts {
    return readOpening(this.#blocks, entry, block)
  }

  async take(exchanges: Exchanges<OpeningFacts>): Promise<void> {
    let more = true
    while (more) {
      more = this.#readUntilFull(exchanges)
      if (this.#batch.rows > 0) await this.#append()
      if (this.#rowsInTransaction >= transactionRowsMax || (!more && this.#worthCommitting(exchanges)))
        await this.#commit(exchanges)
    }
  }

  /** Without new records, reading again from the old cursor costs no more than a segment. */
  #worthCommitting({ position }: Exchanges<OpeningFacts>): boolean {
    const advanced = segmentOf(position) > segmentOf(this.#loaded)
    return this.#rowsInTransaction > 0 || this.#orphans.length > 0 || advanced
  }

  /** True when it stopped because the batch is full. */
  #readUntilFull(exchanges: Exchanges<OpeningFacts>): boolean {
    while (this.#batch.rows < batchRowsMax) {
      if (!exchanges.next()) return false
      const { entry, block, closedAt, exchange } = exchanges
      if (exchanges.isOrphan) this.#orphans.push({ id: readId(entry.window, entry.headAt + at.id), position: closedAt })
      else this.#addRow(entry, block, closedAt, exchange)
    }
    return true
  }

  #addRow(
    entry: SegmentScanner,
    block: BlockView,
    position: JournalPosition,
    exchange: OpenExchange<OpeningFacts>,
  ): void {
    const names = this.#blocks.closed(entry.window, entry.view, block)
    this.#sequence += 1
    writeRow(this.#batch, { entry, block, names, exchange, position, sequence: this.#sequence })
  }

  async #append(): Promise<void> {
    await this.#begin()
    this.#rowsInTransaction += this.#batch.rows
    this.#appender?.appendDataChunk(this.#batch.take())
  }

  async #begin(): Promise<void> {
    if (this.#appender !== null) return
    const { connection } = this.#options
    await runHere(this.#statements.begin)
    this.#appender = await connection.createAppender('records', 'main', 'ledger')
  }

  /** Writes the cursor as it is now, so that a restart reads only what follows in the journal. */
  async commitCursor(): Promise<void> {
    if (this.#exchanges.position > this.#loaded) await this.#commit(this.#exchanges)
  }

  /** Makes the rollups as few as they can be. */
  mergeRollups(): Promise<void> {
    return mergeRollups(this.#options.connection)
  }

  async #commit({ position, readFrom }: Exchanges<OpeningFacts>): Promise<void> {
    const { connection } = this.#options
    await this.#begin()
    await this.#adoptOrphans()
    const rows = this.#rowsInTransaction
    this.#appender?.closeSync()
    await this.names.write(connection)
    const { rollup, update, commit } = this.#statements
    if (rows > 0) {
      rollup.bind([BigInt(this.#committedSequence), BigInt(this.#sequence)])
      await runHere(rollup)
    }
    update.bind([BigInt(position), BigInt(readFrom), BigInt(this.#sequence), BigInt(this.#damagedBytes)])
    await runHere(update)
    await runHere(commit)
    this.#loaded = position
    this.#low = readFrom
    this.#appender = null
    this.#rowsInTransaction = 0
    this.#rowsCommitted += rows
    this.#committedSequence = this.#sequence
  }

  /**
   * Decides about ends without a beginning. Either the beginning was lost to damage: the end becomes a record with what
   * it knows. Or the exchange was closed twice: its record exists.
   */
  async #adoptOrphans(): Promise<void> {
    const orphans = this.#orphans
    this.#orphans = []
    for (const { id, position } of orphans) {
      this.#appender?.flushSync()
      const known = await this.#options.connection.runAndReadAll('SELECT 1 FROM records WHERE id = $1::UUID', [id])
      if (known.currentRowCount > 0) continue
      const entry = new SegmentScanner(this.#options.journal, segmentOf(position))
      const block = new BlockView()
      try {
        if (entry.seek(offsetOf(position)) && readClosedBlock(entry, block))
          this.#addRow(entry, block, position, newOpenExchange(position))
      } finally {
        entry.close()
      }
      if (this.#batch.rows > 0) await this.#append()
    }
  }
}

async function prepareStatements(connection: DuckDBConnection): Promise<Statements> {
  return {
    begin: await connection.prepare('BEGIN'),
    rollup: await prepareRollup(connection),
    update: await connection.prepare(
      'UPDATE journal_cursor SET loaded = $1, low = $2, sequence = $3, damaged_bytes = $4',
    ),
    commit: await connection.prepare('COMMIT'),
  }
}

async function readCursor(connection: DuckDBConnection): Promise<StoreCursor> {
  const result = await connection.runAndReadAll('SELECT loaded, low, sequence, damaged_bytes FROM journal_cursor')
  const [loaded, low, sequence, damagedBytes] = result.getRows()[0] ?? []
  return {
    loaded: Number(loaded ?? 0),
    low: Number(low ?? 0),
    sequence: Number(sequence ?? 0),
    damagedBytes: Number(damagedBytes ?? 0),
  }
}

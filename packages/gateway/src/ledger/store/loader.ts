import type { DuckDBAppender, DuckDBConnection, DuckDBPreparedStatement } from '@duckdb/node-api'
import { LedgerError } from '../index.ts'
import { type Format, flag, formats, formatVersion } from '../journal/fields.ts'
import { endOfFiles, Follower, startOfFiles } from '../journal/follower.ts'
import { at, frameHeadBytes, frameKind } from '../journal/frame.ts'
import { readId, timeOfBytes, timeOfId } from '../journal/ids.ts'
import { BlockView, textsOf } from '../journal/metadata.ts'
import { type OpenExchange, OpenExchanges } from '../journal/pairing.ts'
import { type JournalPosition, offsetOf, positionAt, segmentOf } from '../journal/position.ts'
import { type Damage, SegmentScanner } from '../journal/scanner.ts'
import type { LedgerNames } from '../names.ts'
import { NameBlocks } from './name-blocks.ts'
import { Names } from './names.ts'
import type { Loaded } from './queries/list.ts'
import { makeRoom, numberRows } from './room.ts'
import { batchRowsMax, RowBatch } from './row-batch.ts'
import { type EndedExchange, writeRow } from './row-writer.ts'

export interface LoaderOptions {
  readonly connection: DuckDBConnection
  /** Where the segments stand. */
  readonly journal: string
  readonly onDamage: (damage: Damage) => void
  /** Names that have a number before anything is loaded. */
  readonly names: LedgerNames
}

interface Cursor {
  readonly loaded: JournalPosition
  readonly low: JournalPosition
  readonly sequence: number
  readonly damagedBytes: number
  /** Time of the newest id among the records. */
  readonly newestMs: number
}

/** What every load runs; making them anew costs some milliseconds. */
interface Statements {
  readonly begin: DuckDBPreparedStatement
  readonly update: DuckDBPreparedStatement
  readonly commit: DuckDBPreparedStatement
}

/** An entry that ends an exchange of which no beginning is known. */
interface Orphan {
  readonly id: string
  readonly position: JournalPosition
}

/** Rows per transaction, at most: what a checkpoint or a reader may have to wait for. */
const transactionRowsMax = 8 * batchRowsMax

/**
 * Loads the journal into `records`. The cursor is written in the same transaction as the rows, so loading again after any failure neither
 * misses nor repeats a record.
 */
export class Loader {
  readonly names: Names
  readonly open = new OpenExchanges()
  readonly #options: LoaderOptions
  readonly #statements: Statements
  readonly #blocks: NameBlocks
  readonly #follower: Follower
  readonly #batch = new RowBatch()
  readonly #openedBlock = new BlockView()
  readonly #closedBlock = new BlockView()
  /** Closed entries before it are in the store already. */
  #loaded: JournalPosition
  #sequence: number
  #committedSequence: number
  #damagedBytes: number
  #newestMs: number
  #appender: DuckDBAppender | null = null
  #rowsInTransaction = 0
  #orphans: Orphan[] = []

  private constructor(options: LoaderOptions, statements: Statements, names: Names, cursor: Cursor) {
    this.#options = options
    this.#statements = statements
    this.names = names
    this.#blocks = new NameBlocks(names)
    this.#loaded = cursor.loaded
    this.#sequence = cursor.sequence
    this.#committedSequence = cursor.sequence
    this.#damagedBytes = cursor.damagedBytes
    this.#newestMs = cursor.newestMs
    const from = Math.max(cursor.low, startOfFiles(options.journal))
    this.#follower = new Follower(options.journal, from, damage => {
      // Damage before the cursor was counted when it was first met.
      if (positionAt(damage.segment, damage.offset) < this.#loaded) return
      this.#damagedBytes += damage.bytes
      options.onDamage(damage)
    })
  }

  static async start(options: LoaderOptions): Promise<Loader> {
    const { connection } = options
    await makeRoom(connection)
    const statements = await prepareStatements(connection)
    const loader = new Loader(options, statements, await Names.read(connection), await readCursor(connection))
    await loader.keep(options.names)
    return loader
  }

  /** Gives names their numbers, also in records of before. Not while something is loaded. */
  async keep(kept: LedgerNames): Promise<void> {
    const fresh = this.names.keep(kept)
    if (fresh.length === 0) return
    this.#blocks.forget()
    const { connection } = this.#options
    const { begin, commit } = this.#statements
    await begin.run()
    await this.names.write(connection)
    await numberRows(connection, fresh)
    await commit.run()
  }

  /** Behind the last entry that was read; what was closed before it is committed. */
  get position(): JournalPosition {
    return Math.max(this.#follower.position, this.#loaded)
  }
  /** What can be read. */
  get loaded(): Loaded {
    return { sequence: this.#committedSequence, newestMs: this.#newestMs }
  }
  get damagedBytes(): number {
    return this.#damagedBytes
  }
  /** Where a restart begins to read. */
  get lowWater(): JournalPosition {
    return this.open.lowWater(this.position)
  }

  /** Loads what the files hold. To be called before the writer begins: `place` then leaves a torn tail out. */
  loadFiles(): Promise<number> {
    return this.load(endOfFiles(this.#options.journal))
  }

  /** Loads what ends at or before `limit` and answers how many records that were. When it rejects, this loader must be given up. */
  async load(limit: JournalPosition): Promise<number> {
    let rows = 0
    let more = this.#follower.position < limit
    while (more) {
      more = this.#readUntilFull(limit)
      if (this.#batch.rows > 0) await this.#append()
      if (this.#rowsInTransaction >= transactionRowsMax || (!more && this.#worthCommitting()))
        rows += await this.#commit()
    }
    return rows
  }

  close(): void {
    this.#follower.close()
  }

  /** Without new records, reading again from the old cursor costs no more than a segment. */
  #worthCommitting(): boolean {
    const advanced = segmentOf(this.#follower.position) > segmentOf(this.#loaded)
    return this.#rowsInTransaction > 0 || this.#orphans.length > 0 || advanced
  }

  /** True when it stopped because the batch is full. */
  #readUntilFull(limit: JournalPosition): boolean {
    while (this.#batch.rows < batchRowsMax) {
      if (!this.#follower.next(limit)) return false
      this.#take(this.#follower.entry)
    }
    return true
  }

  #take(entry: SegmentScanner): void {
    const idAt = entry.headAt + at.id
    const id = entry.window.toString('latin1', idAt, idAt + 16)
    const position = positionAt(entry.segment, entry.offset)
    if (entry.kind === frameKind.closed) {
      this.#takeClosed(entry, id, position)
      return
    }
    const exchange = this.open.begin(id, position)
    exchange.writtenAtMs = entry.view.getFloat64(entry.headAt + at.writtenAtMs, true)
    if (entry.kind === frameKind.opened) this.#takeOpened(exchange, entry, position, entry.headAt)
    else {
      exchange.parts ??= []
      exchange.parts.push(entry.kind, position)
    }
  }

  #takeOpened(exchange: OpenExchange, entry: SegmentScanner, position: JournalPosition, headAt: number): void {
    const block = this.#openedBlock
    const start = entry.kind === frameKind.closed ? this.#closedBlock.endAt : headAt + frameHeadBytes
    if (!block.read(entry.view, start, entry.metaEnd, formatOf(entry).opened)) return
    exchange.names = this.#blocks.opened(entry.window, entry.view, block)
    exchange.startedAtMs = block.number(entry.view, 0)
    if (block.endAt > block.textsAt) {
      const [copyOf, toolDeployments] = textsOf(entry.window, entry.view, block)
      exchange.copyOf = copyOf ?? null
      exchange.toolDeployments = toolDeployments ?? null
    }
    exchange.flags = entry.flags
    if (entry.kind === frameKind.opened) exchange.openedAt = position
  }

  #takeClosed(entry: SegmentScanner, id: string, position: JournalPosition): void {
    const known = this.open.end(id)
    if (position < this.#loaded) return
    const carriesOpened = (entry.flags & flag.carriesOpened) !== 0
    if (known === undefined && !carriesOpened) {
      this.#orphans.push({ id: readId(entry.window, entry.headAt + at.id), position })
      return
    }
    this.#addRow(entry, position, known ?? newExchange(position), carriesOpened)
  }

  #addRow(entry: SegmentScanner, position: JournalPosition, opened: OpenExchange, carriesOpened: boolean): void {
    const block = this.#closedBlock
    if (!block.read(entry.view, entry.headAt + frameHeadBytes, entry.metaEnd, formatOf(entry).closed)) return
    if (carriesOpened) this.#takeOpened(opened, entry, position, entry.headAt)
    const names = this.#blocks.closed(entry.window, entry.view, block)
    this.#sequence += 1
    this.#newestMs = Math.max(this.#newestMs, timeOfBytes(entry.view, entry.headAt + at.id))
    const ended: EndedExchange = { entry, block, names, opened, position, sequence: this.#sequence }
    writeRow(this.#batch, ended)
  }

  async #append(): Promise<void> {
    await this.#begin()
    this.#rowsInTransaction += this.#batch.rows
    this.#appender?.appendDataChunk(this.#batch.take())
  }

  async #begin(): Promise<void> {
    if (this.#appender !== null) return
    const { connection } = this.#options
    await this.#statements.begin.run()
    this.#appender = await connection.createAppender('records', 'main', 'ledger')
  }

  /** Writes the cursor as it is now, so that what follows in the journal is all that a restart reads. */
  async commitCursor(): Promise<void> {
    if (this.#follower.position > this.#loaded) await this.#commit()
  }

  async #commit(): Promise<number> {
    const { connection } = this.#options
    await this.#begin()
    await this.#adoptOrphans()
    const rows = this.#rowsInTransaction
    this.#appender?.closeSync()
    await this.names.write(connection)
    this.#loaded = this.position
    const low = this.lowWater
    const { update, commit } = this.#statements
    update.bind([BigInt(this.#loaded), BigInt(low), BigInt(this.#sequence), BigInt(this.#damagedBytes)])
    await update.run()
    await commit.run()
    this.#appender = null
    this.#rowsInTransaction = 0
    this.#committedSequence = this.#sequence
    return rows
  }

  /**
   * An end without a beginning: either the beginning was lost to damage, and the end becomes a record with what it knows, or the exchange was
   * closed twice, and its record exists.
   */
  async #adoptOrphans(): Promise<void> {
    const orphans = this.#orphans
    this.#orphans = []
    for (const { id, position } of orphans) {
      this.#appender?.flushSync()
      const known = await this.#options.connection.runAndReadAll('SELECT 1 FROM records WHERE id = $1::UUID', [id])
      if (known.currentRowCount > 0) continue
      const entry = new SegmentScanner(this.#options.journal, segmentOf(position))
      try {
        if (entry.seek(offsetOf(position))) this.#addRow(entry, position, newExchange(position), false)
      } finally {
        entry.close()
      }
      if (this.#batch.rows > 0) await this.#append()
    }
  }
}

/** Throws `ledger_directory` for an entry of a version that is yet to come: leaving it out would lose records in silence. */
export function formatOf(entry: SegmentScanner): Format {
  const format = formats[entry.version]
  if (format !== undefined) return format
  throw new LedgerError(
    'ledger_directory',
    `The journal was written by a newer version (format ${entry.version}, this one knows ${formatVersion}). Run that version, or use another directory.`,
  )
}

/** A row without a beginning. */
function newExchange(position: JournalPosition): OpenExchange {
  return new OpenExchanges().begin('', position)
}

async function prepareStatements(connection: DuckDBConnection): Promise<Statements> {
  return {
    begin: await connection.prepare('BEGIN'),
    update: await connection.prepare(
      'UPDATE journal_cursor SET loaded = $1, low = $2, sequence = $3, damaged_bytes = $4',
    ),
    commit: await connection.prepare('COMMIT'),
  }
}

async function readCursor(connection: DuckDBConnection): Promise<Cursor> {
  const result = await connection.runAndReadAll(
    'SELECT loaded, low, sequence, damaged_bytes, (SELECT max(id)::VARCHAR FROM records) FROM journal_cursor',
  )
  const [loaded, low, sequence, damagedBytes, newestId] = result.getRows()[0] ?? []
  return {
    loaded: Number(loaded ?? 0),
    low: Number(low ?? 0),
    sequence: Number(sequence ?? 0),
    damagedBytes: Number(damagedBytes ?? 0),
    newestMs: typeof newestId === 'string' ? timeOfId(newestId) : 0,
  }
}

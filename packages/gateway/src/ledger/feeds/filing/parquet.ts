import { open } from 'node:fs/promises'
import { type DuckDBAppender, type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { Cell, CellType, FeedColumn } from '../forms.ts'
import type { FileFormat, FileWriter } from './format.ts'

const sqlTypes: Readonly<Record<CellType, string>> = {
  text: 'VARCHAR',
  json: 'VARCHAR',
  whole: 'BIGINT',
  real: 'DOUBLE',
  flag: 'BOOLEAN',
}

/** Characters of texts after which the appender hands its rows over: they are in memory twice until then. */
const waitingMax = 16 * 1_048_576

/** What a file may take until it is finished. */
export interface ParquetBounds {
  /** Memory for its rows, as DuckDB writes sizes. */
  readonly memory: string
  /** Disk for the rows that find no room there, in the directory for them. */
  readonly spilled: string
  /** Rows after which they are handed over, in one step that blocks the thread: about 3 µs a row. */
  readonly rowsAtOnce: number
}

const ofThreadOfItsOwn: ParquetBounds = { memory: '768MB', spilled: '1TB', rowsAtOnce: Number.POSITIVE_INFINITY }

/**
 * Parquet, written by DuckDB: the rows of a file are a table in memory until the file is finished.
 * @param spill directory for rows that do not fit. Default: none. A feed's batch is bounded, and its bodies must not be
 *   left in a file that nobody deletes.
 * @param bounds default: those of a thread that does nothing else.
 */
export async function openParquet(
  columns: readonly FeedColumn[],
  spill = '',
  bounds: ParquetBounds = ofThreadOfItsOwn,
): Promise<FileFormat> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: bounds.memory,
    max_temp_directory_size: bounds.spilled,
    temp_directory: spill,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  const connection = await instance.connect()
  let tables = 0
  return {
    extension: 'parquet',
    partBytesMax: null,
    async begin(path) {
      tables += 1
      const table = `file_${tables}`
      const definitions = columns.map(({ name, type }) => `${quoted(name)} ${sqlTypes[type]}`)
      await connection.run(`CREATE TABLE ${table} (${definitions.join(', ')})`)
      const { rowsAtOnce } = bounds
      return new ParquetWriter({ connection, table, columns, path, rowsAtOnce }, await connection.createAppender(table))
    },
    async count(path) {
      const result = await connection.runAndReadAll(`SELECT count(*) FROM read_parquet(${literal(path)})`)
      return Number(result.getRows()[0]?.[0] ?? 0)
    },
    async close() {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

interface ParquetFile extends Pick<ParquetBounds, 'rowsAtOnce'> {
  readonly connection: DuckDBConnection
  readonly table: string
  readonly columns: readonly FeedColumn[]
  readonly path: string
}

class ParquetWriter implements FileWriter {
  records = 0
  readonly #connection: DuckDBConnection
  readonly #table: string
  readonly #appender: DuckDBAppender
  readonly #columns: readonly FeedColumn[]
  readonly #path: string
  readonly #rowsAtOnce: number
  #waiting = 0

  constructor({ connection, table, columns, path, rowsAtOnce }: ParquetFile, appender: DuckDBAppender) {
    this.#connection = connection
    this.#table = table
    this.#appender = appender
    this.#columns = columns
    this.#path = path
    this.#rowsAtOnce = rowsAtOnce
  }

  async add(record: Parameters<FileWriter['add']>[0]): Promise<void> {
    // All cells are made before the first is appended: half a row could not be taken back.
    const cells = this.#columns.map(({ cell }) => cell(record))
    for (const [index, { type }] of this.#columns.entries()) this.#append(type, cells[index] ?? null)
    this.#appender.endRow()
    this.records += 1
    if (this.#waiting < waitingMax && this.records % this.#rowsAtOnce !== 0) return
    this.#appender.flushSync()
    this.#waiting = 0
  }

  async finish(): Promise<number> {
    this.#appender.closeSync()
    // DuckDB would make the file readable for all; it keeps the mode of one that is there.
    const file = await open(this.#path, 'wx', 0o640)
    try {
      const options = 'FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false'
      await this.#connection.run(`COPY ${this.#table} TO ${literal(this.#path)} (${options})`)
      await this.#connection.run(`DROP TABLE ${this.#table}`)
      await file.datasync()
      return (await file.stat()).size
    } finally {
      await file.close()
    }
  }

  async discard(): Promise<void> {
    try {
      this.#appender.closeSync()
    } catch {
      // It was closed already, or its rows cannot be taken: they are thrown away in both cases.
    }
    await this.#connection.run(`DROP TABLE IF EXISTS ${this.#table}`).catch(() => {})
  }

  #append(type: CellType, cell: Cell): void {
    if (cell === null) this.#appender.appendNull()
    else if (type === 'whole') this.#appender.appendBigInt(BigInt(Math.trunc(Number(cell))))
    else if (type === 'real') this.#appender.appendDouble(Number(cell))
    else if (type === 'flag') this.#appender.appendBoolean(cell === true)
    else {
      const text = typeof cell === 'string' ? cell : JSON.stringify(cell)
      this.#waiting += text.length
      this.#appender.appendVarchar(text)
    }
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

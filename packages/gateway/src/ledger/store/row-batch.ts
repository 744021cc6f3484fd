import { BIGINT, BOOLEAN, DOUBLE, DuckDBDataChunk, type DuckDBType, INTEGER, UUID, VARCHAR } from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import type { ColumnKind } from '../field.ts'
import { recordColumns } from './schema.ts'

/** DuckDB's own vector size: one chunk of the appender. */
export const batchRowsMax = 2_048

const types: Record<ColumnKind, DuckDBType> = {
  id: UUID,
  sequence: BIGINT,
  name: INTEGER,
  real: DOUBLE,
  whole: INTEGER,
  long: BIGINT,
  flag: BOOLEAN,
  text: VARCHAR,
}

/**
 * A column as DuckDB has it in memory, filled row by row and handed over whole. The vectors of `@duckdb/node-api` take
 * and check one value at a time and keep their null bits in BigInts: 44 columns cost 7 µs a row there and 2 µs here
 * (bench/ledger.ts).
 */
class ColumnBuffer {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly #validity = new Uint8Array(batchRowsMax / 8).fill(0xff)
  /** By row, sparse: most rows of most columns have no text. */
  readonly #texts: string[] = []
  readonly #isText: boolean
  #hasNulls = false

  constructor(bytesPerRow: number, isText: boolean) {
    this.bytes = new Uint8Array(bytesPerRow * batchRowsMax)
    this.#isText = isText
  }

  setNull(row: number): void {
    this.#hasNulls = true
    const byte = row >> 3
    this.#validity[byte] = (this.#validity[byte] as number) & ~(1 << (row & 7))
  }

  setText(row: number, text: string | null): void {
    if (text !== null) this.#texts[row] = text
  }

  writeTo(vector: duckdb.Vector, rows: number): void {
    if (this.#isText) this.#writeTexts(vector, rows)
    else {
      duckdb.copy_data_to_vector(vector, 0, this.bytes.buffer, 0, (this.bytes.byteLength / batchRowsMax) * rows)
    }
    if (!this.#hasNulls) return
    duckdb.vector_ensure_validity_writable(vector)
    duckdb.copy_data_to_vector_validity(vector, 0, this.#validity.buffer, 0, Math.ceil(rows / 64) * 8)
  }

  clear(): void {
    if (this.#hasNulls) this.#validity.fill(0xff)
    this.#hasNulls = false
    if (this.#texts.length > 0) this.#texts.length = 0
  }

  #writeTexts(vector: duckdb.Vector, rows: number): void {
    if (this.#texts.length === 0) {
      this.#hasNulls = true
      this.#validity.fill(0)
      return
    }
    for (let row = 0; row < rows; row++) {
      const text = this.#texts[row]
      if (text === undefined) this.setNull(row)
      else duckdb.vector_assign_string_element(vector, row, text)
    }
  }
}

const bytesPerRow: Record<ColumnKind, number> = {
  id: 16,
  sequence: 8,
  name: 4,
  real: 8,
  whole: 4,
  long: 8,
  flag: 1,
  text: 0,
}

/** Up to 2,048 rows of `records`. */
export class RowBatch {
  rows = 0
  readonly #columns = recordColumns.map(column => new ColumnBuffer(bytesPerRow[column.kind], column.kind === 'text'))
  readonly #integers = this.#columns.map(column => new Int32Array(column.bytes.buffer))
  readonly #reals = recordColumns.map((column, index) => {
    const bytes = this.#columns[index]?.bytes
    return new Float64Array(column.kind === 'real' && bytes !== undefined ? bytes.buffer : new ArrayBuffer(0))
  })

  /**
   * The 16 bytes of a UUID as DuckDB's: a signed 128-bit number, little-endian, its top bit flipped so that order is
   * kept.
   */
  id(column: number, source: Uint8Array, at: number): void {
    const bytes = this.#column(column).bytes
    const to = this.rows * 16
    for (let index = 0; index < 16; index++) bytes[to + index] = source[at + 15 - index] as number
    bytes[to + 15] = (bytes[to + 15] as number) ^ 0x80
  }

  name(column: number, code: number): void {
    this.#words(column)[this.rows] = code
  }

  /** All names of a row, in the order of `columns`. */
  names(columns: readonly number[], codes: readonly number[]): void {
    const { rows } = this
    const integers = this.#integers
    for (let index = 0; index < columns.length; index++) {
      const words = integers[columns[index] as number] as Int32Array
      words[rows] = codes[index] as number
    }
  }

  /** NaN is null. */
  real(column: number, value: number): void {
    const reals = this.#reals[column] as Float64Array
    reals[this.rows] = value
    if (Number.isNaN(value)) this.#column(column).setNull(this.rows)
  }

  /** NaN is null. Cut at 31 bits: no call has that many tokens. */
  whole(column: number, value: number): void {
    if (Number.isNaN(value)) this.#column(column).setNull(this.rows)
    else this.#words(column)[this.rows] = Math.min(value, 0x7fff_ffff)
  }

  /** Not negative, at most 2^53. NaN is 0. */
  long(column: number, value: number): void {
    const words = this.#words(column)
    words[this.rows * 2] = value >>> 0
    words[this.rows * 2 + 1] = value / 0x1_0000_0000
  }

  flag(column: number, value: boolean): void {
    this.#column(column).bytes[this.rows] = value ? 1 : 0
  }

  text(column: number, value: string | null): void {
    this.#column(column).setText(this.rows, value)
  }

  /** The rows as a chunk for the appender. The batch is then empty. */
  take(): DuckDBDataChunk {
    const chunk = DuckDBDataChunk.create(
      recordColumns.map(column => types[column.kind]),
      this.rows,
    )
    this.#columns.forEach((column, index) => {
      column.writeTo(duckdb.data_chunk_get_vector(chunk.chunk, index), this.rows)
      column.clear()
    })
    this.rows = 0
    return chunk
  }

  /** Drops the rows. */
  clear(): void {
    for (const column of this.#columns) column.clear()
    this.rows = 0
  }

  #column(index: number): ColumnBuffer {
    return this.#columns[index] as ColumnBuffer
  }
  #words(index: number): Int32Array {
    return this.#integers[index] as Int32Array
  }
}

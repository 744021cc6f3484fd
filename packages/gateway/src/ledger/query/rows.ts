/** Rows of a result as JSON that loses nothing, piece by piece. */
import {
  type DuckDBResult,
  DuckDBTypeId,
  type DuckDBValueConverter,
  type Json,
  JsonDuckDBValueConverter,
} from '@duckdb/node-api'
import type { QueryResult } from './index.ts'

const wholeNumbers: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UHUGEINT,
])
const times: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.TIMESTAMP,
  DuckDBTypeId.TIMESTAMP_S,
  DuckDBTypeId.TIMESTAMP_MS,
  DuckDBTypeId.TIMESTAMP_NS,
])

/**
 * Whole numbers that a double does not have exactly, and all decimals, are text. Times are ISO 8601; those without a
 * zone are UTC, as all times of the ledger are. What is no number (`NaN`, `Infinity`) is text.
 */
const toJson: DuckDBValueConverter<Json> = (value, type) => {
  if (value === null) return null
  if (wholeNumbers.has(type.typeId)) {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : String(value)
  }
  if (times.has(type.typeId)) return isoOf(String(value))
  if (type.typeId === DuckDBTypeId.TIMESTAMP_TZ) return isoOf(String(value).replace(/[+-]\d\d(?::\d\d)*$/, ''))
  if (type.typeId === DuckDBTypeId.INTERVAL) return String(value)
  return JsonDuckDBValueConverter(value, type, toJson)
}

function isoOf(text: string): string {
  return /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/.test(text) && !text.endsWith('(BC)') ? `${text.replace(' ', 'T')}Z` : text
}

export interface WrittenRows {
  readonly rows: number
  readonly truncated: QueryResult['truncated']
}

/** Writes columns and rows of a result as members of a JSON object that is already open. */
export async function writeRows(
  result: DuckDBResult,
  bounds: { readonly rowsMax: number; readonly bytesMax: number },
  write: (text: string) => void,
): Promise<WrittenRows> {
  const types = result.columnTypes().map(String)
  const columns = result.columnNames().map((name, index) => ({ name, type: types[index] ?? '' }))
  write(`{"columns":${JSON.stringify(columns)},"rows":[`)
  let rows = 0
  let bytes = 0
  for await (const chunk of result.yieldConvertedRows(toJson)) {
    for (const row of chunk) {
      if (rows === bounds.rowsMax) return { rows, truncated: 'rows' }
      const text = JSON.stringify(row)
      bytes += Buffer.byteLength(text) + 1
      if (bytes > bounds.bytesMax) return { rows, truncated: 'bytes' }
      write(rows === 0 ? text : `,${text}`)
      rows += 1
    }
  }
  return { rows, truncated: null }
}

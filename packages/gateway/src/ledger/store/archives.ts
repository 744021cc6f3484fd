/**
 * Days of records that have left the table for Parquet files: `archive/day=2026-01-30/records-1.parquet`. Each holds
 * the columns of `records`, names as text for other tools, and their numbers beside them for the store's questions.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { DuckDBConnection } from '@duckdb/node-api'
import { formatVersion } from '../journal/fields.ts'
import { type Column, recordColumns } from './schema.ts'
import { inTransaction } from './transaction.ts'

/** A file with records of one day. Positions of a day that had late records are in several files. */
export interface Archive {
  /** Relative to the directory of archives. */
  readonly file: string
  /** Days since 1970 of the start of its records, UTC. */
  readonly day: number
  readonly records: number
  readonly bytes: number
  readonly firstId: string
  readonly lastId: string
  /** Format of the journal when it was written: later columns are not in it. */
  readonly format: number
  /** CRC-32 of the file. */
  readonly checksum: number
}

export function archivePath(directory: string): string {
  return join(directory, 'archive')
}

const dayMs = 86_400_000
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
const dayText = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10)

/** The archives, oldest day first. Read them in the transaction of the question that uses them. */
export async function readArchives(connection: DuckDBConnection): Promise<readonly Archive[]> {
  const result = await connection.runAndReadAll(
    'SELECT file, day, records, bytes, first_id::VARCHAR, last_id::VARCHAR, format, checksum FROM archives ORDER BY day, file',
  )
  return result.getRows().map(([file, day, records, bytes, firstId, lastId, format, checksum]) => ({
    ...{ file: String(file), day: Number(day), records: Number(records), bytes: Number(bytes) },
    ...{ firstId: String(firstId), lastId: String(lastId), format: Number(format) },
    checksum: Number(checksum),
  }))
}

/** What stands for a column that a file of an earlier format does not have. */
function absent({ kind, name }: Column): string {
  if (kind === 'name' || kind === 'long') return `0 AS ${name}`
  return kind === 'flag' ? `false AS ${name}` : `NULL AS ${name}`
}

function storedAs({ kind, name }: Column): string {
  if (kind === 'id') return `${name}::UUID AS ${name}`
  return kind === 'name' ? `${name}_number AS ${name}` : name
}

/** SQL of the rows of some archives, with the columns of `records` in their order. @param directory of the archives. */
export function archivedSql(directory: string, archives: readonly Pick<Archive, 'file' | 'format'>[]): string {
  const byFormat = Map.groupBy(archives, ({ format }) => format)
  const branches = [...byFormat].map(([format, files]) => {
    const columns = recordColumns.map(column => (column.since > format ? absent(column) : storedAs(column)))
    const paths = files.map(({ file }) => literal(join(directory, file)))
    return `SELECT ${columns.join(', ')} FROM read_parquet([${paths.join(', ')}], hive_partitioning = false)`
  })
  return branches.join(' UNION ALL ')
}

/** The archives of days between two times, in milliseconds since the epoch; undefined for no bound. */
export function ofDays(archives: readonly Archive[], fromMs: number | undefined, toMs: number | undefined): Archive[] {
  return archives.filter(
    ({ day }) => (fromMs === undefined || (day + 1) * dayMs > fromMs) && (toMs === undefined || day * dayMs < toMs),
  )
}

/** What a question reads rows from: the table, and those archives that may have some. */
export function rowsSource(directory: string, archives: readonly Archive[]): string {
  if (archives.length === 0) return 'records'
  const columns = recordColumns.map(({ name }) => name).join(', ')
  return `(SELECT ${columns} FROM records UNION ALL ${archivedSql(directory, archives)})`
}

/**
 * Days whose records all began before `cutoffMs` and are still in the table, oldest first. Days with a held record stay
 * there, because records in archives have no bodies.
 * @param held condition of records on legal hold, as `heldSql` gives it.
 */
export async function daysToArchive(
  connection: DuckDBConnection,
  cutoffMs: number,
  held: string,
): Promise<readonly number[]> {
  const day = Math.floor(cutoffMs / dayMs)
  const result = await connection.runAndReadAll(
    `SELECT start_day FROM records WHERE start_day < $1 GROUP BY start_day HAVING NOT bool_or(${held}) ORDER BY start_day`,
    [day],
  )
  return result.getRows().map(([start]) => Number(start))
}

/** What a file holds of each column. */
const columnsForFile = recordColumns.flatMap(({ name, kind, dictionary }) => {
  if (kind === 'id') return [`${name}::VARCHAR AS ${name}`]
  if (kind === 'text') return [`${name}::VARCHAR AS ${name}`]
  if (kind !== 'name') return [name]
  const text = `(SELECT text FROM names n WHERE n.dictionary = '${dictionary}' AND n.code = r.${name})`
  // The type is stated: a column that is null in every row would get another one.
  return [`${text}::VARCHAR AS ${name}`, `r.${name} AS ${name}_number`]
})

/**
 * Moves the records of a day into a file. The file is whole and on the disk before the rows leave the table; a crash in
 * between leaves a file that the store does not know, and the next attempt replaces it. In a transaction of its own.
 * @returns how many records.
 */
export async function archiveDay(connection: DuckDBConnection, directory: string, day: number): Promise<number> {
  const file = await fileFor(connection, directory, day)
  return inTransaction(connection, async () => {
    const select = `SELECT ${columnsForFile.join(', ')} FROM records r WHERE start_day = ${day} ORDER BY id DESC`
    await writeFile(connection, join(directory, file), select)
    const written = await note(connection, directory, file, formatVersion)
    const { rowsChanged } = await connection.run('DELETE FROM records WHERE start_day = $1', [day])
    if (written !== rowsChanged) throw new Error(`The archive ${file} has ${written} of ${rowsChanged} records.`)
    return rowsChanged
  })
}

/**
 * The first file of a day that is free. One that the store does not know may be a lost store's, with records that are
 * nowhere else; where the table has all of its records, a crash has left it, and it is written again.
 */
async function fileFor(connection: DuckDBConnection, directory: string, day: number): Promise<string> {
  const known = new Set((await readArchives(connection)).map(({ file }) => file))
  for (let number = 1; ; number += 1) {
    const file = join(`day=${dayText(day)}`, `records-${number}.parquet`)
    const path = join(directory, file)
    if (known.has(file)) continue
    if (!existsSync(path) || (await isInTable(connection, path, day))) return file
  }
}

/** False also for a file that cannot be read. */
async function isInTable(connection: DuckDBConnection, path: string, day: number): Promise<boolean> {
  try {
    const others = await connection.runAndReadAll(
      `SELECT 1 FROM read_parquet(${literal(path)}, hive_partitioning = false)
       WHERE id::UUID NOT IN (SELECT id FROM records WHERE start_day = ${day}) LIMIT 1`,
    )
    return others.currentRowCount === 0
  } catch {
    return false
  }
}

/** Writes a file of archives, which then is on the disk. @param select the rows of the file. */
export async function writeFile(connection: DuckDBConnection, path: string, select: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.new`
  try {
    await connection.run(
      `COPY (${select}) TO ${literal(temporary)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 30720)`,
    )
    chmodSync(temporary, 0o600)
    sync(temporary)
    renameSync(temporary, path)
  } finally {
    rmSync(temporary, { force: true })
  }
  const directory = dirname(dirname(path))
  for (const folder of [dirname(path), directory, dirname(directory)]) sync(folder)
}

/** Writes into the store what it must know of a file. @returns how many records the file has. */
async function note(connection: DuckDBConnection, directory: string, file: string, format: number): Promise<number> {
  const source = `(${archivedSql(directory, [{ file, format }])})`
  const { bytes, checksum } = archiveFacts(directory, file)
  await connection.run(
    `INSERT INTO archives SELECT $1, min(start_day), count(*), $2, min(id), max(id), $3, $4 FROM ${source}`,
    [file, bytes, format, checksum],
  )
  await connection.run(
    `INSERT INTO archived_objects SELECT start_day, object_hash, object_id, workload, instance, id FROM ${source}
     WHERE object_id IS NOT NULL AND object_hash IS NOT NULL AND workload > 0 AND instance > 0`,
  )
  const counted = await connection.runAndReadAll('SELECT records FROM archives WHERE file = $1', [file])
  return Number(counted.getRows()[0]?.[0] ?? 0)
}

/**
 * Takes over a file of another store, as after the store was lost: its names get the numbers that they have here, or
 * new ones. Records that another archive has are left out. @returns how many records it then has.
 */
export function adoptArchive(connection: DuckDBConnection, directory: string, file: string): Promise<number> {
  return inTransaction(connection, async () => {
    const path = literal(join(directory, file))
    const from = `read_parquet(${path}, hive_partitioning = false) p ${await notIn(connection, directory, dirname(file))}`
    const left = await connection.runAndReadAll(`SELECT 1 FROM ${from} LIMIT 1`)
    if (left.currentRowCount === 0) {
      rmSync(join(directory, file))
      return 0
    }
    const schema = await connection.runAndReadAll(`SELECT DISTINCT name FROM parquet_schema(${path})`)
    const present = new Set(schema.getRows().map(([name]) => String(name)))
    const columns = recordColumns.filter(({ kind, name }) => kind === 'name' && present.has(`${name}_number`))
    for (const column of columns) await connection.run(missingNamesSql(column, path))
    const codes = columns.map(({ name, dictionary }) => {
      const code = `(SELECT code FROM names n WHERE n.dictionary = '${dictionary}' AND n.text = p.${name})`
      // A name without a number is not among the texts: it stays without one.
      return `CASE WHEN p.${name} IS NULL THEN least(p.${name}_number, 0) ELSE ${code} END AS ${name}_number`
    })
    const select = `SELECT * REPLACE (${codes.join(', ')}) FROM ${from}`
    await writeFile(connection, join(directory, file), `${select} ORDER BY id DESC`)
    const isWithin = (format: number): boolean =>
      recordColumns.every(({ name, since }) => since > format || present.has(name))
    const formats = Array.from({ length: formatVersion }, (_, index) => index + 1)
    const format = formats.findLast(isWithin) ?? formatVersion
    // Lists show what has a number up to that of the newest record.
    await connection.run(
      `UPDATE journal_cursor SET sequence = greatest(sequence, (SELECT max(sequence) FROM read_parquet(${path})))`,
    )
    return note(connection, directory, file, format)
  })
}

/** SQL that leaves out records of the archives in a folder. */
async function notIn(connection: DuckDBConnection, directory: string, folder: string): Promise<string> {
  const others = (await readArchives(connection)).filter(({ file }) => dirname(file) === folder)
  return others.length === 0 ? '' : `WHERE p.id::UUID NOT IN (SELECT id FROM (${archivedSql(directory, others)}))`
}

function missingNamesSql({ name, dictionary }: Column, path: string): string {
  const known = `SELECT text FROM names WHERE dictionary = '${dictionary}'`
  return `INSERT INTO names SELECT '${dictionary}',
      (SELECT coalesce(max(code), 0) FROM names WHERE dictionary = '${dictionary}') + row_number() OVER (), text
    FROM (SELECT DISTINCT ${name} AS text FROM read_parquet(${path}, hive_partitioning = false)
      WHERE ${name} IS NOT NULL AND ${name} NOT IN (${known}))`
}

/** What the store knows of a file besides its records. */
export function archiveFacts(directory: string, file: string): Pick<Archive, 'bytes' | 'checksum'> {
  const path = join(directory, file)
  return { bytes: statSync(path).size, checksum: checksumOf(path) }
}

/** CRC-32 of a file's bytes. */
export function checksumOf(path: string): number {
  const file = openSync(path, 'r')
  const bytes = Buffer.allocUnsafeSlow(1_048_576)
  let checksum = 0
  try {
    for (let read = readSync(file, bytes); read > 0; read = readSync(file, bytes)) {
      checksum = crc32(bytes.subarray(0, read), checksum)
    }
    return checksum
  } finally {
    closeSync(file)
  }
}

function sync(path: string): void {
  const file = openSync(path, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/**
 * Forgets archives of days before `day`, but for those that are kept. In the caller's transaction. @returns records.
 */
export async function forgetArchives(
  connection: DuckDBConnection,
  day: number,
  kept: ReadonlySet<number>,
): Promise<number> {
  const old = (await readArchives(connection)).filter(archive => archive.day < day && !kept.has(archive.day))
  if (old.length === 0) return 0
  const days = [...new Set(old.map(archive => archive.day))].join(', ')
  await connection.run(`DELETE FROM archives WHERE day IN (${days})`)
  await connection.run(`DELETE FROM archived_objects WHERE day IN (${days})`)
  return old.reduce((sum, { records }) => sum + records, 0)
}

/**
 * Removes the files of days before `day`, but for days of which the store knows one: it is on legal hold. To be called
 * when the store's state without them is on the disk. Files of later days stay even when the store does not know them:
 * it may have been made anew.
 */
export async function removeFiles(connection: DuckDBConnection, directory: string, day: number): Promise<void> {
  const kept = new Set((await readArchives(connection)).map(archive => archive.day))
  for (const folder of foldersOf(directory)) {
    const own = dayOf(folder)
    if (own < day && !kept.has(own)) rmSync(join(directory, folder), { recursive: true, force: true })
  }
}

/** Files that the store does not know, as after it was lost. */
export async function unknownFiles(connection: DuckDBConnection, directory: string): Promise<readonly string[]> {
  const known = new Set((await readArchives(connection)).map(({ file }) => file))
  return foldersOf(directory)
    .flatMap(folder => readdirSync(join(directory, folder)).map(name => join(folder, name)))
    .filter(file => file.endsWith('.parquet') && !known.has(file))
}

function foldersOf(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).filter(name => name.startsWith('day=')) : []
}

const dayOf = (folder: string): number => Math.floor(Date.parse(folder.slice('day='.length)) / dayMs)

/** Erases a person from the rows of the store and from the files of archives. */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { fieldRows } from '../fields.ts'
import type { ArchiveProof, ErasePlan } from '../privacy/index.ts'
import { blankText, type Erasing, erasingOf } from '../privacy/personal.ts'
import { type Archive, archivedSql, archiveFacts, readArchives, rowsSource, writeFile } from './archives.ts'
import { heldSql } from './held.ts'
import type { Dictionaries } from './names.ts'
import { remakeHours } from './rollups.ts'
import { type Column, columnNameOf, recordColumns } from './schema.ts'
import { inTransaction } from './transaction.ts'

export interface ErasedRows {
  readonly records: number
  /** Records of these that are in archives. */
  readonly archived: number
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** A condition in brackets, true for records that the plan's filter selects, held ones included. */
export function filterSql({ filter, to }: Pick<ErasePlan, 'filter' | 'to'>, names: Dictionaries): string {
  const own = heldSql([filter], names)
  // A caller for which the dictionary had no room is in the row alone.
  const pair = `${JSON.stringify('callerKey')}:${JSON.stringify(filter.caller)}`
  const unnumbered = heldSql([{ ...filter, caller: null }], names)
  return `((${own} OR (caller_key < 0 AND contains(unnamed, ${literal(pair)}) AND ${unnumbered})) AND closed_at < ${to})`
}

/** As `filterSql`, without records on legal hold. */
export function erasedSql(plan: Pick<ErasePlan, 'filter' | 'to' | 'holds'>, names: Dictionaries): string {
  return `(${filterSql(plan, names)} AND NOT ${heldSql(plan.holds, names)})`
}

/** A column that an erasure changes. */
interface ErasedColumn extends Column {
  readonly erasing: Exclude<Erasing, 'keep'>
}

const erasedColumns: readonly ErasedColumn[] = fieldRows.flatMap(field => {
  const erasing = erasingOf(field)
  const column = field.column === undefined ? undefined : recordColumns[field.column]
  return erasing === 'keep' || column === undefined ? [] : [{ ...column, erasing }]
})
const callerKeyColumn = 'caller_key'

/** What the rows get instead. */
interface Replacement {
  readonly key: { readonly code: number; readonly text: string }
  readonly objectId: { readonly code: number; readonly text: string }
  readonly blank: { readonly code: number; readonly text: string }
}

/**
 * The archives with records of the plan, and the names that their new files get. The numbers of files are free ones.
 * @param directory of the archives.
 */
export async function archivesToErase(
  connection: DuckDBConnection,
  directory: string,
  plan: ErasePlan,
  names: Dictionaries,
): Promise<readonly ArchiveProof[]> {
  const all = await readArchives(connection)
  const taken = new Set(all.map(({ file }) => file))
  const found: ArchiveProof[] = []
  for (const archive of all) {
    const rows = archivedSql(directory, [archive])
    const some = await connection.runAndReadAll(`SELECT 1 FROM (${rows}) WHERE ${erasedSql(plan, names)} LIMIT 1`)
    if (some.currentRowCount === 0) continue
    const newFile = freeFile(directory, archive.file, taken)
    taken.add(newFile)
    found.push({ file: archive.file, newFile })
  }
  return found
}

function freeFile(directory: string, file: string, taken: ReadonlySet<string>): string {
  const folder = file.slice(0, file.lastIndexOf('/'))
  for (let number = 1; ; number += 1) {
    const free = join(folder, `records-${number}.parquet`)
    if (!taken.has(free) && !existsSync(join(directory, free))) return free
  }
}

/**
 * Erases the rows, the sums that name the caller, and writes new files of archives, in a transaction of its own. The
 * old files stay until `removeErasedFiles`, once the store's state is on the disk.
 */
export async function eraseRows(
  connection: DuckDBConnection,
  directory: string,
  plan: ErasePlan,
  files: readonly ArchiveProof[],
  names: Dictionaries,
): Promise<ErasedRows> {
  const erased = erasedSql(plan, names)
  return inTransaction(connection, async () => {
    const before = await readArchives(connection)
    const rows = rowsSource(directory, before)
    await connection.run(`CREATE OR REPLACE TEMP TABLE erasing AS SELECT id, start_hour FROM ${rows} WHERE ${erased}`)
    const replacement = await replacementFor(connection, plan)
    const own = await ownModels(connection)
    const sets = erasedColumns.map(column => `${column.name} = ${codeFor(column, replacement, own)}`)
    const changed = [...sets, `${callerKeyColumn} = ${replacement.key.code}`, 'unnamed = NULL']
    const { rowsChanged } = await connection.run(
      `UPDATE records SET ${changed.join(', ')} WHERE id IN (SELECT id FROM erasing)`,
    )
    for (const { file, newFile } of files) {
      const archive = before.find(known => known.file === file)
      if (archive !== undefined) await rewriteArchive(connection, directory, archive, newFile, replacement)
    }
    await remakeErased(connection, directory)
    const all = await connection.runAndReadAll('SELECT count(*) FROM erasing')
    await connection.run('DROP TABLE erasing')
    await deleteUnused(connection, directory)
    const records = Number(all.getRows()[0]?.[0] ?? 0)
    return { records, archived: records - rowsChanged }
  })
}

/** A day at a time: the groups of a year need more memory than the store may use. */
async function remakeErased(connection: DuckDBConnection, directory: string): Promise<void> {
  const found = await connection.runAndReadAll('SELECT DISTINCT start_hour FROM erasing ORDER BY start_hour')
  const hours = found.getRows().map(([hour]) => Number(hour))
  for (const day of Map.groupBy(hours, hour => Math.floor(hour / 24)).values()) {
    await remakeHours(connection, directory, day)
  }
}

async function replacementFor(connection: DuckDBConnection, { filter, person, pseudonym }: ErasePlan) {
  const key = filter.caller.slice(0, filter.caller.length - person.objectId.length) + pseudonym
  const numbered = async (dictionary: string, text: string) => ({
    code: await codeOf(connection, dictionary, text),
    text,
  })
  return {
    key: await numbered(callerKeyColumn, key),
    objectId: await numbered(columnNameOf('callerObjectId'), pseudonym),
    blank: await numbered(columnNameOf('path'), blankText),
  }
}

/** Number of a name, which gets one when it has none. */
async function codeOf(connection: DuckDBConnection, dictionary: string, text: string): Promise<number> {
  const find = 'SELECT code FROM names WHERE dictionary = $1 AND text = $2'
  const known = (await connection.runAndReadAll(find, [dictionary, text])).getRows()[0]?.[0]
  if (known !== undefined) return Number(known)
  await connection.run('INSERT INTO names SELECT $1, coalesce(max(code), 0) + 1, $2 FROM names WHERE dictionary = $1', [
    dictionary,
    text,
  ])
  return Number((await connection.runAndReadAll(find, [dictionary, text])).getRows()[0]?.[0])
}

/** A condition that is true for a row whose requested model is the name of its deployment. */
async function ownModels(connection: DuckDBConnection): Promise<string> {
  const found = await connection.runAndReadAll(
    `SELECT m.code, d.code FROM names m JOIN names d USING (text) WHERE m.dictionary = 'model' AND d.dictionary = 'deployment'`,
  )
  const pairs = found
    .getRows()
    .map(([model, deployment]) => `(requested_model = ${model} AND deployment = ${deployment})`)
  return pairs.length === 0 ? 'false' : pairs.join(' OR ')
}

/** What a column of `records` gets. */
function codeFor({ name, kind, erasing }: ErasedColumn, replacement: Replacement, own: string): string {
  switch (erasing) {
    case 'remove':
      return kind === 'name' ? '0' : 'NULL'
    case 'blank':
      return `${replacement.blank.code}`
    case 'pseudonym':
      return `${replacement.objectId.code}`
    case 'own':
      return `CASE WHEN ${own} THEN ${name} ELSE 0 END`
  }
}

/** Writes the new file of an archive and puts it in the place of the old one among the archives of the store. */
async function rewriteArchive(
  connection: DuckDBConnection,
  directory: string,
  { file }: Archive,
  newFile: string,
  replacement: Replacement,
): Promise<void> {
  const source = `read_parquet(${literal(join(directory, file))}, hive_partitioning = false)`
  const schema = await connection.runAndReadAll(
    `SELECT DISTINCT name FROM parquet_schema(${literal(join(directory, file))})`,
  )
  const present = new Set(schema.getRows().map(([name]) => String(name)))
  const texts = textsFor(replacement)
    .filter(({ column }) => present.has(column))
    .map(({ column, value }) => `CASE WHEN is_erased THEN ${value} ELSE ${column} END AS ${column}`)
  const marked = `SELECT *, id::UUID IN (SELECT id FROM erasing) AS is_erased FROM ${source}`
  await writeFile(
    connection,
    join(directory, newFile),
    `SELECT * EXCLUDE (is_erased) REPLACE (${texts.join(', ')}) FROM (${marked}) ORDER BY id DESC`,
  )
  const { bytes, checksum } = archiveFacts(directory, newFile)
  await connection.run('UPDATE archives SET file = $1, bytes = $2, checksum = $3 WHERE file = $4', [
    ...[newFile, bytes, checksum, file],
  ])
}

/** What columns of a file get: names are there as text, with their numbers beside them. */
function textsFor({ key, objectId, blank }: Replacement): readonly { column: string; value: string }[] {
  const named = (column: string, text: string, code: string) => [
    { column, value: text },
    { column: `${column}_number`, value: code },
  ]
  const own = (name: string, value: string): string => `CASE WHEN ${name} = deployment THEN ${value}`
  const columns = erasedColumns.flatMap(({ name, kind, erasing }) => {
    if (kind !== 'name') return [{ column: name, value: 'NULL' }]
    if (erasing === 'remove') return named(name, 'NULL', '0')
    if (erasing === 'blank') return named(name, literal(blank.text), `${blank.code}`)
    if (erasing === 'pseudonym') return named(name, literal(objectId.text), `${objectId.code}`)
    return named(name, `${own(name, name)} END`, `${own(name, `${name}_number`)} ELSE 0 END`)
  })
  return [...columns, ...named(callerKeyColumn, literal(key.text), `${key.code}`), { column: 'unnamed', value: 'NULL' }]
}

/** Deletes the names that no record has any more, from the dictionaries of the columns that were erased. */
async function deleteUnused(connection: DuckDBConnection, directory: string): Promise<void> {
  const rows = rowsSource(directory, await readArchives(connection))
  const erased = erasedColumns.filter(({ kind }) => kind === 'name').map(({ dictionary }) => dictionary)
  for (const dictionary of new Set([...erased, callerKeyColumn])) {
    const used = recordColumns
      .filter(column => column.kind === 'name' && column.dictionary === dictionary)
      .map(({ name }) => `SELECT ${name} FROM ${rows} WHERE ${name} IS NOT NULL`)
    await connection.run(`DELETE FROM names WHERE dictionary = $1 AND code NOT IN (${used.join(' UNION ')})`, [
      dictionary,
    ])
  }
}

/** Removes the files of a plan that the store does not know: the old ones once it knows the new ones, else the new. */
export async function removeErasedFiles(
  connection: DuckDBConnection,
  directory: string,
  files: readonly ArchiveProof[],
): Promise<void> {
  const known = new Set((await readArchives(connection)).map(({ file }) => file))
  for (const { file, newFile } of files) {
    if (known.has(newFile)) rmSync(join(directory, file), { force: true })
    else if (known.has(file)) rmSync(join(directory, newFile), { force: true })
  }
}

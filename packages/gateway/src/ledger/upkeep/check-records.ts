import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { journalPath } from '../directory.ts'
import type { JournalPosition } from '../journal/position.ts'
import { segmentNumbers } from '../journal/segments.ts'
import { holdsPath } from '../privacy/holds.ts'
import type { LegalHold } from '../privacy/index.ts'
import { readJson } from '../privacy/json-file.ts'
import { archivePath, readArchives, rowsSource } from '../store/archives.ts'
import { openDatabase } from '../store/database.ts'
import { heldSegments, heldSql } from '../store/held.ts'
import { Loader } from '../store/loader.ts'
import { Dictionaries } from '../store/names.ts'
import { areRollupsCurrent, wrongHours } from '../store/rollups.ts'
import { migrations, recordColumns } from '../store/schema.ts'
import { checkArchives } from './check-archives.ts'
import type { CheckedPart } from './index.ts'
import { presentSql } from './present.ts'
import { openReading, type Reading } from './reading.ts'
import { counted, few } from './words.ts'

/**
 * Loads the journal a second time, into a store beside the ledger's, and compares: every record that the journal has
 * must be in the store once, with the same values. Then compares the rollups with their rows, and archives with what
 * the store knows of them.
 */
export async function checkRecords(directory: string): Promise<readonly CheckedPart[]> {
  let reading: Reading
  try {
    reading = await openReading({ ledger: directory })
  } catch (error) {
    return [{ part: 'records', checked: 'the store', faults: [messageOf(error)], notes: [] }]
  }
  let loaded: JournalPosition
  let names: readonly NumberedName[]
  try {
    const version = await numberIn(reading.connection, 'SELECT max(version) FROM schema_version')
    if (version !== migrations.length) {
      const note = `the store has schema ${version} and this version knows ${migrations.length}: start the gateway once, then check`
      return [{ part: 'records', checked: 'the schema of the store', faults: [], notes: [note] }]
    }
    loaded = await numberIn(reading.connection, 'SELECT loaded FROM journal_cursor')
    names = await namesOf(reading.connection)
  } finally {
    reading.close()
  }
  const archives = await checkArchives(directory)
  if (archives.faults.length > 0) {
    const note = 'records and sums are compared when the archives have no fault'
    return [{ part: 'records', checked: 'nothing', faults: [], notes: [note] }, archives]
  }
  const temporary = mkdtempSync(join(directory, 'check-'))
  try {
    await loadAgain(directory, temporary, names, loaded)
    return [...(await compare(directory, temporary, loaded)), archives]
  } catch (error) {
    // A block of the store whose checksum is wrong is found when it is read.
    return [{ part: 'records', checked: 'the store', faults: [messageOf(error)], notes: [] }]
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

async function numberIn(connection: DuckDBConnection, sql: string): Promise<number> {
  return Number((await connection.runAndReadAll(sql)).getRows()[0]?.[0] ?? 0)
}

/** A name with its number in the ledger's store. */
type NumberedName = readonly [dictionary: string, code: number, text: string]

async function namesOf(connection: DuckDBConnection): Promise<readonly NumberedName[]> {
  const found = await connection.runAndReadAll('SELECT dictionary, code, text FROM names')
  return found.getRows().map(([dictionary, code, text]) => [String(dictionary), Number(code), String(text)])
}

/**
 * @param names get the numbers that they have in the ledger's store, so that numbers can be compared.
 * @param limit what the store has loaded.
 */
async function loadAgain(
  directory: string,
  temporary: string,
  names: readonly NumberedName[],
  limit: JournalPosition,
): Promise<void> {
  const database = await openDatabase({ directory: temporary })
  try {
    const appender = await database.loading.createAppender('names', 'main', 'ledger')
    for (const [dictionary, code, text] of names) {
      appender.appendVarchar(dictionary)
      appender.appendInteger(code)
      appender.appendVarchar(text)
      appender.endRow()
    }
    appender.closeSync()
    // `checkSegments` reports damage.
    const options = {
      ...{ connection: database.loading, journal: journalPath(directory), archives: archivePath(temporary) },
      ...{ onDamage: () => {}, names: {}, keepsNames: true },
    }
    const loader = await Loader.start(options)
    await loader.load(limit)
    loader.close()
    await database.checkpoint()
  } finally {
    database.close()
  }
}

async function compare(directory: string, temporary: string, loaded: JournalPosition): Promise<readonly CheckedPart[]> {
  const reading = await openReading({ ledger: directory, fresh: temporary })
  try {
    const { connection } = reading
    const segments = segmentNumbers(journalPath(directory))
    const records = await numberIn(connection, 'SELECT count(*) FROM ledger.records')
    const fresh = await numberIn(connection, 'SELECT count(*) FROM fresh.records')
    const checked = `${counted(records, 'record')}, ${counted(fresh, 'record')} of the journal`
    const kept = rowsSource(archivePath(directory), await readArchives(connection))
    const holds = readJson<readonly LegalHold[]>(holdsPath(directory)) ?? []
    const held = heldSql(holds, await Dictionaries.read(connection))
    const { missing, deleted } = await missingIn(connection, kept, held)
    const faults = [
      ...(await doubles(connection, kept)),
      ...missing,
      ...(await unfounded(connection, segments, loaded)),
      ...(await different(connection, segments)),
    ]
    const beginnings = await numberIn(
      connection,
      `SELECT count(*) FROM ledger.records l JOIN fresh.records f USING (id) WHERE ${lostBeginning}`,
    )
    const notes = [
      ...(deleted === 0 ? [] : [`${counted(deleted, 'record')} of the journal were deleted for their age`]),
      ...(beginnings === 0 ? [] : [`only the store has the beginning of ${counted(beginnings, 'record')}`]),
    ]
    return [{ part: 'records', checked, faults, notes }, await checkRollups(connection, archivePath(directory))]
  } finally {
    reading.close()
  }
}

/** Sentences about the records that a query names in its first column. */
async function about(connection: DuckDBConnection, sql: string, what: string): Promise<string[]> {
  const found = await connection.runAndReadAll(sql)
  return few(
    found.getRows().map(([id, detail]) => `record ${id} ${what}${detail === undefined ? '' : ` ${detail}`}`),
    'records',
  )
}

/** @param kept the records of the table and of archives, as `rowsSource` gives them. */
const doubles = (connection: DuckDBConnection, kept: string): Promise<string[]> =>
  about(
    connection,
    `SELECT id::VARCHAR FROM ${kept} GROUP BY id HAVING count(*) > 1 ORDER BY id`,
    'is there more than once',
  )

/**
 * Records of the journal that the store does not have. Those older than all that it has were deleted for their age,
 * as were those in segments that stay for a legal hold.
 * @param kept as of `doubles`. @param held condition of records on legal hold.
 */
async function missingIn(
  connection: DuckDBConnection,
  kept: string,
  held: string,
): Promise<{ readonly missing: string[]; readonly deleted: number }> {
  const missing = `FROM fresh.records f ANTI JOIN ${kept} l USING (id)`
  const only = `CASE WHEN count(*) > 0 THEN 'infinity'::DOUBLE ELSE 0 END`
  const oldest = `(SELECT coalesce(min(started_at_ms) FILTER (NOT ${held}), ${only}) FROM ${kept})`
  const stays = presentSql(
    'f.closed_at',
    [...(await heldSegments(connection, held))].sort((a, b) => a - b),
  )
  const isOld = `(f.started_at_ms < ${oldest} OR ${stays})`
  return {
    missing: await about(
      connection,
      `SELECT f.id::VARCHAR ${missing} WHERE NOT ${isOld} ORDER BY f.id`,
      'is in the journal and not in the store',
    ),
    deleted: await numberIn(connection, `SELECT count(*) ${missing} WHERE ${isOld}`),
  }
}

/** Records whose end the journal should have, and has not. */
const unfounded = (
  connection: DuckDBConnection,
  segments: readonly number[],
  loaded: JournalPosition,
): Promise<string[]> =>
  about(
    connection,
    `SELECT l.id::VARCHAR FROM ledger.records l ANTI JOIN fresh.records f USING (id)
     WHERE ${presentSql('l.closed_at', segments)} AND l.closed_at < ${loaded} AND l.closed_at > 0 ORDER BY l.id`,
    'is in the store, and the journal no longer has its end as it was written',
  )

/** The store has more than the journal, of which that part is damaged or deleted: every call has a method. */
const lostBeginning = 'f.method = 0 AND l.method <> 0'

/** The columns that follow from the journal alone. */
const compared = recordColumns.filter(({ name }) => name !== 'sequence' && name !== 'unnamed')

async function different(connection: DuckDBConnection, segments: readonly number[]): Promise<string[]> {
  const differs = compared.map(({ name, kind }) => {
    const isOther = `l.${name} IS DISTINCT FROM f.${name}`
    // A name that one of them has only as text, or that an upgrade removed, is not compared.
    return `CASE WHEN ${kind === 'name' ? `l.${name} > 0 AND f.${name} > 0 AND ${isOther}` : isOther} THEN '${name}' END`
  })
  return about(
    connection,
    `SELECT id, 'in ' || columns FROM (
       SELECT l.id::VARCHAR AS id, concat_ws(', ', ${differs.join(', ')}) AS columns
       FROM ledger.records l JOIN fresh.records f USING (id)
       WHERE (l.opened_at = 0 OR ${presentSql('l.opened_at', segments)}) AND NOT (${lostBeginning}))
     WHERE columns <> '' ORDER BY id`,
    'differs from the journal',
  )
}

async function checkRollups(connection: DuckDBConnection, archives: string): Promise<CheckedPart> {
  const made = "SELECT count(*) FROM duckdb_tables() WHERE database_name = 'ledger' AND table_name = 'rollups'"
  if ((await numberIn(connection, made)) === 0) {
    // A store gets them at its start, on the disk with its first checkpoint.
    const note = 'the store was not written yet since it was made or upgraded: the next start makes the sums'
    return { part: 'rollups', checked: counted(0, 'sum'), faults: [], notes: [note] }
  }
  if (!(await areRollupsCurrent(connection))) {
    const note = 'another version made the sums in another way: the next start makes them again'
    return { part: 'rollups', checked: counted(0, 'sum'), faults: [], notes: [note] }
  }
  const rollups = await numberIn(connection, 'SELECT count(*) FROM ledger.rollups')
  const hours = await wrongHours(connection, archives)
  const wrong = hours.map(
    hour => `the sums of ${new Date(hour * 3_600_000).toISOString().slice(0, 13)}:00Z are not those of its records`,
  )
  return { part: 'rollups', checked: counted(rollups, 'sum'), faults: few(wrong, 'hours'), notes: [] }
}

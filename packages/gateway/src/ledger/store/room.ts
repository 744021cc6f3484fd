/** Makes room in the dictionaries: deletes unused names, and gives rows the number of a name that had none. */
import type { DuckDBConnection } from '@duckdb/node-api'
import { readArchives, rowsSource } from './archives.ts'
import { type NewName, needsRoom, unnumbered } from './names.ts'
import { remakeHours } from './rollups.ts'
import { recordColumns } from './schema.ts'

/**
 * Deletes names that no record has from dictionaries that are more than half full. Nothing else may hold numbers of
 * names meanwhile.
 */
export async function makeRoom(connection: DuckDBConnection, archives: string): Promise<void> {
  const sizes = await connection.runAndReadAll(
    'SELECT dictionary, count(*), sum(length(text)) FROM names GROUP BY dictionary',
  )
  const rows = rowsSource(archives, await readArchives(connection))
  for (const [dictionary, values, units] of sizes.getRows()) {
    const name = String(dictionary)
    if (!needsRoom(name, Number(values), Number(units))) continue
    const used = columnsOf(name).map(column => `SELECT ${column} FROM ${rows} WHERE ${column} IS NOT NULL`)
    if (used.length === 0) continue
    await connection.run(`DELETE FROM names WHERE dictionary = $1 AND code NOT IN (${used.join(' UNION ')})`, [name])
  }
}

/**
 * Rows keep a name without a number as text. Gives them the number that the name has now. Archives stay as they are.
 * @param archives directory of the archives.
 */
export async function numberRows(
  connection: DuckDBConnection,
  archives: string,
  names: readonly NewName[],
): Promise<void> {
  const some = await connection.runAndReadAll('SELECT 1 FROM records WHERE unnamed IS NOT NULL LIMIT 1')
  if (some.currentRowCount === 0) return
  const hours = new Set<number>()
  for (const { dictionary, code, text } of names) {
    for (const column of columnsOf(dictionary)) {
      // `unnamed` is JSON of texts by field. A quote within a text is escaped, so that no text can contain such a pair.
      const pair = `${JSON.stringify(fieldOf(column))}:${JSON.stringify(text)}`
      const where = `WHERE ${column} IN (0, ${unnumbered}) AND unnamed IS NOT NULL AND contains(unnamed, $1)`
      const found = await connection.runAndReadAll(`SELECT DISTINCT start_hour FROM records ${where}`, [pair])
      if (found.currentRowCount === 0) continue
      await connection.run(`UPDATE records SET ${column} = ${code} ${where}`, [pair])
      for (const [hour] of found.getRows()) hours.add(Number(hour))
    }
  }
  await remakeHours(connection, archives, [...hours])
}

function columnsOf(dictionary: string): string[] {
  return recordColumns.flatMap(column =>
    column.kind === 'name' && column.dictionary === dictionary ? [column.name] : [],
  )
}

/** Name of a column's field, under which `unnamed` has it. */
function fieldOf(column: string): string {
  return column.replace(/_[a-z]/g, letter => letter.charAt(1).toUpperCase())
}

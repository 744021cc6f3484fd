import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'
import { migrations, recordColumns } from './schema.ts'

// Rows are appended by position: a store with its columns in another order would get every value into a wrong one.
test('the migrations make the columns of the table of fields, in their order', async () => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  for (const statement of migrations.flat()) await connection.run(statement)
  const found = await connection.runAndReadAll("SELECT name FROM pragma_table_info('records') ORDER BY cid")
  assert.deepEqual(
    found.getRows().map(([name]) => name),
    recordColumns.map(({ name }) => name),
  )
  const shown = await connection.runAndReadAll("SELECT name FROM pragma_table_info('exchanges') ORDER BY cid")
  assert.deepEqual(shown.getRows(), found.getRows(), 'the view shows every column')
  connection.closeSync()
  instance.closeSync()
})

// Stores of earlier versions have run them: a changed one would leave those with other columns than new stores.
test('migrations that were released do not change', () => {
  const digestOf = (count: number): string =>
    createHash('sha256')
      .update(JSON.stringify(migrations.slice(0, count)))
      .digest('hex')
      .slice(0, 16)
  assert.equal(digestOf(4), 'ec114804fb5b0af2')
})

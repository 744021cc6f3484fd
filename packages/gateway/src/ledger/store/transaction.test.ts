import assert from 'node:assert/strict'
import { test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { openDatabase } from './database.ts'
import { inSnapshot, inTransaction } from './transaction.ts'

const versions = 'SELECT count(*) FROM schema_version'

// A page that is read just then must neither change under its reader nor hold up the store.
test('a checkpoint succeeds while a question reads in a snapshot, and the snapshot stays as it was', async t => {
  const database = await openDatabase({ directory: temporaryDirectory('ledger') })
  t.after(() => database.close())
  const reader = await database.connect()
  t.after(() => reader.closeSync())
  await inSnapshot(reader, async () => {
    const before = (await reader.runAndReadAll(versions)).getRows()
    await database.loading.run('INSERT INTO schema_version VALUES (1)')
    await database.checkpoint()
    assert.deepEqual((await reader.runAndReadAll(versions)).getRows(), before)
  })
})

test('a transaction whose work fails leaves nothing, and the next one works', async t => {
  const database = await openDatabase({ directory: temporaryDirectory('ledger') })
  t.after(() => database.close())
  const { loading } = database
  const before = (await loading.runAndReadAll(versions)).getRows()
  const failing = inTransaction(loading, async () => {
    await loading.run('INSERT INTO schema_version VALUES (1)')
    throw new RangeError('no')
  })
  await assert.rejects(failing, RangeError)
  assert.deepEqual((await loading.runAndReadAll(versions)).getRows(), before)
  await inTransaction(loading, () => loading.run('INSERT INTO schema_version VALUES (1)'))
})

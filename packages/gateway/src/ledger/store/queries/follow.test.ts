import assert from 'node:assert/strict'
import { test } from 'node:test'
import { temporaryDirectory } from '../../../../../../test/support/directory.ts'
import { closedOf, newId, openedOf, testLedger } from '../../exchange.fixture.ts'
import { openDatabase } from '../database.ts'
import { Dictionaries } from '../names.ts'
import { follow } from './list.ts'

// Whoever follows records would miss some, or wait for ever, where a person was erased or a day was deleted.
test('a follower gets each record once, in the order of loading, over numbers that deleted records have left', async t => {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory)
  const ids = Array.from({ length: 60 }, () => newId())
  for (const id of ids) void ledger.journal.close({ ...closedOf(id), opened: openedOf(id) }, [])
  await ledger.close()
  const database = await openDatabase({ directory })
  t.after(() => database.close())
  await database.loading.run('DELETE FROM records WHERE sequence IN (3, 60) OR sequence BETWEEN 11 AND 44')
  const connection = await database.connect()
  t.after(() => connection.closeSync())
  const names = await Dictionaries.read(database.loading)

  const isDeleted = (number: number): boolean => number === 3 || number === 60 || (11 <= number && number <= 44)
  const expected = ids.filter((_, at) => !isDeleted(at + 1))
  for (const limit of [1, 7, 100]) {
    const seen: string[] = []
    let cursor = '0'
    for (let pages = 0; cursor !== '60'; pages += 1) {
      assert.ok(pages < 60, 'each page brings the follower on')
      const page = await follow(connection, names, { after: cursor, limit, loadedTo: 60 })
      assert.ok(page.records.length <= limit)
      seen.push(...page.records.map(({ json }) => (JSON.parse(json) as { id: string }).id))
      cursor = page.cursor
    }
    assert.deepEqual(seen, expected)
  }
  const [record] = (await follow(connection, names, { after: '44', limit: 1, loadedTo: 60 })).records
  assert.equal(record?.cursor, '45')
  assert.deepEqual(await follow(connection, names, { after: null, limit: 1, loadedTo: 60 }), {
    records: [],
    cursor: '60',
  })
})

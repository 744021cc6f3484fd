import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { temporaryDirectory } from '../../../../../../test/support/directory.ts'
import { closedOf, newId, openedOf, testLedger } from '../../exchange.fixture.ts'
import { openDatabase } from '../database.ts'
import { Dictionaries } from '../names.ts'
import { conditionsOf } from './filter.ts'
import { newestFirst } from './newest.ts'

const recordsMax = 150

const reach = fc.record({
  windows: fc.array(fc.integer({ min: 1, max: recordsMax }), { maxLength: 3 }),
  few: fc.integer({ min: 1, max: recordsMax + 2 }),
  counted: fc.integer({ min: 1, max: 40 }),
  close: fc.constantFrom(0, 10, 1_000_000),
})

// Millions of records take other ways than hundreds. A page that leaves one out, or shows one twice, makes an audit
// wrong.
test('a page has the newest matching records, by whichever way it finds them', { timeout: 60_000 }, async t => {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory)
  const records = Array.from({ length: recordsMax }, (_, index) => ({ id: newId(), rare: index % 37 === 5 }))
  // Long calls end late: the order of loading is not that of the ids.
  const loaded = records.toSorted((a, b) => (a.id.slice(-3) < b.id.slice(-3) ? -1 : 1))
  for (const { id, rare } of loaded) {
    const opened = openedOf(id, { workload: rare ? 'rare' : 'common' })
    void ledger.journal.close({ ...closedOf(id), opened }, [])
  }
  await ledger.close()
  const database = await openDatabase({ directory })
  t.after(() => database.close())
  const connection = await database.connect()
  t.after(() => connection.closeSync())
  const names = await Dictionaries.read(database.loading)

  const ids = records.map(({ id }) => id)
  const befores = fc.option(fc.constantFrom(...ids, '00000000-0000-7000-8000-000000000000', newId()))
  const workloads = fc.constantFrom(undefined, 'rare', 'common', 'none')
  await fc.assert(
    fc.asyncProperty(
      reach,
      befores,
      workloads,
      fc.integer({ min: 1, max: 60 }),
      async (sizes, before, workload, most) => {
        const conditions = conditionsOf(workload === undefined ? {} : { workload }, names)
        if (before !== null) conditions.add('id < ?::UUID', before)
        const archives = { directory: '', files: [] }
        const query = { conditions, before, rowsMax: most, loadedTo: recordsMax, archives }
        const rows = await newestFirst(connection, names, query, sizes)
        const matching = records.filter(
          ({ id, rare }) =>
            (before === null || id < before) && (workload === undefined || workload === (rare ? 'rare' : 'common')),
        )
        const newest = matching
          .map(({ id }) => id)
          .sort()
          .reverse()
          .slice(0, most)
        assert.deepEqual(
          rows.map(({ row }) => row.id),
          newest,
        )
      },
    ),
    { numRuns: 150 },
  )
})

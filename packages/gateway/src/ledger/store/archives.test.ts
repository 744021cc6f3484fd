import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { closedOf, dayMs, keptLog, newId, openedOf, testLedger } from '../exchange.fixture.ts'
import type { Ledger } from '../index.ts'
import type { RecordRow } from '../record.ts'
import { type UsageDimension, usageDimensions } from '../reports.ts'
import { checkLedger } from '../upkeep/check.ts'
import { rebuildLedger } from '../upkeep/rebuild.ts'

const start = Date.UTC(2026, 0, 1)
const daysMade = 6

interface World {
  readonly directory: string
  ledger: Ledger
  /** Looks after age, as the ledger does every hour. @param day the time, in days after the start. */
  retain(day: number): Promise<void>
  open(): Promise<Ledger>
}

async function openWorld(
  t: TestContext,
  retain = { records: 60 * dayMs, bodies: dayMs, archiveAfter: 40 * dayMs },
): Promise<World> {
  const directory = temporaryDirectory('ledger')
  let now = start
  let work = async (): Promise<void> => {}
  const open = (): Promise<Ledger> =>
    testLedger(t, directory, {
      clock: () => now,
      retain,
      log: keptLog(),
      scheduler: (_, given) => {
        work = given
        return () => {}
      },
    })
  const world: World = {
    directory,
    ledger: await open(),
    retain: async day => {
      now = start + day * dayMs
      await work()
    },
    open,
  }
  return world
}

/** Records over six days, some in the same hour, one with a name that is too long for a dictionary. */
async function fill(ledger: Ledger, count = 60): Promise<void> {
  for (let n = 0; n < count; n++) {
    const id = newId()
    const startedAtMs = start + Math.floor((n / count) * daysMade * dayMs) + 1_234.5
    const opened = openedOf(id, {
      startedAtMs,
      workload: `workload-${n % 3}`,
      requestedModel: n % 20 === 7 ? 'm'.repeat(600) : 'gpt-4o',
      replica: n % 7 === 0 ? null : `replica-${n % 2}`,
      copyOf: n % 30 === 3 ? '0199c0de-0000-7000-8000-000000000001' : null,
      copyKind: n % 30 === 3 ? 'shadow' : null,
    })
    const closed = closedOf(id, {
      endedAtMs: startedAtMs + 500 + n,
      servedModel: n % 20 === 7 ? null : 'gpt-4o-2024-08-06',
      objectId: n % 6 === 0 ? `resp_${n}` : null,
      outcome: n % 10 === 4 ? 'failed' : 'completed',
    })
    await ledger.journal.close({ ...closed, opened }, [])
  }
  await ledger.caughtUp()
}

const filesOf = (directory: string): string[] =>
  existsSync(join(directory, 'archive')) ? readdirSync(join(directory, 'archive')).sort() : []

async function allRecords(ledger: Ledger, limit: number): Promise<RecordRow[]> {
  const rows: RecordRow[] = []
  let before: string | undefined
  do {
    const page = await ledger.list({ limit, ...(before === undefined ? {} : { before }) })
    rows.push(...page.records)
    before = page.next ?? undefined
  } while (before !== undefined)
  return rows
}

// An auditor who asks for last year must get the same answers whether the rows are in the store or in a file.
test('days in archives answer every question as before', { timeout: 120_000 }, async t => {
  const world = await openWorld(t)
  await fill(world.ledger)
  const before = await allRecords(world.ledger, 1_000)
  const dimensions = fc.uniqueArray(fc.constantFrom(...usageDimensions), { minLength: 1, maxLength: 3 })
  const hour = dayMs / 24
  const times = fc.option(
    fc.integer({ min: 0, max: daysMade * 48 }).map(half => start + (half * hour) / 2),
    { nil: undefined },
  )
  const questions = fc.sample(
    fc.record({
      by: dimensions,
      fromMs: times,
      toMs: times,
      workload: fc.constantFrom(undefined, 'workload-1'),
      replica: fc.constantFrom(undefined, undefined, 'replica-1'),
      copyOf: fc.constantFrom(undefined, undefined, '0199c0de-0000-7000-8000-000000000001'),
    }),
    40,
  )
  const ask = async (ledger: Ledger): Promise<unknown[]> => {
    const answers: unknown[] = []
    for (const question of questions) {
      const given = Object.fromEntries(Object.entries(question).filter(([, value]) => value !== undefined))
      const report = await ledger.usage(given as { by: UsageDimension[] })
      answers.push({ ...report, lines: report.lines.map(line => JSON.stringify(line)).sort() })
    }
    const time = {
      fromMs: start + hour / 2,
      toMs: start + daysMade * dayMs,
      step: 'day',
      timeZone: 'Asia/Kolkata',
    } as const
    answers.push(await ledger.series({ ...time, by: 'workload', top: 2 }))
    return answers
  }
  const reports = await ask(world.ledger)

  // Three days are older than forty days.
  await world.retain(43)
  assert.deepEqual(filesOf(world.directory), ['day=2026-01-01', 'day=2026-01-02', 'day=2026-01-03'])
  for (const limit of [7, 1_000]) assert.deepEqual(await allRecords(world.ledger, limit), before)
  assert.deepEqual(await ask(world.ledger), reports)
  for (const row of before) assert.deepEqual(await world.ledger.row(row.id), row)
  const failed = await world.ledger.list({ outcome: 'failed', limit: 1_000 })
  assert.deepEqual(
    failed.records,
    before.filter(({ outcome }) => outcome === 'failed'),
  )
  assert.equal((await world.ledger.creatorsOf(['resp_0', 'resp_54'])).size, 2)
  assert.deepEqual((await world.ledger.list({ objectId: 'resp_6' })).records.length, 1)

  await world.ledger.close()
  assert.deepEqual(
    (await checkLedger(world.directory)).flatMap(({ faults }) => faults),
    [],
  )
  world.ledger = await world.open()
  assert.deepEqual(await allRecords(world.ledger, 13), before)
})

test('a record that comes late for a day in an archive gets a file of its own', async t => {
  const world = await openWorld(t)
  await fill(world.ledger, 12)
  await world.retain(47)
  const late = newId()
  await world.ledger.journal.close({ ...closedOf(late), opened: openedOf(late, { startedAtMs: start + 5_000 }) }, [])
  await world.retain(47)
  assert.deepEqual(readdirSync(join(world.directory, 'archive', 'day=2026-01-01')).sort(), [
    'records-1.parquet',
    'records-2.parquet',
  ])
  assert.equal((await allRecords(world.ledger, 5)).length, 13)
  assert.equal((await world.ledger.row(late))?.workload, 'hr-bot')
  assert.equal((await world.ledger.usage({ by: ['day'] })).total.calls, 13)
})

test('archives are deleted a day at a time when their records are too old', async t => {
  const world = await openWorld(t)
  await fill(world.ledger)
  await world.retain(46)
  assert.equal(filesOf(world.directory).length, 6)
  await world.retain(62.5)
  assert.deepEqual(filesOf(world.directory), ['day=2026-01-03', 'day=2026-01-04', 'day=2026-01-05', 'day=2026-01-06'])
  const { records } = await world.ledger.list({ limit: 1_000 })
  assert.ok(records.every(({ startedAtMs }) => startedAtMs >= start + 2 * dayMs))
  assert.equal((await world.ledger.usage({ by: ['day'] })).total.calls, records.length)
  assert.equal((await world.ledger.creatorsOf(['resp_0'])).size, 0)
  await world.ledger.close()
  assert.deepEqual(
    (await checkLedger(world.directory)).flatMap(({ faults }) => faults),
    [],
  )
})

// Analysts read the files with what they have; numbers of dictionaries would mean nothing to them.
test('other programs read an archive without the store', async t => {
  const world = await openWorld(t)
  await fill(world.ledger, 12)
  await world.retain(60)
  await world.ledger.close()
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const found = await connection.runAndReadAll(
    `SELECT day::VARCHAR, workload, outcome, count(*), sum(total_tokens), min(length(id)), max(caller_name)
     FROM read_parquet('${world.directory}/archive/*/*.parquet', hive_partitioning = true)
     WHERE day = '2026-01-01' AND workload = 'workload-1' GROUP BY ALL`,
  )
  connection.closeSync()
  instance.closeSync()
  assert.deepEqual(found.getRows(), [['2026-01-01', 'workload-1', 'completed', 1n, 15n, 36n, 'Alice Example']])
})

// A store that is lost must not take the years in the archives with it.
test('a rebuilt store takes over archives, also those that it knows nothing of', { timeout: 60_000 }, async t => {
  const world = await openWorld(t)
  await fill(world.ledger)
  const before = await allRecords(world.ledger, 1_000)
  const report = await world.ledger.usage({ by: ['workload'] })
  await world.retain(43)
  await world.ledger.close()
  // The journal still has all of them.
  assert.deepEqual(await rebuildLedger(world.directory, false), {
    ...{ loaded: 30, kept: 0, adopted: 0 },
    leftOut: [],
    unreadable: null,
  })
  assert.deepEqual(
    (await checkLedger(world.directory)).flatMap(({ faults }) => faults),
    [],
  )
  const same = await world.open()
  assert.deepEqual(await allRecords(same, 9), before)
  assert.deepEqual((await same.usage({ by: ['workload'] })).lines, report.lines)
  await same.close()

  rmSync(join(world.directory, 'ledger.duckdb'))
  // Another store, in which names have other numbers.
  const other = await world.open()
  await other.journal.close({ ...closedOf(newId()), opened: openedOf(newId(), { workload: 'workload-2' }) }, [])
  await other.close()
  rmSync(join(world.directory, 'ledger.duckdb'))
  const segments = readdirSync(join(world.directory, 'journal'))
  for (const name of segments) rmSync(join(world.directory, 'journal', name))
  const rebuilt = await rebuildLedger(world.directory, false)
  assert.ok(rebuilt.adopted > 20)
  world.ledger = await world.open()
  const old = before.filter(({ startedAtMs }) => startedAtMs < start + 3 * dayMs)
  assert.deepEqual(await allRecords(world.ledger, 9), old)
  const again = await world.ledger.usage({ by: ['workload'] })
  assert.deepEqual(again.lines.map(({ keys }) => keys[0]).sort(), report.lines.map(({ keys }) => keys[0]).sort())
  assert.equal(again.total.calls, old.length)
  assert.equal((await world.ledger.creatorsOf(['resp_0'])).size, 1)
})

// A store that was lost is made anew from the journal, which no longer has all that its archives have.
test('a store that does not know the archives of a day neither replaces them nor doubles their records', async t => {
  const world = await openWorld(t)
  await fill(world.ledger, 12)
  const before = await allRecords(world.ledger, 1_000)
  const first = before.find(({ startedAtMs }) => startedAtMs < start + dayMs / 4)
  assert.ok(first !== undefined)
  await world.retain(47)
  await world.ledger.close()
  rmSync(join(world.directory, 'ledger.duckdb'))
  for (const name of readdirSync(join(world.directory, 'journal'))) rmSync(join(world.directory, 'journal', name))
  world.ledger = await world.open()
  // The first record, as a journal that begins within the day would still have it, and one that came late.
  const late = newId()
  for (const id of [first.id, late]) {
    const opened = openedOf(id, { startedAtMs: first.startedAtMs, workload: 'workload-0' })
    await world.ledger.journal.close({ ...closedOf(id), opened }, [])
  }
  await world.retain(47)
  await world.ledger.close()
  assert.deepEqual(readdirSync(join(world.directory, 'archive', 'day=2026-01-01')).sort(), [
    'records-1.parquet',
    'records-2.parquet',
  ])
  assert.equal((await rebuildLedger(world.directory, false)).adopted, 11)
  assert.deepEqual(
    (await checkLedger(world.directory)).flatMap(({ faults }) => faults),
    [],
  )
  world.ledger = await world.open()
  assert.equal((await world.ledger.usage({ by: ['day'] })).total.calls, 13)
})

test('a check names an archive that is missing or changed', async t => {
  const world = await openWorld(t)
  await fill(world.ledger)
  await world.retain(43)
  await world.ledger.close()
  const path = (day: string): string => join(world.directory, 'archive', `day=${day}`, 'records-1.parquet')
  rmSync(path('2026-01-01'))
  const bytes = readFileSync(path('2026-01-02'))
  bytes.writeUInt8(bytes.readUInt8(100) ^ 1, 100)
  writeFileSync(path('2026-01-02'), bytes)
  const faults = (await checkLedger(world.directory)).flatMap(part =>
    part.faults.map(fault => `${part.part}: ${fault}`),
  )
  assert.ok(faults.some(fault => /^archives: .*2026-01-01.* is missing$/.test(fault)))
  assert.ok(faults.some(fault => /^archives: .*2026-01-02.* is not as it was written$/.test(fault)))
})

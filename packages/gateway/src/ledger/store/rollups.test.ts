import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { closedOf, dayMs, newId, openedOf, testLedger } from '../exchange.fixture.ts'
import { anyRecord, hostileTexts } from '../fields.fixture.ts'
import type { Ledger } from '../index.ts'
import { archivePath } from './archives.ts'
import { openDatabase } from './database.ts'
import { makeRollups, wrongHours } from './rollups.ts'

const start = Date.UTC(2026, 0, 30, 22, 30)
const hourMs = dayMs / 24

/** What happens to a ledger: records (hours after the start, workload, model), a restart, retention, a new name. */
type Step =
  | { readonly kind: 'records'; readonly hours: readonly number[]; readonly workload: string; readonly model: string }
  | { readonly kind: 'restart' }
  | { readonly kind: 'retain'; readonly afterHours: number }
  | { readonly kind: 'name'; readonly workload: string }

const names = fc.constantFrom('hr-bot', 'code-assistant', 'x'.repeat(600), 'y'.repeat(600))
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('records' as const),
      // Fractions of hours; some begin long before what is loaded already.
      hours: fc.array(
        fc.nat(4_000).map(hundredths => hundredths / 100),
        { maxLength: 12 },
      ),
      workload: names,
      model: names,
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'restart' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('retain' as const), afterHours: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('name' as const), workload: names }) },
)

/** A ledger in which the steps happen. `retain` is its scheduler's. */
class Life {
  readonly directory: string
  readonly #t: TestContext
  #ledger: Ledger | null = null
  #now = start + dayMs
  #retain: () => Promise<void> = async () => {}

  constructor(t: TestContext) {
    this.#t = t
    this.directory = temporaryDirectory('ledger')
  }

  async live(steps: readonly Step[]): Promise<void> {
    for (const one of steps) await this.#step(one)
    await this.close()
  }

  async close(): Promise<void> {
    await this.#ledger?.close()
    this.#ledger = null
  }

  async #step(one: Step): Promise<void> {
    const ledger = await this.#open()
    switch (one.kind) {
      case 'records':
        for (const hours of one.hours) {
          const id = newId()
          const startedAtMs = start + hours * hourMs
          const opened = openedOf(id, { startedAtMs, workload: one.workload, requestedModel: one.model })
          await ledger.journal.close({ ...closedOf(id, { endedAtMs: startedAtMs + 900.5 }), opened }, [])
        }
        return ledger.caughtUp()
      case 'restart':
        return this.close()
      case 'retain':
        this.#now = start + (one.afterHours + 24) * hourMs + 1
        return this.#retain()
      case 'name':
        ledger.keepNames({ workload: [one.workload] })
        return ledger.caughtUp()
      default:
        one satisfies never
    }
  }

  async #open(): Promise<Ledger> {
    this.#ledger ??= await testLedger(this.#t, this.directory, {
      clock: () => this.#now,
      retain: { records: dayMs, bodies: dayMs },
      scheduler: (_, work) => {
        this.#retain = work
        return () => {}
      },
    })
    return this.#ledger
  }
}

async function wrongIn(directory: string): Promise<readonly number[]> {
  const database = await openDatabase({ directory })
  const archives = archivePath(directory)
  try {
    return await wrongHours(database.loading, archives)
  } finally {
    database.close()
  }
}

// Reports read the rollups and lists the rows: an invoice must not differ from the calls that it is made of.
test('rollups equal their rows after any records, restarts, deletions and new names', { timeout: 120_000 }, async t => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 10 }), async steps => {
      const life = new Life(t)
      await life.live(steps)
      assert.deepEqual(await wrongIn(life.directory), [])
    }),
    { numRuns: 8 },
  )
})

// A store keeps values that no ordinary call has; a sum that does not fit would stop loading for ever.
test('rollups equal their rows for records with any values', { timeout: 60_000 }, async t => {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory)
  for (const row of fc.sample(anyRecord(true, hostileTexts), 60)) {
    const id = newId()
    await ledger.journal.close({ ...row, id, opened: { ...row, id } }, [])
  }
  const { total } = await ledger.usage({ by: ['hour', 'workload'] })
  assert.ok(total.calls >= 60)
  await ledger.close()
  assert.deepEqual(await wrongIn(directory), [])
})

// `ledger check` depends on it.
test('rollups that differ from their rows are found, and are right again when they are made anew', async t => {
  const life = new Life(t)
  await life.live([{ kind: 'records', hours: [0.1, 0.2, 3, 8], workload: 'hr-bot', model: 'gpt-4o' }])
  const database = await openDatabase({ directory: life.directory })
  const archives = archivePath(life.directory)
  t.after(() => database.close())
  const firstHour = Math.floor(start / hourMs)
  await database.loading.run('UPDATE rollups SET calls = calls + 1 WHERE start_hour = $1', [firstHour])
  await database.loading.run('DELETE FROM rollups WHERE start_hour = $1', [firstHour + 3])
  assert.deepEqual(await wrongHours(database.loading, archives), [firstHour, firstHour + 3])
  await makeRollups(database.loading, archives)
  assert.deepEqual(await wrongHours(database.loading, archives), [])
})

// Whoever has no token must not make reports slow: what strangers write is in no sum of its own.
test('calls of strangers with names of their own add one rollup an hour', async t => {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory)
  for (let n = 0; n < 200; n++) {
    const id = newId()
    const names = { workload: `w${n}`, target: `t${n}`, deployment: `d${n}`, requestedModel: `m${n}`, path: `/w${n}` }
    const stranger = {
      callerKind: null,
      callerTenantId: null,
      callerObjectId: null,
      callerAppId: null,
      callerName: null,
    }
    const opened = openedOf(id, { ...stranger, ...names, startedAtMs: start + n, instance: null, region: null })
    const refused = {
      outcome: 'refused',
      outcomeCode: 'token_missing',
      status: 401,
      instance: null,
      servedModel: null,
    } as const
    await ledger.journal.close({ ...closedOf(id, refused), opened }, [])
  }
  await ledger.close()
  const database = await openDatabase({ directory })
  t.after(() => database.close())
  const found = await database.loading.runAndReadAll('SELECT count(*), sum(records) FROM rollups')
  assert.deepEqual(found.getRows(), [[1n, 200n]])
})

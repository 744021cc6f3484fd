import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { bytes, closedOf, dayMs, keptLog, newId, openedOf, testLedger, textOf } from '../exchange.fixture.ts'
import type { Ledger } from '../index.ts'
import { segmentNumbers } from '../journal/segments.ts'
import { checkLedger } from '../upkeep/check.ts'
import { rebuildLedger } from '../upkeep/rebuild.ts'
import { holdsPath } from './holds.ts'
import type { LegalHold } from './index.ts'

const start = Date.UTC(2026, 0, 1)
const person = 'user:11111111-2222-3333-4444-555555555555/22222222-3333-4444-5555-666666666666'
const hold: LegalHold = {
  ...{ id: newId(), caller: person, workload: null, fromMs: null, toMs: start + dayMs },
  ...{ reason: 'Case 41', by: 'user:t/o', atMs: start },
}

interface World {
  readonly directory: string
  readonly journal: string
  open(): Promise<Ledger>
  /** @param day the time, in days after the start. */
  at(day: number): void
  retain(): Promise<void>
}

function worldOf(t: TestContext, retain: { records: number; bodies: number; archiveAfter?: number }): World {
  const directory = temporaryDirectory('ledger')
  let now = start
  let work = async (): Promise<void> => {}
  return {
    directory,
    journal: join(directory, 'journal'),
    open: () =>
      testLedger(t, directory, {
        clock: () => now,
        retain,
        log: keptLog(),
        scheduler: (_, given) => {
          work = given
          return () => {}
        },
      }),
    at: day => {
      now = start + day * dayMs
    },
    retain: () => work(),
  }
}

/** A call a day of two people, each in a segment of its own. @returns ids of both, by day. */
async function fill(world: World, days: number): Promise<{ readonly held: string[]; readonly other: string[] }> {
  const ids = { held: [] as string[], other: [] as string[] }
  for (let day = 0; day < days; day++) {
    world.at(day)
    const ledger = await world.open()
    for (const whose of ['held', 'other'] as const) {
      const id = newId()
      ids[whose].push(id)
      const callerObjectId = whose === 'held' ? '22222222-3333-4444-5555-666666666666' : newId()
      const opened = openedOf(id, { startedAtMs: start + day * dayMs + 1_000, callerObjectId })
      await ledger.journal.open(opened, [bytes(`question ${id}`)])
      await ledger.journal.close(closedOf(id, { requestBytes: 45, endedAtMs: opened.startedAtMs + 900 }), [
        bytes('answer'),
      ])
    }
    await ledger.close()
  }
  return ids
}

const idsIn = async (ledger: Ledger): Promise<readonly string[]> =>
  (await ledger.list({ limit: 1_000 })).records.map(({ id }) => id).sort()

const faultsOf = async (directory: string): Promise<readonly string[]> =>
  (await checkLedger(directory)).flatMap(({ faults }) => faults)

// A court may ask for what was said; without this, a month later it is gone although everybody knew.
test('a legal hold keeps the records and bodies that it selects, and lets the others go', async t => {
  const world = worldOf(t, { records: 20 * dayMs, bodies: 5 * dayMs })
  const { held, other } = await fill(world, 4)
  const first = held[0] ?? ''
  world.at(4)
  let ledger = await world.open()
  await ledger.holds.add(hold)
  world.at(12)
  await world.retain()
  assert.deepEqual(segmentNumbers(world.journal), [1, 5])
  assert.equal(textOf((await ledger.bodies(first))?.request), `question ${first}`)
  assert.equal((await ledger.bodies(held[1] ?? ''))?.request, null)
  assert.equal((await ledger.bodies(other[0] ?? ''))?.request, null)
  await ledger.close()
  assert.deepEqual(await faultsOf(world.directory), [])

  ledger = await world.open()
  world.at(60)
  await world.retain()
  assert.deepEqual(await idsIn(ledger), [first])
  assert.equal((await ledger.usage({ by: ['day'] })).total.calls, 1)
  assert.equal(textOf((await ledger.bodies(first))?.response), 'answer')
  await ledger.close()
  assert.deepEqual(await faultsOf(world.directory), [])
  await rebuildLedger(world.directory, false)
  assert.deepEqual(await faultsOf(world.directory), [])

  ledger = await world.open()
  // The journal still has the other call of that day; the next look deletes it again, a day after so long a pause.
  world.at(62)
  await world.retain()
  assert.deepEqual(await idsIn(ledger), [first])
  assert.equal((await ledger.holds.remove(hold.id))?.reason, 'Case 41')
  assert.equal(await ledger.holds.remove(hold.id), null)
  world.at(63)
  await world.retain()
  assert.deepEqual(await idsIn(ledger), [])
  assert.deepEqual(segmentNumbers(world.journal).includes(1), false)
})

test('days with a held record stay out of archives, and an archive that has one is kept', async t => {
  const world = worldOf(t, { records: 20 * dayMs, bodies: dayMs, archiveAfter: 2 * dayMs })
  const { held, other } = await fill(world, 3)
  world.at(3)
  const ledger = await world.open()
  world.at(4)
  await world.retain()
  await ledger.holds.add(hold)
  await ledger.holds.add({ ...hold, id: newId(), fromMs: start + 2 * dayMs, toMs: null })
  world.at(10)
  await world.retain()
  const ids = await idsIn(ledger)
  assert.deepEqual(ids, [...held, ...other].sort())
  assert.equal(textOf((await ledger.bodies(held[2] ?? ''))?.request), `question ${held[2]}`)
  world.at(60)
  await world.retain()
  // An archive is kept whole.
  assert.deepEqual(await idsIn(ledger), [held[0], other[0], held[2]].sort())
  assert.equal((await ledger.usage({ by: ['day'] })).total.calls, 3)
  await ledger.close()
  assert.deepEqual(await faultsOf(world.directory), [])
})

// A file that cannot be read may hold anything: deleting then is the one thing that cannot be mended.
test('nothing is deleted while the file of the holds cannot be read', async t => {
  const world = worldOf(t, { records: dayMs, bodies: dayMs })
  const { held, other } = await fill(world, 2)
  writeFileSync(holdsPath(world.directory), '{"content":[]')
  const ledger = await world.open()
  world.at(2)
  world.at(9)
  await world.retain()
  assert.deepEqual(await idsIn(ledger), [...held, ...other].sort())
  assert.throws(() => ledger.holds.list(), { code: 'ledger_corrupt' })
})

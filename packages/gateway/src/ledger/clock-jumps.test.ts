import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { bytes, closedOf, dayMs, keptLog, newId, openedOf, testLedger } from './exchange.fixture.ts'
import type { Ledger } from './index.ts'
import { positionAt } from './journal/position.ts'
import { encodePreamble, newMarker, segmentNumbers, segmentPath } from './journal/segments.ts'
import type { LedgerOptions } from './open.ts'
import { deleteSegments } from './store/retention.ts'

const startMs = Date.UTC(2026, 10, 26)
const hourMs = 3_600_000

/** A ledger over clocks that the test moves. */
function clocks() {
  const time = { now: startMs, steady: 0 }
  let retain: () => Promise<void> = async () => {}
  const log = keptLog()
  const options: Partial<LedgerOptions> = {
    log,
    clock: () => time.now,
    monotonic: () => time.steady,
    scheduler: (everyMs, work) => {
      if (everyMs === hourMs) retain = work
      return () => {}
    },
    retain: { records: 100 * dayMs, bodies: 10 * dayMs },
  }
  return {
    ...{ time, log, options },
    retain: () => retain(),
    /** Time goes by, and the clock with it. */
    pass(ms: number) {
      time.now += ms
      time.steady += ms
    },
  }
}

async function record(ledger: Ledger, nowMs: number): Promise<string> {
  const id = newId()
  await ledger.journal.open(openedOf(id, { startedAtMs: nowMs }), [bytes('question')])
  await ledger.journal.close(closedOf(id, { endedAtMs: nowMs }), [bytes('answer')])
  return id
}

const idsIn = async (ledger: Ledger): Promise<string[]> => (await ledger.list({})).records.map(({ id }) => id)

// A time service that is wrong for an hour must not delete a year of records and prompts.
test('after the clock jumps forward nothing is deleted until it has kept its pace for a day', async t => {
  const directory = temporaryDirectory('ledger')
  const { time, log, options, retain, pass } = clocks()
  const ledger = await testLedger(t, directory, options)
  const id = await record(ledger, time.now)
  time.now += 1_000 * dayMs
  await record(ledger, time.now)
  for (let hour = 0; hour < 23; hour += 1) {
    pass(hourMs)
    await retain()
  }
  assert.equal((await idsIn(ledger)).length, 2)
  const jumps = log.lines.filter(({ message }) => message === 'clock_jumped')
  assert.deepEqual(
    jumps.map(({ fields }) => fields),
    [{ jumpMs: 1_000 * dayMs }],
  )
  time.now -= 1_000 * dayMs
  await retain()
  pass(2 * dayMs)
  await retain()
  assert.ok((await idsIn(ledger)).includes(id))
  assert.notEqual(await ledger.bodies(id), null)
})

test('a clock that jumped and keeps its pace for a day is believed', async t => {
  const { time, options, retain, pass } = clocks()
  const ledger = await testLedger(t, temporaryDirectory('ledger'), options)
  const old = await record(ledger, time.now)
  time.now += 1_000 * dayMs
  await retain()
  pass(dayMs)
  await retain()
  assert.ok(!(await idsIn(ledger)).includes(old))
})

// A machine whose clock is wrong after a power cut starts the gateway before the time service has answered.
test('a ledger that is opened long after its newest segment deletes nothing for a day', async t => {
  const directory = temporaryDirectory('ledger')
  const first = clocks()
  const before = await testLedger(t, directory, first.options)
  const id = await record(before, startMs)
  await before.close()
  const second = clocks()
  second.time.now += 1_000 * dayMs
  const after = await testLedger(t, directory, second.options)
  second.pass(hourMs)
  await second.retain()
  assert.deepEqual(await idsIn(after), [id])
  second.pass(dayMs)
  await second.retain()
  assert.deepEqual(await idsIn(after), [])
})

test('a clock that is set back begins a new segment, and every record is kept', async t => {
  const directory = temporaryDirectory('ledger')
  const { time, options } = clocks()
  const ledger = await testLedger(t, directory, options)
  const ids = [await record(ledger, time.now)]
  time.now -= 400 * dayMs
  ids.push(await record(ledger, time.now), await record(ledger, time.now))
  time.now += 400 * dayMs
  ids.push(await record(ledger, time.now))
  assert.deepEqual((await idsIn(ledger)).sort(), ids.toSorted())
  assert.ok(segmentNumbers(join(directory, 'journal')).length >= 2)
  await ledger.close()
  const again = await testLedger(t, directory, options)
  assert.deepEqual((await idsIn(again)).sort(), ids.toSorted())
})

/** Segments that began at these days before now, and which of them are left of bodies that are kept for ten days. */
function leftOf(directory: string, daysBefore: readonly number[]): number[] {
  for (const [index, days] of daysBefore.entries()) {
    const number = index + 1
    const createdAtMs = startMs - days * dayMs
    const preamble = { marker: newMarker(), number, previousNumber: index, previousBytes: 64, createdAtMs }
    writeFileSync(segmentPath(directory, number), encodePreamble(preamble))
  }
  const needs = {
    store: positionAt(1_000, 64),
    feeds: [],
    held: new Set<number>(),
    bodiesFromMs: startMs - 10 * dayMs,
    nowMs: startMs,
  }
  deleteSegments(directory, needs)
  return segmentNumbers(directory)
}

const journals: readonly (readonly [name: string, daysBefore: readonly number[], left: readonly number[]])[] = [
  ['all times are right', [30, 20, 11, 5, 1], [3, 4, 5]],
  ['one segment is of a clock that was a year ahead', [30, 20, -365, 11, 5, 1], [4, 5, 6]],
  ['the newest is of a clock that is a year ahead', [30, 20, 5, -365], [2, 3, 4]],
  ['one segment is of a clock that began in 1970', [30, 8, 20_000, 5, 1], [1, 2, 3, 4, 5]],
  ['the oldest is of a clock that began in 1970', [20_000, 30, 20, 5], [3, 4]],
  ['there is one segment', [30], [1]],
]
for (const [name, daysBefore, left] of journals) {
  test(`a segment leaves when its bodies are too old, and not before, where ${name}`, () => {
    assert.deepEqual(leftOf(temporaryDirectory('ledger'), daysBefore), left)
  })
}

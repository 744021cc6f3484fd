import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { eventually } from '../../../../../test/support/wait.ts'
import { bytes, closedOf, dayMs, keptLog, newId, openedOf, testLedger, textOf } from '../exchange.fixture.ts'
import { type LinesSettings, linesModule, linesOf } from '../feeds/lines.fixture.ts'
import type { Ledger } from '../index.ts'
import { LedgerError } from '../index.ts'
import type { Opened } from '../record.ts'
import type { Scheduler } from '../scheduler.ts'

const segments = (directory: string): string[] =>
  readdirSync(join(directory, 'journal'))
    .sort()
    .map(name => join(directory, 'journal', name))

async function record(ledger: Ledger, id: string, opened: Partial<Opened> = {}): Promise<void> {
  await ledger.journal.open(openedOf(id, opened), [bytes(`question ${id}`)])
  await ledger.journal.close(closedOf(id), [bytes(`answer ${id}`)])
}

/** Order of the steps of several exchanges: the exchange that makes the next step. */
const interleavings = fc.array(fc.nat(7), { minLength: 20, maxLength: 200 })

// Streams of minutes and calls of milliseconds run at the same time; each must get its own bytes.
test('P1 exchanges in any order of steps, over restarts, have one record each with their own bytes', {
  timeout: 60_000,
}, async t => {
  await fc.assert(
    fc.asyncProperty(interleavings, fc.integer({ min: 0, max: 200 }), async (order, restartAt) => {
      const directory = temporaryDirectory('ledger')
      const open = (): Promise<Ledger> =>
        testLedger(t, directory, { journal: { segmentBytesMax: 3_000 }, loadEveryMs: 5 })
      const first = await open()
      const done = await play(first, order.slice(0, restartAt))
      await first.close()
      const second = await open()
      // Exchanges that these leave open are still open at the question and have no record yet.
      const later = (await play(second, order.slice(restartAt))).filter(({ whole }) => whole)
      await assertPlayed(second, [...done, ...later])
      await second.close()
    }),
    { numRuns: 3 },
  )
})

interface Played {
  readonly id: string
  readonly parts: number
  readonly whole: boolean
}

/**
 * Makes one step of the exchange of each slot in turn; an exchange in slot n ends after n parts. The others stay open.
 */
async function play(ledger: Ledger, order: readonly number[]): Promise<Played[]> {
  const slots = new Map<number, { readonly id: string; readonly parts: number }>()
  const done: Played[] = []
  for (const slot of order) {
    const now = slots.get(slot)
    if (now === undefined) {
      const id = newId()
      await ledger.journal.open(openedOf(id), [bytes(id)])
      slots.set(slot, { id, parts: 0 })
    } else if (now.parts < slot) {
      void ledger.journal.progress(now.id, 'response', [bytes(`${now.id}${now.parts},`)])
      slots.set(slot, { id: now.id, parts: now.parts + 1 })
    } else {
      void ledger.journal.close(closedOf(now.id), [bytes('end')])
      done.push({ ...now, whole: true })
      slots.delete(slot)
    }
  }
  return [...done, ...[...slots.values()].map(open => ({ ...open, whole: false }))]
}

async function assertPlayed(ledger: Ledger, played: readonly Played[]): Promise<void> {
  assert.equal((await ledger.usage({ by: ['outcome'] })).total.calls, played.length)
  for (const { id, parts, whole } of played) {
    const bodies = await ledger.bodies(id)
    const written = Array.from({ length: parts }, (_, part) => `${id}${part},`).join('')
    assert.equal(textOf(bodies?.request), id)
    assert.equal(textOf(bodies?.response), whole ? `${written}end` : written)
    assert.equal((await ledger.row(id))?.outcome, whole ? 'completed' : 'interrupted')
  }
}

// A bug must not bill a call twice.
test('an exchange that is closed twice has one record, its first end', async t => {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory)
  const id = newId()
  await record(ledger, id)
  await ledger.caughtUp()
  await ledger.journal.close(closedOf(id, { outcome: 'aborted' }), [])
  const other = newId()
  await ledger.journal.open(openedOf(other), [])
  void ledger.journal.close(closedOf(other), [])
  void ledger.journal.close(closedOf(other, { outcome: 'aborted' }), [])
  const { total } = await ledger.usage({ by: ['outcome'] })
  assert.equal(total.calls, 2)
  assert.equal(total.completed, 2)
})

/** Damages one byte of the first entry that contains `text`, in any segment. */
function damage(directory: string, text: string): void {
  for (const path of segments(directory)) {
    const content = readFileSync(path)
    const at = content.indexOf(text)
    if (at === -1) continue
    content.writeUInt8(content.readUInt8(at) ^ 1, at)
    writeFileSync(path, content)
    return
  }
  assert.fail(`${text} is in no segment`)
}

/** A journal whose store was lost. */
async function journalOf(t: TestContext, records: readonly (readonly [id: string, name: string])[]): Promise<string> {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory)
  for (const [id, callerName] of records) await record(ledger, id, { callerName })
  await ledger.close()
  rmSync(join(directory, 'ledger.duckdb'))
  return directory
}

// A bad sector must cost only what it hit. The other records, and the end of the damaged one, must be kept, and the
// damage must be reported.
test('P1 damage to an opening entry costs the fields of that entry but not the record, and is reported', async t => {
  const ids = Array.from({ length: 20 }, newId)
  const directory = await journalOf(
    t,
    ids.map((id, index) => [id, `caller-${index}.`] as const),
  )
  damage(directory, 'caller-7.')
  const log = keptLog()
  const ledger = await testLedger(t, directory, { log })
  const { records } = await ledger.list({})
  assert.deepEqual(records.map(({ id }) => id).sort(), ids.toSorted())
  const hurt = await ledger.row(ids[7] ?? '')
  assert.equal(hurt?.callerName, null)
  assert.equal(hurt?.outcome, 'completed')
  assert.equal(hurt?.usage.totalTokens, 15)
  // The id still has the time.
  assert.ok(Math.abs((hurt?.startedAtMs ?? 0) - Date.now()) < 60_000)
  assert.equal(log.lines.filter(({ level }) => level === 'error').length, 1)
  assert.ok((await ledger.health()).damagedBytes > 0)
})

// The other way round: it is known what was called, but not how it ended.
test('P1 an exchange whose closing entry is damaged is recorded as interrupted', async t => {
  const ids = Array.from({ length: 6 }, newId)
  const directory = await journalOf(
    t,
    ids.map(id => [id, 'Alice'] as const),
  )
  // The served model is only in closing entries; this damages the first of them.
  damage(directory, 'gpt-4o-2024-08-06')
  const ledger = await testLedger(t, directory)
  const { records } = await ledger.list({})
  assert.deepEqual(records.map(({ id }) => id).sort(), ids.toSorted())
  assert.equal((await ledger.row(ids[0] ?? ''))?.outcome, 'interrupted')
  assert.equal(records.filter(({ outcome }) => outcome === 'completed').length, 5)
})

// A damaged body must never be shown as the body that passed.
test('a damaged body is an error for a reader of that body only', async t => {
  const [hurt, whole] = [newId(), newId()]
  const directory = await journalOf(t, [
    [hurt, 'Alice'],
    [whole, 'Alice'],
  ])
  damage(directory, `answer ${hurt}`)
  const ledger = await testLedger(t, directory)
  assert.equal((await ledger.row(hurt))?.outcome, 'completed')
  await assert.rejects(
    ledger.bodies(hurt),
    (error: unknown) => error instanceof LedgerError && error.code === 'ledger_corrupt',
  )
  assert.equal(textOf((await ledger.bodies(whole))?.response), `answer ${whole}`)
})

const hourMs = 3_600_000

/** Timers that the test runs itself. */
function manualScheduler(): { readonly scheduler: Scheduler; readonly retain: () => Promise<void> } {
  const works: { readonly everyMs: number; readonly work: () => Promise<void> }[] = []
  return {
    scheduler: (everyMs, work) => {
      works.push({ everyMs, work })
      return () => {}
    },
    retain: async () => {
      for (const { everyMs, work } of works) if (everyMs === hourMs) await work()
    },
  }
}

/** Where the feed of a test writes. */
function linesSettings(): LinesSettings {
  const directory = temporaryDirectory('ledger')
  return { file: join(directory, 'lines'), refusing: join(directory, 'refusing') }
}

// Data that was promised to be deleted must be gone, also from the files; data that must be kept must be there.
test('retention deletes bodies and records at their ages, and the segments too', async t => {
  const directory = temporaryDirectory('ledger')
  const { scheduler, retain } = manualScheduler()
  const log = keptLog()
  let now = Date.UTC(2026, 0, 1)
  const ledger = await testLedger(t, directory, {
    log,
    scheduler,
    clock: () => now,
    retain: { records: 10 * dayMs, bodies: 2 * dayMs },
    journal: { segmentMsMax: dayMs / 2 },
  })
  const days: string[] = []
  for (let day = 0; day < 12; day++) {
    const id = newId()
    days.push(id)
    await record(ledger, id, { startedAtMs: now })
    await ledger.caughtUp()
    now += dayMs
  }
  await retain()
  const rows = (await ledger.list({})).records.map(({ id }) => id)
  assert.deepEqual(new Set(rows), new Set(days.slice(2)), 'older than ten days are gone')
  const bodies = await Promise.all(days.slice(2).map(id => ledger.bodies(id)))
  assert.deepEqual(
    bodies.map(each => each !== null && each.request !== null),
    [...Array.from({ length: 8 }, () => false), true, true],
  )
  const left = segments(directory).map(path => readFileSync(path, 'latin1'))
  assert.ok(!left.some(text => text.includes(`question ${days[5]}`)), 'old bodies are in no file')
  assert.ok(left.some(text => text.includes(`question ${days[11]}`)))
})

// A stream that has been open since yesterday must be recorded in full, whatever else was deleted meanwhile.
test('segments that an open exchange or a feed needs are kept', async t => {
  const directory = temporaryDirectory('ledger')
  const { scheduler, retain } = manualScheduler()
  let now = Date.UTC(2026, 0, 1)
  const settings = linesSettings()
  const ledger = await testLedger(t, directory, {
    scheduler,
    clock: () => now,
    retain: { records: 100 * dayMs, bodies: 2 * dayMs },
    journal: { segmentMsMax: dayMs / 2 },
    feeds: [{ name: 'lines', kind: 'lines', module: linesModule, settings, behindMsMax: 1_000 * dayMs }],
    loadEveryMs: 5,
  })
  await record(ledger, newId(), { startedAtMs: now })
  await eventually('the feed has the first exchange', () => linesOf(settings.file).length === 1 || null)
  writeFileSync(settings.refusing, '')
  // In the segment of the first: a feed that has taken all of a segment goes on to the next and needs it no more.
  await record(ledger, newId(), { startedAtMs: now })
  now += dayMs
  for (let day = 1; day < 3; day++, now += dayMs) await record(ledger, newId(), { startedAtMs: now })
  const long = newId()
  await ledger.journal.open(openedOf(long, { startedAtMs: now }), [bytes('long question')])
  for (let day = 0; day < 8; day++, now += dayMs) await record(ledger, newId(), { startedAtMs: now })
  const before = segments(directory).length
  await retain()
  assert.equal(segments(directory).length, before, 'the feed has not taken all of the first segment, and needs it')
  rmSync(settings.refusing)
  const oldest = (): string => readFileSync(segments(directory)[0] ?? '', 'latin1')
  await eventually('the feed has caught up', async () => {
    await retain()
    return oldest().includes('long question') || null
  })
  await retain()
  assert.ok(oldest().includes('long question'), 'the open exchange needs it')
  await ledger.journal.close(closedOf(long), [bytes('long answer')])
  assert.equal((await ledger.row(long))?.outcome, 'completed')
  await ledger.close()
})

// A feed whose other side is down for a week must not fill the disk, nor keep bodies that were promised to be deleted.
test('a feed that is too far behind loses segments, and the log says which feed', async t => {
  const directory = temporaryDirectory('ledger')
  const { scheduler, retain } = manualScheduler()
  const log = keptLog()
  let now = Date.UTC(2026, 0, 1)
  const settings = linesSettings()
  writeFileSync(settings.refusing, '')
  const ledger = await testLedger(t, directory, {
    log,
    scheduler,
    clock: () => now,
    retain: { records: 100 * dayMs, bodies: 2 * dayMs },
    journal: { segmentMsMax: dayMs / 2 },
    feeds: [{ name: 'lines', kind: 'lines', module: linesModule, settings, behindMsMax: 3 * dayMs }],
    loadEveryMs: 5,
  })
  const ids = Array.from({ length: 12 }, newId)
  for (const id of ids) {
    await record(ledger, id, { startedAtMs: now })
    now += dayMs
  }
  await retain()
  const left = segments(directory).map(path => readFileSync(path, 'latin1'))
  assert.ok(!left.some(text => text.includes(`question ${ids[5]}`)), 'older than two days and three')
  assert.ok(
    left.some(text => text.includes(`question ${ids[8]}`)),
    'still kept for the feed',
  )
  const line = log.lines.find(({ message }) => message === 'journal_deleted_unread')
  assert.deepEqual(line && [line.level, Object(line.fields).consumer], ['error', 'lines'])
  await ledger.close()
})

// A client that sends another user agent with every call must cost disk space only, not memory or other reports.
test('names for which a dictionary has no room stay in their records', { timeout: 60_000 }, async t => {
  const ledger = await testLedger(t, temporaryDirectory('ledger'))
  const long = 'x'.repeat(2_000)
  const ids = Array.from({ length: 60 }, newId)
  for (const [index, id] of ids.entries())
    await record(ledger, id, { userAgent: `${long}${index}`, requestedModel: `m${index}` })
  for (const [index, id] of ids.entries()) {
    const row = await ledger.row(id)
    assert.equal(row?.userAgent, `${long}${index}`)
    assert.equal(row?.requestedModel, `m${index}`)
  }
})

// Otherwise a report by hour and caller over a year would fill the gateway's memory.
test('a report of too many lines is refused, and the message says what to ask instead', async t => {
  const ledger = await testLedger(t, temporaryDirectory('ledger'))
  for (let hour = 0; hour <= 20_000; hour++) {
    const id = newId()
    const written = ledger.journal.close(closedOf(id, { opened: openedOf(id, { startedAtMs: hour * hourMs }) }), [])
    if (hour % 1_000 === 0) await written
  }
  await assert.rejects(
    ledger.usage({ by: ['hour'] }),
    (error: unknown) => error instanceof RangeError && /shorter time/.test(error.message),
  )
  assert.equal((await ledger.usage({ by: ['month'] })).total.calls, 20_001)
})

// A gateway with few calls must not rewrite the whole store every minute, nor keep a gigabyte in memory.
test('a closed store keeps its records, and opening it again does not make it grow', async t => {
  const directory = temporaryDirectory('ledger')
  const first = await testLedger(t, directory)
  const ids = Array.from({ length: 100 }, newId)
  for (const id of ids) await record(first, id)
  await first.close()
  const size = statSync(join(directory, 'ledger.duckdb')).size
  const second = await testLedger(t, directory)
  assert.equal((await second.usage({ by: ['workload'] })).total.calls, ids.length)
  await second.close()
  assert.ok(statSync(join(directory, 'ledger.duckdb')).size <= size * 2)
})

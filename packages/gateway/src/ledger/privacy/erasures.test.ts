import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { eventually } from '../../../../../test/support/wait.ts'
import { bytes, dayMs, newId, testLedger, textOf } from '../exchange.fixture.ts'
import { linesModule, linesOf } from '../feeds/lines.fixture.ts'
import type { Ledger } from '../index.ts'
import type { EraseCertificate } from './index.ts'
import {
  alice,
  archivesWith,
  bob,
  callOf,
  faultsOf,
  filesWith,
  fill,
  filterOf,
  namesWith,
  options,
  planted,
  secret,
  start,
  tenant,
} from './person.fixture.ts'

async function erased(ledger: Ledger, filter = filterOf()): Promise<EraseCertificate> {
  const { id } = await ledger.erasures.start(filter, 'Request 7', 'user:t/o')
  return finished(ledger, id)
}

async function finished(ledger: Ledger, id: string): Promise<EraseCertificate> {
  const ended = async () => {
    const found = ledger.erasures.list().find(one => one.id === id)
    return found === undefined || found.state === 'running' ? null : found
  }
  const state = await eventually('the erasure has ended', ended, 60_000)
  assert.equal(state.error, null)
  assert.ok(state.certificate !== null)
  return state.certificate
}

// A name that stays in one file, in a free block or a cut tail, is a name that was not erased.
test('an erasure leaves no byte of a person in any file, every figure, and a ledger without a fault', async t => {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory, options())
  const ids = await fill(ledger, 40)
  const by = ['workload', 'model', 'hour', 'deployment'] as const
  const before = await ledger.usage({ by: [...by] })
  const ofAlice = await ledger.usage({ by: ['hour'], caller: alice })
  // A copy of the store, on which a question ran.
  await ledger.query(
    { sql: 'SELECT count(*) FROM records', rowsMax: 10, timeoutMs: 10_000, workloads: null, bodies: null },
    new AbortController().signal,
  )
  const preview = await ledger.erasures.preview(filterOf())
  assert.deepEqual(
    [preview.records, preview.archived, preview.heldRecords, preview.name, preview.bodyBytes],
    [40, 0, 0, 'Alice Planted', 40 * 120],
  )
  assert.ok(preview.segments > 3)
  assert.ok(filesWith(directory, planted).length > 3)
  const open = newId()
  await ledger.journal.open(callOf(open, alice, 50).opened, [bytes('in flight')])

  const certificate = await erased(ledger)
  assert.equal(certificate.records, 40)
  assert.equal(
    certificate.segments.reduce((sum, { entries }) => sum + entries, 0),
    14 + 13 * 3 + 13 * 2,
  )
  assert.ok(certificate.segments.every(({ before, after }) => before !== null && before !== after))
  assert.deepEqual(
    certificate.left.map(({ what, count }) => [what, count]),
    [
      ['objects', 8],
      ['elsewhere', null],
    ],
  )
  // Calls in flight are not touched: their entries are complete, and have their own record.
  await ledger.journal.close(callOf(open, alice, 50).closed, [bytes('in flight too')])
  assert.equal(textOf((await ledger.bodies(open))?.request), 'in flight')

  const pseudonym = certificate.pseudonym
  assert.match(pseudonym, new RegExp(`^user:${tenant}/[0-9a-f-]{36}$`))
  const row = await ledger.row(ids.alice[1] ?? '')
  assert.deepEqual(
    [row?.callerObjectId, row?.callerName, row?.clientAddress, row?.path, row?.workload, row?.usage.totalTokens],
    [pseudonym.slice(-36), null, null, '(erased)', 'hr-bot', 15],
  )
  for (const id of ids.alice) {
    const bodies = await ledger.bodies(id)
    assert.deepEqual([bodies?.request, bodies?.response], [null, null])
  }
  for (const id of ids.bob) assert.equal(textOf((await ledger.bodies(id))?.request), `ordinary prompt ${id}`)
  const period = { fromMs: start, toMs: start + 24 * 3_600_000 }
  const sums = async (caller: string) => (await ledger.usage({ by: ['hour'], caller, ...period })).lines
  assert.deepEqual(await sums(pseudonym), ofAlice.lines)
  const after = await ledger.usage({ by: [...by], ...period })
  assert.deepEqual([after.total, after.lines.length], [before.total, before.lines.length])
  await ledger.close()
  // The call that was in flight is the only one that is left.
  assert.deepEqual(filesWith(directory, [secret, 'planted-model']), [])
  assert.deepEqual(await faultsOf(directory), [])
})

test('records that a call in flight does not have leave no name in any file', async t => {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory, options())
  await fill(ledger, 30)
  await erased(ledger)
  await ledger.close()
  assert.deepEqual(filesWith(directory, [...planted, secret]), [])
  assert.equal(await namesWith(directory, planted), 0)
  assert.ok((await namesWith(directory, [bob])) > 0)
  assert.deepEqual(await faultsOf(directory), [])
  // A store that is made anew from the journal has the same records.
  const again = await testLedger(t, directory, options())
  assert.equal((await again.usage({ by: ['hour'] })).total.calls, 60)
  assert.deepEqual((await again.list({ caller: alice })).records, [])
  assert.equal(again.erasures.list()[0]?.state, 'done')
})

test('an erasure reaches archives, of which new files take the place', async t => {
  const directory = temporaryDirectory('ledger')
  let now = start + dayMs
  let work = async (): Promise<void> => {}
  const ledger = await testLedger(t, directory, {
    ...options({ clock: () => now, retain: { records: 400 * dayMs, bodies: dayMs, archiveAfter: dayMs } }),
    scheduler: (_, given) => {
      work = given
      return () => {}
    },
  })
  const ids = await fill(ledger, 100)
  now = start + 4 * dayMs
  await work()
  assert.ok((await archivesWith(directory, planted)) > 0)
  const before = await ledger.usage({ by: ['workload', 'model', 'day'] })
  const certificate = await erased(ledger)
  assert.equal(certificate.records, 100)
  assert.ok(certificate.archived > 0 && certificate.archives.length > 0)
  assert.equal(await archivesWith(directory, planted), 0)
  assert.equal(await archivesWith(directory, [bob]), certificate.archived)
  const after = await ledger.usage({ by: ['workload', 'model', 'day'] })
  assert.deepEqual([after.total, after.lines.length], [before.total, before.lines.length])
  assert.equal((await ledger.row(ids.alice[0] ?? ''))?.path, '(erased)')
  assert.equal((await ledger.row(ids.bob[0] ?? ''))?.callerName, 'Bob Example')
  await ledger.close()
  assert.deepEqual(filesWith(directory, [...planted, secret]), [])
  assert.deepEqual(await faultsOf(directory), [])
})

test('a legal hold stands against an erasure, and a filter bounds it', async t => {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory, options())
  const ids = await fill(ledger, 20)
  const until = start + 5 * 1_800_000
  const hold = { ...filterOf({ toMs: until }), id: newId(), reason: 'Case 41', by: 'user:t/o', atMs: start }
  await ledger.holds.add(hold)
  const filter = filterOf({ toMs: start + 15 * 1_800_000, workload: 'hr-bot' })
  const preview = await ledger.erasures.preview(filter)
  // Of numbers 0 to 14, those that three divides are of the other workload; 1, 2 and 4 are held.
  assert.deepEqual([preview.records, preview.heldRecords, preview.holds], [7, 3, [hold.id]])
  const certificate = await erased(ledger, filter)
  assert.equal(certificate.records, 7)
  assert.deepEqual(certificate.left[0]?.count, 3)
  const named = (await ledger.list({ caller: alice, limit: 100 })).records
  assert.equal(named.length, 13)
  for (const number of [0, 1, 2, 3, 4, 6, 9, 12, 15, 19]) {
    const id = ids.alice[number] ?? ''
    assert.equal(textOf((await ledger.bodies(id))?.request), `${secret} ${id}`)
  }
  assert.equal((await ledger.bodies(ids.alice[5] ?? ''))?.request, null)
  await ledger.close()
  assert.deepEqual(await faultsOf(directory), [])
})

test('a caller that is no person, and a second erasure at a time, are refused', async t => {
  const ledger = await testLedger(t, temporaryDirectory('ledger'), options())
  await fill(ledger, 2)
  const application = filterOf({ caller: `app:${tenant}/${alice}` })
  await assert.rejects(ledger.erasures.start(application, 'Request 7', 'user:t/o'), { name: 'QuestionError' })
  const { id } = await ledger.erasures.start(filterOf(), 'Request 7', 'user:t/o')
  await assert.rejects(ledger.erasures.start(filterOf(), 'Request 8', 'user:t/o'), { name: 'QuestionError' })
  await finished(ledger, id)
})

// Bodies of a body's full size leave more room than an entry's metadata ever has.
test('bodies of many entries are erased, and the journal can be read', async t => {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory, options({ journal: {} }))
  const [id, other] = [newId(), newId()]
  const long = Buffer.alloc(9 * 1_048_576, secret)
  const { opened, closed } = callOf(id, alice, 1)
  await ledger.journal.open(opened, [long])
  await ledger.journal.progress(id, 'response', [long])
  await ledger.journal.close({ ...closed, requestBytes: long.length, responseBytes: long.length }, [bytes(secret)])
  const both = callOf(other, bob, 1)
  await ledger.journal.close({ ...both.closed, opened: both.opened }, [bytes('answer')], [bytes('question')])
  const certificate = await erased(ledger)
  assert.deepEqual(
    certificate.segments.map(({ entries, bodyBytes }) => [entries, bodyBytes]),
    [[5, 2 * long.length + secret.length]],
  )
  assert.deepEqual([(await ledger.bodies(id))?.request, (await ledger.bodies(id))?.response], [null, null])
  assert.equal(textOf((await ledger.bodies(other))?.request), 'question')
  await ledger.close()
  assert.deepEqual(filesWith(directory, [...planted, secret]), [])
  assert.deepEqual(await faultsOf(directory), [])
})

// An erasure must not be a reason to stop the gateway, nor reach what the person does after it was ordered.
test('calls go on during an erasure, and are recorded whole', async t => {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory, options())
  await fill(ledger, 60)
  const { id } = await ledger.erasures.start(filterOf(), 'Request 7', 'user:t/o')
  const later = { alice: [] as string[], bob: [] as string[] }
  let calls = 60
  while (ledger.erasures.list()[0]?.state === 'running') {
    const more = await fill(ledger, 3, calls)
    calls += 3
    later.alice.push(...more.alice)
    later.bob.push(...more.bob)
    await ledger.usage({ by: ['workload'] })
  }
  assert.equal((await finished(ledger, id)).records, 60)
  assert.ok(later.alice.length > 3, `only ${later.alice.length} calls`)
  for (const one of later.alice) {
    assert.equal((await ledger.row(one))?.callerName, 'Alice Planted')
    assert.equal(textOf((await ledger.bodies(one))?.request), `${secret} ${one}`)
  }
  assert.equal((await ledger.usage({ by: ['workload'] })).total.calls, 2 * calls)
  await ledger.close()
  assert.deepEqual(await faultsOf(directory), [])
})

// A receiver that was away for a day must not get what was erased meanwhile.
test('a feed that is behind ships the records without the person, and the certificate says what it had shipped', async t => {
  const directory = temporaryDirectory('ledger')
  const settings = { file: join(temporaryDirectory('feed'), 'lines'), refusing: '' }
  const feeds = [{ name: 'lines', kind: 'lines', module: linesModule, settings }]
  const ledger = await testLedger(t, directory, options({ feeds, loadEveryMs: 10 }))
  await fill(ledger, 10)
  await eventually('the feed has shipped', async () => (linesOf(settings.file).length === 20 ? true : null))
  await ledger.feeds.pause('lines')
  const missed = await fill(ledger, 10, 10)
  const certificate = await erased(ledger)
  assert.deepEqual(certificate.left.find(({ what }) => what === 'feeds')?.count, 10)
  await ledger.feeds.resume('lines')
  await eventually('the feed has shipped the rest', async () => (linesOf(settings.file).length === 40 ? true : null))
  const lines = new Map(linesOf(settings.file).map(line => [line.id, line]))
  for (const id of missed.alice) assert.equal(lines.get(id)?.request, '')
  for (const id of missed.bob) assert.equal(lines.get(id)?.request, `ordinary prompt ${id}`)
})

test('a ledger without a store is erased from its journal, by the key of the person', async t => {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory, options({ store: 'none' }))
  await fill(ledger, 30)
  const preview = await ledger.erasures.preview(filterOf())
  assert.deepEqual([preview.records, preview.fromMs, preview.toMs], [30, start, start + 29 * 1_800_000])
  const certificate = await erased(ledger)
  assert.deepEqual([certificate.records, certificate.segments.length > 3], [30, true])
  assert.equal((await ledger.erasures.preview(filterOf())).records, 0)
  await ledger.close()
  assert.deepEqual(filesWith(directory, [...planted, secret]), [])
  assert.deepEqual(await faultsOf(directory), [])
})

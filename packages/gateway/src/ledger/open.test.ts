import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { noiseOf } from '../../../../test/support/random.ts'
import { holderOf, liveHolderOf } from './directory.ts'
import { bytes, closedOf, keptLog, newId, openedOf, testLedger, textOf } from './exchange.fixture.ts'
import { holdInAnotherProcess } from './holder.fixture.ts'
import { LedgerError } from './index.ts'

const withCode = (code: string) => (error: unknown) => error instanceof LedgerError && error.code === code

// An auditor must be able to see what a caller asked and what came back.
test('a record has the fields of both halves and the bytes that passed', async t => {
  const ledger = await testLedger(t, temporaryDirectory('ledger'))
  const id = newId()
  const opened = openedOf(id, { callerName: 'Zoë 李', stream: true, userAgent: null })
  const closed = closedOf(id, { instance: 'west', region: null, requestBytes: 7, responseBytes: 9 })
  await ledger.journal.open(opened, [bytes('que'), bytes('stion')])
  await ledger.journal.progress(id, 'response', [bytes('ans')])
  await ledger.journal.close(closed, [bytes('wer')])
  const { opened: _, ...ended } = closed
  assert.deepEqual(await ledger.row(id), {
    ...opened,
    ...ended,
    // The closing half names no region, so that of the opening half is kept.
    region: 'swedencentral',
    durationMs: 900,
    timeToFirstByteMs: 250,
  })
  const bodies = await ledger.bodies(id)
  assert.equal(textOf(bodies?.request), 'question')
  assert.equal(textOf(bodies?.response), 'answer')
})

// Refused calls reach no backend, and a security review looks at them first.
test('an exchange that was never opened is one whole record', async t => {
  const ledger = await testLedger(t, temporaryDirectory('ledger'))
  const id = newId()
  const opened = openedOf(id, { instance: null, region: null, callerKind: null, callerName: null })
  const closed = closedOf(id, {
    outcome: 'refused',
    outcomeCode: 'caller_not_bound',
    status: 403,
    instance: null,
    opened,
  })
  await ledger.journal.close(closed, [bytes('no')], [bytes('please')])
  const row = await ledger.row(id)
  assert.equal(row?.outcomeCode, 'caller_not_bound')
  assert.equal(row?.workload, 'hr-bot')
  assert.equal(row?.callerKind, null)
  const bodies = await ledger.bodies(id)
  assert.equal(textOf(bodies?.request), 'please')
  assert.equal(textOf(bodies?.response), 'no')
})

// With `capture: metadata` a body must show as not kept, an empty body as empty.
test('bodies that were not captured are null, empty ones are empty', async t => {
  const ledger = await testLedger(t, temporaryDirectory('ledger'))
  const id = newId()
  await ledger.journal.open(openedOf(id), [])
  await ledger.journal.close(closedOf(id, { requestBytes: 0, responseBytes: 512 }), [])
  const bodies = await ledger.bodies(id)
  assert.equal(bodies?.request?.byteLength, 0)
  assert.equal(bodies?.response, null)
  assert.equal(await ledger.bodies(newId()), null)
  assert.equal(await ledger.row(newId()), null)
  assert.equal(await ledger.row("' OR 1=1"), null)
  assert.equal(await ledger.bodies('not an id'), null)
})

// Bodies are never truncated: a document of 400 pages or an image comes back as it was sent.
test('bodies longer than one entry come back whole, across segments', async t => {
  const ledger = await testLedger(t, temporaryDirectory('ledger'), { journal: { segmentBytesMax: 1024 * 1024 } })
  const id = newId()
  const request = noiseOf(1, 20 * 1024 * 1024)
  const progress = noiseOf(2, 9 * 1024 * 1024)
  const rest = noiseOf(3, 17 * 1024 * 1024)
  await ledger.journal.open(openedOf(id), [request.subarray(0, 1_000), request.subarray(1_000)])
  await ledger.journal.progress(id, 'response', [progress])
  assert.deepEqual(Buffer.concat(await ledger.journal.written(id, 'response')), Buffer.from(progress))
  await ledger.journal.close(closedOf(id), [rest])
  const bodies = await ledger.bodies(id)
  assert.ok(Buffer.from(bodies?.request ?? []).equals(request))
  assert.ok(Buffer.from(bodies?.response ?? []).equals(Buffer.concat([progress, rest])))
})

// The reconciliation reads right after the last call: everything in the journal must be in its answer.
test('an answer includes every exchange that was in the journal before the question, in any number and order', async t => {
  const ledger = await testLedger(t, temporaryDirectory('ledger'), { journal: { segmentBytesMax: 200_000 } })
  const ids = Array.from({ length: 5_000 }, newId)
  const waits = ids.map(id => ledger.journal.open(openedOf(id), [bytes(id)]))
  await Promise.all(waits)
  // They end in another order than they began.
  for (const id of ids.toReversed()) void ledger.journal.close(closedOf(id), [bytes(`answer ${id}`)])
  const { total } = await ledger.usage({ by: ['outcome'] })
  assert.equal(total.calls, ids.length)
  assert.equal(total.totalTokens, ids.length * 15)
  for (const id of ids.filter((_, index) => index % 997 === 0)) {
    assert.equal(textOf((await ledger.bodies(id))?.response), `answer ${id}`)
  }
})

// P12: a restart after SIGTERM must not lose or repeat anything.
test('P12 a closed ledger rejects calls, and has every record when it is opened again', async t => {
  const directory = temporaryDirectory('ledger')
  const first = await testLedger(t, directory)
  const ids = Array.from({ length: 300 }, newId)
  for (const id of ids) {
    void first.journal.open(openedOf(id), [bytes('q')])
    void first.journal.close(closedOf(id), [bytes('a')])
  }
  await Promise.all([first.close(), first.close()])
  await assert.rejects(first.journal.open(openedOf(newId()), []), withCode('ledger_closed'))
  await assert.rejects(first.usage({ by: ['workload'] }), withCode('ledger_closed'))
  const second = await testLedger(t, directory)
  assert.equal((await second.usage({ by: ['workload'] })).total.calls, ids.length)
  assert.equal((await second.list({ limit: 1_000 })).records.length, ids.length)
})

// An exchange that cannot be found by its id cannot be audited.
test('an id that is not a UUID is rejected and leaves nothing in the journal', async t => {
  const ledger = await testLedger(t, temporaryDirectory('ledger'))
  for (const id of ['', 'x'.repeat(36), `${newId()}0`, newId().replace('-', 'g')]) {
    await assert.rejects(ledger.journal.open(openedOf(id), [bytes('q')]), withCode('ledger_unwritable'))
  }
  const good = newId()
  await ledger.journal.open(openedOf(good), [bytes('q')])
  await ledger.journal.close(closedOf(good), [])
  assert.equal((await ledger.list({})).records.length, 1)
})

// These files hold prompts.
test('only the user who runs the gateway can read the ledger', async t => {
  const directory = join(temporaryDirectory('ledger'), 'new', 'ledger')
  const ledger = await testLedger(t, directory)
  const id = newId()
  await ledger.journal.open(openedOf(id), [])
  const mode = (path: string): number => statSync(path).mode & 0o777
  assert.equal(mode(directory), 0o700)
  assert.equal(mode(join(directory, 'journal')), 0o700)
  assert.equal(mode(join(directory, 'ledger.duckdb')), 0o600)
  for (const name of readdirSync(join(directory, 'journal')))
    assert.equal(mode(join(directory, 'journal', name)), 0o600)
})

// An operator who mistypes a path must see what is wrong, not a stack trace.
test('a directory that cannot be used is refused, and the message says what to do', async t => {
  const parent = temporaryDirectory('ledger')
  writeFileSync(join(parent, 'file'), '')
  for (const path of [join(parent, 'file'), join(parent, 'file', 'ledger')]) {
    await assert.rejects(testLedger(t, path), (error: unknown) => {
      assert.ok(error instanceof LedgerError && error.code === 'ledger_directory')
      assert.match(error.message, /ledger\.directory/)
      assert.ok(error.message.includes(path))
      return true
    })
  }
})

// It holds prompts: a directory of another user would give them away, and links that others put into it would destroy
// files elsewhere.
test('L12 a directory that others own or can write is refused, and no link in it is followed', async t => {
  const parent = temporaryDirectory('ledger')
  const refused = async (path: string, reason: RegExp): Promise<void> => {
    await assert.rejects(testLedger(t, path), (error: unknown) => {
      assert.ok(error instanceof LedgerError && error.code === 'ledger_directory', String(error))
      assert.match(error.message, reason)
      return true
    })
  }
  for (const mode of [0o777, 0o770, 0o720, 0o702, 0o1777]) {
    const open = join(parent, `mode-${mode}`)
    mkdirSync(open)
    chmodSync(open, mode)
    await refused(open, /can be written by others\. Take that away \(chmod go-w\)/)
  }
  // Only root can create a directory that belongs to another user and is still usable.
  if (process.getuid?.() === 0) {
    const foreign = join(parent, 'foreign')
    mkdirSync(foreign, { mode: 0o700 })
    chownSync(foreign, 65_534, 65_534)
    await refused(foreign, /belongs to another user/)
  }

  const own = join(parent, 'own')
  mkdirSync(own, { mode: 0o700 })
  const victim = join(parent, 'victim')
  writeFileSync(victim, 'precious')
  for (const name of ['.writable', 'owner.json']) symlinkSync(victim, join(own, name))
  const ledger = await testLedger(t, own)
  assert.equal(readFileSync(victim, 'utf8'), 'precious')
  await ledger.close()
  assert.equal(readFileSync(victim, 'utf8'), 'precious')
})

// A broken store must not be taken for an empty one, and the journal must still be usable.
test('a store that DuckDB cannot read is refused as corrupt and can be rebuilt from the journal', async t => {
  const directory = temporaryDirectory('ledger')
  const first = await testLedger(t, directory)
  const id = newId()
  await first.journal.open(openedOf(id), [bytes('q')])
  await first.journal.close(closedOf(id), [bytes('a')])
  await first.close()
  writeFileSync(join(directory, 'ledger.duckdb'), 'not a database '.repeat(1_000))
  await assert.rejects(testLedger(t, directory), withCode('ledger_corrupt'))
  rmSync(join(directory, 'ledger.duckdb'))
  const again = await testLedger(t, directory)
  assert.equal(textOf((await again.bodies(id))?.response), 'a')
})

// An operator may have created a directory with the store's name by mistake.
test('a directory in the place of the store is refused', async t => {
  const directory = temporaryDirectory('ledger')
  mkdirSync(join(directory, 'ledger.duckdb'))
  await assert.rejects(testLedger(t, directory), (error: unknown) => error instanceof LedgerError)
})

// Two writers of one journal would overwrite each other's records.
test('a directory in use is refused in the same process and in another one, and the message names the holder', async t => {
  const directory = temporaryDirectory('ledger')
  const mine = await testLedger(t, directory)
  await assert.rejects(testLedger(t, directory), withCode('ledger_in_use'))
  await mine.close()

  const { pid, release } = await holdInAnotherProcess(t, directory)
  await assert.rejects(testLedger(t, directory), (error: unknown) => {
    assert.ok(error instanceof LedgerError && error.code === 'ledger_in_use')
    assert.ok(error.message.includes(directory))
    assert.ok(error.message.includes(String(pid)))
    return true
  })
  await release()
  await testLedger(t, directory)
})

// In containers, a gateway that was killed and the process that looks at its ledger have the same number.
test('a process that has the number of a dead holder does not count as the holder', async t => {
  const directory = temporaryDirectory('ledger')
  writeFileSync(join(directory, 'owner.json'), JSON.stringify({ pid: process.pid, processStartedAtMs: 1 }))
  assert.deepEqual([holderOf(directory), liveHolderOf(directory)], [process.pid, null])
  const ledger = await testLedger(t, directory)
  assert.equal(liveHolderOf(directory), process.pid)
  await ledger.close()
  assert.deepEqual([holderOf(directory), liveHolderOf(directory)], [null, null])
})

// The ledger's messages go to the operator's log; prompts must not.
test('nothing of a request or response is in the log', async t => {
  const directory = temporaryDirectory('ledger')
  const log = keptLog()
  const first = await testLedger(t, directory, { log })
  const secret = 'canary-7d1f'
  const id = newId()
  await first.journal.open(openedOf(id), [bytes(secret)])
  await first.journal.open(openedOf(newId(), { callerName: secret }), [bytes(secret)])
  await first.close()
  const second = await testLedger(t, directory, { log })
  await second.caughtUp()
  assert.ok(log.lines.length > 0, 'the interrupted exchanges are logged')
  assert.ok(!JSON.stringify(log.lines).includes(secret))
})

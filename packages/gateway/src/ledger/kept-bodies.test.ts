import assert from 'node:assert/strict'
import { test } from 'node:test'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { bytes, closedOf, dayMs, newId, openedOf, testLedger } from './exchange.fixture.ts'

test('the ledger tells bodies that were never there from those that were not recorded and those that are deleted', async t => {
  const time = { ms: Date.now() }
  const retain = { records: 400 * dayMs, bodies: 30 * dayMs }
  const ledger = await testLedger(t, temporaryDirectory('kept'), { clock: () => time.ms, retain })
  const add = async (request: string, response: string, passed: readonly [number, number]): Promise<string> => {
    const id = newId()
    await ledger.journal.open(openedOf(id, { startedAtMs: time.ms }), [bytes(request)])
    const [requestBytes, responseBytes] = passed
    await ledger.journal.close(closedOf(id, { endedAtMs: time.ms, requestBytes, responseBytes }), [bytes(response)])
    return id
  }
  const whole = await add('question', 'answer', [8, 6])
  const figures = await add('', '', [8, 6])
  const empty = await add('', '', [0, 0])
  const long = await add('q'.repeat(3_000_000), 'a', [3_000_000, 1])
  assert.deepEqual(await ledger.keptBodies(whole), { request: 'kept', response: 'kept' })
  assert.deepEqual(await ledger.keptBodies(figures), { request: 'not_captured', response: 'not_captured' })
  assert.deepEqual(await ledger.keptBodies(empty), { request: 'none', response: 'none' })
  assert.deepEqual(await ledger.keptBodies(long), { request: 'kept', response: 'kept' })
  assert.equal(await ledger.keptBodies(newId()), null)
  time.ms += 31 * dayMs
  assert.deepEqual(await ledger.keptBodies(whole), { request: 'purged', response: 'purged' })
  assert.deepEqual(await ledger.keptBodies(empty), { request: 'none', response: 'none' })
})

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { AuditPage } from '../audit/index.ts'
import { configSchema } from '../config/schema/index.ts'
import type { LegalHold } from '../ledger/privacy/index.ts'
import { configInput, errorIn, type House, idOf, startHouse } from './house.fixture.ts'
import { recordId, recordRow } from './ledger.fixture.ts'

const roles = { ...configInput.admin.roles, custodian: [{ user: idOf('bob') }], eraser: [{ user: idOf('alice') }] }
const { admin: access } = configSchema.parse({ ...configInput, admin: { roles } })
const start = (t: TestContext): Promise<House> => startHouse(t, { access: () => access })
/** A request with a JSON body. */
const sent = (as: string, body: object) => ({
  ...{ method: 'POST', as, headers: ['content-type', 'application/json'], body: JSON.stringify(body) },
})
const path = '/api/v1/records/holds'

// Who may erase must not be able to take away what stands against it.
test('a custodian sets and lifts legal holds, an eraser only reads them, and the trail has both', async t => {
  const house = await start(t)
  await house.ledger.add(recordRow(recordId(1)))
  const body = { caller: 'Carol@contoso.example', to: '2026-12-01', reason: 'Case 41' }
  const set = await house.send(path, sent('bob', body))
  assert.equal(set.status, 200, set.text)
  const hold = set.json as LegalHold
  assert.equal(hold.caller, 'user:11111111-2222-3333-4444-555555555555/22222222-2222-3333-4444-555555555555')
  assert.deepEqual([hold.workload, hold.toMs, hold.reason], [null, Date.UTC(2026, 11, 1), 'Case 41'])
  assert.equal((await house.send(path, sent('alice', body))).status, 403)
  assert.equal((await house.send(`${path}/${hold.id}/remove`, { method: 'POST', as: 'alice' })).status, 403)
  assert.deepEqual((await house.send(path, { as: 'alice' })).json, { holds: [hold] })
  assert.deepEqual((await house.send(`${path}/${hold.id}/remove`, { method: 'POST', as: 'bob' })).json, hold)
  const gone = await house.send(`${path}/${hold.id}/remove`, { method: 'POST', as: 'bob' })
  assert.deepEqual([gone.status, errorIn(gone).code], [404, 'hold_unknown'])
  const { entries } = (await house.send('/api/v1/audit', { as: 'carol' })).json as AuditPage
  const done = entries.filter(({ outcome }) => outcome === 'done').map(({ action, facts }) => [action, facts['hold']])
  assert.deepEqual(
    done.filter(([action]) => `${action}`.startsWith('hold_')),
    [
      ['hold_lifted', hold.id],
      ['hold_set', hold.id],
    ],
  )
})

test('a hold on nobody, on an unknown name, or without a filter is refused with what to give', async t => {
  const house = await start(t)
  await house.ledger.add(recordRow(recordId(1)))
  const other = recordRow(recordId(2), { callerObjectId: '33333333-2222-3333-4444-555555555555' })
  await house.ledger.add(other)
  const post = async (json: object) => {
    const answer = await house.send(path, sent('bob', { reason: 'Case 41', ...json }))
    return [answer.status, errorIn(answer).code, errorIn(answer).param]
  }
  assert.deepEqual(await post({}), [400, 'parameter_invalid', 'caller'])
  assert.deepEqual(await post({ workload: 'hrbot' }), [404, 'workload_unknown', 'workload'])
  assert.deepEqual(await post({ caller: 'mallory@contoso.example' }), [404, 'caller_unknown', 'caller'])
  assert.deepEqual(await post({ caller: 'carol@contoso.example' }), [400, 'parameter_invalid', 'caller'])
  assert.deepEqual(await post({ from: '2026-12-01', to: '2026-11-01' }), [400, 'parameter_invalid', 'to'])
  assert.deepEqual(await post({ workload: 'hr-bot', reason: '' }), [400, 'parameter_invalid', 'reason'])
})

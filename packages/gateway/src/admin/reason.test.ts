import assert from 'node:assert/strict'
import { test } from 'node:test'
import { demoDirectory } from '@gatehouse/simulator'
import { errorIn, idOf, sendTo, startHouse } from './house.fixture.ts'
import { recordId, recordRow } from './ledger.fixture.ts'

const field = 'x-gatehouse-reason'

// An auditor who reads out of curiosity should have to write down a lie.
test('an auditor reads and searches the bodies of others with a reason alone', async t => {
  const house = await startHouse(t)
  await house.ledger.add(recordRow(recordId(1)), { request: Buffer.from('{"canary":1}'), response: null })
  const bearer = ['authorization', `Bearer ${await house.token('carol')}`]
  const paths = [
    `/api/v1/records/${recordId(1)}/bodies`,
    '/api/v1/records/search?text=canary&workload=hr-bot&day=2026-11-20',
  ]
  const without = [
    [],
    [field, ''],
    [field, '%20%20%20%20'],
    [field, 'ab'],
    [field, encodeURIComponent('x'.repeat(501))],
    [field, '%zz reason'],
    [field, '%ff%fe%fd'],
    [field, 'a%00b%0ac'],
  ]
  for (const path of paths) {
    for (const headers of without) {
      const answer = await sendTo(house.admin.url, path, { headers: [...bearer, ...headers] })
      assert.deepEqual([answer.status, errorIn(answer).code], [400, 'reason_missing'], `${path} ${headers}`)
      assert.doesNotMatch(answer.text, /canary|Y2FuYXJ5/)
    }
    const said = [...bearer, field, encodeURIComponent('Fall 41: „Urlaub“ ☂')]
    assert.equal((await sendTo(house.admin.url, path, { headers: said })).status, 200, path)
  }
  assert.deepEqual(
    house.logged.map(({ event }) => event),
    ['bodies_read', 'bodies_searched'],
  )
})

test('nobody says why they read their own calls', async t => {
  const house = await startHouse(t)
  const own = { callerKind: 'user', callerTenantId: demoDirectory.tenantId, callerObjectId: idOf('carol') } as const
  await house.ledger.add(recordRow(recordId(1), own), { request: Buffer.from('{}'), response: null })
  const headers = ['authorization', `Bearer ${await house.token('carol')}`]
  const answer = await sendTo(house.admin.url, `/api/v1/records/${recordId(1)}/bodies`, { headers })
  assert.equal(answer.status, 200)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { demoDirectory } from '@gatehouse/simulator'
import { configSchema } from '../config/schema/index.ts'
import { configInput, errorIn, type House, idOf, startHouse } from './house.fixture.ts'
import { recordId, recordRow } from './ledger.fixture.ts'
import { runningHouse } from './running.fixture.ts'

const callerOf = (name: string) =>
  ({ callerKind: 'user', callerTenantId: demoDirectory.tenantId, callerObjectId: idOf(name) }) as const

/** Dave is a developer of hr-bot, to which Carol belongs too; code-assistant is Bob's. */
async function developersHouse(t: Parameters<typeof startHouse>[0]): Promise<House> {
  const { admin, workloads } = configInput
  const hrBot = { ...workloads['hr-bot'], callers: [{ user: idOf('carol') }, { user: idOf('dave') }] }
  const config = configSchema.parse({
    ...configInput,
    admin: { roles: { ...admin.roles, developer: [{ user: idOf('dave') }] } },
    workloads: { ...workloads, 'hr-bot': hrBot },
  })
  const house = await startHouse(t, { access: () => config.admin, house: runningHouse(config) })
  const bodies = { request: Buffer.from('{"messages":[{"content":"canary"}]}'), response: null }
  await house.ledger.add(recordRow(recordId(1), { ...callerOf('dave'), workload: 'hr-bot' }), bodies)
  await house.ledger.add(recordRow(recordId(2), { ...callerOf('carol'), workload: 'hr-bot' }), bodies)
  await house.ledger.add(recordRow(recordId(3), { ...callerOf('bob'), workload: 'code-assistant' }), bodies)
  await house.ledger.add(recordRow(recordId(4), { ...callerOf('dave'), workload: null, outcome: 'refused' }))
  return house
}

const idsIn = (json: unknown) => (json as { records: { id: string }[] }).records.map(({ id }) => id).sort()

// What colleagues of another department ask a model is none of a developer's business.
test('a developer sees records and figures of their own workloads alone', async t => {
  const house = await developersHouse(t)
  const get = (path: string) => house.send(path, { as: 'dave' })
  assert.deepEqual(idsIn((await get('/api/v1/records')).json), [recordId(1), recordId(2)])
  assert.deepEqual(idsIn((await get('/api/v1/records/tail?after=0&waitSeconds=0')).json), [recordId(1), recordId(2)])
  const usage = (await get('/api/v1/usage?by=workload')).json as {
    total: { calls: number }
    lines: { keys: unknown }[]
  }
  assert.deepEqual([usage.total.calls, usage.lines.map(({ keys }) => keys)], [2, [['hr-bot']]])
  const series = (await get('/api/v1/series?from=2026-11-20&to=2026-11-21&step=hour')).text
  const own = (
    await house.send('/api/v1/series?from=2026-11-20&to=2026-11-21&step=hour&workload=hr-bot', { as: 'bob' })
  ).text
  assert.equal(series, own)

  for (const path of ['/api/v1/records', '/api/v1/usage', '/api/v1/records/tail', '/api/v1/records/search']) {
    const needed = { tail: '&after=0', search: '&text=canary&day=2026-11-20' }[path.split('/').at(-1) ?? ''] ?? ''
    const refused = await get(`${path}?workload=code-assistant${needed}`)
    assert.deepEqual([refused.status, errorIn(refused).code], [403, 'role_missing'], path)
    assert.match(errorIn(refused).message, /among their callers: hr-bot\./)
  }
  const states = await get('/api/v1/live?events=record,instances')
  assert.deepEqual([states.status, errorIn(states).param], [403, 'events'])
  assert.equal((await get(`/api/v1/records/${recordId(2)}`)).status, 200)
  for (const number of [3, 4, 9]) {
    const hidden = await get(`/api/v1/records/${recordId(number)}`)
    assert.deepEqual([hidden.status, errorIn(hidden).code], [404, 'record_unknown'])
  }
})

test('a developer reads and finds the bodies of their own calls alone', async t => {
  const house = await developersHouse(t)
  const get = (path: string) => house.send(path, { as: 'dave' })
  assert.equal((await get(`/api/v1/records/${recordId(1)}/bodies`)).status, 200)
  const foreign = await get(`/api/v1/records/${recordId(2)}/bodies`)
  assert.deepEqual([foreign.status, errorIn(foreign).code], [403, 'role_missing'])
  assert.equal((await get(`/api/v1/records/${recordId(3)}/bodies`)).status, 404)
  const found = await get('/api/v1/records/search?text=canary&workload=hr-bot&day=2026-11-20')
  assert.deepEqual(
    (found.json as { hits: { id: string }[] }).hits.map(({ id }) => id),
    [recordId(1)],
  )
  const byAnother = `/api/v1/records/search?text=canary&workload=hr-bot&day=2026-11-20&caller=${idOf('carol')}`
  assert.doesNotMatch((await get(byAnother)).text, new RegExp(recordId(2)))
})

test('a developer of no workload sees nothing, and a viewer sees all', async t => {
  const config = configSchema.parse({
    ...configInput,
    admin: { roles: { viewer: [{ user: idOf('bob') }], developer: [{ user: idOf('dave') }] } },
  })
  const house = await startHouse(t, { access: () => config.admin })
  await house.ledger.add(recordRow(recordId(1)))
  assert.deepEqual(idsIn((await house.send('/api/v1/records', { as: 'dave' })).json), [])
  assert.deepEqual(idsIn((await house.send('/api/v1/records', { as: 'bob' })).json), [recordId(1)])
})

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { demoDirectory } from '@gatehouse/simulator'
import { eventually } from '../../../../test/support/wait.ts'
import type { AuditPage } from '../audit/index.ts'
import { configSchema } from '../config/schema/index.ts'
import type { ErasePreview, EraseState } from '../ledger/privacy/index.ts'
import { configInput, errorIn, type House, idOf, startHouse } from './house.fixture.ts'
import { recordId, recordRow } from './ledger.fixture.ts'

const roles = { ...configInput.admin.roles, custodian: [{ user: idOf('bob') }], eraser: [{ user: idOf('alice') }] }
const { admin: access } = configSchema.parse({ ...configInput, admin: { roles } })
const path = '/api/v1/records/erasures'
const person = 'user:11111111-2222-3333-4444-555555555555/22222222-2222-3333-4444-555555555555'

async function filled(t: TestContext): Promise<House> {
  const house = await startHouse(t, { access: () => access })
  for (let number = 1; number <= 3; number++) {
    const bodies = { request: Buffer.from('secret question'), response: Buffer.from('answer') }
    await house.ledger.add(recordRow(recordId(number)), bodies)
  }
  return house
}

const sent = (house: House, address: string, body: object, as = 'alice') =>
  house.send(address, {
    ...{ method: 'POST', as, headers: ['content-type', 'application/json'], body: JSON.stringify(body) },
  })

async function previewOf(house: House, body: object): Promise<ErasePreview & { readonly token: string }> {
  const answer = await sent(house, `${path}/preview`, body)
  assert.equal(answer.status, 200, answer.text)
  return answer.json as ErasePreview & { readonly token: string }
}

// One command that was typed wrongly must not remove what cannot be brought back.
test('an erasure takes two steps: a preview, and an order with its token for the same records', async t => {
  const house = await filled(t)
  const caller = 'carol@contoso.example'
  const preview = await previewOf(house, { caller })
  assert.deepEqual([preview.filter.caller, preview.records, preview.name], [person, 3, caller])
  const order = async (body: object) => {
    const answer = await sent(house, path, { caller, reason: 'Request 7', ...body })
    return [answer.status, errorIn(answer).code, errorIn(answer).param]
  }
  assert.deepEqual(await order({ token: 'guessed' }), [409, 'confirmation_refused', null])
  assert.deepEqual(await order({ token: preview.token, workload: 'hr-bot' }), [409, 'confirmation_refused', null])
  const named = { token: preview.token, reason: 'Carol@contoso.example asked' }
  assert.deepEqual(await order(named), [400, 'parameter_invalid', 'reason'])
  assert.equal((await house.ledger.row(recordId(1)))?.callerName, caller)

  const answer = await sent(house, path, { caller, reason: 'Request 7', token: preview.token })
  assert.equal(answer.status, 200, answer.text)
  const { id } = answer.json as EraseState
  const done = await eventually('the erasure has ended', async () => {
    const state = (await house.send(`${path}/${id}`, { as: 'alice' })).json as EraseState
    return state.certificate
  })
  assert.deepEqual(
    [done.records, done.reason, done.by],
    [3, 'Request 7', `user:${demoDirectory.tenantId}/${idOf('alice')}`],
  )
  assert.equal((await house.ledger.row(recordId(1)))?.callerName, null)
  const known = await sent(house, path, { caller: person, reason: 'Request 8', token: preview.token })
  assert.deepEqual([known.status, errorIn(known).code], [409, 'confirmation_refused'])
  assert.equal((await house.send(path, { as: 'carol' })).status, 200)
})

test('only an eraser erases, and neither the trail nor the log names the person', async t => {
  const house = await filled(t)
  const caller = 'carol@contoso.example'
  for (const as of ['bob', 'carol']) {
    assert.equal((await sent(house, `${path}/preview`, { caller }, as)).status, 403)
    assert.equal((await sent(house, path, { caller, token: 'x', reason: 'Request 7' }, as)).status, 403)
  }
  assert.equal((await house.send(`${path}/${recordId(9)}`, { as: 'alice' })).status, 404)
  const application = await sent(house, `${path}/preview`, { caller: person.replace('user:', 'app:') })
  assert.deepEqual([application.status, errorIn(application).param], [400, 'caller'])
  const unknown = await sent(house, `${path}/preview`, { caller: 'mallory@contoso.example' })
  assert.deepEqual([unknown.status, errorIn(unknown).code], [404, 'caller_unknown'])

  const { token } = await previewOf(house, { caller })
  await sent(house, path, { caller, reason: 'Request 7', token })
  const { entries } = (await house.send('/api/v1/audit', { as: 'carol' })).json as AuditPage
  const own = entries.filter(({ action }) => action.startsWith('erasure_'))
  assert.deepEqual(
    own.map(({ action, outcome }) => `${action} ${outcome}`),
    ['erasure_ordered done', 'erasure_ordered asked', 'erasure_previewed done'],
  )
  const written = JSON.stringify([own, house.logged])
  assert.ok(!written.includes(caller) && !written.includes(person))
})

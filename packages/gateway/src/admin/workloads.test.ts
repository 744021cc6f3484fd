import assert from 'node:assert/strict'
import { test } from 'node:test'
import { demoDirectory } from '@gatehouse/simulator'
import { configSchema } from '../config/schema/index.ts'
import { callerKey } from '../identity/caller.ts'
import { configInput, errorIn, idOf, startHouse } from './house.fixture.ts'
import { recordId, recordRow } from './ledger.fixture.ts'
import { callersAnswer, errorsAnswer } from './people-schemas.ts'
import { ruleReport, runningHouse } from './running.fixture.ts'
import { workloadDetailAnswer, workloadsAnswer } from './workload-schemas.ts'

const { tenantId } = demoDirectory
const keyOf = (name: string): string => callerKey({ kind: 'user', tenantId, objectId: idOf(name), appId: null })

/** Alice is a developer, and only hr-bot lists her. */
function configuration() {
  const { admin, workloads } = configInput
  return configSchema.parse({
    ...configInput,
    admin: { roles: { ...admin.roles, operator: [], developer: [{ user: idOf('alice') }] } },
    workloads: {
      ...workloads,
      'hr-bot': {
        ...workloads['hr-bot'],
        callers: [{ user: idOf('alice') }, { role: 'HrBot.Use' }],
        output: { most: 2_000 },
        canary: { 'gpt-4o': { deployment: 'gpt-5', percent: 5 } },
      },
    },
  })
}

test('a workload says who may call, what it may use, how it is reached, and what is left of its limits', async t => {
  const config = configuration()
  const house = await startHouse(t, { access: () => config.admin, house: runningHouse(config) })
  const answer = await house.send('/api/v1/workloads/hr-bot', { as: 'bob' })
  const workload = workloadDetailAnswer.parse(answer.json)
  assert.deepEqual(workload.callers, [
    { kind: 'user', value: idOf('alice') },
    { kind: 'role', value: 'HrBot.Use' },
  ])
  assert.deepEqual(workload.targets, [{ name: 'main', path: '/main/hr-bot' }])
  assert.deepEqual(workload.models, [{ deployment: 'gpt-4o', model: 'gpt-4o' }])
  assert.deepEqual(workload.output, { required: false, standard: null, most: 2_000 })
  assert.deepEqual(workload.canary, [{ deployment: 'gpt-4o', to: 'gpt-5', percent: 5 }])
  assert.deepEqual([workload.mayCall, workload.capture], [false, 'full'])
  assert.ok(workload.limits.length > 0)
  assert.ok(workload.limits.every(({ workloads }) => workloads?.includes('hr-bot') ?? true))
  assert.doesNotMatch(answer.text, /canary-key-of-an-instance/, 'no credential is in it')
  const all = workloadsAnswer.parse((await house.send('/api/v1/workloads', { as: 'bob' })).json)
  assert.deepEqual(
    all.workloads.map(({ name, mayCall }) => [name, mayCall]),
    [
      ['hr-bot', false],
      ['code-assistant', true],
    ],
  )
})

// A developer of one team must not learn from here what another team does.
test('a developer sees the workloads that list them, and of the others not even their names', async t => {
  const config = configuration()
  const running = runningHouse(config)
  running.limits = async () => ({
    ...{ store: 'memory', state: 'ok', downSinceMs: null, waiting: 0 },
    rules: [
      ruleReport(),
      ruleReport({ rule: 'hr-bot/caller', subject: keyOf('alice') }),
      ruleReport({ rule: 'hr-bot/caller', subject: keyOf('carol') }),
      ruleReport({ rule: 'limits.rules.each', subject: 'code-assistant', workloads: null }),
      ruleReport({ rule: 'limits.rules.each', subject: 'hr-bot', workloads: null }),
      ruleReport({ rule: 'code-assistant', workloads: ['code-assistant'] }),
    ],
  })
  const house = await startHouse(t, { access: () => config.admin, house: running })
  const all = await house.send('/api/v1/workloads', { as: 'alice' })
  assert.deepEqual(
    workloadsAnswer.parse(all.json).workloads.map(({ name }) => name),
    ['hr-bot'],
  )
  assert.doesNotMatch(all.text, /code-assistant/)
  const { limits } = workloadDetailAnswer.parse((await house.send('/api/v1/workloads/hr-bot', { as: 'alice' })).json)
  assert.deepEqual(
    limits.map(({ rule, subject }) => [rule, subject]),
    [
      ['hr-bot', null],
      ['hr-bot/caller', keyOf('alice')],
      ['limits.rules.each', 'hr-bot'],
    ],
  )
  for (const name of ['code-assistant', 'nothing', '__proto__']) {
    const other = await house.send(`/api/v1/workloads/${name}`, { as: 'alice' })
    assert.deepEqual([other.status, errorIn(other).code], [404, 'workload_unknown'], name)
    assert.doesNotMatch(errorIn(other).message, /code-assistant/)
  }
})

test('callers come with roles where these are known, and a developer sees those of their workloads alone', async t => {
  const config = configuration()
  const house = await startHouse(t, { access: () => config.admin, house: runningHouse(config) })
  const of = (name: string) =>
    ({ callerKind: 'user', callerTenantId: tenantId, callerObjectId: idOf(name), callerName: name }) as const
  await house.ledger.add(recordRow(recordId(1), of('alice')))
  await house.ledger.add(
    recordRow(recordId(2), { ...of('carol'), outcome: 'refused', outcomeCode: 'caller_not_bound' }),
  )
  await house.ledger.add(recordRow(recordId(3), { ...of('bob'), workload: 'code-assistant', status: 429 }))
  const callersFor = async (as: string, query = '') =>
    callersAnswer.parse((await house.send(`/api/v1/callers${query}`, { as })).json)
  const before = await callersFor('bob', '?order=name')
  assert.deepEqual(
    before.callers.map(({ name, kind, workloads, calls, refused, roles }) => [
      name,
      kind,
      workloads,
      calls,
      refused,
      roles,
    ]),
    [
      ['alice', 'user', ['hr-bot'], 1, 0, ['developer']],
      ['bob', 'user', ['code-assistant'], 1, 0, ['viewer']],
      // Only the token names the role that makes Carol an auditor, and she has not asked for anything yet.
      ['carol', 'user', ['hr-bot'], 1, 1, null],
    ],
  )
  await house.send('/api/v1/whoami', { as: 'carol' })
  const after = await callersFor('bob', '?search=CARO')
  assert.deepEqual([after.found, after.callers[0]?.roles], [1, ['viewer', 'auditor']])
  assert.deepEqual(
    (await callersFor('alice', '?order=name')).callers.map(({ name }) => name),
    ['alice', 'carol'],
  )
  const first = await callersFor('bob', '?order=name&limit=2')
  const second = await callersFor('bob', `?order=name&limit=2&before=${first.next}`)
  assert.deepEqual(
    [...first.callers, ...second.callers].map(({ name }) => name),
    ['alice', 'bob', 'carol'],
  )
  assert.equal(second.next, null)

  const errorsFor = async (as: string) =>
    errorsAnswer
      .parse((await house.send('/api/v1/errors', { as })).json)
      .errors.map(({ outcome, code, status }) => [outcome, code, status])
  assert.deepEqual(await errorsFor('bob'), [
    ['completed', null, 429],
    ['refused', 'caller_not_bound', 200],
  ])
  assert.deepEqual(await errorsFor('alice'), [['refused', 'caller_not_bound', 200]])
  assert.equal((await house.send('/api/v1/callers?workload=code-assistant', { as: 'alice' })).status, 403)
  assert.equal((await house.send('/api/v1/callers?before=x', { as: 'bob' })).status, 400)
})

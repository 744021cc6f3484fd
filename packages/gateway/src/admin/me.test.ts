import assert from 'node:assert/strict'
import { test } from 'node:test'
import { demoDirectory } from '@gatehouse/simulator'
import { idOf, startHouse } from './house.fixture.ts'
import { recordId, recordRow } from './ledger.fixture.ts'
import { ruleReport } from './running.fixture.ts'

interface Me {
  month: { usage: { total: { calls: number; totalTokens: number }; lines: { keys: (string | null)[] }[] } }
  calls: { records: { id: string }[] }
  limits: { rule: string; subject: string | null }[]
  gateway: string
  workloads: { name: string; targets: { name: string; path: string }[]; deployments: string[]; models: object[] }[]
}

interface OwnSeries {
  total: { calls: number; totalTokens: number }
  groups: { key: string | null; calls: number }[]
  points: object[]
}

// Somebody without a role must find out what they used, and nothing of what others did.
test('everybody reads their own use of this month, and nothing of others', async t => {
  const key = (name: string): string => `user:${demoDirectory.tenantId}/${idOf(name)}`
  const house = await startHouse(t, { clock: () => Date.UTC(2026, 10, 23, 12) })
  house.running.limits = async () => ({
    ...{ store: 'memory', state: 'ok', downSinceMs: null, waiting: 0 },
    rules: [
      ruleReport(),
      ruleReport({ rule: 'code-assistant', workloads: ['code-assistant'] }),
      ruleReport({ rule: 'code-assistant/caller', subject: key('bob'), workloads: ['code-assistant'] }),
      ruleReport({ rule: 'code-assistant/caller', subject: key('carol'), workloads: ['code-assistant'] }),
      ruleReport({ rule: 'limits.rules.company', workloads: null }),
    ],
  })
  const callerOf = (name: string) =>
    ({ callerKind: 'user', callerTenantId: demoDirectory.tenantId, callerObjectId: idOf(name) }) as const
  const lastMonthMs = Date.UTC(2026, 9, 31, 23, 59)
  await house.ledger.add(recordRow(recordId(1), { ...callerOf('bob'), startedAtMs: lastMonthMs }))
  await house.ledger.add(recordRow(recordId(2), { ...callerOf('bob'), workload: 'code-assistant' }))
  await house.ledger.add(recordRow(recordId(3), { ...callerOf('carol'), callerName: key('bob') }))

  const bob = (await house.send('/api/v1/me', { as: 'bob' })).json as Me
  assert.deepEqual(
    bob.calls.records.map(({ id }) => id),
    [recordId(2), recordId(1)],
  )
  assert.equal(bob.month.usage.total.calls, 1)
  assert.deepEqual(
    bob.limits.map(({ rule, subject }) => [rule, subject]),
    [
      ['code-assistant', null],
      ['code-assistant/caller', key('bob')],
      ['limits.rules.company', null],
    ],
  )
  assert.deepEqual(bob.workloads, [
    {
      name: 'code-assistant',
      targets: [{ name: 'main', path: '/main/code-assistant' }],
      deployments: ['gpt-4o'],
      models: [{ deployment: 'gpt-4o', model: 'gpt-4o' }],
    },
  ])
  assert.equal(bob.gateway, 'https://gate.example')

  const series = await house.send('/api/v1/me/series?from=2026-11-01&by=workload&step=day', { as: 'bob' })
  const { total, groups, points } = series.json as OwnSeries
  assert.equal(total.calls, bob.month.usage.total.calls)
  assert.equal(total.totalTokens, bob.month.usage.total.totalTokens)
  assert.deepEqual(
    groups.map(({ key: name, calls }) => [name, calls]),
    [['code-assistant', 1]],
  )
  assert.equal(points.length, 1)
  const others = await house.send(`/api/v1/me/series?from=2026-11-01&caller=${key('carol')}`, { as: 'bob' })
  assert.equal(others.status, 400, 'nobody asks for another caller here')

  const dave = (await house.send('/api/v1/me', { as: 'dave' })).json as Me
  assert.deepEqual([dave.month.usage.total.calls, dave.calls.records, dave.limits, dave.workloads], [0, [], [], []])
})

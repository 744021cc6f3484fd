import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonSchemaText } from '../json-schema.ts'
import { brief, changed, check } from './rules.fixture.ts'

const collector = `
identity: { entra: { tenants: [11111111-2222-3333-4444-555555555555] } }
admin: { roles: { viewer: [{ tenant: 11111111-2222-3333-4444-555555555555 }] } }
collect: { sources: { replicas: { kind: files, directory: /mnt/records } } }
`

test('a collector needs no instances and workloads, a gateway does', async () => {
  assert.deepEqual(brief((await check(collector)).errors), [])
  const without = collector.replace(/collect:.*/, '')
  assert.deepEqual(brief((await check(without)).errors), ['missing_key instances', 'missing_key workloads'])
  const schema = JSON.parse(jsonSchemaText()) as { required: string[]; anyOf: { required: string[] }[] }
  assert.deepEqual(schema.required, ['identity'])
  assert.deepEqual(
    schema.anyOf.map(({ required }) => required),
    [['collect'], ['instances', 'workloads']],
  )
})

test('a collector whose ledger or sources cannot work is refused', async () => {
  const files = (directory: string): object => ({ kind: 'files', directory })
  const kafka = { kind: 'kafka', topic: 'ledger', tls: false, credential: 'managed-identity' }
  const cases: readonly [path: string, value: unknown, problem: string][] = [
    ['collect/sources', {}, 'conflict collect.sources'],
    ['ledger', { store: 'none' }, 'conflict ledger.store'],
    ['ledger', { shared: true }, 'conflict ledger.shared'],
    ['collect/sources', { a: files('/mnt'), b: files('/mnt/x') }, 'conflict collect.sources.b.directory'],
    ['collect/sources', { a: files('./ledger/journal') }, 'conflict collect.sources.a.directory'],
    ['collect/sources', { 'A b': files('/mnt') }, 'wrong_value collect.sources["A b"]'],
    ['collect/sources', { a: { ...kafka, brokers: ['b:1'] } }, 'conflict collect.sources.a.tls'],
    ['collect/sources', { a: { kind: 'event-hubs', hub: 'records' } }, 'conflict collect.sources.a.namespace'],
    ['collect/sources', { a: { kind: 'pigeon' } }, 'wrong_value collect.sources.a.kind'],
  ]
  for (const [path, value, problem] of cases) {
    assert.deepEqual(brief((await check(changed(path, value, collector))).errors), [problem])
  }
})

// P5: configurations are checked in pipelines whose logs many people read.
test('P5: a secret of a source in the file causes a warning, and is not shown', async () => {
  const password = 'hunter2'
  const connection = { kind: 'kafka', brokers: ['kafka.example:9093'], topic: 'records' }
  const written = { ...connection, credential: { mechanism: 'plain', username: 'me', password } }
  const { errors, warnings } = await check(changed('collect/sources', { a: written }, collector))
  assert.deepEqual([brief(errors), brief(warnings)], [[], ['risk collect.sources.a.credential.password']])
  assert.doesNotMatch(JSON.stringify(warnings), /hunter2/)
})

test('feeds of a collector may select workloads that it does not know', async () => {
  const feeds = { out: { kind: 'files', directory: '/out', workloads: ['bot'] } }
  assert.deepEqual(brief((await check(changed('feeds', feeds, collector))).errors), [])
})

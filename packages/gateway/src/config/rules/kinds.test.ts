import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brief, changedBy, check } from './rules.fixture.ts'

const key = '${env:KEY}'

// A setting that a kind of backend ignores would look as if it worked.
test('settings that the kind openai does not have are refused for its instances', async () => {
  const kind = { 'instances/one/kind': 'openai', 'instances/one/credential': { key } }
  const rows: readonly (readonly [Readonly<Record<string, unknown>>, readonly string[]])[] = [
    [kind, []],
    [{ 'instances/one/kind': 'azure-openai' }, []],
    [{ 'instances/one/kind': 'open-ai' }, ['conflict instances.one.credential', 'wrong_value instances.one.kind']],
    [{ 'instances/one/kind': 'openai' }, ['conflict instances.one.credential']],
    [{ ...kind, 'instances/one/credential': 'caller' }, ['conflict instances.one.credential']],
    [{ ...kind, 'instances/one/scope': 'https://ai.azure.com/.default' }, ['conflict instances.one.scope']],
    [
      { ...kind, 'instances/one/deployments/gpt-4o/kind': 'provisioned' },
      ['conflict instances.one.deployments.gpt-4o.kind'],
    ],
    [{ ...kind, 'instances/one/endpoint': 'https://api.openai.com/v1' }, ['wrong_value instances.one.endpoint']],
  ]
  for (const [values, expected] of rows) {
    const { errors } = await check(changedBy(values))
    assert.deepEqual(brief(errors), expected, JSON.stringify(values))
  }
  const { errors } = await check(changedBy({ 'instances/one/kind': 'openai' }))
  assert.match(errors[0]?.expected ?? '', /takes no tokens of Microsoft Entra/)
})

test('a workload that may send data sources gets a warning when no instance of its targets accepts them', async () => {
  const one = { 'instances/one/kind': 'openai', 'instances/one/credential': { key } }
  const two = { 'instances/two/kind': 'openai', 'instances/two/credential': { key } }
  const allowed = { 'workloads/bot/dataSources': 'allow' }
  const warned = 'risk workloads.bot.dataSources'
  const found = async (values: object): Promise<boolean> =>
    brief((await check(changedBy({ ...values }))).warnings).includes(warned)
  assert.equal(await found({ ...one, ...two, ...allowed }), true)
  assert.equal(await found({ ...one, ...allowed }), false, 'the other member is Azure OpenAI')
  assert.equal(await found({ ...one, ...two }), false)
})

/** `examples/three-teams.yaml`, which docs/start.md lets a platform engineer run beside the demonstration. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '../../packages/gateway/src/cli/run.fixture.ts'
import { demoDirectory } from '../../packages/simulator/src/directory.ts'

const root = join(import.meta.dirname, '../..')
const file = join(root, 'examples/three-teams.yaml')
const config = (...args: readonly string[]) =>
  run(['config', ...args], { env: { INSTANCES_KEY: 'some-key-of-16-characters' } })

// A reader begins with this file, and every mistake in it goes into the configurations of companies.
test('the example for three teams passes the strict check, and each team may call its own targets alone', async () => {
  const checked = await config('check', file, '--strict')
  assert.equal(checked.code, 0, checked.err)
  const teams = {
    alice: { place: 'hr-sweden/hr-bot', model: 'gpt-4o' },
    bob: { place: 'code/code-assistant', model: 'gpt-4o' },
    frank: { place: 'hr-sweden/reports', model: 'gpt-4o-mini' },
  }
  for (const [name, own] of Object.entries(teams)) {
    const person = demoDirectory.people.find(one => one.name === name)
    assert.ok(person !== undefined)
    const groups = person.groups.map(group => demoDirectory.groups.find(one => one.name === group)?.objectId ?? group)
    const caller = ['--user', person.objectId, ...groups.flatMap(id => ['--group', id])]
    for (const { place, model } of Object.values(teams)) {
      const { code, out } = await config('explain', `/${place}`, '-c', file, '--model', model, ...caller)
      assert.equal(code, place === own.place ? 0 : 1, `${name}: ${out}`)
    }
  }
})

// Its comments say whom each rule means.
test('the example knows the groups and the tenant of the demonstration', () => {
  const text = readFileSync(file, 'utf8')
  assert.ok(text.includes(demoDirectory.tenantId))
  const known = new Set(demoDirectory.groups.map(({ objectId }) => objectId))
  for (const [, id = ''] of text.matchAll(/group: ([0-9a-f-]{36})/g)) assert.ok(known.has(id), id)
})

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Running, running } from '../../../../test/support/file-world.ts'
import { type Everything, startEverything } from './everything.fixture.ts'
import { type CheckedFinding, checkNames } from './index.ts'
import { faults } from './planted.fixture.ts'

// What `/tmp` is and how full it is differs between machines; disk.test.ts decides about both.
const ofThisMachine = /^Its (file system|disk) /

let world: Everything & Running
before(async () => {
  world = await running(startEverything)
})
after(() => world.close())

const wrong = (findings: readonly CheckedFinding[]): readonly CheckedFinding[] =>
  findings.filter(({ level, found }) => level !== 'ok' && !ofThisMachine.test(found))

// A doctor that finds something in a healthy set-up is switched off, and then finds nothing.
test('nothing is found in a healthy set-up with Redis and feeds, and every check has looked', async () => {
  const findings = await world.examine(null)
  assert.deepEqual(wrong(findings), [])
  assert.deepEqual([...new Set(findings.map(({ check }) => check))], checkNames)
  assert.equal(findings.filter(({ check }) => check === 'feeds').length, Object.keys(world.feeds).length)
})

describe('each planted fault is found by its check, says what to do, and nothing else is found', () => {
  for (const { name, finding, also = [], plant } of faults) {
    test(name, async t => {
      const { change, options } = await plant(world, t)
      const findings = wrong(await world.examine(null, change, options))
      const [check, level, words] = finding
      const found = findings.find(one => one.check === check && one.level === level && words.test(one.found))
      assert.ok(found !== undefined, JSON.stringify(findings, null, 2))
      assert.ok((found.next ?? '').length > 10, 'it says what to do')
      const concerned = new Set([check, ...also])
      const others = check === 'configuration' && level === 'failure' ? [] : findings
      assert.deepEqual(
        others.filter(one => !concerned.has(one.check)),
        [],
      )
    })
  }
})

test('at least thirty faults are planted, and every check but one of Node’s version has one', () => {
  assert.ok(faults.length >= 30)
  const planted = new Set(faults.map(({ finding: [check] }) => check))
  assert.deepEqual(
    checkNames.filter(name => !planted.has(name)),
    ['node'],
  )
})

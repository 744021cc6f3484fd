import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startSurroundings } from './doctor.fixture.ts'
import { checkNames } from './index.ts'

// What `/tmp` is and how full it is differs between machines; disk.test.ts decides about both.
const ofThisMachine = /^Its (file system|disk) /

// A doctor that finds something in a healthy set-up is switched off, and then finds nothing.
test('nothing is found in the configuration of the demonstration, and every check has looked', async t => {
  const { examine } = await startSurroundings(t)
  const findings = await examine(null)
  assert.deepEqual(
    findings.filter(({ level, found }) => level !== 'ok' && !ofThisMachine.test(found)),
    [],
  )
  assert.deepEqual([...new Set(findings.map(({ check }) => check))], checkNames)
})

test('one check can run alone', async t => {
  const { examine } = await startSurroundings(t)
  const findings = await examine('instances')
  assert.deepEqual([...new Set(findings.map(({ check }) => check))], ['instances'])
  assert.equal(findings.length, 2)
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { startSurroundings, withInstance } from './doctor.fixture.ts'
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

// One part that hangs must not keep the report of the others.
test('a check that does not end is a failure that names the time', async t => {
  const { examine } = await startSurroundings(t)
  const server = createServer(socket => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const findings = await examine('instances', withInstance({ endpoint }), { checkMsMax: 300 })
  assert.deepEqual(
    findings.map(({ level, found }) => [level, found]),
    [['failure', 'It did not end within 0.3 s.']],
  )
})

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { instanceKey } from '../../../../test/support/world.ts'
import { loadConfig } from '../config/load.ts'
import { buildHouse } from '../house/open.ts'
import { silentLog } from '../log.ts'
import { type Change, faultsIn, ofLevel, startSurroundings, withInstance } from './doctor.fixture.ts'

test('a configuration that every user can write is a failure', async t => {
  const { examine, file } = await startSurroundings(t)
  const { found, next } = ofLevel(await examine('files', config => config, { mode: 0o666 }), 'failure')
  assert.match(found, /Every user can write it \(mode 0666\)/)
  assert.equal(next, `chmod o-w ${file}`)
  assert.equal(ofLevel(await examine('files', config => config, { mode: 0o664 }), 'warning').check, 'files')
})

test('a secret that every user can read is a warning, a certificate of an authority is none', async t => {
  const { examine, directory } = await startSurroundings(t)
  const secret = join(directory, 'key')
  await writeFile(secret, instanceKey)
  await chmod(secret, 0o644)
  const withSecret = withInstance({ credential: { key: `\${file:${secret}}` } })
  assert.equal(ofLevel(await examine('files', withSecret), 'warning').about, secret)
  await chmod(secret, 0o600)
  assert.deepEqual(faultsIn(await examine('files', withSecret)), [])
  await writeFile(secret, '-----BEGIN CERTIFICATE-----\nMIIB\n')
  await chmod(secret, 0o644)
  assert.deepEqual(faultsIn(await examine('files', withSecret)), [])
})

test('a port that another program has, and an address of another machine, are failures', async t => {
  const { examine, healthy } = await startSurroundings(t)
  const listen = healthy.gateway?.listen ?? ''
  const server = createServer(socket => socket.destroy()).listen(Number(listen.split(':')[1]), '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const taken = ofLevel(await examine('ports'), 'failure')
  assert.deepEqual([taken.about, taken.found], ['gateway.listen', `${listen} is taken by another program.`])
  const elsewhere = await examine('ports', config => ({ ...config, admin: { listen: '203.0.113.7:8081' } }))
  assert.match(elsewhere.find(({ about }) => about === 'admin.listen')?.found ?? '', /EADDRNOTAVAIL/)
})

// It is run where something is wrong, and that is where a gateway runs.
test('beside its running gateway nothing is found, and the gateway keeps its ledger', async t => {
  const { examine, file, env, entra } = await startSurroundings(t)
  await examine('configuration')
  const { config } = await loadConfig(file, env)
  const house = await buildHouse(config, { log: silentLog, appService: entra.managedIdentity })
  t.after(() => house.close())
  const findings = await examine(null)
  assert.deepEqual(
    faultsIn(findings).filter(fault => !/Its (file system|disk) /.test(fault)),
    [],
  )
  assert.match(findings.find(({ check }) => check === 'ports')?.found ?? '', /A gateway answers at/)
  assert.equal((await house.ledger.health()).writable, true)

  const other = await examine('ports', written => ({
    ...written,
    ledger: { directory: `${config.ledger.directory}-2` },
  }))
  assert.match(ofLevel(other, 'warning').found, /does not use the ledger of this configuration/)
})

// The warning would advise to stop the gateway that is examined.
test('a running replica is found by its ledger on a volume that replicas share', async t => {
  const { examine, file, env, entra } = await startSurroundings(t)
  const sharing: Change = written => ({ ...written, ledger: { ...written.ledger, shared: true } })
  await examine('configuration', sharing)
  const { config } = await loadConfig(file, env)
  const house = await buildHouse(config, { log: silentLog, appService: entra.managedIdentity })
  t.after(() => house.close())
  const findings = await examine('ports', sharing)
  assert.deepEqual(faultsIn(findings), [])
  assert.match(findings[0]?.found ?? '', /A gateway answers at/)
})

import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { LedgerError } from '../ledger/index.ts'
import { CliError } from './errors.ts'
import { listenPorts, startFailure, stopSignal } from './lifetime.ts'

// systemd, `timeout` and Ctrl-C signal the whole group, and the launcher passes the signal on: it comes twice.
test('a stop signal that comes twice within a second is one stop, and a later or another one ends at once', async () => {
  const source = new EventEmitter()
  const exits: number[] = []
  let nowMs = 10
  const stopped = stopSignal({ source, clock: () => nowMs, exit: code => void exits.push(code) })
  source.emit('SIGTERM')
  nowMs += 999
  source.emit('SIGTERM')
  assert.equal(await stopped, 'SIGTERM')
  assert.deepEqual(exits, [])
  source.emit('SIGINT')
  nowMs += 1
  source.emit('SIGTERM')
  assert.deepEqual(exits, [130, 143])
})

// A configuration has two ports: a message that names the number alone makes the operator look for it.
test('a port that is taken is named by its setting', () => {
  const ports = listenPorts({ 'gateway.listen': '0.0.0.0:8080', 'admin.listen': '[::1]:8081' })
  const failure = startFailure(Object.assign(new Error(), { code: 'EADDRINUSE', port: 8081, address: '::1' }), ports)
  assert.ok(failure instanceof CliError)
  assert.deepEqual(
    [failure.what, failure.next],
    ['Port 8081 on ::1 cannot be taken (admin.listen).', 'another port as admin.listen in the configuration'],
  )
})

// A full disk is the operator's to repair: called a bug of Gatehouse, it would be reported instead.
test('a ledger that cannot be opened or written at the start is a failure with what to do', () => {
  for (const code of ['ledger_in_use', 'ledger_directory', 'ledger_corrupt', 'ledger_unwritable'] as const) {
    const failure = startFailure(new LedgerError(code, 'The reason.'), [])
    assert.ok(failure instanceof CliError, code)
    assert.deepEqual([failure.code, failure.what, failure.why, failure.exitCode], [code, 'The reason.', null, 1])
    assert.ok(failure.next)
  }
})

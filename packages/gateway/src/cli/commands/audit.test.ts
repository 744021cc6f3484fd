import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { startHouse } from '../../admin/house.fixture.ts'
import { type Run, type RunOptions, run } from '../run.fixture.ts'

test('audit lists and exports who did what, and verifies the chain of their entries', async t => {
  const house = await startHouse(t)
  const read = (args: readonly string[], options?: RunOptions): Promise<Run> =>
    run(args, { admin: house.admin.url, token: given => house.token(given?.as ?? 'carol'), ...options })
  await read(['log', 'level', 'debug', '--for', '2h', '--as', 'alice'])
  await read(['log', 'level', 'debug', '--as', 'bob'])

  const list = await read(['audit', 'list', '--action', 'log_level_set'])
  assert.deepEqual([list.code, list.err], [0, ''])
  assert.match(list.out, /log_level_set\s+alice@contoso\.example\s+of \d+, level debug, seconds 7200/)
  assert.match(list.out, /log_level_set\s+asked\s+alice@contoso\.example/)
  const refused = await read(['audit', 'list', '--action', 'refused', '--format', 'csv'])
  assert.match(
    refused.out,
    /^seq,time,action,.*\n\d+,[^,]+,refused,refused,user:[^,]+,bob@contoso\.example,127\.0\.0\.1,/,
  )
  // C8: an empty answer about a name that was mistyped would be a false all-clear.
  const nobody = await read(['audit', 'list', '--actor', 'nobody'])
  assert.deepEqual([nobody.code, nobody.out], [1, ''])
  assert.match(nobody.err, /^✗ name_unknown {2}No entry of the trail has the actor nobody\.\n/)
  // It may also be what was never done.
  const never = await read(['audit', 'list', '--action', 'log_level_sent'])
  assert.deepEqual([never.code, never.out], [0, 'No entries.\n'])
  assert.match(never.err, /^! No entry of the whole trail has the action log_level_sent\. docs\/audit\.md lists/)
  const before = await read(['audit', 'list', '--action', 'log_level_set', '--to', '2026-01'])
  assert.deepEqual([before.code, before.out], [0, 'No entries.\n'])
  assert.match((await read(['audit', 'list', '--as', 'bob'])).err, /✗ role_missing/)

  const path = `${house.auditLedger}/audit/000001.jsonl`
  const exported = (await read(['audit', 'export'])).out
  const written = await readFile(path, 'utf8')
  // Newest first, and each line as it is in the file; the refusal of bob's list came before it.
  assert.equal(exported.trim().split('\n').toReversed().join('\n'), written.trim())

  const verify = ['audit', 'verify', '--directory', house.auditLedger]
  const whole = await read(verify)
  assert.deepEqual([whole.code, whole.err], [0, ''])
  const [, last = ''] = /the last is (\d+:[0-9a-f]{64})\n$/.exec(whole.out) ?? []
  assert.equal((await read([...verify, '--known', last])).code, 0)
  const other = await read([...verify, '--known', last.replace(/.$/, end => (end === '0' ? '1' : '0'))])
  assert.deepEqual([other.code, /✗ audit_broken/.test(other.err)], [1, true])
  assert.equal((await read([...verify, '--known', 'x'])).code, 2)

  await writeFile(path, written.replace('alice@contoso.example', 'mallo@contoso.example'))
  const broken = await read(verify)
  assert.equal(broken.code, 1)
  assert.match(
    broken.err,
    /✗ audit_broken {2}.*000001\.jsonl, line \d+: the entry is not the one that its hash was made of/,
  )
  const json = JSON.parse((await read(verify, { json: true })).out) as { fault: { file: string } }
  assert.equal(json.fault.file, '000001.jsonl')
  await writeFile(path, written)

  const none = await read(['audit', 'verify', '--directory', `${house.auditLedger}/none`])
  assert.deepEqual([none.code, /✗ audit_missing/.test(none.err)], [1, true])
})

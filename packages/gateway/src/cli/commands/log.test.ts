import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startHouse } from '../../admin/house.fixture.ts'
import { type Run, type RunOptions, run } from '../run.fixture.ts'

test('log shows the level, and changes it for a while', async t => {
  const house = await startHouse(t)
  const read = (args: readonly string[], options?: RunOptions): Promise<Run> =>
    run(args, { admin: house.admin.url, token: given => house.token(given?.as ?? 'carol'), ...options })
  const { code, out, err } = await read(['log'])
  assert.deepEqual([code, err], [0, ''])
  assert.match(out, /^level {3}info\nform {4}json\naccess {2}calls have no lines/)
  const set = await read(['log', 'level', 'debug', '--for', '2h', '--as', 'alice'])
  assert.match(set.out, /^level {3}debug for 2 h more; the configuration says info$/m)
  assert.equal(JSON.parse((await read(['log'], { json: true })).out).level, 'debug')
  assert.match((await read(['log', 'reset', '--as', 'alice'])).out, /^level {3}info$/m)
  assert.match((await read(['log', 'level', 'debug'])).err, /✗ role_missing/)
  assert.match((await read(['log', 'level', 'loud', '--as', 'alice'])).err, /debug, info, warn, error/)
  assert.match((await read(['log', 'level', 'debug', '--for', '2d', '--as', 'alice'])).err, /at most 1d/)
})

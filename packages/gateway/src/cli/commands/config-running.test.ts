import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { type Running, runWorld } from '../../../../../test/support/file-world.ts'
import type { World } from '../../../../../test/support/world.ts'
import { type Run, type RunOptions, run } from '../run.fixture.ts'

async function applying(t: { after(close: () => unknown): void }): Promise<World & Running> {
  const world = await runWorld({
    fromFile: true,
    change: config => ({ ...config, admin: { ...config.admin, applyConfiguration: true } }),
  })
  t.after(() => world.close())
  return world
}

test('what config show prints can be changed and applied, and is in the history', async t => {
  const world = await applying(t)
  const directory = temporaryDirectory('config')
  const next = join(directory, 'next.yaml')
  const wrongFile = join(directory, 'wrong.yaml')
  const admin = world.house.admin?.url ?? ''
  const read = (args: readonly string[], options?: RunOptions): Promise<Run> =>
    run(args, { admin, token: given => world.token(given?.as ?? 'bob'), ...options })

  const shown = await read(['config', 'show'])
  assert.deepEqual([shown.code, shown.err], [0, ''])
  assert.match(shown.out, /key: "\$\{kept:[0-9a-f]{16}\}"/)
  const values = await read(['config', 'show', '--values'])
  assert.match(values.out, /^instances\.dev-openai-instance-2\.credential\.key +\(not shown\) +line \d+$/m)
  assert.match(values.out, /^limits\.store +memory +default$/m)

  await writeFile(next, `${shown.out}objects: { remember: 7d }\n`)
  assert.match((await read(['config', 'apply', next])).err, /✗ role_missing/)
  const applied = await read(['config', 'apply', next, '--as', 'erin'])
  assert.match(applied.out, /^✓ in force, digest [0-9a-f]{32}\nThese changes wait for a restart: objects\.remember\n$/)
  const history = await read(['config', 'history'])
  assert.match(history.out, /^ +2 .* apply +erin@contoso\.example/m)
  assert.equal((await read(['config', 'history', '1'])).out, shown.out)
  assert.match((await read(['config', 'history', '9'])).err, /✗ version_unknown/)

  const stale = ['--expected', '0'.repeat(32), '--as', 'erin']
  assert.match((await read(['config', 'apply', next, ...stale])).err, /✗ configuration_changed/)
  await writeFile(wrongFile, `${shown.out}objects: { colour: red }\n`)
  const wrong = await read(['config', 'apply', wrongFile, '--as', 'erin'])
  assert.match(wrong.err, /wrong\.yaml:\d+:\d+ {2}objects\.colour\n[\s\S]*✗ config_invalid/)
  assert.match(
    (await read(['config', 'apply', join(directory, 'none.yaml'), '--as', 'erin'])).err,
    /✗ config_unreadable/,
  )
})

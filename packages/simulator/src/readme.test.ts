import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const folder = join(import.meta.dirname, '..')

// It is the first program that a reader of the package runs.
test('the example in the README runs as it is and prints what its comment says', () => {
  const [, program = ''] = /```js\n([\s\S]*?)```/.exec(readFileSync(join(folder, 'README.md'), 'utf8')) ?? []
  const [, expected] = /\/\/ (429 .*)/.exec(program) ?? []
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: folder,
    encoding: 'utf8',
  })
  assert.equal(stdout, `${expected}\n`, stderr)
})

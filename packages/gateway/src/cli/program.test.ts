import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { compileCache } from '../../../../test/support/compile-cache.ts'
import { temporaryDirectory } from '../../../../test/support/directory.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))

// A stack of Node says nothing to who filled a disk, and a script takes any text for a result.
test('C13 output that cannot be written is said in words, with exit code 1 and no stack', t => {
  if (!existsSync('/dev/full')) return t.skip('there is no /dev/full here')
  const full = openSync('/dev/full', 'w')
  t.after(() => closeSync(full))
  const { status, stderr } = spawnSync(process.execPath, [main, 'usage', '--help'], {
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  })
  assert.equal(
    stderr,
    '✗ output_unwritable  The output cannot be written.\n  There is no space left.\n  Try: write it to another place\n',
  )
  assert.equal(status, 1)
  const quiet = spawnSync(process.execPath, [main, 'usge'], { stdio: ['ignore', 'pipe', full], encoding: 'utf8' })
  assert.deepEqual([quiet.status, quiet.stdout], [2, ''])
})

test('a pipe that closes early is no failure', async () => {
  const child = spawn(process.execPath, [main, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let said = ''
  child.stderr.on('data', (text: Buffer) => (said += text.toString()))
  const [code] = await once(child, 'close')
  assert.deepEqual([code, said], [0, ''])
})

// What a message says must be what can be typed.
test('messages and help name the program as it was started, and programs that it starts do not hear of it', () => {
  const directory = temporaryDirectory('started')
  const run = (started: string, ...words: readonly string[]) =>
    spawnSync(process.execPath, [main, ...words], {
      env: { ...compileCache, PATH: `/usr/bin:${directory}`, GATEHOUSE_STARTED_AS: started },
      encoding: 'utf8',
    })
  const inClone = run('./gatehouse', 'usage', '--bogus')
  assert.match(inClone.stderr, /\n {2}Try: \.\/gatehouse usage --help\n$/)
  assert.match(run('./gatehouse').stdout, /^Usage: \.\/gatehouse \[options\]/)
  assert.match(
    run('./gatehouse', 'usage', '--help').stdout,
    /^ {2}\$ \.\/gatehouse usage --by workload,model --from 7d$/m,
  )
  assert.match(run(`${directory}/gatehouse`, 'usge').stderr, /Try: gatehouse --help/)
  assert.match(run('/opt/my tools/gatehouse', 'usge').stderr, /Try: '\/opt\/my tools\/gatehouse' --help/)
  assert.match(run('', 'usge').stderr, /Try: gatehouse --help/)
})

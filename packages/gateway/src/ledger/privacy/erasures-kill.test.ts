import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { dayMs, testLedger } from '../exchange.fixture.ts'
import {
  archivesWith,
  faultsOf,
  filesWith,
  fill,
  namesWith,
  options,
  planted,
  secret,
  start,
} from './person.fixture.ts'

const program = fileURLToPath(new URL('./erasing.fixture.ts', import.meta.url))

/**
 * Runs the program and kills it after so many changes of files in the directory since it was ready.
 * @returns true when it came to its end.
 */
async function runAndKill(directory: string, changes: number): Promise<boolean> {
  const child = spawn(process.execPath, [program, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  let said = ''
  let seen = 0
  const files = watch(directory, { recursive: true }, () => {
    if (!said.includes('ready')) return
    seen += 1
    if (seen >= changes) child.kill('SIGKILL')
  })
  for await (const text of child.stdout) said += String(text)
  await exited
  files.close()
  return said.includes('done')
}

// An erasure that a crash cuts off must not be half of one for ever: the certificate would be missing, or wrong.
test('an erasure that is killed at many points is finished by the processes after it', {
  timeout: 600_000,
}, async t => {
  const directory = temporaryDirectory('ledger')
  let now = start + dayMs
  let work = async (): Promise<void> => {}
  const before = await testLedger(t, directory, {
    ...options({ clock: () => now, retain: { records: 400 * dayMs, bodies: dayMs, archiveAfter: dayMs } }),
    scheduler: (_, given) => {
      work = given
      return () => {}
    },
  })
  await fill(before, 60)
  now = start + 4 * dayMs
  await work()
  await fill(before, 10, 180)
  const sums = await before.usage({ by: ['workload', 'model', 'day'] })
  await before.close()

  let kills = 0
  for (let changes = 1; !(await runAndKill(directory, changes)); changes = Math.ceil(changes * 1.8)) kills += 1
  // Eight and more on most machines: the watch may hear of many changes at once, and late.
  assert.ok(kills > 2, `only ${kills} processes were killed`)

  const ledger = await testLedger(t, directory, options({ clock: () => now }))
  const [state, ...others] = ledger.erasures.list()
  assert.deepEqual([state?.state, state?.certificate?.records, others], ['done', 70, []])
  const after = await ledger.usage({ by: ['workload', 'model', 'day'] })
  assert.deepEqual([after.total, after.lines.length], [sums.total, sums.lines.length])
  await ledger.close()
  assert.deepEqual(filesWith(directory, [...planted, secret]), [])
  assert.equal(await namesWith(directory, planted), 0)
  assert.equal(await archivesWith(directory, planted), 0)
  assert.deepEqual(await faultsOf(directory), [])
})

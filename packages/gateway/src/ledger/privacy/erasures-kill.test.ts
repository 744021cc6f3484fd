import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
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

/** Calls of the system after which more is on the disk than before. */
const changing = 'pwrite64,copy_file_range,rename,unlink,ftruncate,fsync,fdatasync'

/**
 * Runs the program and kills it when one of its threads calls the system for the `nth` time to change or keep a file.
 * @returns true when it came to its end.
 */
async function runAndKill(directory: string, nth: number): Promise<boolean> {
  const inject = `inject=${changing}:signal=KILL:when=${nth}`
  const args = ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${changing}`, '-e', inject]
  const child = spawn('strace', [...args, process.execPath, program, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // strace counts the calls of each thread.
    env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
  })
  const exited = once(child, 'exit')
  let said = ''
  for await (const text of child.stdout) said += String(text)
  const [code, signal] = await exited
  const isDone = said.includes('done')
  assert.deepEqual([code, signal], isDone ? [0, null] : [null, 'SIGKILL'])
  return isDone
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
  for (let nth = 1; !(await runAndKill(directory, nth)); nth *= 2) kills += 1
  t.diagnostic(`${kills} processes were killed`)
  assert.ok(kills > 3, `only ${kills} processes were killed`)

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

import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { testLedger, textOf } from './exchange.fixture.ts'

const program = fileURLToPath(new URL('./full-disk.fixture.ts', import.meta.url))

/**
 * A process whose files can be limited in size: its writes then fail as on a full disk, without a disk of its own and
 * without root. It ignores SIGXFSZ, so that the limit causes an error as a disk does.
 */
function limited(directory: string): ChildProcess {
  return spawn('sh', ['-c', 'trap "" XFSZ; exec "$0" "$@"', process.execPath, program, directory], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
}

function limitFiles(child: ChildProcess, bytes: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(child.pid), `--fsize=${bytes}:unlimited`])
}

const linuxOnly =
  process.platform === 'linux'
    ? false
    : 'file size limits of a running process are changed with prlimit, which is Linux'

// Full disks happen. Calls that were accepted must not lose their record, calls that cannot be recorded must not be
// accepted, and the gateway must need no restart when there is room again.
test('P1 on a full disk new exchanges are refused and the ends of open ones are kept, and the ledger recovers by itself', {
  skip: linuxOnly,
  timeout: 60_000,
}, async t => {
  const directory = temporaryDirectory('ledger')
  const child = limited(directory)
  t.after(() => child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  const { stdin, stdout } = child
  assert.ok(stdin !== null && stdout !== null)
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  const answer = async (): Promise<Record<string, unknown>> =>
    JSON.parse(String((await lines.next()).value)) as Record<string, unknown>
  const ask = async (command: string): Promise<Record<string, unknown>> => {
    stdin.write(`${command}\n`)
    return answer()
  }
  assert.deepEqual(await answer(), { ready: true })
  const before = await ask('open 20')
  assert.equal((before.opened as string[]).length, 20)

  // Half a group fits, so the failing write is also torn.
  limitFiles(child, 100_000)
  const flood = await ask('flood')
  assert.equal(flood.writable, false)
  assert.equal(flood.code, 'ledger_unwritable')
  const refused = await ask('open 1')
  assert.deepEqual(refused.opened, [])
  const ended = await ask('close')
  assert.equal(ended.rejected, 20, 'ends that are not with the kernel say so')
  assert.equal((await ask('writable')).writable, false)

  limitFiles(child, 'unlimited')
  assert.equal((await ask('wait')).writable, true)
  const after = await ask('open 5')
  assert.equal((after.opened as string[]).length, 5)
  await ask('close')
  child.kill('SIGKILL')
  await exited

  const ledger = await testLedger(t, directory)
  const records = (await ledger.list({ limit: 1_000 })).records
  const acknowledged = [before, flood, after].flatMap(step => step.opened as string[])
  assert.deepEqual(records.map(({ id }) => id).sort(), acknowledged.sort())
  for (const id of before.opened as string[]) {
    assert.equal((await ledger.row(id))?.outcome, 'completed')
    assert.equal(textOf((await ledger.bodies(id))?.response), `answer ${id}`)
  }
})

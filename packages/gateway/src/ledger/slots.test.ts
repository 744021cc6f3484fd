import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from '../../../../test/support/directory.ts'
import { soon } from '../../../../test/support/wait.ts'
import { silentLog } from '../log.ts'
import { LedgerError } from './index.ts'
import { takeSlot } from './slots.ts'

const program = fileURLToPath(new URL('./slot.fixture.ts', import.meta.url))
/** A holder is dead after ten times this. */
const beatMs = 400

interface Replica {
  /** `replica-1` */
  readonly name: string
  signal(name: NodeJS.Signals): void
  /** Ends like a process that is asked to. */
  stop(): Promise<void>
  kill(): Promise<void>
  /** Its next line. */
  says(): Promise<string>
}

async function startReplica(t: TestContext, base: string): Promise<Replica> {
  const child = spawn(process.execPath, [program, base, String(beatMs)], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const says = async (): Promise<string> => String((await soon('the replica says something', lines.next())).value)
  return {
    name: basename(await says()),
    says,
    signal: name => void child.kill(name),
    async stop() {
      child.stdin.end()
      await exited
    },
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

// Two processes in one directory would write one journal, and neither could be believed.
test('replicas that start at once on one volume each have a directory of their own', async t => {
  const base = temporaryDirectory('slots')
  const replicas = await Promise.all(Array.from({ length: 4 }, () => startReplica(t, base)))
  assert.equal(new Set(replicas.map(({ name }) => name)).size, 4)
  for (const { name } of replicas) assert.match(name, /^replica-[1-4]$/)
})

// The journal of a dead replica has calls that were open, and records that no feed has sent.
test('a replica that starts after another was killed goes on in its directory, and beside a living one does not', async t => {
  const base = temporaryDirectory('slots')
  const first = await startReplica(t, base)
  const second = await startReplica(t, base)
  assert.deepEqual([first.name, second.name], ['replica-1', 'replica-2'])
  await first.kill()
  const third = await startReplica(t, base)
  assert.equal(third.name, 'replica-1')
})

test('a directory that was released is taken without waiting for its holder to be silent', async t => {
  const base = temporaryDirectory('slots')
  const first = await startReplica(t, base)
  await first.stop()
  const slot = await takeSlot(base, { log: silentLog, lost: assert.fail, beatMs: 3_600_000 })
  assert.equal(basename(slot.directory), 'replica-1')
  await slot.release()
})

// A machine that was paused wakes as the owner of a ledger that another has by then.
test('a replica that slept while its directory was taken learns so', async t => {
  const base = temporaryDirectory('slots')
  const first = await startReplica(t, base)
  first.signal('SIGSTOP')
  const second = await startReplica(t, base)
  assert.equal(second.name, first.name)
  first.signal('SIGCONT')
  assert.equal(await first.says(), 'lost')
  const leases = (await readdir(join(base, first.name))).filter(name => name.startsWith('lease-'))
  assert.deepEqual(leases, ['lease-000002'])
})

test('a directory without a lease, as of a ledger that was restored, is taken', async () => {
  const base = temporaryDirectory('slots')
  await mkdir(join(base, 'replica-1', 'journal'), { recursive: true })
  const slot = await takeSlot(base, { log: silentLog, lost: assert.fail })
  assert.equal(basename(slot.directory), 'replica-1')
  await slot.release()
})

test('a volume that cannot be used is refused with what to do', async () => {
  const file = join(temporaryDirectory('slots'), 'file')
  await writeFile(file, '')
  const taking = takeSlot(join(file, 'below'), { log: silentLog, lost: assert.fail })
  await assert.rejects(taking, (error: unknown) => {
    assert.ok(error instanceof LedgerError)
    assert.equal(error.code, 'ledger_directory')
    assert.match(error.message, /Check that this user may write there/)
    return true
  })
})

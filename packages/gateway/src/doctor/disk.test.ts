import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmod, chown, mkdir, open, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { fileSystemFindings } from './disk.ts'
import { startSurroundings } from './doctor.fixture.ts'
import type { CheckedFinding } from './index.ts'

const ofLevel = (findings: readonly CheckedFinding[], level: string): string =>
  findings.find(finding => finding.level === level)?.found ?? ''

test('a ledger that others can write into is a failure, and one that they can read a warning', async t => {
  const { examine, ledger } = await startSurroundings(t)
  await chmod(ledger, 0o777)
  assert.match(ofLevel(await examine('disk'), 'failure'), /Others can write into .*mode 0777/)
  await chmod(ledger, 0o755)
  assert.match(ofLevel(await examine('disk'), 'warning'), /Others can look into .*mode 0755/)
})

// The top of a share belongs to whoever made the share; each replica makes a directory of its own in it.
test('a directory that replicas share may be written by others', async t => {
  const { examine, ledger } = await startSurroundings(t)
  await chmod(ledger, 0o777)
  const shared = await examine('disk', config => ({ ...config, ledger: { ...config.ledger, shared: true } }))
  assert.equal(ofLevel(shared, 'failure'), '')
})

test('a ledger of another user is a failure', async t => {
  const { examine, ledger } = await startSurroundings(t)
  await chown(ledger, 65_534, 65_534).catch(cause => {
    throw new Error('Only root can give files away. Run this test as root.', { cause })
  })
  assert.match(ofLevel(await examine('disk'), 'failure'), /another user/)
})

test('a ledger with a path below a file is a failure', async t => {
  const { examine, directory } = await startSurroundings(t)
  await writeFile(join(directory, 'file'), '')
  const findings = await examine('disk', config => ({ ...config, ledger: { directory: join(directory, 'file', 'l') } }))
  assert.match(ofLevel(findings, 'failure'), /is no directory/)
})

test('a ledger that is not made yet is examined where it will be made', async t => {
  const { examine, directory } = await startSurroundings(t)
  const findings = await examine('disk', config => ({ ...config, ledger: { directory: join(directory, 'new', 'l') } }))
  assert.equal(ofLevel(findings, 'failure'), '')
  assert.match(JSON.stringify(findings), /A synced write takes/)
})

test('a slow disk is a warning', async t => {
  const { examine } = await startSurroundings(t)
  const findings = await examine('disk', config => config, { slow: { fsyncMs: 0 } })
  assert.match(findings.map(({ found }) => found).join('\n'), /A synced write takes [\d.]+ ms: the disk is slow/)
})

/** A journal that has grown by so many bytes in two days. Its file has a hole: large, and takes no room. */
async function grownJournal(ledger: string, bytes: number): Promise<void> {
  const journal = join(ledger, 'journal')
  await mkdir(journal, { recursive: true })
  const segment = await open(join(journal, 'segment'), 'w')
  await segment.truncate(bytes)
  await segment.close()
  const twoDaysAgo = new Date(Date.now() - 2 * 86_400_000)
  await utimes(join(journal, 'segment'), twoDaysAgo, twoDaysAgo)
}

test('a journal that outgrows its disk before bodies are deleted is a warning with the sizes', async t => {
  const { examine, ledger } = await startSurroundings(t)
  await grownJournal(ledger, 8 * 2 ** 40)
  assert.match(ofLevel(await examine('disk'), 'warning'), /grows by 4 TiB a day.*30 days need/)
})

test('journals of replicas that outgrow the disk which they share are a warning with their sum', async t => {
  const { examine, ledger } = await startSurroundings(t)
  for (const name of ['replica-1', 'replica-2']) await grownJournal(join(ledger, name), 4 * 2 ** 40)
  const findings = await examine('disk', config => ({ ...config, ledger: { ...config.ledger, shared: true } }))
  assert.match(ofLevel(findings, 'warning'), /grows by 4 TiB a day.*30 days need/)
})

// Cloud machines offer file systems that lose or delay what is written to them.
test('file systems that are in memory, in a container or on the network are warnings, others no finding', () => {
  for (const type of [0x01021994, 0x794c7630, 0x6969, 0xfe534d42]) {
    assert.deepEqual(
      fileSystemFindings(type).map(({ level }) => level),
      ['warning'],
    )
  }
  for (const type of [0xef53, 0x58465342, 0x1234]) assert.deepEqual(fileSystemFindings(type), [])
})

const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url))

test('a full disk is a failure', async t => {
  const mounts = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs none /mnt'])
  assert.equal(mounts.status, 0, 'This test mounts a small disk (unshare, tmpfs). Run it as root on Linux.')
  const { examine, ledger, file, env } = await startSurroundings(t)
  await examine('configuration')
  // Only this command and what it starts see the small disk.
  const script = 'mount -t tmpfs -o size=64k,mode=0700 none "$1" && shift && exec "$@"'
  const command = [process.execPath, main, 'doctor', '--config', file, '--only', 'disk', '--json']
  const { stdout, status } = spawnSync('unshare', ['-rm', 'sh', '-c', script, 'sh', ledger, ...command], {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  })
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly CheckedFinding[] }
  assert.equal(status, 1)
  assert.match(ofLevel(findings, 'failure'), /64 KiB left: when it is full, calls are refused/)
  assert.match(ofLevel(findings, 'warning'), /tmpfs/)
})

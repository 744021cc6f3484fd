import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../../../../test/support/directory.ts'
import { bytes, closedOf, newId, openedOf, testLedger } from '../../exchange.fixture.ts'
import {
  assertAsRecorded,
  type Ended,
  endedLedger,
  type StartedRunner,
  someDayMs,
  startRunner,
} from '../filing/filing.fixture.ts'
import { bodyBytesMax } from '../forms.ts'
import type { FeedSelection } from '../index.ts'
import { recordsInLines, recordsInParquet, withoutDoubles } from './files.fixture.ts'
import { openFeed } from './index.ts'
import type { FilesSettings } from './settings.ts'

/** A runner of a feed of files over a closed ledger. */
const filesRunner = (
  t: TestContext,
  ended: Pick<Ended, 'directory'>,
  settings: Partial<FilesSettings> & Pick<FilesSettings, 'directory'>,
  selection?: FeedSelection,
): Promise<StartedRunner> => {
  const all: FilesSettings = { format: 'jsonl', form: 'gatehouse', columns: null, bodies: true, ...settings }
  return startRunner(t, ended, parts => openFeed(all, parts), selection)
}

/** Modes of everything below the directory, each once. */
function modesIn(directory: string): string[] {
  const names = globSync(['day=*', 'day=*/hour=*', 'day=*/hour=*/*'], { cwd: directory })
  return [...new Set(names.map(name => (statSync(join(directory, name)).mode & 0o777).toString(8)))].sort()
}

// An archive that differs from the ledger is worth nothing to an auditor.
for (const format of ['jsonl', 'parquet'] as const) {
  test(`files of ${format} have every field and every byte of the bodies as the ledger has them`, async t => {
    const ended = await endedLedger(t)
    const directory = join(temporaryDirectory('ledger'), 'out')
    const { runner, log } = await filesRunner(t, ended, { directory, format })
    await runner.caughtUp()
    const read = format === 'jsonl' ? recordsInLines(directory) : await recordsInParquet(directory)
    assertAsRecorded(read, ended.rows, format)
    assert.deepEqual(modesIn(directory), ['640', '750'])
    assert.deepEqual(log.lines, [])
    const hours = globSync('day=*/hour=*', { cwd: directory }).sort()
    assert.equal(hours[0], 'day=2026-11-26/hour=14')
    assert.equal(hours.length, 7)
    const manifests = hours.flatMap(hour => readFileSync(join(directory, hour, '_manifest.jsonl'), 'utf8').split('\n'))
    const listed = manifests.filter(line => line !== '').map(line => JSON.parse(line) as { records: number })
    assert.equal(
      listed.reduce((sum, { records: count }) => sum + count, 0),
      ended.rows.size,
    )
  })
}

test('selection, columns and bodies decide what the files hold', async t => {
  const ended = await endedLedger(t)
  const directory = join(temporaryDirectory('ledger'), 'out')
  const settings = { directory, bodies: false, columns: ['workload', 'totalTokens'] }
  const selection: FeedSelection = { workloads: ['text', 'audio'], outcomes: ['completed'] }
  const { runner } = await filesRunner(t, ended, settings, selection)
  await runner.caughtUp()
  const records = recordsInLines(directory).map(({ id: _, ...record }) => record)
  const inOrder = records.toSorted((a, b) => String(a['workload']).localeCompare(String(b['workload'])))
  assert.deepEqual(inOrder, [
    { workload: 'audio', totalTokens: 15 },
    { workload: 'text', totalTokens: 15 },
  ])
})

test('the form apim has the eight columns of its samples and the id', async t => {
  const ended = await endedLedger(t)
  const directory = join(temporaryDirectory('ledger'), 'out')
  const { runner } = await filesRunner(t, ended, { directory, form: 'apim' })
  await runner.caughtUp()
  const { id, ...record } = recordsInLines(directory).find(one => one['WorkloadIdentifier'] === 'text') ?? {}
  assert.ok(ended.rows.has(String(id)))
  assert.deepEqual(record, {
    completion_tokens: 5,
    prompt_tokens: 10,
    total_tokens: 15,
    WorkloadIdentifier: 'text',
    Backend: 'main',
    User: 'Alice Example',
    FullRequestBody: '{"a":1}',
    FullResponseBody: '{"b":"ü"}',
  })
})

test('the form gen_ai has the names, operations and seconds of the conventions', async t => {
  const ended = await endedLedger(t)
  const directory = join(temporaryDirectory('ledger'), 'out')
  const { runner } = await filesRunner(t, ended, { directory, form: 'gen_ai', bodies: false })
  await runner.caughtUp()
  const record = recordsInLines(directory).find(one => one['gatehouse.workload'] === 'text')
  assert.equal(record?.['gen_ai.operation.name'], 'chat')
  assert.equal(record?.['gen_ai.usage.input_tokens'], 10)
  assert.equal(record?.['gen_ai.client.operation.duration'], 0.7)
  assert.deepEqual(record?.['gen_ai.response.finish_reasons'], ['stop'])
  assert.equal(record?.['gatehouse.started_at_ms'], someDayMs)
})

// An unmounted file system must not be replaced by files that fill the disk below it.
test('a feed whose directory cannot be made fails with the reason, and goes on when it can', async t => {
  const ended = await endedLedger(t)
  const parent = join(temporaryDirectory('ledger'), 'mount')
  const directory = join(parent, 'out')
  const { runner, log } = await filesRunner(t, ended, { directory })
  await assert.rejects(runner.caughtUp(), /its parent does not exist.*\(ENOENT\)/)
  assert.equal(runner.progress().lagRecords, ended.rows.size)
  writeFileSync(parent, '')
  await assert.rejects(runner.caughtUp(), /a part of the path is a file \(ENOTDIR\)/)
  rmSync(parent)
  mkdirSync(parent)
  await runner.caughtUp()
  assert.equal(recordsInLines(directory).length, ended.rows.size)
  const { sent, retried, lagRecords, lastError } = runner.progress()
  assert.deepEqual([sent, retried, lagRecords], [ended.rows.size, 2 * ended.rows.size, 0])
  assert.match(lastError ?? '', /ENOTDIR/)
  assert.equal(log.lines.filter(({ level }) => level === 'error').length, 1)
})

test('a directory of another user is reported, and everything is written when it is given to the gateway', async t => {
  const ended = await endedLedger(t)
  const parent = join(temporaryDirectory('ledger'), 'foreign')
  mkdirSync(parent, { mode: 0o555 })
  const { runner } = await filesRunner(t, ended, { directory: join(parent, 'out') })
  // Root may write anywhere: the test takes another user, and gives the ledger to that user.
  if (process.getuid?.() === 0) {
    execFileSync('chown', ['-R', '65534', ended.directory, join(parent, '..')])
    execFileSync('chown', ['0', parent])
    process.seteuid?.(65_534)
  }
  try {
    await assert.rejects(runner.caughtUp(), /the gateway may not write there.*\(EACCES\)/)
  } finally {
    process.seteuid?.(process.getuid?.() ?? 0)
  }
  chmodSync(parent, 0o755)
  await runner.caughtUp()
  assert.equal(recordsInLines(join(parent, 'out')).length, ended.rows.size)
})

/** Lets this process write files of at most so many bytes; the test's end lifts the limit. */
function limitFiles(t: TestContext): (bytesMax: number | 'unlimited') => void {
  const limit = (bytesMax: number | 'unlimited'): void => {
    execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytesMax}:unlimited`])
  }
  // Without a listener the signal ends the process.
  const ignore = (): void => {}
  process.on('SIGXFSZ', ignore)
  t.after(() => {
    limit('unlimited')
    process.off('SIGXFSZ', ignore)
  })
  return limit
}

const withLimits = {
  skip: process.platform === 'linux' ? false : 'file size limits of a running process are changed with prlimit',
}

for (const format of ['jsonl', 'parquet'] as const) {
  test(`on a full disk no file of ${format} appears, and all are written when there is room`, withLimits, async t => {
    const ended = await endedLedger(t)
    const limit = limitFiles(t)
    const directory = join(temporaryDirectory('ledger'), 'out')
    const { runner } = await filesRunner(t, ended, { directory, format })
    limit(2_000)
    await assert.rejects(runner.caughtUp(), /EFBIG|File too large/)
    limit('unlimited')
    assert.deepEqual(globSync('day=*/hour=*/*', { cwd: directory }), [])
    assert.deepEqual(globSync('.archive.tmp/*', { cwd: directory }), [])
    await runner.caughtUp()
    const records = format === 'jsonl' ? recordsInLines(directory) : await recordsInParquet(directory)
    assert.equal(records.length, ended.rows.size)
  })
}

// A file system that has found an error in itself goes read-only.
test('on a file system that becomes read-only a feed fails with the reason, and goes on later', withLimits, async t => {
  const ended = await endedLedger(t, ['text', 'audio'])
  const disk = temporaryDirectory('ledger')
  const mount = (options: string, ...more: string[]) => execFileSync('mount', ['-o', options, ...more, disk])
  mount('size=8m', '-t', 'tmpfs', 'tmpfs')
  try {
    const { runner } = await filesRunner(t, ended, { directory: join(disk, 'out') })
    mount('remount,ro')
    await assert.rejects(runner.caughtUp(), /the file system is read-only \(EROFS\)/)
    mount('remount,rw')
    await runner.caughtUp()
    assert.equal(recordsInLines(join(disk, 'out')).length, ended.rows.size)
  } finally {
    execFileSync('umount', [disk])
  }
})

interface ManifestLine {
  readonly file: string
  readonly records: number
  readonly found?: true
}

const hourIn = (directory: string): string => join(directory, 'day=2026-11-26', 'hour=14')
const filesOf = (hour: string): string[] => globSync('archive-*.jsonl', { cwd: hour }).sort()

/** @throws SyntaxError when a line is not whole. */
function manifestOf(hour: string): ManifestLine[] {
  const lines = readFileSync(join(hour, '_manifest.jsonl'), 'utf8').split('\n').slice(0, -1)
  return lines.map(line => JSON.parse(line) as ManifestLine)
}

// The feed would otherwise fail on its own manifest, at each try and after each restart.
test('a manifest whose disk was full in the middle of a line lists every file again', withLimits, async t => {
  const ended = await endedLedger(t)
  const directory = join(temporaryDirectory('ledger'), 'out')
  const hour = hourIn(directory)
  mkdirSync(hour, { recursive: true })
  const manifest = join(hour, '_manifest.jsonl')
  const other = Array.from({ length: 40 }, (_, index) => ({ file: `other-${index}.jsonl`, records: 1, bytes: 100 }))
  writeFileSync(manifest, other.map(line => `${JSON.stringify(line)}\n`).join(''))
  const limit = limitFiles(t)
  const settings = { directory, columns: ['workload'], bodies: false }
  const { runner } = await filesRunner(t, ended, settings, { workloads: ['text'], outcomes: null })
  limit(statSync(manifest).size + 10)
  await assert.rejects(runner.caughtUp(), /EFBIG|File too large/)
  limit('unlimited')
  await runner.caughtUp()
  const lines = manifestOf(hour).slice(other.length)
  assert.deepEqual(lines.map(({ file }) => file).sort(), filesOf(hour))
  assert.equal(lines.length, 2)
})

test('a manifest with broken lines is replaced by its whole lines, and lists every file', async t => {
  const ended = await endedLedger(t)
  const directory = join(temporaryDirectory('ledger'), 'out')
  await (await filesRunner(t, ended, { directory })).runner.caughtUp()
  const hour = hourIn(directory)
  const [file = ''] = filesOf(hour)
  const broken = `{"file":"archive-{"file":"${file}","records":2}\n{"file":"other.jsonl","records":3}\n\0\0\0\nnull\n{"fi`
  writeFileSync(join(hour, '_manifest.jsonl'), broken)
  const { runner } = await filesRunner(t, ended, { directory })
  await runner.rewind(0)
  await runner.caughtUp()
  const [other, found, ...more] = manifestOf(hour)
  assert.deepEqual(other, { file: 'other.jsonl', records: 3 })
  assert.deepEqual(found, { file, records: 2, found: true })
  assert.deepEqual([file, ...more.map(line => line.file)].sort(), filesOf(hour))
})

// A crash between the two steps must not hide a file from those who read the manifest.
test('a manifest that lacks a file or ends in half a line is put right', async t => {
  const ended = await endedLedger(t)
  const directory = join(temporaryDirectory('ledger'), 'out')
  await (await filesRunner(t, ended, { directory })).runner.caughtUp()
  const hour = hourIn(directory)
  const manifest = join(hour, '_manifest.jsonl')
  const [file = ''] = filesOf(hour)
  writeFileSync(manifest, '')
  appendFileSync(manifest, '{"file":"archive-')
  const { runner } = await filesRunner(t, ended, { directory })
  await runner.rewind(0)
  await runner.caughtUp()
  const lines = manifestOf(hour)
  const [found, fresh] = lines
  assert.deepEqual(found, { file, records: 2, found: true })
  assert.equal(fresh?.records, 2)
  assert.equal(lines.length, 2)
})

test('a record that can never be written is set aside with its reason and blocks nothing', async t => {
  const ended = await endedLedger(t)
  const [damaged = ''] = ended.rows.keys()
  const path = globSync(join(ended.directory, 'journal', '*.seg'))[0] ?? ''
  const segment = readFileSync(path)
  segment.write('X', segment.indexOf('{"a":1}'))
  writeFileSync(path, segment)
  const directory = join(temporaryDirectory('ledger'), 'out')
  const { runner } = await filesRunner(t, ended, { directory })
  await runner.caughtUp()
  assert.equal(recordsInLines(directory).length, ended.rows.size - 1)
  assert.deepEqual([runner.progress().setAside, runner.progress().lagRecords], [1, 0])
  const aside = join(ended.directory, 'cursors', 'archive.aside.jsonl')
  const [line = ''] = readFileSync(aside, 'utf8').split('\n')
  const { id, reason } = JSON.parse(line) as { id: string; reason: string }
  assert.equal(id, damaged)
  assert.match(reason, /no longer holds the bodies/)
  // A crash may leave half a line.
  appendFileSync(aside, line.slice(0, 20))
  const again = await filesRunner(t, ended, { directory })
  assert.equal(again.runner.progress().setAside, 1, 'counted over restarts')
  await again.runner.rewind(0)
  await again.runner.caughtUp()
  const ids = readFileSync(aside, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map(text => (JSON.parse(text) as { id: string }).id)
  assert.deepEqual(ids, [damaged, damaged])
})

// What was read on after a client had left is in the ledger, and was relayed to nobody.
test('bodies beyond the bound are left out of Parquet and marked, and the figures stay', async t => {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory)
  const long = newId()
  const response = Buffer.alloc(bodyBytesMax, 'x')
  await ledger.journal.close(closedOf(long, { responseBytes: 10, opened: openedOf(long) }), [response], [bytes('?')])
  const notCaptured = newId()
  const sizes = { requestBytes: bodyBytesMax, responseBytes: bodyBytesMax }
  await ledger.journal.close(closedOf(notCaptured, { ...sizes, opened: openedOf(notCaptured) }), [])
  await ledger.close()
  const out = join(temporaryDirectory('ledger'), 'out')
  const { runner } = await filesRunner(t, { directory }, { directory: out, format: 'parquet' })
  await runner.caughtUp()
  const records = withoutDoubles(await recordsInParquet(out))
  const bodyCells = (id: string) => [records.get(id)?.['responseBody'], records.get(id)?.['responseBodyEncoding']]
  assert.deepEqual(bodyCells(long), [null, 'omitted'])
  assert.deepEqual(bodyCells(notCaptured), [null, null])
  assert.equal(records.get(long)?.['totalTokens'], 15)
})

test('files that a killed process left unfinished are removed, and never had a name that readers look for', async t => {
  const ended = await endedLedger(t)
  const directory = join(temporaryDirectory('ledger'), 'out')
  mkdirSync(join(directory, '.archive.tmp'), { recursive: true })
  writeFileSync(join(directory, '.archive.tmp', 'archive-1.jsonl'), '{"id":')
  const { runner } = await filesRunner(t, ended, { directory })
  await runner.caughtUp()
  assert.ok(!existsSync(join(directory, '.archive.tmp', 'archive-1.jsonl')))
  assert.equal(withoutDoubles(recordsInLines(directory)).size, ended.rows.size)
})

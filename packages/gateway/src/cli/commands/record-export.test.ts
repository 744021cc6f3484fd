import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { eventually } from '../../../../../test/support/wait.ts'
import { type House, startHouse } from '../../admin/house.fixture.ts'
import { recordId, recordRow } from '../../admin/ledger.fixture.ts'
import type { AuditPage } from '../../audit/index.ts'
import type { Manifest } from '../exporting/manifest.ts'
import { type Run, type RunOptions, run } from '../run.fixture.ts'

interface Setting {
  readonly house: House
  readonly directory: string
  readonly file: string
  export(args: readonly string[], options?: RunOptions): Promise<Run>
}

const hostile = '\u001b[2J},"bodies":"kept"}\n\u2028 \u009b ü 🙂'

async function setting(t: TestContext, records = 40, bodyBytes = 1_000): Promise<Setting> {
  const house = await startHouse(t)
  for (let n = 1; n <= records; n += 1) {
    const request = JSON.stringify({
      messages: [{ role: 'user', content: `${hostile} ${n}` }],
      pad: 'x'.repeat(bodyBytes),
    })
    const row = recordRow(recordId(n), { callerName: `=${hostile}`, cost: { nano: n, currency: 'USD', price: 'p' } })
    await house.ledger.add(row, { request: Buffer.from(request), response: Buffer.from('{"choices":[]}') })
  }
  const directory = temporaryDirectory('export')
  const token = (options?: { as?: string | undefined }): Promise<string> => house.token(options?.as ?? 'carol')
  return {
    ...{ house, directory, file: join(directory, 'calls.jsonl') },
    export: (args, options) =>
      run(['records', 'export', ...args], { admin: house.admin.url, token, input: '', ...options }),
  }
}

const manifestIn = (path: string): Manifest => JSON.parse(readFileSync(`${path}.manifest.json`, 'utf8')) as Manifest

const withBodies = ['--bodies', '--raw', '--reason', 'Ticket 7']

async function outcomes({ house }: Setting): Promise<readonly (readonly unknown[])[]> {
  const answer = await house.send('/api/v1/audit?action=records_exported', { as: 'carol' })
  const { entries } = answer.json as AuditPage
  return entries.toReversed().map(({ outcome, facts, reason }) => [outcome, facts['records'] ?? null, reason])
}

// Compliance hands the file to others: what it is must be beside it, and both must be true.
test('an export is a private file with a manifest that says what it has, and verify-export holds both together', async t => {
  const own = await setting(t)
  const { file, directory } = own
  const made = await own.export([...withBodies, '--workload', 'hr-bot', '--from', '2026-11', '-o', file])
  assert.deepEqual([made.code, made.err], [0, ''])
  assert.match(
    made.out,
    /^✓ 40 records are in .*calls\.jsonl\.\n {2}49,360 tokens, 0\.000001 USD\n {2}SHA-256 [0-9a-f]{64}\n/,
  )
  assert.deepEqual(readdirSync(directory).sort(), ['calls.jsonl', 'calls.jsonl.manifest.json'])
  for (const path of [file, `${file}.manifest.json`]) assert.equal(statSync(path).mode & 0o777, 0o600)
  const { records, tokens, costs, filter, period, by, reason, exports, gateway, line, ...rest } = manifestIn(file)
  assert.deepEqual(
    [records, tokens, costs],
    [40, { prompt: 48_000, completion: 1_360, total: 49_360 }, [{ currency: 'USD', amount: '0.000000820', nano: 820 }]],
  )
  assert.deepEqual(
    [filter, period, reason],
    [{ workload: 'hr-bot' }, { from: '2026-11-01T00:00:00.000Z', to: null }, 'Ticket 7'],
  )
  assert.match(by.name ?? '', /^carol@/)
  assert.deepEqual(
    [gateway.url, exports.length, rest.bodies, rest.raw, rest.ownCallsOnly],
    [own.house.admin.url, 1, true, true, false],
  )
  assert.match(line['record.workload'] ?? '', /./)
  const verify = (path: string) => run(['records', 'verify-export', path])
  assert.match((await verify(file)).out, /^✓ 40 records are in .*\n.*\n.*\n {2}As it was exported by carol@/)
  const whole = readFileSync(file)
  writeFileSync(file, Buffer.concat([whole.subarray(0, -30), whole.subarray(-29)]))
  const changed = await verify(file)
  assert.equal(changed.code, 1)
  assert.match(changed.err, /^✗ export_changed /)
  writeFileSync(file, whole.subarray(0, whole.lastIndexOf('{"record"')))
  assert.match((await verify(file)).err, /records 40, but the file has 39/)
  writeFileSync(file, 'no export\n')
  assert.match((await verify(file)).err, /Line 1 is not a record/)
  assert.match((await verify(join(directory, 'none'))).err, /^✗ file_missing /)
  const again = await own.export(['-o', file])
  assert.match(again.err, /^✗ file_exists /)
})

test('without a file the lines are on standard output, and figures alone need no reason', async t => {
  const own = await setting(t, 3)
  const { code, out, err } = await own.export([])
  assert.equal(code, 0)
  assert.equal(out.split('\n').length, 4)
  assert.match(err, /^✓ 3 records are on standard output\./)
  assert.doesNotMatch(out.replaceAll('\n', ''), /[\p{Cc}\u2028]/u)
  const silent = await own.export(['--bodies'])
  assert.deepEqual([silent.code, silent.out], [1, ''])
  assert.match(silent.err, /^✗ reason_missing .*\n.*\n {2}Try: the same with --reason TEXT/)
  assert.match((await own.export(['--caller', 'nobody'])).err, /^✗ name_unknown /)
  assert.equal((await own.export(['--raw'])).code, 2)
  assert.equal((await own.export(['--resume'])).code, 2)
})

test('a terminal shows how far an export is, and a pipe does not', async t => {
  const own = await setting(t, 3)
  const shown = await own.export(['-o', own.file], { columns: 80 })
  assert.match(shown.err, /\r.{1,3}\[K3 records \(100 %\), 0 MB\r.{1,3}\[K$/)
  const piped = await own.export(['-o', join(own.directory, 'other.jsonl')])
  assert.equal(piped.err, '')
})

/** Passes bytes on, and breaks each of its first connections after so many of the answer, or lets it stall. */
async function breakingProxy(
  t: TestContext,
  url: string,
  breaks: readonly number[],
  then: 'break' | 'stall' = 'break',
): Promise<{ url: string; seen(): number }> {
  const { hostname, port } = new URL(url)
  const open = new Set<Socket>()
  let connections = 0
  const server = createServer(client => {
    const upstream = connect(Number(port), hostname)
    let left = breaks[connections] ?? Number.POSITIVE_INFINITY
    let isExport = false
    client.on('data', bytes => {
      if (!isExport && bytes.includes('/records/export')) {
        isExport = true
        connections += 1
      }
      upstream.write(bytes)
    })
    upstream.on('data', (bytes: Buffer) => {
      client.write(bytes.subarray(0, isExport ? Math.max(0, left) : bytes.byteLength))
      if (isExport) left -= bytes.byteLength
      if (left < 0 && then === 'break') client.destroy()
    })
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one)
      one.on('error', () => {})
      one.on('close', () => other.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  t.after(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen: () => connections }
}

// A gateway that is restarted, or a network that flaps, must not cost an hour of exporting, nor a record.
test('an export whose connection breaks again and again is the same file, and one export in the audit trail', async t => {
  const own = await setting(t, 60, 60_000)
  const whole = join(own.directory, 'whole.jsonl')
  await own.export([...withBodies, '-o', whole])
  const proxy = await breakingProxy(t, own.house.admin.url, [5_000, 1_000_000, 2_500_000, 700_000])
  const { code, err } = await own.export([...withBodies, '-o', own.file], { admin: proxy.url })
  assert.equal(code, 0, err)
  assert.ok(proxy.seen() >= 4, `${proxy.seen()} connections`)
  assert.match(err, /^! .* Going on after \d+ records\.\n/)
  assert.ok(readFileSync(own.file).equals(readFileSync(whole)))
  assert.equal(manifestIn(own.file).sha256, manifestIn(whole).sha256)
  assert.deepEqual(await outcomes(own), [
    ['asked', null, 'Ticket 7'],
    ['done', 60, 'Ticket 7'],
    ['asked', null, 'Ticket 7'],
    ['done', 60, 'Ticket 7'],
  ])
  const again = await breakingProxy(t, own.house.admin.url, [900_000, 2_000_000])
  const printed = await own.export(withBodies, { admin: again.url })
  assert.equal(printed.out, readFileSync(whole, 'utf8'))
})

test('an export that broke off is resumed by --resume, and by nothing else', async t => {
  const own = await setting(t, 60, 60_000)
  const { file, directory } = own
  const whole = join(directory, 'whole.jsonl')
  await own.export([...withBodies, '-o', whole])
  const proxy = await breakingProxy(t, own.house.admin.url, [2_500_000, 0])
  const broken = await own.export([...withBodies, '--workload', 'hr-bot', '-o', file, '--retries', '0'], {
    admin: proxy.url,
  })
  assert.equal(broken.code, 1)
  const left = readdirSync(directory).filter(name => name.startsWith('calls'))
  assert.match(broken.err, /✗ export_broken .*Try: the same with --resume/s)
  assert.deepEqual(left.sort(), ['calls.jsonl.part', 'calls.jsonl.part.json'])
  for (const name of left) assert.equal(statSync(join(directory, name)).mode & 0o777, 0o600)
  assert.match((await own.export([...withBodies, '-o', file])).err, /^✗ export_unfinished /)
  assert.match((await own.export(['--resume', '--workload', 'x', '-o', file])).err, /^✗ export_differs /)
  const resumed = await own.export(['--resume', '-o', file])
  assert.equal(resumed.code, 0, resumed.err)
  assert.ok(readFileSync(file).equals(readFileSync(whole)))
  assert.match((await own.export(['--resume', '-o', join(directory, 'other')])).err, /^✗ export_missing /)
})

// A laptop that runs out of battery leaves what it has on the disk, whatever it was doing.
test('an export whose process was killed is resumed by --resume, as the same export', async t => {
  const own = await setting(t, 60, 60_000)
  const { file, directory, house } = own
  const whole = join(directory, 'whole.jsonl')
  await own.export([...withBodies, '-o', whole])
  const proxy = await breakingProxy(t, house.admin.url, [2_500_000], 'stall')
  const args = JSON.stringify(['records', 'export', ...withBodies, '-o', file])
  const reach = JSON.stringify({ admin: proxy.url, input: '' })
  const token = JSON.stringify(await house.token('carol'))
  const fixture = JSON.stringify(new URL('../run.fixture.ts', import.meta.url).href)
  const program = `const { run } = await import(${fixture}); await run(${args}, { ...${reach}, token: async () => ${token} })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const closed = once(child, 'close')
  const isStalled = (): true | null => {
    assert.equal(child.exitCode, null, 'the export ended before it was killed')
    const size = statSync(`${file}.part`, { throwIfNoEntry: false })?.size ?? 0
    return size > 2_000_000 ? true : null
  }
  // A busy machine takes more than ten seconds to start a process and load the program.
  await eventually('what came before the stall', isStalled, 60_000)
  child.kill('SIGKILL')
  await closed
  const resumed = await own.export(['--resume', '--reason', 'Ticket 7', '-o', file])
  assert.equal(resumed.code, 0, resumed.err)
  assert.ok(readFileSync(file).equals(readFileSync(whole)))
  assert.deepEqual((await outcomes(own)).slice(2), [
    ['asked', null, 'Ticket 7'],
    ['done', 60, 'Ticket 7'],
  ])
})

/** The demonstration as a newcomer sees it: one command, and lines to paste. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readMessage } from '../../packages/gateway/src/ledger/feeds/documents/index.ts'
import { recordsInParquet } from '../../packages/gateway/src/ledger/feeds/files/files.fixture.ts'
import { readTopic } from '../../packages/gateway/src/ledger/feeds/kafka/reader.ts'
import { eventually, soon } from '../support/wait.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'packages', 'gateway', 'src', 'cli', 'main.ts')
const ports = ['gateway', 'admin', 'sign-in', 'instance-1', 'instance-2'].flatMap(name => [`--${name}-port`, '0'])

/** A folder with what the printed lines name in a checkout. */
const folder = await mkdtemp(join(tmpdir(), 'gatehouse-demo-'))
for (const name of ['gatehouse', 'examples']) await symlink(join(root, name), join(folder, name))
after(() => rm(folder, { recursive: true, force: true }))

interface Run {
  readonly child: ChildProcess
  readonly out: () => string
  readonly err: () => string
  readonly ended: Promise<unknown>
}

function start(
  program: string,
  args: readonly string[],
  cwd = folder,
  more: Readonly<Record<string, string>> = {},
): Run {
  const env = {
    ...process.env,
    ...more,
    HOME: folder,
    PATH: join(root, 'node_modules', '.bin') + delimiter + process.env['PATH'],
  }
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const written = { out: '', err: '' }
  child.stdout.on('data', chunk => {
    written.out += String(chunk)
  })
  child.stderr.on('data', chunk => {
    written.err += String(chunk)
  })
  const ended = once(child, 'close')
  after(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await ended
  })
  return { child, out: () => written.out, err: () => written.err, ended }
}

async function startDemo(options: readonly string[]): Promise<Run> {
  const run = start(process.execPath, [main, 'demo', ...ports, ...options])
  await eventually(
    'the demonstration is ready',
    () => {
      if (run.child.exitCode !== null) throw new Error(`it has ended:\n${run.err()}`)
      return run.out().includes('Ready after') || null
    },
    60_000,
  )
  return run
}

async function stopDemo(run: Run): Promise<void> {
  run.child.kill('SIGINT')
  await soon('the demonstration ends after Ctrl-C', run.ended)
  assert.equal(run.child.exitCode, 0, run.err())
}

/** What the banner prints to paste: a title, and commands. */
function printedBlocks(out: string): readonly { readonly title: string; readonly text: string }[] {
  const blocks = [...out.matchAll(/^ {2}# (.+)\n((?:.+\n)+)/gm)]
  return blocks.map(([, title = '', text = '']) => ({ title, text: text.trim() }))
}

/** Runs commands as a shell does that they are pasted into, and checks what they print. */
async function paste(text: string, expected: RegExp): Promise<void> {
  const pasted = start('bash', ['-ec', text])
  await soon(`the end of: ${text.slice(0, 60)}`, pasted.ended, 60_000)
  assert.equal(pasted.child.exitCode, 0, `${text}\n${pasted.err()}`)
  assert.match(pasted.out(), expected, text)
}

// The first thing that people do with a product is to paste what it prints; if that fails there is no second thing.
test('everything that the demonstration prints works when it is pasted', async () => {
  const demo = await startDemo(['--no-traffic', '--no-history'])
  const blocks = printedBlocks(demo.out())
  const expected = [
    /mutex/i,
    /"finish_reason":"stop"/,
    /Subject:/,
    /hr-bot {2,}alice[\s\S]*hr-bot {2,}.*40k tokens\/min[\s\S]*limits\.rules\.all {2,}.*50\.00 USD\/month/,
    /dev-openai-instance-1 {2,}gpt-4o {2,}ok[\s\S]*✓ dev-openai-instance-1 {2}answered 200/,
    /chat\/completions/,
  ]
  assert.equal(blocks.length, expected.length)
  for (const [index, { text }] of blocks.entries()) await paste(text, expected[index] as RegExp)
  const python = blocks[2]?.text.replace('node examples/stream.mjs', 'python3 examples/call.py') ?? ''
  await paste(python, /\w{4,} \w{2,} \w{2,}/)
  // Such a token lists no groups: the gateway looks them up in the simulated Microsoft Graph.
  const ofAzure = blocks[1]?.text.replace('--as alice', '--as alice --scope https://ai.azure.com/.default') ?? ''
  await paste(ofAzure, /"finish_reason":"stop"/)
  await stopDemo(demo)
})

test('everything that the demonstration prints fits into a terminal of 100 columns, but for paths', async () => {
  const directory = join(folder, 'narrow')
  const demo = await startDemo(['--no-traffic', '--no-history', '--directory', directory])
  const long = demo
    .out()
    .split('\n')
    .filter(line => line.length > 100 && !line.includes(directory))
  assert.deepEqual(long, [])
  // F7: the terminal keeps the banner, and lines of the log are in a file that it names.
  const refused = start(process.execPath, [main, 'log', 'reset', '--as', 'alice'], directory)
  await soon('the end of a command that a person may not give', refused.ended, 60_000)
  assert.match(refused.err(), /^✗ role_missing /)
  await stopDemo(demo)
  assert.doesNotMatch(demo.err(), /^\{/m)
  assert.match(demo.out(), /^ {2}log +\S*gateway\.log /m)
  assert.match(await readFile(join(directory, '.gatehouse', 'gateway.log'), 'utf8'), /"admin_refused"/)
})

// Commands look for the demonstration in their own folder and above it: if its state is elsewhere, the banner must say
// how to find it.
test('C10, C15 with --directory and --tls what is printed works too, in this folder and after the first of it', async () => {
  const directory = join(folder, "elsewhere, with blanks and '")
  const demo = await startDemo(['--no-traffic', '--no-history', '--tls', '--directory', directory])
  const blocks = printedBlocks(demo.out())
  const first = blocks[0]?.text ?? ''
  assert.match(first, /^export GATEHOUSE_DEMO=/)
  assert.equal(blocks.length, 8)
  const chosen = [
    [/sign-in\.mjs/, /Yuki Mori/],
    [/^curl/, /"finish_reason":"stop"/],
    [/gatehouse usage/, /hr-bot {2,}alice/],
  ] as const
  for (const [wanted, expected] of chosen) {
    await paste(`${first}\n${blocks.find(({ text }) => wanted.test(text))?.text}`, expected)
  }
  const without = start('bash', ['-c', './gatehouse usage'])
  await soon('the end of a line without the first', without.ended, 60_000)
  assert.match(without.err(), /no demonstration runs in this folder/)
  await stopDemo(demo)
})

// Records are the product's purpose: a demonstration that forgets them at Ctrl-C shows the opposite.
test('Ctrl-C stops everything, and the next start has the records', async () => {
  const first = await startDemo(['--no-traffic', '--no-history'])
  const asked = start(process.execPath, [main, 'chat', '--as', 'bob', 'What is a semaphore?'])
  await soon('the answer', asked.ended)
  assert.equal(asked.child.exitCode, 0, asked.err())
  await stopDemo(first)
  const second = await startDemo(['--no-traffic', '--no-history'])
  const list = start(process.execPath, [main, 'records', 'list', '--json'])
  await soon('the list', list.ended)
  const { records } = JSON.parse(list.out()) as {
    records: { callerName: string; workload: string; outcome: string }[]
  }
  assert.ok(records.some(record => record.workload === 'code-assistant' && record.outcome === 'completed'))
  await stopDemo(second)
})

async function readJson<T>(args: readonly string[], cwd: string): Promise<T> {
  const run = start(process.execPath, [main, ...args, '--json'], cwd)
  await soon(args.join(' '), run.ended)
  assert.equal(run.child.exitCode, 0, run.err())
  return JSON.parse(run.out()) as T
}

interface Past {
  readonly demonstration: boolean
  readonly durationMs: number
  readonly instance: string | null
  readonly status: number | null
  readonly usage: { readonly source: string }
}

// Reports without a past show nothing; a past that is not marked as invented is a lie.
test('the first start writes a month of history, marked as demonstration, and only the first', async () => {
  const directory = join(folder, 'with-history')
  const first = await startDemo(['--no-traffic', '--directory', directory])
  assert.match(first.err(), /Wrote a month of history: \d{4} calls/)
  const usage = start(process.execPath, [main, 'usage', '--by', 'outcome', '--from', '31d', '--json'], directory)
  await soon('the report', usage.ended)
  assert.equal(usage.child.exitCode, 0, usage.err())
  const report = JSON.parse(usage.out()) as { lines: { keys: string[]; calls: number }[]; total: { calls: number } }
  const calls = Object.fromEntries(report.lines.map(line => [line.keys[0], line.calls]))
  assert.ok(report.total.calls > 1_500)
  for (const outcome of ['completed', 'refused', 'failed', 'aborted']) assert.ok((calls[outcome] ?? 0) > 0, outcome)
  const list = start(process.execPath, [main, 'records', 'list', '--limit', '200', '--json'], directory)
  await soon('the list', list.ended)
  const { records } = JSON.parse(list.out()) as { records: Past[] }
  assert.ok(records.every(record => record.demonstration && record.durationMs < 60_000))
  // The history is believable: nearly all calls succeed, at both instances, in the time that an answer takes.
  for (const instance of ['dev-openai-instance-1', 'dev-openai-instance-2']) {
    const there = records.filter(record => record.instance === instance)
    const well = there.filter(record => record.status === 200 && record.usage.source === 'reported')
    assert.ok(there.length > 25 && well.length > 0.9 * there.length, `${instance}: ${well.length} of ${there.length}`)
  }
  // A budget that ignores the month shown by the ledger would be one more invention.
  const month = new Date().toISOString().slice(0, 7)
  const [spent, limits] = await Promise.all([
    readJson<{ total: { costs: { nano: number }[] } }>(['usage', '--from', month], directory),
    readJson<{ rules: { rule: string; measure: string; used: number; reserved: number }[] }>(['limits'], directory),
  ])
  const budget = limits.rules.find(({ rule, measure }) => rule === 'limits.rules.all' && measure === 'costPerMonth')
  assert.deepEqual([budget?.used, budget?.reserved], [spent.total.costs[0]?.nano ?? 0, 0])
  await stopDemo(first)
  const second = await startDemo(['--no-traffic', '--directory', directory])
  assert.doesNotMatch(second.err(), /Wrote a month/)
  await stopDemo(second)
})

// A page whose commands fail is worse than none.
test('the commands of docs/feeds.md work beside a demonstration that ships into files', async () => {
  const page = await readFile(join(root, 'docs', 'feeds.md'), 'utf8')
  const blocks = [...page.matchAll(/```sh\n([\s\S]+?)```/g)].map(([, text = '']) => text.trim().split('\n'))
  assert.deepEqual(blocks[0], ['npm start -- --feed files'])
  const directory = join(folder, 'with-feed')
  const demo = await startDemo(['--no-traffic', '--no-history', '--feed', 'files', '--directory', directory])
  const asked = start(process.execPath, [main, 'chat', '--as', 'bob', 'What is a semaphore?'], directory)
  await soon('the answer', asked.ended)
  await eventually(
    'the record is in a file',
    () => globSync('.gatehouse/files/day=*/hour=*/files-*.jsonl', { cwd: directory })[0] ?? null,
  )
  const expected = [
    / files +files +running +0 +- +1 /,
    /✓ files {2}is paused/,
    /goes on/,
    /sends again what ended at 20/,
  ]
  assert.equal(blocks[1]?.length, expected.length)
  for (const [index, line] of (blocks[1] ?? []).entries()) {
    const command = line
      .replace(/^\.\/gatehouse/, '')
      .trim()
      .split(' ')
    const run = start(process.execPath, [main, ...command], directory)
    await soon(`the end of: ${line}`, run.ended)
    assert.equal(run.child.exitCode, 0, `${line}\n${run.err()}`)
    assert.match(run.out(), expected[index] as RegExp, line)
  }
  await stopDemo(demo)
})

test('the demonstration ships Parquet, and its command line shows the feed', async () => {
  const directory = join(folder, 'with-parquet')
  const demo = await startDemo(['--no-traffic', '--no-history', '--feed', 'parquet', '--directory', directory])
  const asked = start(process.execPath, [main, 'chat', '--as', 'bob', 'What is a semaphore?'], directory)
  await soon('the answer', asked.ended)
  const files = join(directory, '.gatehouse', 'parquet')
  const isThere = (): true | null =>
    globSync('day=*/hour=*/parquet-*.parquet', { cwd: files }).length > 0 ? true : null
  await eventually('the record is in a file', isThere)
  const [record] = await recordsInParquet(files)
  assert.match(String(record?.['requestBody']), /What is a semaphore/)
  const shown = start(process.execPath, [main, 'feeds'], directory)
  await soon('the list of feeds', shown.ended)
  assert.match(shown.out(), / parquet +files +running +0 +- +1 /)
  await stopDemo(demo)
})

test('the demonstration ships into a broker of its own, and its command line shows the feed', async () => {
  const directory = join(folder, 'with-kafka')
  const demo = await startDemo(['--no-traffic', '--no-history', '--feed', 'kafka', '--directory', directory])
  const [, broker, topic] = /kafka:\/\/(127\.0\.0\.1:\d+)\/(\w+)/.exec(demo.out()) ?? []
  assert.ok(broker !== undefined && topic !== undefined)
  const asked = start(process.execPath, [main, 'chat', '--as', 'bob', 'What is a semaphore?'], directory)
  await soon('the answer', asked.ended)
  const connection = { brokers: [broker], topic, tls: false }
  const onMoved = (): void => assert.fail('nothing was deleted')
  const reading = readTopic(connection, new Map(), AbortSignal.timeout(30_000), { onMoved })
  let value: Uint8Array | undefined
  for await (const [message] of reading) {
    value = message?.value
    if (value !== undefined) break
  }
  assert.match(String(readMessage(value ?? Buffer.alloc(0))['requestBody']), /What is a semaphore/)
  const isShown = async (): Promise<true | null> => {
    const shown = start(process.execPath, [main, 'feeds'], directory)
    await soon('the list of feeds', shown.ended)
    return / kafka +kafka +running +0 +- +1 /.test(shown.out()) ? true : null
  }
  await eventually('the feed is shown', isShown)
  await stopDemo(demo)
})

test('the demonstration ships into an event hub of its own, and the reader of docs/feeds.md shows the record', async () => {
  const page = await readFile(join(root, 'docs', 'feeds.md'), 'utf8')
  const [, reader = ''] = /```js\n(import \{ EventHubConsumerClient[\s\S]+?)```/.exec(page) ?? []
  const directory = join(folder, 'with-event-hub')
  const demo = await startDemo(['--no-traffic', '--no-history', '--feed', 'event-hubs', '--directory', directory])
  const [connectionString] = /Endpoint=sb:\S+EntityPath=records/.exec(demo.out()) ?? []
  assert.ok(connectionString !== undefined)
  const asked = start(process.execPath, [main, 'chat', '--as', 'bob', 'What is a semaphore?'], directory)
  await soon('the answer', asked.ended)
  const isShown = async (): Promise<true | null> => {
    const shown = start(process.execPath, [main, 'feeds'], directory)
    await soon('the list of feeds', shown.ended)
    return / event-hubs +event-hubs +running +0 +- +1 /.test(shown.out()) ? true : null
  }
  await eventually('the feed is shown', isShown)
  const reading = start(process.execPath, ['--input-type=module', '--eval', reader], root, {
    HUB_CONNECTION: connectionString,
  })
  await eventually('the reader shows the record', () => /What is a semaphore/.exec(reading.out()))
  assert.match(reading.out(), /^hr-bot|^code-assistant|^expert-finder/)
  reading.child.kill('SIGKILL')
  await reading.ended
  await stopDemo(demo)
})

test('the demonstration sends spans to a collector of its own, and its command line shows the feed', async () => {
  const directory = join(folder, 'with-otlp')
  const demo = await startDemo(['--no-traffic', '--no-history', '--feed', 'otlp', '--directory', directory])
  assert.match(demo.out(), /feed +http:\/\/localhost:\d+\/v1\/traces, spans in \S.*spans\.jsonl/)
  const asked = start(process.execPath, [main, 'chat', '--as', 'bob', 'What is a semaphore?'], directory)
  await soon('the answer', asked.ended)
  const file = join(directory, '.gatehouse', 'otlp', 'spans.jsonl')
  const spans = await eventually('the spans are in the file', async () => {
    const text = await readFile(file, 'utf8').catch(() => '')
    return text === '' ? null : text.trim().split('\n')
  })
  const names = spans.map(line => (JSON.parse(line) as { readonly name: string }).name)
  assert.ok(names.includes('POST chat/completions') && names.includes('chat gpt-4o'), names.join())
  assert.ok(!spans.join().includes('semaphore'))
  const isShown = async (): Promise<true | null> => {
    const shown = start(process.execPath, [main, 'feeds'], directory)
    await soon('the list of feeds', shown.ended)
    return / otlp +otlp +running +0 +- +1 /.test(shown.out()) ? true : null
  }
  await eventually('the feed is shown', isShown)
  await stopDemo(demo)
})

test('N-F6 all ports that are taken are named at once, with one option that changes them', async () => {
  const others = [createServer(), createServer()]
  const taken: number[] = []
  for (const other of others) {
    await once(other.listen(0, '127.0.0.1'), 'listening')
    taken.push((other.address() as AddressInfo).port)
  }
  const chosen = ['--admin-port', `${taken[0]}`, '--instance-2-port', `${taken[1]}`]
  const run = start(process.execPath, [main, 'demo', '--base-port', '0', ...chosen, '--no-history'])
  await soon('it gives up', run.ended)
  for (const other of others) other.close()
  assert.equal(run.child.exitCode, 1)
  const [, admin, instance] =
    /✗ port_taken {2}Ports (\d+) \(management API\), (\d+) \(dev-openai-instance-2\) /.exec(run.err()) ?? []
  assert.deepEqual([Number(admin), Number(instance)], taken, run.err())
  assert.match(run.err(), /Try: npm start -- --base-port \d+080/)
})

test('N-F6 a demonstration that runs in the folder already is named where its ports are wanted again', async () => {
  const directory = join(folder, 'twice')
  const first = await startDemo(['--no-traffic', '--no-history', '--directory', directory])
  const port = /console +http:\/\/127\.0\.0\.1:(\d+)/.exec(first.out())?.[1] ?? ''
  const again = start(process.execPath, [
    main,
    'demo',
    '--base-port',
    '0',
    '--admin-port',
    port,
    '--directory',
    directory,
  ])
  await soon('it gives up', again.ended)
  assert.match(again.err(), new RegExp(`A demonstration runs in this folder already, as process ${first.child.pid}`))
  await stopDemo(first)
})

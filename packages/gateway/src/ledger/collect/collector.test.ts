import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { eventually } from '../../../../../test/support/wait.ts'
import { bytes, newId, openedOf } from '../exchange.fixture.ts'
import { MessageWriter, type RecordMessage } from '../feeds/documents/index.ts'
import { recordsInLines } from '../feeds/files/files.fixture.ts'
import { openFeed } from '../feeds/files/index.ts'
import type { FilesSettings } from '../feeds/files/settings.ts'
import { type Ended, endedLedger, type StartedRunner, startRunner } from '../feeds/filing/filing.fixture.ts'
import { recordedExchange } from '../feeds/recorded.fixture.ts'
import type { Ledger } from '../index.ts'
import { endOfFiles } from '../journal/follower.ts'
import { offsetOf } from '../journal/position.ts'
import { type Collecting, collecting, Topic } from './collect.fixture.ts'
import type { JsonRecord } from './collected.ts'
import { openSource } from './files/index.ts'
import type { SourceState } from './index.ts'

const silent = { info: () => {}, warn: () => {}, error: () => {} }

async function filesSource(directory: string) {
  return { name: 'replicas', kind: 'files', source: await openSource({ directory, everyMs: 5 }, { log: silent }) }
}

function shipped(t: TestContext, ended: Ended, directory: string): Promise<StartedRunner> {
  const settings: FilesSettings = { directory, format: 'jsonl', form: 'gatehouse', columns: null, bodies: true }
  return startRunner(t, ended, parts => openFeed(settings, parts))
}

const has = ({ collector }: Collecting, what: Partial<SourceState>): Promise<SourceState> =>
  eventually(`the source has ${JSON.stringify(what)}`, () => {
    const [state] = collector.states()
    const isSo = Object.entries(what).every(([key, value]) => state?.[key as keyof SourceState] === value)
    return isSo && state !== undefined ? state : null
  })

/** A collector's ledger has the records of the replicas, and nothing else. */
async function assertSame(ledger: Ledger, replicas: readonly Ended[]): Promise<void> {
  const rows = replicas.flatMap(({ rows }) => [...rows.values()])
  const { records } = await ledger.list({ limit: 1_000 })
  assert.equal(records.length, rows.length)
  for (const row of rows) {
    const found = await ledger.row(row.id)
    // Files have a NUL and half a surrogate pair as U+FFFD.
    assert.deepEqual(found, { ...row, path: row.path.replaceAll('\0', '\ufffd') })
  }
}

// The reason for a collector: whoever asks it must get what the replicas would have answered, all of it and once.
test('the ledger of a collector has every field and every byte of its replicas, however often files come', async t => {
  const shared = join(temporaryDirectory('ledger'), 'shared')
  mkdirSync(shared)
  const replicas = [await endedLedger(t), await endedLedger(t, ['text', 'audio'])] as const
  const runners = await Promise.all(replicas.map((ended, at) => shipped(t, ended, join(shared, `replica-${at}`))))
  const source = await filesSource(shared)
  const first = await collecting(t, [source])
  for (const { runner } of runners) await runner.caughtUp()
  const total = replicas[0].rows.size + replicas[1].rows.size
  await has(first, { taken: total, doubles: 0, setAside: 0, incomplete: 0 })
  await assertSame(first.ledger, replicas)
  for (const line of ['replica-0', 'replica-1'].flatMap(name => recordsInLines(join(shared, name)))) {
    const bodies = await first.ledger.bodies(String(line['id']))
    for (const [name, body] of [
      ['requestBody', bodies?.request],
      ['responseBody', bodies?.response],
    ] as const) {
      const encoding = line[`${name}Encoding`] === 'base64' ? 'base64' : 'utf8'
      const written = Buffer.from(String(line[name] ?? ''), encoding)
      assert.ok(Buffer.from(body ?? []).equals(written), name)
    }
  }
  // A feed that is rewound writes its records into further files.
  await runners[0]?.runner.rewind(0)
  await runners[0]?.runner.caughtUp()
  await has(first, { taken: total, doubles: replicas[0].rows.size })
  await first.close()

  const { directory } = first
  const second = await collecting(t, [source], { directory })
  const id = newId()
  const line = { ...recordsInLines(join(shared, 'replica-1'))[0], id }
  const hour = join(shared, 'replica-1', 'day=2026-11-27', 'hour=00')
  mkdirSync(hour, { recursive: true })
  appendFileSync(join(hour, `archive-${newId()}.jsonl`), JSON.stringify(line))
  await has(second, { taken: 1, doubles: 0 })
  await second.close()
  const third = await collecting(t, [source], { directory, fromBeginning: true })
  await has(third, { taken: 0, doubles: total + replicas[0].rows.size + 1 })
  assert.equal((await third.ledger.list({ limit: 1_000 })).records.length, total + 1)
})

/** The message of a whole record. */
function lineOf(exchange: ReturnType<typeof recordedExchange>): string {
  const writer = new MessageWriter({ form: 'gatehouse', columns: null, bodies: true, gzip: false })
  return [...writer.messages(exchange, 1_048_576)].map(({ body }) => body.toString()).join()
}

const bodyOf = async (ledger: Ledger, id: string): Promise<string[]> => {
  const bodies = await ledger.bodies(id)
  return [bodies?.request, bodies?.response].map(body => Buffer.from(body ?? []).toString())
}

/** Lines of a ledger with these workloads' bodies, as a feed writes them. */
async function linesOf(t: TestContext, names: Parameters<typeof endedLedger>[1]): Promise<JsonRecord[]> {
  const directory = join(temporaryDirectory('ledger'), 'out')
  const ended = await endedLedger(t, names)
  await (await shipped(t, ended, directory)).runner.caughtUp()
  return recordsInLines(directory)
}

for (const gzip of [false, true]) {
  test(`${gzip ? 'compressed parts' : 'parts'} are joined in any order and with doubles, and read again from an unfinished record`, async t => {
    const audio = Buffer.from(Array.from({ length: 9_000 }, (_, at) => (at * at * 131) % 251))
    const long = recordedExchange({ request: 'question "ü" 😀', response: audio })
    const writer = new MessageWriter({ form: 'gatehouse', columns: null, bodies: true, gzip })
    const messages = [...writer.messages(long, 4_096)]
    const [one, second, ...others] = messages as [RecordMessage, RecordMessage, ...RecordMessage[]]
    assert.ok(others.length > 1)
    const topic = new Topic()
    const named = { name: 'hub', kind: 'topic', source: topic }
    for (const { body, contentEncoding } of writer.messages(recordedExchange(), 4_096))
      topic.append('0', body, contentEncoding)
    for (const { body, contentEncoding } of [one, one, ...others.toReversed()]) topic.append('0', body, contentEncoding)
    const first = await collecting(t, [named])
    await has(first, { taken: 1, incomplete: 1 })
    await first.close()
    const again = await collecting(t, [named], { directory: first.directory })
    // The first message alone was taken for good.
    topic.append('0', second.body, second.contentEncoding)
    await has(again, { taken: 1, incomplete: 0, setAside: 0 })
    assert.deepEqual(topic.begun, [new Map(), new Map([['0', '1']])])
    const kept = await again.ledger.bodies(long.id)
    assert.ok(Buffer.from(kept?.response ?? []).equals(audio))
    assert.equal(Buffer.from(kept?.request ?? []).toString(), 'question "ü" 😀')
    assert.deepEqual(await again.ledger.row(long.id), {
      ...{ ...long.opened, ...long.closed },
      ...{ durationMs: 900, timeToFirstByteMs: 250 },
    })
  })
}

// One damaged line of one replica must not stop the records of all others, and must not put a prompt into the log.
test('what is no record is set aside with its reason, and reading goes on', async t => {
  const text = lineOf(recordedExchange({ request: 'secret' }))
  const line = JSON.parse(text) as JsonRecord
  const writer = new MessageWriter({ form: 'gatehouse', columns: null, bodies: true, gzip: false })
  const [part] = writer.messages(recordedExchange({ response: 'x'.repeat(9_000) }), 4_096)
  const damaged = (part?.body.toString() ?? '').replace('xxx', 'xyx')
  const changed = (change: JsonRecord): string => JSON.stringify({ ...line, ...change })
  const bad: readonly (readonly [string, RegExp])[] = [
    ['{"prompt":"secret', /is not JSON/],
    ['[]', /no JSON object with an id/],
    [changed({ id: 'secret' }), /its id is no UUID of version 7/],
    [JSON.stringify({ id: newId(), workload: 'secret' }), /it has no startedAtMs: the feed must send all columns/],
    [changed({ totalTokens: 'secret' }), /its totalTokens is not of the type/],
    [changed({ attempts: [{ instance: 'secret' }] }), /its attempts is not of the type/],
    [changed({ outcome: 'secret' }), /its outcome is a value that this version does not know/],
    [changed({ requestBodyEncoding: null }), /its requestBody is no text with an encoding/],
    [changed({ part: 99, parts: 2 }), /a part of a record without its numbers or checksums/],
    [damaged, /part 1 is damaged/],
  ]
  const topic = new Topic()
  for (const [message] of bad) topic.append('0', message)
  topic.append('0', text)
  const started = await collecting(t, [{ name: 'hub', kind: 'topic', source: topic }])
  await has(started, { taken: 1, setAside: bad.length, status: 'running' })
  const said = started.log.lines.filter(({ message }) => message === 'message_set_aside')
  assert.equal(said.length, bad.length)
  for (const [at, [, reason]] of bad.entries()) {
    const { cause } = (said[at]?.fields ?? {}) as { cause?: string }
    assert.match(cause ?? '', reason)
  }
  assert.doesNotMatch(JSON.stringify(started.log.lines), /secret/)
})

// A record longer than an entry of the journal takes several: a crash between them must not leave half of it.
test('a long record that a crash cut off is written whole when it comes again', async t => {
  const [line] = (await linesOf(t, ['large'])).filter(({ workload }) => workload === 'large') as [JsonRecord]
  const id = String(line['id'])
  const topic = new Topic()
  const first = await collecting(t, [])
  await first.ledger.journal.open(openedOf(id, { workload: 'other' }), [bytes('half of a question')])
  await first.ledger.journal.progress(id, 'response', [bytes('half of an answer')])
  await first.close()
  const { directory } = first
  topic.append('0', JSON.stringify(line))
  const second = await collecting(t, [{ name: 'hub', kind: 'topic', source: topic }], { directory })
  await has(second, { taken: 1 })
  assert.equal((await second.ledger.row(id))?.workload, 'large')
  assert.deepEqual(await bodyOf(second.ledger, id), [line['requestBody'], line['responseBody']])
  assert.equal((await second.ledger.health()).openExchanges, 0)
})

// Otherwise it would keep the segments of the journal from there on for ever.
test('a long record that was cut off and never comes again is recorded as interrupted after a day', async t => {
  const id = newId()
  const first = await collecting(t, [])
  await first.ledger.journal.open(openedOf(id), [bytes('half of a question')])
  await first.close()
  let now = Date.now()
  const works: (() => Promise<void>)[] = []
  const second = await collecting(t, [], {
    directory: first.directory,
    ledger: {
      clock: () => now,
      scheduler: (_, work) => {
        works.push(work)
        return () => {}
      },
    },
  })
  const hour = async (): Promise<void> => {
    for (const work of works) await work()
  }
  await hour()
  assert.equal((await second.ledger.health()).openExchanges, 1)
  now += 25 * 3_600_000
  await hour()
  assert.equal((await second.ledger.row(id))?.outcome, 'interrupted')
  await hour()
  const warnings = second.log.lines.filter(({ message }) => message === 'calls_interrupted')
  assert.equal(warnings.length, 1, 'it is not said again each hour')
})

test('while the disk refuses, nothing is taken or set aside; then each record and each message that is none counts once', {
  skip: process.platform === 'linux' ? false : 'file size limits of a running process are changed with prlimit',
}, async t => {
  const lines = await linesOf(t, ['text', 'audio', 'large'])
  const topic = new Topic()
  const started = await collecting(t, [{ name: 'hub', kind: 'topic', source: topic }], {
    ledger: { journal: { retryMs: 5 } },
  })
  const journal = join(started.directory, 'journal')
  const limit = (bytesMax: number | 'unlimited'): Buffer =>
    execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytesMax}:unlimited`])
  process.on('SIGXFSZ', () => {})
  assert.ok(statSync(journal).isDirectory())
  limit(offsetOf(endOfFiles(journal)) + 3_000)
  topic.append('0', 'no record')
  for (const line of lines) topic.append('0', JSON.stringify(line))
  await has(started, { status: 'failing', taken: 0 })
  limit('unlimited')
  await has(started, { status: 'running', taken: lines.length, doubles: 0, setAside: 1 })
  assert.equal((await started.ledger.list({})).records.length, lines.length)
  for (const line of lines) {
    const [request] = await bodyOf(started.ledger, String(line['id']))
    assert.equal(request, line['requestBody'] ?? '')
  }
})

test('a directory that is not mounted is reported until it is there, also when it has nothing new, and then read', async t => {
  const shared = join(temporaryDirectory('ledger'), 'shared')
  const started = await collecting(t, [await filesSource(shared)])
  const { lastError } = await has(started, { status: 'failing' })
  assert.match(lastError ?? '', /shared: it does not exist; is it mounted\? \(ENOENT\)/)
  mkdirSync(shared)
  await has(started, { status: 'running', taken: 0 })
  const [line] = (await linesOf(t, ['text'])) as [JsonRecord]
  const hour = join(shared, 'day=2026-11-27', 'hour=00')
  mkdirSync(hour, { recursive: true })
  appendFileSync(join(hour, `archive-${newId()}.jsonl`), `${JSON.stringify(line)}\n`)
  await has(started, { status: 'running', taken: 1 })
})

// Reading months of files again takes hours, and brings back what retention has deleted.
for (const state of ['missing', 'empty']) {
  test(`a directory that is ${state} at a start is read on where it was when its files are back`, async t => {
    const lines = await linesOf(t, ['text', 'audio'])
    const shared = join(temporaryDirectory('ledger'), 'shared')
    const hour = join(shared, 'one', 'day=2026-11-27', 'hour=00')
    const write = (line: JsonRecord | undefined): void => {
      mkdirSync(hour, { recursive: true })
      appendFileSync(join(hour, `archive-${newId()}.jsonl`), JSON.stringify(line))
    }
    for (const line of lines) write(line)
    const source = await filesSource(shared)
    const first = await collecting(t, [source])
    await has(first, { taken: lines.length })
    await first.close()
    const { directory } = first

    renameSync(shared, `${shared}-of-the-server`)
    if (state === 'empty') mkdirSync(shared)
    await (await collecting(t, [source], { directory })).close()
    rmSync(shared, { recursive: true, force: true })
    renameSync(`${shared}-of-the-server`, shared)
    write({ ...lines[0], id: newId() })
    const last = await collecting(t, [source], { directory })
    await has(last, { taken: 1, doubles: 0 })
  })
}

test('of a record that comes from two sources at once there is one', async t => {
  const lines = await linesOf(t, ['text', 'audio'])
  const [one, two] = [new Topic(), new Topic()]
  for (const line of lines) {
    one.append('0', JSON.stringify(line))
    two.append('0', JSON.stringify(line))
  }
  const started = await collecting(t, [
    { name: 'one', kind: 'topic', source: one },
    { name: 'two', kind: 'topic', source: two },
  ])
  await eventually('both are read', () => {
    const states = started.collector.states()
    return states.every(({ taken, doubles }) => taken + doubles === lines.length) || null
  })
  const taken = started.collector.states().reduce((sum, state) => sum + state.taken, 0)
  assert.equal(taken, lines.length)
  assert.equal((await started.ledger.list({})).records.length, lines.length)
})

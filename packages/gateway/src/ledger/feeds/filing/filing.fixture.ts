/** For tests of the kinds that write files: a ledger with bodies of every sort, and the feed that ships it. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { temporaryDirectory } from '../../../../../../test/support/directory.ts'
import { bytes, closedOf, keptLog, newId, openedOf, testLedger } from '../../exchange.fixture.ts'
import { shownFields } from '../../fields.ts'
import { endOfFiles } from '../../journal/follower.ts'
import { valueIn } from '../../read-fields.ts'
import type { RecordRow } from '../../record.ts'
import { type FiledRecord, withoutDoubles } from '../files/files.fixture.ts'
import type { Feed, FeedParts, FeedSelection } from '../index.ts'
import { FeedRunner, feedParts } from '../runner.ts'

export interface Ended {
  readonly rows: ReadonlyMap<string, RecordRow>
  readonly directory: string
}

const hourMs = 3_600_000
export const someDayMs = Date.UTC(2026, 10, 26, 14, 30)

/** Bodies that other systems damage, by name. */
const oddBodies = {
  text: [bytes('{"a":1}'), bytes('{"b":"ü"}')],
  empty: [bytes(''), bytes('')],
  invalid: [Buffer.from([0xff, 0xfe, 0x41]), bytes('ok')],
  nul: [bytes('a\0b'), bytes('"\\u0000"')],
  audio: [bytes('{}'), Buffer.from(Array.from({ length: 5_000 }, (_, at) => (at * 131) % 256))],
  surrogate: [bytes('{"text":"\\ud800"}'), Buffer.from([0xed, 0xa0, 0x80])],
  large: [bytes('q'), Buffer.alloc(20 * 1_048_576, 'answer ')],
} as const

type OddBody = keyof typeof oddBodies
const allBodies = Object.keys(oddBodies) as OddBody[]

/** A closed ledger with a record for each of these bodies, an hour apart, and one that was refused. */
export async function endedLedger(t: TestContext, names: readonly OddBody[] = allBodies): Promise<Ended> {
  const directory = temporaryDirectory('ledger')
  const ledger = await testLedger(t, directory)
  const rows = new Map<string, RecordRow>()
  for (const [index, name] of names.entries()) {
    const [request, response] = oddBodies[name]
    const id = newId()
    const startedAtMs = someDayMs + index * hourMs
    const over = { startedAtMs, userAgent: 'half \ud800 of a pair', path: `/nul\0/${name}`, workload: name }
    await ledger.journal.open(openedOf(id, over), [request])
    const sizes = { requestBytes: request.byteLength, responseBytes: response.byteLength }
    await ledger.journal.close(closedOf(id, { endedAtMs: startedAtMs + 700, ...sizes }), [response])
    rows.set(id, (await ledger.row(id)) ?? assert.fail())
  }
  const refused = newId()
  const opened = openedOf(refused, { startedAtMs: someDayMs, workload: null })
  await ledger.journal.close(
    closedOf(refused, { outcome: 'refused', endedAtMs: someDayMs, cost: null, instance: null, opened }),
    [bytes('no')],
  )
  rows.set(refused, (await ledger.row(refused)) ?? assert.fail())
  await ledger.close()
  return { rows, directory }
}

export interface StartedRunner {
  readonly runner: FeedRunner
  readonly log: ReturnType<typeof keptLog>
}

/** Runs a feed of the name `archive` over a closed ledger, when `caughtUp` is called. */
export async function startRunner(
  t: TestContext,
  { directory }: Pick<Ended, 'directory'>,
  open: (parts: FeedParts) => Promise<Feed>,
  selection: FeedSelection = { workloads: null, outcomes: null },
): Promise<StartedRunner> {
  const log = keptLog()
  const name = 'archive'
  const cursors = join(directory, 'cursors')
  const journal = join(directory, 'journal')
  let running: FeedRunner | null = null
  const feed = await open(feedParts({ name, cursors, log }, () => running))
  const runner = new FeedRunner(feed, {
    ...{ name, journal, cursors, log, selection },
    written: () => endOfFiles(journal),
    everyMs: 1,
    scheduler: () => () => {},
    needs: () => {},
  })
  running = runner
  t.after(() => runner.close())
  return { runner, log }
}

/** Every field and every byte of the bodies is as the ledger has it, and no record is there twice. */
export function assertAsRecorded(read: readonly FiledRecord[], rows: Ended['rows'], format: 'jsonl' | 'parquet'): void {
  const records = withoutDoubles(read)
  assert.equal(read.length, rows.size)
  for (const [id, row] of rows) {
    const record = records.get(id)
    for (const field of shownFields) {
      assert.deepEqual(record?.[field.name], filed(valueIn(row, field), format === 'parquet'), field.name)
    }
    const odd = oddBodies[row.workload as OddBody]
    if (odd === undefined) continue
    for (const [index, name] of ['requestBody', 'responseBody'].entries()) {
      const written = Buffer.from(odd[index] ?? [])
      const kept = bodyOf(record, name) ?? Buffer.alloc(0)
      assert.ok(kept.equals(written), `${name} of ${row.workload}`)
    }
  }
  const audio = [...records.values()].find(({ workload }) => workload === 'audio')
  assert.deepEqual([audio?.['requestBodyEncoding'], audio?.['responseBodyEncoding']], ['utf8', 'base64'])
}

/** A value of the ledger as a file has it: a NUL is replaced, and Parquet holds lists as JSON. */
function filed(value: unknown, isParquet: boolean): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '\ufffd')
  return isParquet && Array.isArray(value) ? JSON.stringify(value) : value
}

function bodyOf(record: FiledRecord | undefined, name: string): Buffer | null {
  const text = record?.[name]
  const encoding = record?.[`${name}Encoding`]
  return typeof text === 'string' ? Buffer.from(text, encoding === 'base64' ? 'base64' : 'utf8') : null
}

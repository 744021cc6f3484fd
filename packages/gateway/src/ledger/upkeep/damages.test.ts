import assert from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { bytes, closedOf, dayMs, keptLog, newId, openedOf, testLedger } from '../exchange.fixture.ts'
import { type Ledger, LedgerError } from '../index.ts'
import { CursorFile } from '../journal/cursor-file.ts'
import { segmentNumbers } from '../journal/segments.ts'
import type { LedgerOptions } from '../open.ts'
import type { RecordRow } from '../record.ts'
import { checkLedger } from './check.ts'
import type { CheckedPart } from './index.ts'
import { rebuildLedger } from './rebuild.ts'

const start = Date.UTC(2026, 0, 1)
const newest = start + 50 * dayMs
const retain = { records: 400 * dayMs, bodies: 10 * dayMs, archiveAfter: 20 * dayMs }

/** What a ledger answers. */
interface Answers {
  readonly rows: ReadonlyMap<string, RecordRow>
  /** By id, in base64; null where there are none. */
  readonly bodies: ReadonlyMap<string, readonly (string | null)[]>
  readonly calls: number
}

/** Two days in archives, of which the journal has nothing any more, and 30 records in several segments. */
async function wholeLedger(t: TestContext): Promise<string> {
  const directory = temporaryDirectory('ledger')
  let nowMs = start
  let work = async (): Promise<void> => {}
  const ledger = await openAt(t, directory, () => nowMs, {
    scheduler: (_, given) => {
      work = given
      return () => {}
    },
  })
  for (const day of [0, 0, 1, 1, 1]) {
    nowMs = start + day * dayMs
    await record(ledger, nowMs, day)
  }
  nowMs = newest
  for (let number = 0; number < 30; number += 1) await record(ledger, newest + number, number)
  await work()
  await ledger.close()
  const journal = join(directory, 'journal')
  const cursor = new CursorFile({ directory: join(directory, 'cursors'), journal, consumer: 'archive', log: keptLog() })
  await cursor.save({ journal: 'journal', takenTo: 0, readFrom: 0 })
  assert.equal(readdirSync(join(directory, 'archive')).length, 2)
  assert.ok(segmentNumbers(journal).length > 2)
  return directory
}

const openAt = (
  t: TestContext,
  directory: string,
  clock: () => number,
  over: Partial<LedgerOptions> = {},
): Promise<Ledger> => testLedger(t, directory, { clock, retain, journal: { segmentBytesMax: 9_000 }, ...over })

async function record(ledger: Ledger, startedAtMs: number, number: number): Promise<void> {
  const id = newId()
  await ledger.journal.open(openedOf(id, { startedAtMs, workload: `workload-${number % 3}` }), [
    bytes(`question ${id}`),
  ])
  if (number % 4 === 0) await ledger.journal.progress(id, 'response', [bytes('first half, ')])
  await ledger.journal.close(closedOf(id, { endedAtMs: startedAtMs + 900 }), [bytes(`answer ${id}`)])
}

async function answersOf(t: TestContext, directory: string): Promise<Answers> {
  const ledger = await openAt(t, directory, () => newest + 1_000)
  try {
    const { records } = await ledger.list({ limit: 1_000 })
    const bodies = new Map<string, readonly (string | null)[]>()
    for (const { id } of records) {
      bodies.set(id, await bodiesOf(ledger, id))
    }
    const { total } = await ledger.usage({ by: ['workload'] })
    return { rows: new Map(records.map(row => [row.id, row])), bodies, calls: total.calls }
  } finally {
    await ledger.close()
  }
}

async function bodiesOf(ledger: Ledger, id: string): Promise<readonly (string | null)[]> {
  const text = (body: Uint8Array | null | undefined): string | null =>
    body == null ? null : Buffer.from(body).toString('base64')
  try {
    const found = await ledger.bodies(id)
    return [text(found?.request), text(found?.response)]
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'ledger_corrupt') return ['damaged']
    throw error
  }
}

type Damage =
  | { readonly kind: 'flip'; readonly file: number; readonly at: number; readonly bit: number }
  | { readonly kind: 'truncate'; readonly file: number; readonly at: number }
  | { readonly kind: 'remove' | 'rename' | 'move'; readonly file: number }

const file = fc.noBias(fc.nat(999))
/** Share of the file's length: often within its first bytes, where most of what describes it is. */
const place = fc.noBias(fc.oneof(fc.nat(999_999), fc.nat(20_000))).map(millionths => millionths / 1_000_000)
const damages: fc.Arbitrary<readonly Damage[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('flip' as const), file, at: place, bit: fc.nat(7) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('truncate' as const), file, at: place }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('remove', 'rename', 'move'), file }) },
  ),
  { minLength: 1, maxLength: 3 },
)

/** Damages of which one was not named, or could not be mended. Files are in the order of their paths. */
const found: readonly Damage[] = [
  { kind: 'flip', file: 8, at: 0, bit: 0 }, // the store
  { kind: 'truncate', file: 4, at: 0 }, // a segment in the middle
  { kind: 'remove', file: 1 }, // an archive
  { kind: 'move', file: 3 }, // the first segment, to after the last
]

/** Does the damage to one of the files. @returns what was done, for a message. */
function doDamage(directory: string, damage: Damage): string {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .sort()
  const path = files[damage.file % files.length]
  if (path === undefined) return 'there was no file'
  const said = `${damage.kind} ${path.slice(directory.length + 1)}`
  switch (damage.kind) {
    case 'flip': {
      const content = readFileSync(path)
      const at = Math.floor(damage.at * content.byteLength)
      if (content.byteLength === 0) return 'an empty file'
      content.writeUInt8(content.readUInt8(at) ^ (1 << damage.bit), at)
      writeFileSync(path, content)
      return `${said} at ${at}`
    }
    case 'truncate':
      truncateSync(path, Math.floor(damage.at * readFileSync(path).byteLength))
      return said
    case 'remove':
      rmSync(path)
      return said
    case 'rename':
      renameSync(path, `${path}.bak`)
      return said
    case 'move': {
      // To the name of another file of its kind, where the name has a number.
      const name = basename(path).replace(/\d(?=\D*$)/, digit => String((Number(digit) + 7) % 10))
      const to = join(dirname(path), name)
      if (!existsSync(to)) renameSync(path, to)
      return said
    }
    default:
      return damage satisfies never
  }
}

const faultsIn = (parts: readonly CheckedPart[]): string[] =>
  parts.flatMap(({ part, faults }) => faults.map(fault => `${part}: ${fault}`))

async function rebuild(directory: string): Promise<void> {
  try {
    await rebuildLedger(directory, false)
  } catch (error) {
    if (!(error instanceof LedgerError && error.code === 'ledger_corrupt')) throw error
    await rebuildLedger(directory, true)
  }
}

// Whoever restores a disk has nothing but the check to go by, and nothing but the rebuild to mend what it finds.
test('any damage of files is named by the check or has changed nothing, and a rebuilt store passes', {
  timeout: 300_000,
}, async t => {
  const whole = await wholeLedger(t)
  const before = await answersOf(t, whole)
  assert.deepEqual([before.rows.size, before.calls], [35, 35])
  assert.deepEqual(faultsIn(await checkLedger(whole)), [])
  await fc.assert(
    fc.asyncProperty(damages, async given => {
      const directory = join(temporaryDirectory('ledger'), 'ledger')
      mkdirSync(directory)
      cpSync(whole, directory, { recursive: true })
      const done = given.map(damage => doDamage(directory, damage)).join('; ')
      const parts = await checkLedger(directory)
      const faults = faultsIn(parts)
      const notes = parts.flatMap(part => part.notes).join('; ')
      if (faults.length > 0 || notes.includes('there is no store')) await rebuild(directory)
      const left = faultsIn(await checkLedger(directory)).filter(fault => !/^(segments|cursors): /.test(fault))
      assert.deepEqual(left, [], `${done}; found ${faults.join('; ')}`)
      const after = await answersOf(t, directory)
      if (faults.length === 0) sameAnswers(after, before, `${done}; notes ${notes}`)
      for (const id of after.rows.keys()) assert.ok(before.rows.has(id), `${done}: ${id} was never recorded`)
      assert.equal(after.calls, after.rows.size, `${done}: each record once`)
      rmSync(directory, { recursive: true })
    }),
    { numRuns: 8, examples: found.map((damage): [readonly Damage[]] => [[damage]]) },
  )
})

function sameAnswers(after: Answers, before: Answers, what: string): void {
  assert.equal(after.calls, before.calls, what)
  assert.deepEqual(after.rows, before.rows, what)
  for (const [id, bodies] of after.bodies) {
    // The oldest segments leave with their age.
    if (what.includes('the journal begins with segment') && bodies.every(body => body === null)) continue
    assert.deepEqual(bodies, before.bodies.get(id), `${what}: the bodies of ${id}`)
  }
}

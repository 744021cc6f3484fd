import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { bytes, closedOf, dayMs, newId, openedOf, temporaryDirectory, testLedger } from '../../exchange.fixture.ts'
import { type Ledger, QuestionError } from '../../index.ts'
import { segmentPath } from '../../journal/segments.ts'
import type { SearchQuery } from '../../reports.ts'

const day = Date.UTC(2026, 4, 20)
const asked: SearchQuery = { text: 'Grüße', workload: 'hr-bot', dayMs: day }

interface Call {
  readonly startedAtMs?: number
  readonly workload?: string
  readonly callerName?: string
  readonly question?: string
  readonly answer?: readonly Uint8Array[]
  readonly isStream?: boolean
}

async function record(ledger: Ledger, call: Call): Promise<string> {
  const id = newId()
  const { startedAtMs = day + 1_000, workload = 'hr-bot', callerName = 'Alice', question = 'q', answer = [] } = call
  await ledger.journal.open(openedOf(id, { startedAtMs, workload, callerName }), [bytes(question)])
  for (const part of answer.slice(0, -1)) await ledger.journal.progress(id, 'response', [part])
  const responseContentType = call.isStream === true ? 'text/event-stream; charset=utf-8' : 'application/json'
  await ledger.journal.close(closedOf(id, { responseContentType }), answer.slice(-1))
  return id
}

async function openAt(t: TestContext, nowMs = day + dayMs): Promise<{ ledger: Ledger; directory: string }> {
  const directory = temporaryDirectory(t)
  return {
    directory,
    ledger: await testLedger(t, directory, {
      clock: () => nowMs,
      retain: { records: 400 * dayMs, bodies: 30 * dayMs },
    }),
  }
}

test('a search finds what was asked or answered as one workload on one day, newest first', async t => {
  const { ledger } = await openAt(t)
  const inQuestion = await record(ledger, { question: '{"content":"Viele Gr\\u00fc\\u00dfe"}' })
  await record(ledger, { workload: 'code-assistant', question: 'Grüße' })
  await record(ledger, { startedAtMs: day - 1, question: 'Grüße' })
  await record(ledger, { startedAtMs: day + dayMs, question: 'Grüße' })
  await record(ledger, { question: 'Grüsse' })
  const pieces = ['Gr', 'ü', '', 'ße!'].map(piece => `data: {"choices":[{"delta":{"content":"${piece}"}}]}\n\n`)
  const stream = Buffer.from(pieces.join(''))
  // Two parts that cut the ü in its middle.
  const cut = stream.indexOf('ü') + 1
  const parts = [stream.subarray(0, cut), stream.subarray(cut)]
  const inStream = await record(ledger, { answer: parts, isStream: true, callerName: 'Bob' })
  const page = await ledger.search(asked)
  assert.deepEqual(
    page.found.map(({ id, caller, part, excerpt }) => [id, caller, part, excerpt]),
    [
      [inStream, 'Bob', 'response', 'Grüße!'],
      [inQuestion, 'Alice', 'request', '{"content":"Viele Grüße"}'],
    ],
  )
  assert.deepEqual([page.searched, page.skipped, page.next], [3, 0, null])
  assert.equal((await ledger.search({ ...asked, caller: 'Bob' })).found.length, 1)
  assert.equal((await ledger.search({ ...asked, workload: 'nobody' })).searched, 0)
})

test('a search that has enough says where to go on', async t => {
  const { ledger } = await openAt(t)
  const ids: string[] = []
  for (let n = 0; n < 7; n++) ids.push(await record(ledger, { question: n === 3 ? 'nothing' : 'Grüße' }))
  const seen: string[] = []
  let before: string | undefined
  do {
    const page = await ledger.search({ ...asked, limit: 2, ...(before === undefined ? {} : { before }) })
    seen.push(...page.found.map(({ id }) => id))
    before = page.next ?? undefined
  } while (before !== undefined)
  assert.deepEqual(
    seen,
    ids
      .filter((_, at) => at !== 3)
      .sort()
      .reverse(),
  )
})

// One bad sector must not hide the rest of the day.
test('damaged bodies are counted and do not end a search', async t => {
  const { ledger, directory } = await openAt(t)
  await record(ledger, { question: 'Grüße, first' })
  await record(ledger, { question: 'Grüße, second' })
  await ledger.caughtUp()
  const path = segmentPath(join(directory, 'journal'), 1)
  const segment = readFileSync(path)
  const at = segment.indexOf('first')
  segment.writeUInt8(segment.readUInt8(at) ^ 1, at)
  writeFileSync(path, segment)
  const { found, searched, skipped } = await ledger.search(asked)
  assert.deepEqual([found.length, searched, skipped], [1, 1, 1])
})

// What is too old to be shown must not be found either.
test('bodies that are older than they are kept are not searched', async t => {
  const { ledger } = await openAt(t, day + 31 * dayMs)
  await record(ledger, { question: 'Grüße' })
  assert.equal((await ledger.search(asked)).searched, 0)
})

test('a search that makes no sense is refused with what would make sense', async t => {
  const { ledger } = await openAt(t)
  for (const text of ['', '  ', 'x'.repeat(513)])
    await assert.rejects(ledger.search({ ...asked, text }), /text must have/)
  await assert.rejects(ledger.search({ ...asked, dayMs: day + 1 }), QuestionError)
  await assert.rejects(ledger.search({ ...asked, limit: 0 }), /limit/)
})

import assert from 'node:assert/strict'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryDirectory } from '../../../../../test/support/directory.ts'
import { eventually } from '../../../../../test/support/wait.ts'
import type { Conversation } from '../../wire/conversation/index.ts'
import { journalPath } from '../directory.ts'
import { bytes, closedOf, dayMs, openedOf, testLedger } from '../exchange.fixture.ts'
import { type Ledger, LedgerError, QuestionError } from '../index.ts'
import type { RecordRow } from '../record.ts'
import { Base64Pieces } from './base64.ts'
import type { BodyState, ConversationsQuery } from './index.ts'

interface Line {
  readonly record: RecordRow
  readonly bodies: BodyState
  readonly conversation?: Conversation
  readonly raw?: Readonly<
    Record<'request' | 'response', { readonly contentType: string | null; readonly base64: string }>
  >
}

const nowMs = Date.UTC(2026, 10, 23)
let made = 0
const nextId = (): string => `0199c0de-0000-7000-8000-${String(++made).padStart(12, '0')}`

interface Said {
  readonly ask?: string
  readonly answer?: readonly string[]
  readonly startedAtMs?: number
  readonly workload?: string
  readonly sizes?: number
}

async function say(ledger: Ledger, said: Said): Promise<string> {
  const { ask = 'Hello', answer = ['Good day'], startedAtMs = nowMs - 1_000, workload = 'hr-bot', sizes = 20 } = said
  const id = nextId()
  const request = ask === '' ? [] : [bytes(JSON.stringify({ messages: [{ role: 'user', content: ask }] }))]
  await ledger.journal.open(openedOf(id, { startedAtMs, workload, stream: answer.length > 1 }), request)
  const events = answer.map(
    text => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] })}\n\n`,
  )
  const whole = answer.length === 0 ? '' : JSON.stringify({ choices: [{ message: { content: answer[0] } }] })
  for (const event of answer.length > 1 ? events : []) await ledger.journal.progress(id, 'response', [bytes(event)])
  const ended = closedOf(id, {
    ...{ requestBytes: sizes, responseBytes: sizes, endedAtMs: startedAtMs + 900 },
    responseContentType: answer.length > 1 ? 'text/event-stream' : 'application/json',
  })
  await ledger.journal.close(ended, answer.length > 1 ? [bytes('data: [DONE]\n\n')] : [bytes(whole)])
  return id
}

async function read(ledger: Ledger, query: Partial<ConversationsQuery> = {}) {
  const { upTo, pieces } = await ledger.conversations({ bodies: true, raw: false, ...query }, question => question())
  const parts: Uint8Array[] = []
  const ids: string[] = []
  for await (const piece of pieces) {
    parts.push(piece.bytes)
    ids.push(...piece.ids)
  }
  const text = Buffer.concat(parts).toString('utf8')
  const lines =
    text === ''
      ? []
      : text
          .slice(0, -1)
          .split('\n')
          .map(line => JSON.parse(line) as Line)
  assert.equal(text.endsWith('\n') || text === '', true)
  assert.deepEqual(
    ids,
    lines.map(({ record }) => record.id),
  )
  return { upTo, text, lines, ids }
}

const opened = (t: TestContext, directory: string) => testLedger(t, directory, { clock: () => nowMs })

const textsOf = ({ conversation }: Line): readonly string[] => conversation?.messages.map(({ text }) => text) ?? []

// An auditor who misses a call concludes that it was not made.
test('each record is one line, newest first, with its figures and its conversation, over many pages', async t => {
  const ledger = await opened(t, temporaryDirectory('conversations'))
  const ids: string[] = []
  for (let n = 0; n < 2_050; n += 1)
    ids.push(await say(ledger, { ask: `Question ${n}`, answer: n % 2 ? ['An', 'swer'] : ['Answer'] }))
  await say(ledger, { workload: 'other' })
  const { lines } = await read(ledger, { workload: 'hr-bot' })
  assert.deepEqual(
    lines.map(({ record }) => record.id),
    ids.toReversed(),
  )
  assert.deepEqual(textsOf(lines[0] ?? assert.fail()), ['Question 2049', 'Answer'])
  assert.deepEqual(textsOf(lines.at(-1) ?? assert.fail()), ['Question 0', 'Answer'])
  assert.deepEqual(lines[0]?.record, await ledger.row(ids.at(-1) ?? ''))
  const figures = await read(ledger, { bodies: false, workload: 'other' })
  assert.deepEqual(
    figures.lines.map(({ bodies, conversation }) => [bodies, conversation]),
    [['omitted', undefined]],
  )
})

// A file that was resumed must not have a record twice, or the sums are wrong.
test('a reading that is resumed has the rest, and nothing that came after it began', async t => {
  const ledger = await opened(t, temporaryDirectory('conversations'))
  for (let n = 0; n < 40; n += 1) await say(ledger, {})
  const whole = await read(ledger)
  await say(ledger, {})
  const { upTo } = whole
  for (const at of [0, 17, 38, 39]) {
    const rest = await read(ledger, { upTo, before: whole.ids[at] ?? '' })
    assert.deepEqual([rest.ids, rest.upTo], [whole.ids.slice(at + 1), upTo])
  }
  assert.equal((await read(ledger)).ids.length, 41)
  assert.equal((await read(ledger, { upTo })).text, whole.text)
  await assert.rejects(read(ledger, { upTo: 'x' }), QuestionError)
  await assert.rejects(read(ledger, { before: 'x' }), QuestionError)
})

test('a line says why it has no conversation', async t => {
  const directory = temporaryDirectory('conversations')
  const ledger = await testLedger(t, directory, {
    clock: () => nowMs,
    retain: { records: 400 * dayMs, bodies: 30 * dayMs },
  })
  await say(ledger, { startedAtMs: nowMs - 31 * dayMs })
  await say(ledger, { ask: '', answer: [] })
  await say(ledger, { sizes: 20 * 1_048_576 })
  await say(ledger, { ask: '[{'.repeat(600_000) })
  await say(ledger, {})
  const { lines } = await read(ledger, { raw: true })
  assert.deepEqual(lines.map(({ bodies }) => bodies).toReversed(), [
    'deleted',
    'uncaptured',
    'too_long',
    'too_long',
    'kept',
  ])
  // What is too long to be read as a conversation is still there as it was.
  const long = lines[1]?.raw?.request
  assert.match(
    Buffer.from(long?.base64 ?? '', 'base64').toString(),
    /^\{"messages":\[\{"role":"user","content":"\[\{\[\{/,
  )
  const [segment = ''] = readdirSync(journalPath(directory))
  writeFileSync(join(journalPath(directory), segment), 'not a segment any more')
  assert.deepEqual((await read(ledger)).lines[0]?.bodies, 'damaged')
  rmSync(join(journalPath(directory), segment))
  assert.deepEqual((await read(ledger)).lines[0]?.bodies, 'deleted')
})

// Text of strangers is shown on terminals and split into lines by programs of every language.
test('a line stays one line whatever was said, and has no character that a terminal acts on', async t => {
  const ledger = await opened(t, temporaryDirectory('conversations'))
  const hostile =
    '\u001b[2J\u009b31m \u2028\u2029\u0085 \u202e},"bodies":"kept"}\n{"record":{}} \ud800 "\\ 🙂 __proto__'
  await say(ledger, { ask: hostile, answer: [hostile, hostile] })
  const { lines, text } = await read(ledger)
  assert.deepEqual(lines.map(textsOf), [[hostile, hostile + hostile]])
  assert.doesNotMatch(text.slice(0, -1), /[\p{Cc}\u2028\u2029\u202e]/u)
})

// What a court wants to see must not be missing from its copy.
test('bodies on legal hold are in an export, however old they are', async t => {
  const retain = { records: 400 * dayMs, bodies: 30 * dayMs }
  const ledger = await testLedger(t, temporaryDirectory('conversations'), { clock: () => nowMs, retain })
  await say(ledger, { startedAtMs: nowMs - 31 * dayMs, workload: 'held' })
  await say(ledger, { startedAtMs: nowMs - 31 * dayMs })
  const hold = {
    workload: 'held',
    caller: null,
    fromMs: null,
    toMs: null,
    reason: 'a case',
    by: 'user:a/b',
    atMs: nowMs,
  }
  await ledger.holds.add({ id: nextId(), ...hold })
  const { lines } = await read(ledger)
  assert.deepEqual(
    lines.map(({ bodies }) => bodies),
    ['deleted', 'kept'],
  )
})

test('an export has nothing of a person who was erased', async t => {
  const directory = temporaryDirectory('conversations')
  const ledger = await testLedger(t, directory, { clock: () => nowMs })
  await say(ledger, { ask: 'Secret' })
  const caller = 'user:11111111-2222-3333-4444-555555555555/22222222-3333-4444-5555-666666666666'
  const filter = { caller, workload: null, fromMs: null, toMs: null }
  const { id } = await ledger.erasures.start(filter, 'a request', 'user:a/b')
  await eventually('the erasure has ended', () => {
    const state = ledger.erasures.list().find(one => one.id === id)?.state
    return state === undefined || state === 'running' ? null : state
  })
  const { lines, text } = await read(ledger, { raw: true })
  assert.deepEqual(
    lines.map(({ bodies }) => bodies),
    ['uncaptured'],
  )
  assert.doesNotMatch(text, /Secret|Alice|22222222-3333/)
})

test('raw bodies are the bytes that passed, of any length', async t => {
  const ledger = await opened(t, temporaryDirectory('conversations'))
  const long = 'äöü'.repeat(400_001)
  await say(ledger, { ask: long })
  const [line] = (await read(ledger, { raw: true })).lines
  const body = Buffer.from(line?.raw?.request.base64 ?? '', 'base64').toString('utf8')
  assert.deepEqual((JSON.parse(body) as { messages: unknown }).messages, [{ role: 'user', content: long }])
  assert.equal(line?.raw?.request.contentType, 'application/json')
  const pieces = new Base64Pieces()
  const all = Buffer.from('any bytes at all')
  const text = [1, 2, 5, 16].map((end, at, ends) => pieces.push(all.subarray(ends[at - 1] ?? 0, end))).join('')
  assert.equal(text + pieces.end(), all.toString('base64'))
})

test('a reader that leaves ends the thread, and a ledger that closes ends the reading', async t => {
  const ledger = await opened(t, temporaryDirectory('conversations'))
  for (let n = 0; n < 30; n += 1) await say(ledger, { ask: 'x'.repeat(100_000) })
  const ask = { bodies: true, raw: true }
  const left = await ledger.conversations(ask, question => question())
  await left.pieces.next()
  await left.pieces.return(undefined)
  const { pieces } = await ledger.conversations(ask, question => question())
  await pieces.next()
  await ledger.close()
  const rest = async (): Promise<void> => {
    for await (const _ of pieces) {
      // What was made ahead still comes.
    }
  }
  await assert.rejects(rest(), error => error instanceof LedgerError && error.code === 'ledger_closed')
})

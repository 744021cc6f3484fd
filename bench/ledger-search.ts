/**
 * Search in bodies: `node bench/ledger-search.ts [--calls N] [--bytes B]`. Writes one day of a workload with N calls,
 * whose requests and streamed answers have B bytes each, and two calls of other workloads between any two of them.
 * Then it times searches through all of the day: for a text that no body has, and for one that is cut over the deltas
 * of the oldest answer. A page ends by its time, so a long day takes several.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../packages/gateway/src/clock.ts'
import { uuidV7 } from '../packages/gateway/src/ids.ts'
import type { Ledger } from '../packages/gateway/src/ledger/index.ts'
import { openLedger } from '../packages/gateway/src/ledger/open.ts'
import { silentLog } from '../packages/gateway/src/log.ts'
import { closedAt, openedAt } from './ledger-exchange.ts'

const { values } = parseArgs({
  options: { calls: { type: 'string', default: '20000' }, bytes: { type: 'string', default: '4096' } },
})
const calls = Number(values.calls)
const bodyBytes = Number(values.bytes)
const dayMs = 86_400_000
const workload = 'searched'
const words = ['invoice', 'Straße', 'holiday', 'number', 'portal', 'answer', 'München', 'please', 'form', 'leave']
const wordAt = (index: number): string => words[(index * 7 + (index >> 3)) % words.length] ?? ''

function requestOf(index: number): Buffer {
  let content = ''
  for (let word = index; content.length < bodyBytes - 200; word++)
    content += `${wordAt(word)}${word % 12 === 0 ? '\n' : ' '}`
  return Buffer.from(JSON.stringify({ model: 'gpt-4o', stream: true, messages: [{ role: 'user', content }] }))
}

function answerOf(index: number): Buffer {
  const events: string[] = []
  let bytes = 0
  for (let word = index; bytes < bodyBytes; word++) {
    const content = index === 0 && word === 0 ? 'xylo' : index === 0 && word === 1 ? 'phone' : ` ${wordAt(word)}`
    const choices = [{ index: 0, delta: { content }, logprobs: null, finish_reason: null }]
    const event = { id: `chatcmpl-${index}`, object: 'chat.completion.chunk', created: 1, model: 'gpt-4o', choices }
    const text = `data: ${JSON.stringify(event)}\n\n`
    events.push(text)
    bytes += text.length
  }
  return Buffer.from(`${events.join('')}data: [DONE]\n\n`)
}

async function fill(ledger: Ledger, startMs: number): Promise<void> {
  const newId = uuidV7(systemClock)
  for (let index = 0; index < calls * 3; index++) {
    const id = newId()
    const number = Math.floor(index / 3)
    const opened = {
      ...openedAt(id, index, startMs),
      workload: index % 3 === 0 ? workload : `other-${index % 3}`,
      stream: true,
    }
    void ledger.journal.open(opened, [requestOf(number)])
    const written = ledger.journal.close(closedAt(id, index, startMs, bodyBytes), [answerOf(number)])
    if (index % 500 === 0) await written
  }
}

async function timed(ledger: Ledger, text: string, startMs: number): Promise<void> {
  const from = performance.now()
  const before = process.cpuUsage()
  const sums = { text, searched: 0, hits: 0, pages: 0 }
  for (let next: string | null | undefined; next !== null; ) {
    const query = { text, workload, fromMs: startMs - dayMs, toMs: startMs + dayMs, limit: 200 }
    const page = await ledger.search(next === undefined ? query : { ...query, before: next })
    sums.searched += page.searched
    sums.hits += page.hits.length
    sums.pages += 1
    next = page.next
  }
  const { user, system } = process.cpuUsage(before)
  const ms = Math.round(performance.now() - from)
  process.stdout.write(`${JSON.stringify({ ...sums, ms, cpuMs: Math.round((user + system) / 1_000) })}\n`)
}

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
const ledger = await openLedger({
  directory,
  fsync: 1_000,
  retain: { records: 400 * dayMs, bodies: 30 * dayMs },
  counter: { count: async () => ({ promptTokens: null, completionTokens: null }) },
  log: silentLog,
})
try {
  const startMs = systemClock()
  await fill(ledger, startMs)
  await ledger.caughtUp()
  for (const text of ['no such words', 'XYLOPHONE', 'no such words', 'XYLOPHONE']) await timed(ledger, text, startMs)
} finally {
  await ledger.close()
  rmSync(directory, { recursive: true })
}

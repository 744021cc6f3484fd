/**
 * Export of conversations: `node bench/records-export.ts [--records N] [--bytes B] [--raw]`. Writes N records whose
 * requests and answers have about B bytes each, every third answer a stream, and exports them with `gatehouse records
 * export --bodies` in a process of its own through the management API. Prints how long that took, the size of the file,
 * the CPU of the gateway's process, and how long its event loop was held up meanwhile.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { startHouse } from '../packages/gateway/src/admin/house.fixture.ts'
import { run } from '../packages/gateway/src/cli/run.fixture.ts'
import { systemClock } from '../packages/gateway/src/clock.ts'
import { uuidV7 } from '../packages/gateway/src/ids.ts'
import type { Ledger } from '../packages/gateway/src/ledger/index.ts'
import { openLedger } from '../packages/gateway/src/ledger/open.ts'
import { silentLog } from '../packages/gateway/src/log.ts'
import { closedAt, openedAt } from './ledger-exchange.ts'

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '100000' },
    bytes: { type: 'string', default: '2048' },
    raw: { type: 'boolean', default: false },
    // Of the process that exports.
    admin: { type: 'string' },
    token: { type: 'string', default: '' },
    out: { type: 'string', default: '' },
  },
})
const records = Number(values.records)
const bodyBytes = Number(values.bytes)
const dayMs = 86_400_000

function requestOf(index: number): Buffer {
  const content = `Question ${index}: ${'how do I book parental leave in the portal, please? '.repeat(bodyBytes / 53)}`
  return Buffer.from(JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content }] }))
}

function answerOf(index: number, isStream: boolean): Buffer {
  if (!isStream) {
    const content = `Answer ${index}: ${'open the portal and choose the form, then send it. '.repeat(bodyBytes / 51)}`
    return Buffer.from(JSON.stringify({ choices: [{ index: 0, message: { content }, finish_reason: 'stop' }] }))
  }
  const event = { id: `chatcmpl-${index}`, object: 'chat.completion.chunk', created: 1, model: 'gpt-4o' }
  const one = JSON.stringify({ ...event, choices: [{ index: 0, delta: { content: ' portal' }, finish_reason: null }] })
  return Buffer.from(`${`data: ${one}\n\n`.repeat(Math.ceil(bodyBytes / (one.length + 8)))}data: [DONE]\n\n`)
}

async function fill(ledger: Ledger): Promise<void> {
  const newId = uuidV7(systemClock)
  const startMs = systemClock() - dayMs
  for (let index = 0; index < records; index += 1) {
    const id = newId()
    const opened = openedAt(id, index, startMs)
    const request = requestOf(index)
    const response = answerOf(index, opened.stream)
    void ledger.journal.open(opened, [request])
    const sizes = { requestBytes: request.byteLength, responseBytes: response.byteLength }
    const written = ledger.journal.close({ ...closedAt(id, index, startMs, 0), ...sizes }, [response])
    if (index % 200 === 0) await written
  }
  await ledger.caughtUp()
}

async function exportThere(admin: string): Promise<void> {
  const raw = values.raw ? ['--raw'] : []
  const args = ['records', 'export', '--bodies', ...raw, '--reason', 'a benchmark', '-o', values.out]
  const { code, out, err } = await run(args, { admin, token: async () => values.token, json: true })
  if (code !== 0) throw new Error(err)
  process.stdout.write(out)
}

async function exported(admin: string, token: string, out: string): Promise<Record<string, unknown>> {
  const raw = values.raw ? ['--raw'] : []
  const args = [import.meta.filename, '--admin', admin, '--token', token, '--out', out, ...raw]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (piece: Buffer) => {
    text += String(piece)
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`The export ended with ${code}.`)
  return JSON.parse(text) as Record<string, unknown>
}

async function measure(): Promise<void> {
  const closers: (() => unknown)[] = []
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  const ledger = await openLedger({
    directory,
    fsync: 1_000,
    retain: { records: 400 * dayMs, bodies: 30 * dayMs },
    counter: { count: async () => ({ promptTokens: null, completionTokens: null }) },
    log: silentLog,
  })
  try {
    await fill(ledger)
    const house = await startHouse({ after: (close: () => unknown) => void closers.push(close) }, { ledger })
    const delay = monitorEventLoopDelay({ resolution: 1 })
    const cpu = process.cpuUsage()
    const startMs = performance.now()
    delay.enable()
    const out = join(directory, 'calls.jsonl')
    const manifest = await exported(house.admin.url, await house.token('carol'), out)
    delay.disable()
    const { user, system } = process.cpuUsage(cpu)
    const figures = {
      ...{ records: manifest['records'], megabytes: Math.round(Number(manifest['bytes']) / 1e6) },
      seconds: Math.round((performance.now() - startMs) / 100) / 10,
      gatewayCpuSeconds: Math.round((user + system) / 1e5) / 10,
      loopDelayMs: { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) },
    }
    process.stdout.write(`${JSON.stringify(figures)}\n`)
  } finally {
    for (const close of closers.reverse()) await close()
    await ledger.close()
    rmSync(directory, { recursive: true })
  }
}

const ms = (nanoseconds: number): number => Math.round(nanoseconds / 1e5) / 10

await (values.admin === undefined ? measure() : exportThere(values.admin))

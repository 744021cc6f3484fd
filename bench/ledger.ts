/**
 * The cost of recording one exchange: `node bench/ledger.ts [--exchanges N] [--rounds N] [--rate N] [--body BYTES]
 * [--json]`. Opens and closes exchanges at a steady rate in a ledger of its own and reports CPU per exchange, of the
 * main thread and of all threads (journal, store, DuckDB and its checkpoints included): the least of several rounds,
 * which other work on the machine disturbed least, and the median. Reports and lists: ledger-size.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../packages/gateway/src/clock.ts'
import { uuidV7 } from '../packages/gateway/src/ids.ts'
import type { Ledger } from '../packages/gateway/src/ledger/index.ts'
import { openLedger } from '../packages/gateway/src/ledger/open.ts'
import type { Closed, Opened } from '../packages/gateway/src/ledger/record.ts'
import { silentLog } from '../packages/gateway/src/log.ts'
import { bodiesOf, closedAt, openedAt } from './ledger-exchange.ts'

const { values } = parseArgs({
  options: {
    exchanges: { type: 'string', default: '62000' },
    rounds: { type: 'string', default: '5' },
    rate: { type: 'string', default: '4000' },
    body: { type: 'string', default: '1024' },
    json: { type: 'boolean', default: false },
  },
})
const exchanges = Number(values.exchanges)
const ratePerSecond = Number(values.rate)
const bodyBytes = Number(values.body)
const rounds = Number(values.rounds)

const tickMs = 5
const newId = uuidV7(systemClock)
const body = bodiesOf(bodyBytes)

interface Cpu {
  readonly allMicros: number
  readonly mainMicros: number
}
function cpu(): Cpu {
  const all = process.cpuUsage()
  const main = process.threadCpuUsage()
  return { allMicros: all.user + all.system, mainMicros: main.user + main.system }
}
const between = (from: Cpu, to: Cpu): Cpu => ({
  allMicros: to.allMicros - from.allMicros,
  mainMicros: to.mainMicros - from.mainMicros,
})

/**
 * Paced work: every tick does what is due. Without `ledger` it does only the pacing and the making of the records,
 * whose cost is subtracted.
 */
async function run(count: number, ledger: Ledger | null): Promise<Cpu> {
  const from = cpu()
  const begun = performance.now()
  let done = 0
  let kept = 0
  while (done < count) {
    const due = Math.min(count, Math.floor(((performance.now() - begun) / 1_000) * ratePerSecond))
    for (; done < due; done++) {
      const id = newId()
      const now = systemClock()
      const opened = openedAt(id, done, now)
      const closed = closedAt(id, done, now, bodyBytes)
      if (ledger === null) kept += opened.id.length + closed.endedAtMs
      else void one(ledger, opened, closed, done)
    }
    await new Promise(resolve => setTimeout(resolve, tickMs))
  }
  await ledger?.caughtUp()
  if (kept < 0) throw new RangeError('unreachable')
  return between(from, cpu())
}

async function one(ledger: Ledger, opened: Opened, closed: Closed, index: number): Promise<void> {
  await ledger.journal.open(opened, body(index))
  await ledger.journal.close(closed, body(index + 1))
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
const day = 86_400_000
const ledger = await openLedger({
  directory,
  fsync: 1_000,
  retain: { records: 400 * day, bodies: 30 * day },
  counter: { count: async () => ({ promptTokens: null, completionTokens: null }) },
  log: silentLog,
})
try {
  // Warm both paths up first: the first seconds measure the compiler.
  await run(Math.min(exchanges, 20_000), ledger)
  const main: number[] = []
  const all: number[] = []
  for (let round = 0; round < rounds; round++) {
    const pacing = await run(exchanges, null)
    const recorded = await run(exchanges, ledger)
    main.push((recorded.mainMicros - pacing.mainMicros) / exchanges)
    all.push((recorded.allMicros - pacing.allMicros) / exchanges)
  }
  const result: Record<string, number> = {
    exchanges,
    rounds,
    ratePerSecond,
    bodyBytes,
    mainMicrosLeast: rounded(Math.min(...main)),
    mainMicrosMedian: rounded(median(main)),
    allMicrosLeast: rounded(Math.min(...all)),
    allMicrosMedian: rounded(median(all)),
  }
  result.rssMb = Math.round(process.memoryUsage.rss() / 1e6)
  if (values.json) console.log(JSON.stringify(result))
  else for (const [name, value] of Object.entries(result)) console.log(name.padEnd(28), String(value))
} finally {
  await ledger.close()
  rmSync(directory, { recursive: true, force: true })
}

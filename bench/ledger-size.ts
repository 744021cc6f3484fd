/**
 * The store at size: `npm run bench -- ledger [--records N] [--directory PATH] [--json]`. Fills a store with N records,
 * 10 million by default, over 30 days, and times what people ask of it; then moves a day into an archive, and loads a
 * journal. Times are the least and the median of nine, and the CPU time of all threads, which other programs on the
 * machine disturb less. With a directory, its store is used again. Search in bodies: ledger-search.ts.
 */
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../packages/gateway/src/clock.ts'
import { uuidV7 } from '../packages/gateway/src/ids.ts'
import type { Ledger } from '../packages/gateway/src/ledger/index.ts'
import { openLedger } from '../packages/gateway/src/ledger/open.ts'
import type { RecordsQuery, UsageQuery } from '../packages/gateway/src/ledger/reports.ts'
import { archiveDay, archivePath, daysToArchive, readArchives } from '../packages/gateway/src/ledger/store/archives.ts'
import { databasePath, openDatabase } from '../packages/gateway/src/ledger/store/database.ts'
import { silentLog } from '../packages/gateway/src/log.ts'
import { bodiesOf, closedAt, openedAt } from './ledger-exchange.ts'
import { fillStore } from './ledger-fill.ts'

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '10000000' },
    directory: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  // `npm run bench -- ledger` passes its own name.
  allowPositionals: true,
})
const records = Number(values.records)
const dayMs = 86_400_000

interface Timed {
  readonly leastMs: number
  readonly medianMs: number
  readonly cpuMs: number
}

async function timed(work: () => Promise<unknown>): Promise<Timed> {
  const taken: number[] = []
  const before = process.cpuUsage()
  for (let index = 0; index < 9; index++) {
    const from = performance.now()
    await work()
    taken.push(performance.now() - from)
  }
  const { user, system } = process.cpuUsage(before)
  taken.sort((a, b) => a - b)
  return { leastMs: rounded(taken[0] ?? 0), medianMs: rounded(taken[4] ?? 0), cpuMs: rounded((user + system) / 9_000) }
}

const rounded = (value: number): number => Math.round(value * 10) / 10

function open(directory: string, store: 'duckdb' | 'none' = 'duckdb'): Promise<Ledger> {
  return openLedger({
    directory,
    store,
    fsync: 1_000,
    retain: { records: 400 * dayMs, bodies: 30 * dayMs },
    counter: { count: async () => ({ promptTokens: null, completionTokens: null }) },
    log: silentLog,
  })
}

const bodyBytes = 1_024

/** Writes a journal of `count` exchanges with bodies, and loads it into a new store. @returns records a second. */
async function loadingRate(count: number): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  try {
    const writing = await open(directory, 'none')
    const newId = uuidV7(systemClock)
    const body = bodiesOf(bodyBytes)
    for (let index = 0; index < count; index++) {
      const id = newId()
      void writing.journal.open(openedAt(id, index, systemClock()), body(index))
      const written = writing.journal.close(closedAt(id, index, systemClock(), bodyBytes), body(index + 1))
      if (index % 500 === 0) await written
    }
    await writing.close()
    const from = performance.now()
    const loading = await open(directory)
    const seconds = (performance.now() - from) / 1_000
    await loading.close()
    return Math.round(count / seconds)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The questions, by what the report calls them. Edges of 30 days are not on the hour. */
function questionsOf(ledger: Ledger, laterId: string): Readonly<Record<string, () => Promise<unknown>>> {
  const month = { fromMs: systemClock() - 30 * dayMs + 1_234_567, toMs: systemClock() - 1_234_567 }
  const usage = (query: UsageQuery) => () => ledger.usage({ ...month, ...query })
  const page = (query: RecordsQuery) => () => ledger.list({ limit: 50, ...query })
  const days = { fromMs: month.fromMs + 10 * dayMs, toMs: month.fromMs + 11 * dayMs }
  return {
    'usage by workload, 30 days': usage({ by: ['workload'] }),
    'usage by workload and day, 30 days': usage({ by: ['workload', 'day'] }),
    'usage by caller, 30 days': usage({ by: ['caller'] }),
    'usage by caller and model of a workload': usage({ by: ['caller', 'model'], workload: 'workload-7' }),
    'spent in 30 days, at a start': () => ledger.spent(month.fromMs, month.toMs),
    'newest page': page({}),
    'newest page of 1,000': page({ limit: 1_000 }),
    'later page': page({ before: laterId }),
    'page of a workload': page({ workload: 'workload-3' }),
    'later page of a workload': page({ workload: 'workload-3', before: laterId }),
    'page of a rare status': page({ status: 502 }),
    'page of a rare workload and outcome': page({ workload: 'workload-39', outcome: 'interrupted' }),
    'page of a caller on a day': page({ ...days, caller: 'Person 100' }),
    'page of nothing': page({ status: 418 }),
    'one record': () => ledger.row(laterId),
  }
}

/** Moves the oldest day into an archive. */
async function archiveFigures(directory: string): Promise<Record<string, number>> {
  const database = await openDatabase({ directory })
  try {
    const [day = 0] = await daysToArchive(database.loading, systemClock() - 20 * dayMs, '(false)')
    const from = performance.now()
    const moved = await archiveDay(database.loading, archivePath(directory), day)
    const tookMs = performance.now() - from
    const [archive] = await readArchives(database.loading)
    return {
      'records a second moved into an archive': Math.round((moved * 1_000) / tookMs),
      'bytes per record in an archive': rounded((archive?.bytes ?? 0) / moved),
    }
  } finally {
    database.close()
  }
}

const directory = values.directory ?? mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
try {
  const figures: Record<string, number | Timed> = { records }
  if (!existsSync(databasePath(directory))) await fillStore(directory, records)
  const opening = performance.now()
  const ledger = await open(directory)
  figures['opened in ms'] = rounded(performance.now() - opening)
  try {
    const middle = { fromMs: systemClock() - 15 * dayMs, toMs: systemClock() - 14 * dayMs, limit: 1 }
    const laterId = (await ledger.list(middle)).records[0]?.id ?? ''
    for (const [name, ask] of Object.entries(questionsOf(ledger, laterId))) figures[name] = await timed(ask)
    const { records: page } = await ledger.list({ limit: 1_000 })
    figures['bytes of a record as JSON, without bodies'] = Math.round(JSON.stringify(page).length / page.length)
    figures['memory of the process, MB'] = Math.round(process.memoryUsage.rss() / 1e6)
  } finally {
    await ledger.close()
  }
  figures['bytes per record in the store'] = rounded(statSync(databasePath(directory)).size / records)
  if (values.directory === undefined) Object.assign(figures, await archiveFigures(directory))
  figures['records a second loaded from a journal'] = await loadingRate(300_000)
  if (values.json) console.log(JSON.stringify(figures))
  else for (const [name, figure] of Object.entries(figures)) console.log(name.padEnd(42), textOf(figure))
} finally {
  if (values.directory === undefined) rmSync(directory, { recursive: true, force: true })
}

function textOf(figure: number | Timed): string {
  if (typeof figure === 'number') return String(figure)
  return `${figure.leastMs} to ${figure.medianMs} ms, ${figure.cpuMs} ms of CPU`
}

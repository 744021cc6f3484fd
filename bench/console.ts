/**
 * The console over a large ledger, and what people who use it cost calls.
 * `node bench/console.ts [--records N] [--people N] [--rate N] [--json]`
 * Fills a ledger with N records over 30 days, a million by default. Then measures in Chromium, at a gateway with
 * simulated instances: from the click to the figures, requests of each page, bytes of script; five times each. After
 * that another gateway over a copy of this ledger gets calls at a steady rate while nobody, and while ten people read,
 * by turns: each opens a page every ten seconds, one after the other, with the requests that the browser made, and has
 * a live stream open. The gateway has one core and two cores by turns. Load and backend run on the second one too, and
 * go first there.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import type { Page } from 'playwright-core'
import { databasePath } from '../packages/gateway/src/ledger/store/database.ts'
import { builtConsole, openConsole, startBrowser } from '../test/support/console.ts'
import { startWorld } from '../test/support/world.ts'
import { fillStore } from './ledger-fill.ts'
import type { SteadyOrder, SteadyResult } from './load.ts'
import { BenchError, Child, chooseCores, goFirst, stepAside } from './processes.ts'
import { median } from './quantiles.ts'
import { gatewaySeat, type Seat } from './seats.ts'

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    people: { type: 'string', default: '10' },
    rate: { type: 'string', default: '300' },
    json: { type: 'boolean', default: false },
  },
})
const records = Number(values.records)
const people = Number(values.people)
const callsPerSecond = Number(values.rate)
if (!(records >= 1 && people >= 1 && people <= 100 && callsPerSecond >= 1 && callsPerSecond <= 5_000)) {
  process.stderr.write('✗ --records is 1 or more, --people goes to 100, --rate to 5000.\n')
  process.exit(2)
}

const repeats = 5
const slices = 10
const sliceMs = 10_000
const pageEveryMs = 10_000
/** People come one after the other, and before calls are measured: opening a stream costs more than reading it. */
const arrivalMs = 2_000

interface Visit {
  readonly name: string
  /** Where the person clicks, and what is there when the page has its figures. */
  readonly path: string
  readonly shown: (page: Page) => Promise<unknown>
}

const rows = (page: Page): Promise<unknown> => page.getByRole('table').getByRole('link').first().waitFor()
const charts = async (page: Page): Promise<void> => {
  await page.locator('figure canvas').first().waitFor()
  await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' })
}
const visits: readonly Visit[] = [
  { name: 'Records, newest', path: '/records?period=30d', shown: rows },
  {
    name: 'Records, refused ones of a workload',
    path: '/records?period=30d&outcome=refused&workload=workload-7',
    shown: rows,
  },
  { name: 'Overview, 24 hours', path: '/?period=24h', shown: charts },
  { name: 'Overview, 30 days', path: '/?period=30d', shown: charts },
  { name: 'Overview, 30 days by caller', path: '/?period=30d&by=caller', shown: charts },
  { name: 'Cost, 30 days', path: '/cost?period=30d', shown: page => page.getByRole('table').first().waitFor() },
]

interface Visited {
  readonly name: string
  readonly medianMs: number
  readonly mostMs: number
  /** Requests of a visit within the console, and of a first visit with the page itself. */
  readonly requests: number
  readonly requestsFirst: number
}

interface Pages {
  readonly visited: readonly Visited[]
  /** Of the first visit, compressed as they were sent. */
  readonly scriptBytes: number
  /** What the visits requested of the management API, by visit. */
  readonly asked: readonly (readonly string[])[]
}

async function measurePages(ledger: string, stack: AsyncDisposableStack): Promise<Pages> {
  const scope = { after: (close: () => unknown): void => stack.defer(async () => void (await close())) }
  const world = await startWorld(scope, {
    change: config => ({ ...config, ledger: { ...config.ledger, directory: ledger } }),
    parts: { consoleDirectory: builtConsole },
  })
  const admin = world.house.admin?.url ?? ''
  const browser = await startBrowser(scope)
  const { page } = await openConsole(browser, { admin, person: 'carol' })
  let requests: string[] = []
  page.on('request', request => requests.push(request.url()))
  const visited: Visited[] = []
  const asked: (readonly string[])[] = []
  for (const { name, path, shown } of visits) {
    requests = []
    await page.goto(admin + path)
    await shown(page)
    const requestsFirst = requests.length
    const taken: number[] = []
    for (let count = 0; count < repeats; count += 1) {
      // Loads the console anew: it keeps answers for some seconds.
      await page.goto(`${admin}/feeds`)
      await page.getByRole('heading', { level: 1, name: 'Feeds' }).waitFor()
      await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' })
      requests = []
      const from = performance.now()
      // As a link of the console does it: the router takes the address, and no document is loaded.
      await page.evaluate(
        `history.pushState(null, '', ${JSON.stringify(path)}); dispatchEvent(new PopStateEvent('popstate'))`,
      )
      await shown(page)
      taken.push(performance.now() - from)
    }
    const api = requests.filter(url => url.includes('/api/v1/') && !url.includes('/api/v1/live'))
    asked.push(api.map(url => url.slice(admin.length)))
    visited.push({
      name,
      medianMs: median(taken),
      mostMs: Math.max(...taken),
      requests: requests.length,
      requestsFirst,
    })
  }
  const scriptBytes = await page.evaluate<number>(
    `performance.getEntriesByType('resource').filter(one => one.name.endsWith('.js')).reduce((sum, one) => sum + one.encodedBodySize, 0)`,
  )
  return { visited, scriptBytes, asked }
}

/** One slice of calls. */
interface Slice {
  /** Cores that the gateway might use; null where it could not be pinned. */
  readonly cores: 1 | 2 | null
  readonly isRead: boolean
  readonly p50Ms: number
  readonly p99Ms: number
  readonly mainUsPerCall: number
}

interface Readings {
  readonly slices: readonly Slice[]
  /** Answers to people, and how long they took. */
  readonly answers: number
  readonly answerMs: number
}

async function measureReaders(ledger: string, asked: Pages['asked'], stack: AsyncDisposableStack): Promise<Readings> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  stack.defer(() => rmSync(directory, { recursive: true, force: true }))
  const cores = chooseCores()
  const start = async <Ready>(file: string, args: readonly string[]): Promise<{ child: Child; ready: Ready }> => {
    const started = await Child.start<Ready>(file, args, { core: cores.load, directory, name: file })
    stack.defer(() => started.child.stop())
    goFirst(started.child)
    return started
  }
  const { ready: upstream } = await start<{ url: string }>('upstream.ts', [])
  const { child: load } = await start('load.ts', [])
  cpSync(ledger, join(directory, 'ledger-gateway-1'), { recursive: true })
  const spec = gatewaySeat('gateway', { limits: null, redisUrl: null, people })
  const seat = await spec.start({ upstreamUrl: upstream.url, cores, directory, run: 1 })
  stack.defer(() => seat.stop())
  // Children that were started before keep their priority.
  stepAside(cores)
  const { server, load: other } = cores
  const places: readonly { readonly cores: Slice['cores']; readonly list: string | null }[] =
    server === null || other === null
      ? [{ cores: null, list: null }]
      : [
          { cores: 1, list: server },
          { cores: 2, list: `${server},${other}` },
        ]
  const done: Slice[] = []
  const answersMs: number[] = []
  await slice(load, seat)
  for (let count = 0; count < slices; count += 1) {
    for (const { cores: used, list } of places) {
      if (list !== null) seat.pin?.(list)
      done.push({ ...(await slice(load, seat)), cores: used, isRead: false })
      const leaving = new AbortController()
      const reading = (seat.readers ?? []).map((reader, at) => readPages(reader, at, asked, leaving.signal, answersMs))
      await pauseMs(arrivalMs)
      done.push({ ...(await slice(load, seat)), cores: used, isRead: true })
      leaving.abort()
      await Promise.all(reading)
    }
  }
  return { slices: done, answers: answersMs.length, answerMs: median(answersMs) }
}

function pauseMs(ms: number): Promise<unknown> {
  return new Promise(resolve => setTimeout(resolve, ms).unref())
}

async function slice(load: Child, seat: Seat): Promise<Omit<Slice, 'cores' | 'isRead'>> {
  const before = await seat.usage()
  const order: SteadyOrder = {
    targets: [seat.target],
    question: { questionBytes: 1_024, answerBytes: 1_024, chunks: 0, paceMs: 0 },
    callsPerSecond,
    connections: 50,
    durationMs: sliceMs,
  }
  const [result] = await load.ask<SteadyResult>('steady', order)
  const after = await seat.usage()
  if (result === undefined || result.answered < result.sent || result.latencyMs === null)
    throw new BenchError('child_failed', `calls went wrong: ${JSON.stringify(result?.errors)}`)
  const { p50, p99 } = result.latencyMs
  const mainUs = (after.mainThreadCpuUs ?? 0) - (before.mainThreadCpuUs ?? 0)
  return { p50Ms: p50, p99Ms: p99, mainUsPerCall: mainUs / result.sent }
}

/** A person: a live stream, and a page every few seconds, with the requests of a browser. Until `signal` is aborted. */
async function readPages(
  { admin, authorization }: { readonly admin: string; readonly authorization: string },
  place: number,
  asked: Pages['asked'],
  signal: AbortSignal,
  answersMs: number[],
): Promise<void> {
  const stopped = new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
  const pause = (ms: number): Promise<unknown> => Promise.race([stopped, pauseMs(ms)])
  await pause((place * arrivalMs) / (2 * people))
  // One in five watches records come in, the others figures.
  const events = place % 5 === 0 ? 'record' : 'instances,limits'
  const live = get(`${admin}/api/v1/live?events=${events}`, { headers: { authorization }, signal }, answer =>
    answer.resume(),
  )
  live.on('error', () => {})
  // One after the other, and not all at the same moment.
  await pause(arrivalMs / 2 + (place * pageEveryMs) / people)
  for (let visit = place; !signal.aborted; visit += 1) {
    await Promise.all(
      (asked[visit % asked.length] ?? []).map(path => readOne(admin + path, authorization, signal, answersMs)),
    )
    await pause(pageEveryMs)
  }
}

async function readOne(url: string, authorization: string, signal: AbortSignal, answersMs: number[]): Promise<void> {
  const from = performance.now()
  try {
    const answer = await fetch(url, { headers: { authorization }, signal })
    const text = await answer.text()
    if (answer.status !== 200) throw new BenchError('child_failed', `${url} answered ${answer.status} ${text}`)
    answersMs.push(performance.now() - from)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

function print({ visited, scriptBytes }: Pages, { slices: all, answers, answerMs }: Readings): void {
  const pages = new Table({
    style: { head: [], border: [] },
    head: ['page', 'median, ms', 'most, ms', 'requests', 'requests with the page itself'],
  })
  for (const { name, medianMs, mostMs, requests, requestsFirst } of visited)
    pages.push([name, medianMs.toFixed(0), mostMs.toFixed(0), requests, requestsFirst])
  const calls = new Table({
    style: { head: [], border: [] },
    head: [
      'cores of the gateway',
      'who reads',
      'p50, ms',
      'p99, ms',
      'least and most p99 of a slice',
      'main thread, µs a call',
    ],
  })
  for (const cores of new Set(all.map(one => one.cores))) {
    for (const isRead of [false, true]) {
      const own = all.filter(one => one.cores === cores && one.isRead === isRead)
      const middle = (of: (one: Slice) => number): string => median(own.map(of)).toFixed(2)
      const p99 = own.map(one => one.p99Ms)
      calls.push([
        cores ?? 'all',
        isRead ? `${people} people` : 'nobody',
        middle(one => one.p50Ms),
        middle(one => one.p99Ms),
        `${Math.min(...p99).toFixed(2)} to ${Math.max(...p99).toFixed(2)}`,
        middle(one => one.mainUsPerCall),
      ])
    }
  }
  const [load = 0] = loadavg()
  process.stdout.write(`${records} records, ${cpus().length} cores, load ${load.toFixed(1)}; ${repeats} visits of each page
${pages.toString()}
script of the first load: ${(scriptBytes / 1_024).toFixed(0)} KiB compressed
${calls.toString()}
${callsPerSecond} calls a second; ${answers} answers to people, ${answerMs.toFixed(0)} ms in the median
`)
}

const stack = new AsyncDisposableStack()
try {
  const ledger = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  stack.defer(() => rmSync(ledger, { recursive: true, force: true }))
  const store = databasePath(ledger)
  process.stderr.write(`filling ${store} with ${records} records ...\n`)
  await fillStore(ledger, records)
  const copy = `${ledger}-copy`
  cpSync(ledger, copy, { recursive: true })
  stack.defer(() => rmSync(copy, { recursive: true, force: true }))
  const browsing = new AsyncDisposableStack()
  const pages = await measurePages(ledger, browsing).finally(() => browsing.disposeAsync())
  const readings = await measureReaders(copy, pages.asked, stack)
  if (values.json) process.stdout.write(`${JSON.stringify({ ...pages, ...readings }, null, 2)}\n`)
  else print(pages, readings)
} finally {
  await stack.disposeAsync()
}

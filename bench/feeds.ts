/**
 * What a feed costs calls, and how it catches up.
 * `node bench/feeds.ts [--kind KIND] [--minutes N] [--rate N] [--share N] [--warm N] [--json]`
 * Two gateways get the same calls at a steady rate, one of them with a feed that ships every record with its bodies;
 * with `--kind otlp`, as spans.
 * Its receiver is there for a minute, then away, then there again until it has everything. The two share a core, load,
 * backend and receiver another. Compared are CPU of the main thread and of all threads, and latency, in slices of ten
 * seconds. Fails when a record is lost. With `--share`, which is for `otlp`, only so many records become spans, and the
 * receiver stays there. With `--warm`, calls run for so many minutes before anything is measured, instead of 10 s: a
 * thread compiles its code in that time, which a gateway that runs for weeks does once.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import type { ProcessUsage } from './child.ts'
import type { SteadyOrder, SteadyResult } from './load.ts'
import { BenchError, Child, chooseCores } from './processes.ts'
import { median } from './quantiles.ts'
import { type ReceiverReady, type ReceiverTally, receiverKinds } from './receiver.ts'
import { gatewaySeat, type Seat } from './seats.ts'

const { values } = parseArgs({
  options: {
    kind: { type: 'string', default: 'webhook' },
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '500' },
    share: { type: 'string' },
    warm: { type: 'string', default: '0.16' },
    json: { type: 'boolean', default: false },
  },
})
const minutes = Number(values.minutes)
const callsPerSecond = Number(values.rate)
if (!(minutes > 0 && minutes <= 120) || !(callsPerSecond >= 1 && callsPerSecond <= 10_000)) {
  process.stderr.write('✗ --minutes goes from 0.1 to 120, --rate from 1 to 10000.\n')
  process.exit(2)
}
const warmSlices = Math.round(Number(values.warm) * 6)
if (!(warmSlices >= 1 && warmSlices <= 60)) {
  process.stderr.write('✗ --warm goes from 0.16 to 10.\n')
  process.exit(2)
}
const share = values.share === undefined ? null : Number(values.share)
if (share !== null && !(values.kind === 'otlp' && share >= 0 && share <= 1)) {
  process.stderr.write('✗ --share goes from 0 to 1, and needs --kind otlp.\n')
  process.exit(2)
}
if (!receiverKinds.includes(values.kind)) {
  process.stderr.write(`✗ --kind is one of ${receiverKinds.join(', ')}.\n`)
  process.exit(2)
}

const sliceMs = 10_000
/** A feed that has not caught up by then never will. */
const slicesMax = 6 * 60
const question = { questionBytes: 1_024, answerBytes: 1_024, chunks: 0, paceMs: 0 }

type Phase = 'there' | 'away' | 'catching up'

/** One gateway in one slice. */
interface Slice {
  readonly phase: Phase
  readonly calls: number
  readonly mainUsPerCall: number
  readonly allUsPerCall: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly rssBytes: number
}

/** A gateway, and all that was measured of it. */
interface Measured {
  readonly seat: Seat
  readonly slices: Slice[]
  before: ProcessUsage
  sent: number
}

async function main(stack: AsyncDisposableStack): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  stack.defer(() => rmSync(directory, { recursive: true, force: true }))
  const cores = chooseCores()
  const start = async <Ready>(file: string, args: readonly string[]): Promise<{ child: Child; ready: Ready }> => {
    const started = await Child.start<Ready>(file, args, { core: cores.load, directory, name: file })
    stack.defer(() => started.child.stop())
    return started
  }
  const { ready: upstream } = await start<{ url: string }>('upstream.ts', [])
  const { child: load } = await start('load.ts', [])
  const { child: receiver, ready } = await start<ReceiverReady>('receiver.ts', [values.kind])
  const feed = share === null ? ready.feed : { ...(ready.feed as object), sample: { share } }
  const context = { upstreamUrl: upstream.url, cores, directory, run: 1 }
  const measured: Measured[] = []
  for (const spec of [
    gatewaySeat('without a feed'),
    gatewaySeat('with a feed', { limits: null, redisUrl: null, feed }),
  ]) {
    const seat = await spec.start(context)
    stack.defer(() => seat.stop())
    measured.push({ seat, slices: [], before: await seat.usage(), sent: 0 })
  }
  const slice = async (phase: Phase | null): Promise<void> => {
    await runSlice(load, measured, phase)
    // The stand-ins keep the newest records only: count them before they go.
    await receiver.ask('tally')
  }
  for (let count = 0; count < warmSlices; count += 1) await slice(null)
  for (let count = 0; count < 6; count += 1) await slice('there')
  if (share !== null) {
    reportSampled(measured, await receiver.ask<ReceiverTally>('tally'))
    return
  }
  await receiver.ask('shut')
  for (let count = 0; count < Math.ceil(minutes * 6); count += 1) await slice('away')
  const caught = await catchUp(receiver, measured, slice)
  await report(measured, caught)
}

/** Both at once: what disturbs one of them disturbs the other as well. */
async function runSlice(load: Child, measured: readonly Measured[], phase: Phase | null): Promise<void> {
  const order: SteadyOrder = {
    targets: measured.map(({ seat }) => seat.target),
    question,
    callsPerSecond,
    connections: 50,
    durationMs: sliceMs,
  }
  const results = await load.ask<SteadyResult>('steady', order)
  for (const [index, each] of measured.entries()) {
    const result = results[index]
    const after = await each.seat.usage()
    if (result === undefined || result.answered < result.sent || result.latencyMs === null)
      throw new BenchError('child_failed', `${each.seat.name}: ${JSON.stringify(result?.errors)}`)
    const { sent, latencyMs } = result
    if (phase !== null) {
      each.slices.push({
        phase,
        calls: sent,
        mainUsPerCall: ((after.mainThreadCpuUs ?? 0) - (each.before.mainThreadCpuUs ?? 0)) / sent,
        allUsPerCall: (after.cpuUs - each.before.cpuUs) / sent,
        p50Ms: latencyMs.p50,
        p99Ms: latencyMs.p99,
        rssBytes: after.rssBytes,
      })
    }
    each.before = after
    each.sent += sent
  }
}

interface CaughtUp {
  readonly tally: ReceiverTally
  /** Records that were waiting when the receiver came back. */
  readonly waiting: number
  readonly seconds: number
  /** Records a second, while calls go on. */
  readonly perSecond: number
}

async function catchUp(
  receiver: Child,
  measured: readonly Measured[],
  slice: (phase: Phase) => Promise<void>,
): Promise<CaughtUp> {
  const [, fed] = measured
  if (fed === undefined) throw new TypeError('there is no gateway with a feed')
  const before = await receiver.ask<ReceiverTally>('tally')
  const waiting = fed.sent - before.ids
  const startedAt = performance.now()
  await receiver.ask('open')
  for (let count = 0; count < slicesMax; count += 1) {
    const running = slice('catching up')
    // Read between slices too: a slice is long beside the time that catching up takes.
    const caughtAt = await caughtUpDuring(receiver, running, () => fed.sent + callsSince(startedAt, count))
    await running
    if (caughtAt === null) continue
    const seconds = (caughtAt.atMs - startedAt) / 1_000
    return { ...(await settle(receiver, fed)), waiting, seconds, perSecond: (caughtAt.ids - before.ids) / seconds }
  }
  throw new BenchError('child_failed', `the feed did not catch up in ${(slicesMax * sliceMs) / 60_000} minutes`)
}

/** Calls that have been sent in the slice that runs. */
function callsSince(startedAt: number, slices: number): number {
  return Math.max(0, ((performance.now() - startedAt - slices * sliceMs) / 1_000) * callsPerSecond)
}

/** Caught up is a receiver that lacks what a batch of a few seconds may hold. Null when it was not so in this slice. */
async function caughtUpDuring(
  receiver: Child,
  running: Promise<void>,
  sent: () => number,
): Promise<{ readonly atMs: number; readonly ids: number } | null> {
  let isRunning = true
  void running.finally(() => {
    isRunning = false
  })
  while (isRunning) {
    const { ids } = await receiver.ask<ReceiverTally>('tally')
    if (sent() - ids < callsPerSecond * 3) return { atMs: performance.now(), ids }
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  return null
}

/** Waits for the last records, after the last call. */
async function settle(receiver: Child, fed: Measured): Promise<{ readonly tally: ReceiverTally }> {
  for (let tries = 0; ; tries += 1) {
    const tally = await receiver.ask<ReceiverTally>('tally')
    if (tally.ids >= fed.sent || tries === 600) return { tally }
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

async function report(measured: readonly Measured[], { tally, waiting, seconds, perSecond }: CaughtUp): Promise<void> {
  const [plain, fed] = measured
  if (plain === undefined || fed === undefined) throw new TypeError('two gateways are compared')
  const phases: readonly Phase[] = ['there', 'away', 'catching up']
  const rows = phases.flatMap(phase => [plain, fed].map(each => rowOf(phase, each)))
  const away = fed.slices.filter(({ phase }) => phase === 'away').map(({ rssBytes }) => rssBytes)
  const lost = fed.sent - tally.ids
  const offMainUs = (offMainCpuUs(fed) - offMainCpuUs(plain)) / fed.sent
  const figures = {
    kind: values.kind,
    machine: `${cpus()[0]?.model ?? ''}, ${cpus().length} cores`,
    callsPerSecond,
    awayMinutes: minutes,
    rows,
    sent: fed.sent,
    received: tally,
    lost,
    feedUsPerRecord: offMainUs,
    waiting,
    catchUpSeconds: seconds,
    recordsPerSecond: perSecond,
    timesTheInflow: perSecond / callsPerSecond,
    rssAwayFirstMiB: mebibytes(away[0] ?? 0),
    rssAwayLastMiB: mebibytes(away.at(-1) ?? 0),
    rssAwayMostMiB: mebibytes(Math.max(...away)),
  }
  if (values.json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`)
  else print(figures)
  if (lost !== 0) {
    process.stderr.write(`✗ ${lost} of ${fed.sent} records did not arrive.\n`)
    process.exitCode = 1
  }
}

/** What is left out never arrives, so there is nothing to catch up with. */
function reportSampled(measured: readonly Measured[], { ids }: ReceiverTally): void {
  const rows = measured.map(each => rowOf('there', each))
  const figures = { kind: values.kind, share, callsPerSecond, rows, sent: measured[1]?.sent ?? 0, arrived: ids }
  if (values.json) {
    process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`)
    return
  }
  process.stdout.write(`${tableOf(rows)}\n${values.kind}: ${ids} of ${figures.sent} records became spans so far\n`)
}

/** CPU of all threads but the main one, over all slices. */
function offMainCpuUs({ slices }: Measured): number {
  return slices.reduce((sum, { calls, allUsPerCall, mainUsPerCall }) => sum + calls * (allUsPerCall - mainUsPerCall), 0)
}

interface Row {
  readonly phase: Phase
  readonly seat: string
  readonly calls: number
  readonly mainUs: number
  readonly allUs: number
  readonly p50Ms: number
  readonly p99Ms: number
}

function rowOf(phase: Phase, { seat, slices }: Measured): Row {
  const own = slices.filter(slice => slice.phase === phase)
  const middle = (of: (slice: Slice) => number): number => median(own.map(of))
  return {
    phase,
    seat: seat.name,
    calls: own.reduce((sum, { calls }) => sum + calls, 0),
    mainUs: middle(({ mainUsPerCall }) => mainUsPerCall),
    allUs: middle(({ allUsPerCall }) => allUsPerCall),
    p50Ms: middle(({ p50Ms }) => p50Ms),
    p99Ms: middle(({ p99Ms }) => p99Ms),
  }
}

interface Figures {
  readonly kind: string
  readonly rows: readonly Row[]
  readonly received: ReceiverTally
  readonly sent: number
  readonly feedUsPerRecord: number
  readonly waiting: number
  readonly catchUpSeconds: number
  readonly recordsPerSecond: number
  readonly timesTheInflow: number
  readonly rssAwayFirstMiB: number
  readonly rssAwayLastMiB: number
  readonly rssAwayMostMiB: number
}

function tableOf(rows: readonly Row[]): string {
  const table = new Table({
    style: { head: [], border: [] },
    head: ['receiver', 'gateway', 'calls', 'main thread, µs', 'all threads, µs', 'p50, ms', 'p99, ms'],
  })
  for (const { phase, seat, calls, mainUs, allUs, p50Ms, p99Ms } of rows)
    table.push([phase, seat, calls, mainUs.toFixed(0), allUs.toFixed(0), p50Ms.toFixed(2), p99Ms.toFixed(2)])
  return table.toString()
}

function print(figures: Figures): void {
  const { received, sent, waiting, catchUpSeconds, recordsPerSecond, timesTheInflow } = figures
  process.stdout.write(`${tableOf(figures.rows)}
${figures.kind}: ${received.ids} of ${sent} records arrived, ${received.messages - received.ids} of them twice
CPU of the feed: ${figures.feedUsPerRecord.toFixed(0)} µs a record, off the main thread
${waiting} records waited; caught up in ${catchUpSeconds.toFixed(1)} s, ${recordsPerSecond.toFixed(0)} records/s (${timesTheInflow.toFixed(1)} times the inflow)
memory while the receiver was away: ${figures.rssAwayFirstMiB} MiB at first, ${figures.rssAwayLastMiB} at last, ${figures.rssAwayMostMiB} at most
`)
}

const mebibytes = (bytes: number): number => Math.round(bytes / 1_048_576)

const stack = new AsyncDisposableStack()
try {
  await main(stack)
} finally {
  await stack.disposeAsync()
}

/**
 * `npm run bench`: the gateway against a bare relay, in one run on one machine. What is measured: docs/performance.md.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { type LimitsFigures, measureLimits, redisOf } from './limits.ts'
import {
  Account,
  accountOf,
  type Bench,
  type MemoryFigures,
  measureCalls,
  measureLatency,
  measureMemory,
  measureStreams,
  type Plan,
  warmUp,
} from './measure.ts'
import { measureMetrics } from './metrics.ts'
import { findPeers } from './peers.ts'
import { Child, chooseCores, coreCount } from './processes.ts'
import { usage } from './questions.ts'
import { type AccountReport, asText, type Report, targetsOf } from './report.ts'
import {
  chatPath,
  gatewaySeat,
  type LedgerTally,
  relaySeat,
  type Seat,
  type SeatContext,
  type SeatSpec,
} from './seats.ts'

const stages = ['calls', 'streams', 'latency', 'memory', 'limits', 'metrics'] as const
type Stage = (typeof stages)[number]

interface Options {
  readonly quick: boolean
  readonly rounds: number | null
  readonly json: string | null
  readonly peers: boolean
  readonly redis: boolean
  readonly only: Stage | null
  readonly candidate: 'gateway' | 'relay'
}

/** About four minutes; longer on a busy machine. */
const fullPlan: Plan = {
  rounds: 5,
  callsMax: 30_000,
  callsMsMax: 4_000,
  warmUpMs: 3_000,
  streams: 200,
  streamChunks: 150,
  streamPaceMs: 20,
  pairs: [
    { bodyKiB: 1, pairs: 2_000, warmUp: 200 },
    { bodyKiB: 32, pairs: 1_000, warmUp: 100 },
    { bodyKiB: 400, pairs: 300, warmUp: 30 },
  ],
  heldStreams: 2_000,
  heldChunks: 8,
  limitsRounds: 2_000,
}

/** Under a minute: to see that everything works, and roughly where the figures are. */
const quickPlan: Plan = {
  ...fullPlan,
  rounds: 3,
  callsMax: 8_000,
  callsMsMax: 2_000,
  warmUpMs: 1_200,
  streamChunks: 50,
  pairs: [
    { bodyKiB: 1, pairs: 400, warmUp: 100 },
    { bodyKiB: 32, pairs: 200, warmUp: 50 },
    { bodyKiB: 400, pairs: 100, warmUp: 20 },
  ],
  heldChunks: 4,
  limitsRounds: 100,
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

function roundsOption(text: string): number {
  const rounds = Number(text)
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 50) throw new InvalidArgumentError('1 to 50.')
  return rounds
}

function readOptions(): Options {
  const command = new Command('bench')
    .description('Measures the gateway with everything on against a bare node:http and undici relay, in the same run.')
    .option('--quick', 'fewer and shorter rounds: under a minute', false)
    .addOption(new Option('--rounds <count>', 'rounds of each stage').argParser(roundsOption).default(null))
    .addOption(new Option('--json <file>', 'also write all figures into this file').default(null))
    .option('--peers', 'also measure nginx and @portkey-ai/gateway, if they are installed', false)
    .option('--redis', 'also measure limits whose counters are in Redis (needs redis-server)', false)
    .addOption(new Option('--only <stage>', 'measure only this stage').choices(stages).default(null))
    .addOption(
      new Option('--candidate <seat>', 'seat that is compared with the relay; a second relay checks the bench itself')
        .choices(['gateway', 'relay'])
        .default('gateway'),
    )
    .configureOutput({ writeErr: text => process.stderr.write(text) })
    .exitOverride(error => process.exit(error.exitCode === 0 ? 0 : 2))
  return command.parse().opts<Options>()
}

/** Things to stop and remove, last first; also when something fails in between, and on Ctrl-C. */
interface Workshop {
  readonly stack: AsyncDisposableStack
  readonly context: SeatContext
  readonly bench: Bench
  /** Figures of the ledgers, read when their seats were closed. */
  readonly tallies: Map<string, LedgerTally>
}

async function openWorkshop(stack: AsyncDisposableStack, plan: Plan): Promise<Workshop> {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  stack.defer(() => rmSync(directory, { recursive: true, force: true }))
  const cores = chooseCores()
  const options = { core: cores.load, directory }
  const upstream = await Child.start<{ url: string }>('upstream.ts', [], { ...options, name: 'upstream' })
  stack.defer(() => upstream.child.stop())
  const load = await Child.start('load.ts', [], { ...options, name: 'load' })
  stack.defer(() => load.child.stop())
  const bench: Bench = {
    load: load.child,
    upstream: upstream.child,
    direct: { url: upstream.ready.url + chatPath, headers: {} },
    plan,
    accounts: new Map(),
    say,
  }
  const context: SeatContext = { upstreamUrl: upstream.ready.url, cores, directory, run: 1 }
  return { stack, context, bench, tallies: new Map() }
}

async function openSeat(workshop: Workshop, spec: SeatSpec, run: number): Promise<Seat> {
  say(`starting ${spec.name}`)
  const seat = await spec.start({ ...workshop.context, run })
  workshop.stack.defer(() => seat.stop())
  return seat
}

/** Reads the ledger of a seat, adds it to what earlier seats of this name had, and ends the process. */
async function closeSeat(workshop: Workshop, seat: Seat): Promise<void> {
  const tally = await seat.tally()
  if (tally !== null) {
    const before = workshop.tallies.get(seat.name)
    workshop.tallies.set(seat.name, {
      records: tally.records + (before?.records ?? 0),
      completed: tally.completed + (before?.completed ?? 0),
      promptTokens: tally.promptTokens + (before?.promptTokens ?? 0),
      completionTokens: tally.completionTokens + (before?.completionTokens ?? 0),
    })
  }
  await seat.stop()
}

type Figures = Pick<Report, 'calls' | 'streams' | 'latency' | 'memory' | 'limits' | 'metricsUsPerCall'>

async function limitsSpecs(workshop: Workshop, withRedis: boolean): Promise<SeatSpec[]> {
  const specs = [gatewaySeat('limits', { limits: 'memory', redisUrl: null })]
  if (!withRedis) return specs
  const redisUrl = await redisOf(workshop.stack, workshop.context.cores.load)
  return [...specs, gatewaySeat('limits in Redis', { limits: 'redis', redisUrl })]
}

async function compareLimits(workshop: Workshop, withRedis: boolean): Promise<LimitsFigures | null> {
  const seats: Seat[] = []
  for (const spec of await limitsSpecs(workshop, withRedis)) seats.push(await openSeat(workshop, spec, 3))
  await warmUp(
    workshop.bench,
    seats.flatMap(seat => (seat.unlimited === null ? [seat] : [seat.unlimited, seat])),
  )
  const figures = await measureLimits(workshop.bench, seats)
  for (const seat of seats) await closeSeat(workshop, seat)
  return figures
}

async function measure(workshop: Workshop, specs: readonly SeatSpec[], options: Options): Promise<Figures> {
  const { bench } = workshop
  const { only } = options
  const wanted = (stage: Stage): boolean => only === null || only === stage
  const figures: { -readonly [Name in keyof Figures]: Figures[Name] } = {
    calls: null,
    streams: null,
    latency: null,
    memory: null,
    limits: null,
    metricsUsPerCall: null,
  }
  if (only !== 'memory' && only !== 'limits' && only !== 'metrics') {
    const seats: Seat[] = []
    for (const spec of specs) seats.push(await openSeat(workshop, spec, 1))
    await warmUp(bench, seats)
    if (wanted('calls')) figures.calls = await measureCalls(bench, seats)
    if (wanted('streams')) figures.streams = await measureStreams(bench, seats)
    if (wanted('latency')) figures.latency = await measureLatency(bench, seats)
    for (const seat of seats) await closeSeat(workshop, seat)
  }
  if (wanted('memory')) {
    const memory: Record<string, MemoryFigures> = {}
    for (const spec of specs) {
      const seat = await openSeat(workshop, spec, 2)
      const held = await measureMemory(bench, seat)
      if (held !== null) memory[seat.name] = held
      await closeSeat(workshop, seat)
    }
    figures.memory = memory
  }
  if (wanted('limits') && options.candidate === 'gateway') {
    figures.limits = await compareLimits(workshop, options.redis)
  }
  if (wanted('metrics')) figures.metricsUsPerCall = measureMetrics()
  return figures
}

function accountReport(account: Account, tally: LedgerTally | undefined): AccountReport {
  const { sent, answered, errors } = account
  if (tally === undefined) return { sent, answered, errors, ledger: null }
  const tokens = answered * (usage.promptTokens + usage.completionTokens)
  const tokensMissing = tokens - tally.promptTokens - tally.completionTokens
  return { sent, answered, errors, ledger: { ...tally, lost: sent - tally.records, tokensMissing } }
}

/** Doubtful figures, and missing peers. */
function remarksOn(
  figures: Figures,
  specs: readonly SeatSpec[],
  pinned: boolean,
  missing: readonly string[],
): string[] {
  const percent = (share: number): string => `${(share * 100).toFixed(0)} %`
  const remarks = [...missing]
  for (const { name } of specs) {
    const calls = figures.calls?.[name]
    if (calls === undefined) continue
    if (calls.loadCoreShare > 0.95) {
      const busy = `load and back end were at ${percent(calls.loadCoreShare)} of their core while ${name} was called`
      remarks.push(`${busy}: its calls/s are a lower bound`)
    } else if (pinned && calls.coreShare < 0.9) {
      const had = `${name} had only ${percent(calls.coreShare)} of its core under full load`
      remarks.push(`${had}: other programs ran there, and its figures are worse than on a quiet machine`)
    }
  }
  return remarks
}

/** Failures of a seat, a line each. */
function faultsOf(name: string, { errors, ledger }: AccountReport): string[] {
  const lines = Object.entries(errors).map(([kind, count]) => `${name}: ${count} times ${kind}`)
  if (ledger !== null && ledger.lost !== 0) lines.push(`${name}: ${ledger.lost} calls without a record`)
  if (ledger !== null && ledger.tokensMissing !== 0) {
    lines.push(`${name}: ${ledger.tokensMissing} tokens missing in the ledger`)
  }
  return lines
}

async function run(stack: AsyncDisposableStack, options: Options): Promise<number> {
  const startedAt = new Date()
  const loadBefore = loadavg()[0] ?? 0
  const chosen = options.quick ? quickPlan : fullPlan
  const plan = { ...chosen, rounds: options.rounds ?? chosen.rounds }
  const peers = options.peers ? findPeers() : { present: [], missing: [] }
  const candidate = options.candidate === 'gateway' ? gatewaySeat() : relaySeat('relay again')
  const specs = [relaySeat('relay'), candidate, ...peers.present]
  const workshop = await openWorkshop(stack, plan)
  const { server, load } = workshop.context.cores
  const figures = await measure(workshop, specs, options)
  const names = [...new Set([...specs.map(spec => spec.name), ...workshop.bench.accounts.keys()])]
  const accounts = Object.fromEntries(
    names.map(name => [name, accountReport(accountOf(workshop.bench, name), workshop.tallies.get(name))]),
  )
  const isPeer = (name: string): boolean => peers.present.some(peer => peer.name === name)
  const faults = (name: string): string[] => faultsOf(name, accounts[name] ?? accountReport(new Account(), undefined))
  const unjudged: Omit<Report, 'targets'> = {
    startedAt: startedAt.toISOString(),
    elapsedSeconds: (Date.now() - startedAt.getTime()) / 1_000,
    machine: {
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: coreCount(),
      node: process.versions.node,
      pinned: server === null || load === null ? null : { server, load },
      loadAverage: [loadBefore, loadavg()[0] ?? 0],
    },
    options: { ...options, plan },
    seats: specs.map(spec => spec.name),
    ...figures,
    accounts,
    remarks: [
      ...remarksOn(figures, specs, server !== null, peers.missing),
      ...peers.present.flatMap(({ name }) => faults(name).map(fault => `${fault}: no figures of that stage`)),
    ],
  }
  const report: Report = { ...unjudged, targets: targetsOf(unjudged, 'relay', candidate.name) }
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`)
  process.stdout.write(asText(report))
  // A peer that fails is a remark; the main comparison does not need it.
  const wrong = names.filter(name => !isPeer(name)).flatMap(faults)
  for (const line of wrong) say(`✗ ${line}`)
  return wrong.length === 0 ? 0 : 1
}

async function main(): Promise<void> {
  const options = readOptions()
  const stack = new AsyncDisposableStack()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      say('stopping')
      void stack.disposeAsync().finally(() => process.exit(130))
    })
  }
  try {
    process.exitCode = await run(stack, options)
  } catch (error) {
    // After a signal every question to a stopped process fails; the signal handler ends this process.
    if (!stack.disposed) say(`✗ ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  } finally {
    await stack.disposeAsync()
  }
}

// The ledger at size has no seats and no load: it is a program of its own.
if (process.argv[2] === 'ledger') await import('./ledger-size.ts')
else await main()

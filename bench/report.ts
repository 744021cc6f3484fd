/** The results of the bench, as JSON and as tables. */
import Table from 'cli-table3'
import type { LimitsFigures } from './limits.ts'
import type { CallsFigures, LatencyFigures, MemoryFigures, StreamsFigures } from './measure.ts'
import { type Centre, median } from './quantiles.ts'
import type { LedgerTally } from './seats.ts'

/** Calls sent through a seat, and its ledger's figures for them. */
export interface AccountReport {
  readonly sent: number
  readonly answered: number
  readonly errors: Readonly<Record<string, number>>
  readonly ledger:
    | (LedgerTally & {
        /** Calls sent that have no record. */
        readonly lost: number
        /** Tokens that the backend reported for the answers, minus those in the ledger. */
        readonly tokensMissing: number
      })
    | null
}

export interface Report {
  readonly startedAt: string
  readonly elapsedSeconds: number
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly node: string
    /** Core of the seats, and core of load and backend; null if they could not be pinned. */
    readonly pinned: { readonly server: string; readonly load: string } | null
    /** Load average over one minute before the first and after the last measurement. */
    readonly loadAverage: readonly [number, number]
  }
  readonly options: Readonly<Record<string, unknown>>
  /** In the order of the columns; the first one is the yardstick. */
  readonly seats: readonly string[]
  readonly calls: Readonly<Record<string, CallsFigures>> | null
  readonly streams: Readonly<Record<string, StreamsFigures>> | null
  readonly latency: Readonly<Record<string, readonly LatencyFigures[]>> | null
  readonly memory: Readonly<Record<string, MemoryFigures>> | null
  readonly limits: LimitsFigures | null
  /** CPU time of metrics per call. */
  readonly metricsUsPerCall: number | null
  readonly accounts: Readonly<Record<string, AccountReport>>
  readonly targets: readonly Target[]
  /** Peers that are not installed, and doubtful figures. */
  readonly remarks: readonly string[]
}

/** A figure that the gateway must keep. */
export interface Target {
  readonly figure: string
  readonly value: number
  readonly atMost: number
  readonly met: boolean
}

const cpuRatioMax = 2
const chunkCpuRatioMax = 1.5
const heldRssBytesMax = 350 * 1_024 * 1_024
const limitsAddedUsMax = 5

/** `first`: name of the yardstick. `second`: name of the seat that must meet the targets. */
export function targetsOf(report: Omit<Report, 'targets'>, first: string, second: string): Target[] {
  const targets: Target[] = []
  const add = (figure: string, value: number | null | undefined, atMost: number): void => {
    if (typeof value === 'number') targets.push({ figure, value, atMost, met: value <= atMost })
  }
  const { calls, streams, memory, limits } = report
  add('CPU per call, times the relay', roundsRatio(calls?.[first], calls?.[second]), cpuRatioMax)
  add('CPU per streamed chunk, times the relay', roundsRatio(streams?.[first], streams?.[second]), chunkCpuRatioMax)
  add('bytes of memory while streams are open', memory?.[second]?.rssWhileBytes, heldRssBytesMax)
  add('CPU per call that limits add, µs', limits?.added.limits?.addedUs.value, limitsAddedUsMax)
  return targets
}

interface Rounds {
  readonly rounds: readonly number[]
}

/** Median of the ratios round by round: rounds of the same number ran side by side, under the same other load. */
function roundsRatio(base: Rounds | undefined, value: Rounds | undefined): number | null {
  const ratios = (base?.rounds ?? []).flatMap((of, round) => ratio(of, value?.rounds[round]) ?? [])
  return ratios.length === 0 ? null : median(ratios)
}

function ratio(base: number | null | undefined, value: number | null | undefined): number | null {
  if (typeof base !== 'number' || typeof value !== 'number' || base === 0) return null
  return value / base
}

type Value = number | null | undefined

interface Row {
  readonly figure: string
  readonly digits: number
  /** True if a ratio says anything: differences around zero have none. */
  readonly compared: boolean
  readonly of: (seat: string) => Value
}

/** Other load can only add to CPU time: the least is the closest to the figure of a quiet machine. */
function least(rounds: readonly number[] | undefined): Value {
  return rounds === undefined || rounds.length === 0 ? null : Math.min(...rounds)
}

function callRows({ calls }: Report): Row[] {
  if (calls === null) return []
  return [
    { figure: 'CPU per call, µs', digits: 1, compared: true, of: seat => calls[seat]?.cpuUsPerCall },
    { figure: '  of it the main thread', digits: 1, compared: true, of: seat => calls[seat]?.mainThreadCpuUsPerCall },
    { figure: '  in the calmest round', digits: 1, compared: true, of: seat => least(calls[seat]?.rounds) },
    { figure: 'calls/s on one core', digits: 0, compared: true, of: seat => calls[seat]?.callsPerSecond },
    { figure: '  until stored', digits: 0, compared: true, of: seat => calls[seat]?.settledCallsPerSecond },
    { figure: '  latency p50 under this load, ms', digits: 2, compared: true, of: seat => calls[seat]?.loadedP50Ms },
    { figure: '  latency p99 under this load, ms', digits: 2, compared: true, of: seat => calls[seat]?.loadedP99Ms },
  ]
}

function streamRows({ streams }: Report): Row[] {
  if (streams === null) return []
  return [
    { figure: 'CPU per streamed chunk, µs', digits: 1, compared: true, of: seat => streams[seat]?.cpuUsPerChunk },
    {
      figure: '  of it the main thread',
      digits: 1,
      compared: true,
      of: seat => streams[seat]?.mainThreadCpuUsPerChunk,
    },
    { figure: '  in the calmest round', digits: 1, compared: true, of: seat => least(streams[seat]?.rounds) },
    { figure: 'chunks/s as paced', digits: 0, compared: false, of: seat => streams[seat]?.chunksPerSecond },
    { figure: 'time to first event p50, ms', digits: 2, compared: true, of: seat => streams[seat]?.firstEventP50Ms },
    { figure: 'time to first event p99, ms', digits: 2, compared: true, of: seat => streams[seat]?.firstEventP99Ms },
    { figure: 'gap between events p50, ms', digits: 2, compared: true, of: seat => streams[seat]?.gapP50Ms },
    { figure: 'gap between events p99, ms', digits: 2, compared: true, of: seat => streams[seat]?.gapP99Ms },
  ]
}

function latencyRows({ latency }: Report): Row[] {
  if (latency === null) return []
  const sizes = (latency.direct ?? []).map(figures => figures.bodyKiB)
  return sizes.flatMap((bodyKiB, index) => [
    { figure: `latency ${bodyKiB} KiB p50, ms`, digits: 3, compared: true, of: seat => latency[seat]?.[index]?.p50Ms },
    { figure: '  added p50', digits: 3, compared: true, of: seat => latency[seat]?.[index]?.addedP50Ms },
    { figure: '  added p99', digits: 3, compared: true, of: seat => latency[seat]?.[index]?.addedP99Ms },
  ])
}

const mebibyte = 1_048_576

function memoryRows({ memory }: Report): Row[] {
  if (memory === null) return []
  const streams = Object.values(memory)[0]?.streams ?? 0
  const inMiB = (bytes: number | undefined): Value => (bytes === undefined ? null : bytes / mebibyte)
  return [
    { figure: 'memory before, MiB', digits: 0, compared: true, of: seat => inMiB(memory[seat]?.rssBeforeBytes) },
    {
      figure: `memory with ${streams.toLocaleString('en')} open streams, MiB`,
      digits: 0,
      compared: true,
      of: seat => inMiB(memory[seat]?.rssWhileBytes),
    },
  ]
}

function accountRows({ accounts }: Report): Row[] {
  return [
    { figure: 'calls sent', digits: 0, compared: false, of: seat => accounts[seat]?.sent },
    { figure: 'answered whole', digits: 0, compared: false, of: seat => accounts[seat]?.answered },
    { figure: 'records in the ledger', digits: 0, compared: false, of: seat => accounts[seat]?.ledger?.records },
    { figure: 'records lost', digits: 0, compared: false, of: seat => accounts[seat]?.ledger?.lost },
    { figure: 'tokens missing', digits: 0, compared: false, of: seat => accounts[seat]?.ledger?.tokensMissing },
  ]
}

function shown(value: Value, digits: number): string {
  if (typeof value !== 'number') return '-'
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** Every figure with one column per seat, and the second seat's ratio to the first. */
function figuresTable(report: Report): string {
  const [first = '', second = ''] = report.seats
  const columns = ['direct', ...report.seats]
  const table = new Table({
    head: ['', ...columns, `${second} / ${first}`],
    colAligns: ['left', ...columns.map(() => 'right' as const), 'right'],
    style: { head: [], border: [], compact: true },
  })
  const rows = [callRows, streamRows, latencyRows, memoryRows, accountRows].flatMap(rowsOf => rowsOf(report))
  for (const row of rows) {
    const compared = row.compared ? ratio(row.of(first), row.of(second)) : null
    table.push([row.figure, ...columns.map(seat => shown(row.of(seat), row.digits)), shown(compared, 2)])
  }
  return table.toString()
}

function limitsLines({ limits }: Report): string[] {
  if (limits === null) return []
  return Object.entries(limits.added).flatMap(([name, figures]) => [
    `${name}: ${signed(figures.addedUs)} µs CPU per call beyond ${around(figures.withoutUs)} without, main thread; ` +
      `other threads ${signed(figures.addedElsewhereUs)}; two slices without limits differ by ${signed(figures.nothingUs)}`,
    `  in the third of the rounds in which the machine was calm: ${signed(figures.addedWhenCalmUs)} beyond ${around(figures.withoutWhenCalmUs)}`,
    `  latency p50 ${signedFigure(figures.addedP50Ms, 3)} ms, p99 ${signedFigure(figures.addedP99Ms, 3)} ms`,
  ])
}

function signedFigure(value: Value, digits: number): string {
  return typeof value === 'number' && value >= 0 ? `+${shown(value, digits)}` : shown(value, digits)
}

function signed({ value, within }: Centre): string {
  return `${signedFigure(value, 1)} ± ${shown(within, 1)}`
}

function around({ value }: Centre): string {
  return shown(value, 0)
}

/** The report as text. */
export function asText(report: Report): string {
  const { machine } = report
  const pinned =
    machine.pinned === null
      ? 'not pinned'
      : `seats on core ${machine.pinned.server}, load and back end on core ${machine.pinned.load}`
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${pinned}, ${report.elapsedSeconds.toFixed(0)} s`,
    ...(report.options.only === 'limits' || report.options.only === 'metrics' ? [] : [figuresTable(report)]),
    ...limitsLines(report),
    ...(report.metricsUsPerCall === null ? [] : [`metrics: ${shown(report.metricsUsPerCall, 2)} µs per call`]),
    ...report.targets.map(({ figure, value, atMost, met }) => {
      const digits = atMost < 100 ? 2 : 0
      return `${met ? '✓' : '✗'} ${figure}: ${shown(value, digits)}, at most ${shown(atMost, digits)}`
    }),
    ...report.remarks.map(remark => `! ${remark}`),
  ]
  return `${lines.join('\n')}\n`
}

import { Argument, Command } from 'commander'
import type { DrainAnswer, InstancesAnswer } from '../../admin/house-schemas.ts'
import { csvLine } from '../../csv.ts'
import type { LaneState, ProbeResult } from '../../instances/state.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { spoken } from '../terminal/durations.ts'
import { forPeople } from '../terminal/people.ts'
import { jsonText, printableLine } from '../terminal/printable.ts'
import { figure, renderTable, type TableColumn } from '../terminal/table.ts'
import { addReaderOptions, formatOf, type ReaderOptions, widthOf } from './filters.ts'
import { type ReplicaColumn, replicaTable, sharingNote } from './replica-lines.ts'

type InstancesOptions = Pick<ReaderOptions, 'format' | 'as'>
type InstanceRow = InstancesAnswer['instances'][number]
type Pool = InstancesAnswer['pools'][number]
type Member = Pool['members'][number]

/** `gatehouse instances`: health of each deployment; `instances probe NAME` tests one instance with its credential. */
export function instancesCommand(context: CliContext): Command {
  const command = new Command('instances')
    .summary('health of instances and their deployments; probe, drain and restore one')
    .description(
      'Health of each deployment of each instance, as all replicas together have seen it since they started. ' +
        '✗ not in use after failures, ! overflow to the next priority, drained, or being tested.',
    )
  addReaderOptions(command)
  command.addCommand(probeCommand(context))
  command.addCommand(drainCommand(context, 'drain'))
  command.addCommand(drainCommand(context, 'restore'))
  return command.action(async (options: InstancesOptions) => showInstances(context, options))
}

async function showInstances(context: CliContext, options: InstancesOptions): Promise<void> {
  const answer = await askAdmin<InstancesAnswer>(context, { path: '/api/v1/instances', as: options.as })
  const format = formatOf(options, context)
  if (format === 'json') context.stdout.write(`${jsonText(answer, 2)}\n`)
  else if (format === 'csv') context.stdout.write(instancesCsv(answer))
  else context.stdout.write(instancesText(answer, { nowMs: context.clock(), width: widthOf(context) }))
}

interface InstancesTextParts {
  readonly nowMs: number
  /** Columns of the terminal; null for no bound. */
  readonly width: number | null
}

function instancesText(answer: InstancesAnswer, { nowMs, width }: InstancesTextParts): string {
  const lines = linesOf(answer)
  if (lines.length === 0) return 'No instances are configured.\n'
  const columns = laneColumns(
    nowMs,
    lines.reduce((sum, { lane }) => sum + (lane?.calls ?? 0), 0),
  )
  const lanes = renderTable(
    columns,
    lines.map(line => columns.map(({ cell }) => cell(line))),
    width,
  )
  const rows = answer.pools.flatMap(pool => pool.members.map(member => poolCells(pool, member)))
  const pools = rows.length === 0 ? '' : `\n${renderTable(poolColumns, rows, width)}`
  const probes = answer.instances.flatMap(instance => [
    ...drainedLine(instance, nowMs),
    ...credentialLine(instance),
    ...probeLine(instance, nowMs),
  ])
  const replicas = replicaTable(answer, ownColumns, { nowMs, width })
  return sharingNote(answer) + (probes.length === 0 ? '' : `${probes.join('\n')}\n\n`) + lanes + pools + replicas
}

const ownColumns: readonly ReplicaColumn<InstancesAnswer['replicas'][number]>[] = [
  { title: 'leaves alone', cell: ({ instances }) => leftAlone(instances ?? []) },
]

function leftAlone(instances: readonly { name: string; healthy: boolean; left: readonly string[] }[]): string {
  const found = instances.flatMap(({ name, healthy, left }) =>
    healthy ? left.map(deployment => `${name}/${deployment}`) : [name],
  )
  return found.length === 0 ? '-' : found.join(', ')
}

/** One deployment of one instance; `lane` is null before its first call. */
interface Line {
  readonly instance: InstanceRow
  readonly deployment: string
  readonly model: string
  readonly kind: string
  readonly lane: LaneState | null
}

function linesOf({ instances }: InstancesAnswer): readonly Line[] {
  return instances.flatMap((instance): readonly Line[] => {
    if (instance.deployments.length === 0) return [{ instance, deployment: '-', model: '-', kind: '-', lane: null }]
    return instance.deployments.map(({ name, model, kind, state }) => {
      return { instance, deployment: name, model, kind, lane: state }
    })
  })
}

interface LaneColumn extends TableColumn {
  readonly cell: (line: Line) => string
}

/** `leaves` as in table.ts: columns without it stay longest. */
function laneColumns(nowMs: number, allCalls: number): readonly LaneColumn[] {
  const right = 'right' as const
  const number =
    (of: (lane: LaneState) => number | null) =>
    ({ lane }: Line): string =>
      figure(lane === null ? null : of(lane))
  return [
    { title: '', cell: markOf },
    { title: 'instance', cutTo: 21, cell: ({ instance }) => instance.name },
    { title: 'deployment', cutTo: 12, cell: ({ deployment }) => deployment },
    { title: 'state', cutTo: 16, cell: line => stateOf(line, nowMs) },
    { title: 'used', align: right, leaves: 3, cell: ({ lane }) => percent(lane?.utilization ?? null) },
    { title: 'share', align: right, leaves: 1, cell: ({ lane }) => percent(partOf(lane?.calls ?? 0, allCalls)) },
    { title: 'calls', align: right, leaves: 4, cell: number(lane => lane.calls) },
    { title: 'failed', align: right, leaves: 5, cell: number(lane => lane.failures) },
    { title: 'in flight', align: right, leaves: 6, cell: number(lane => lane.inFlight) },
    { title: 'ms', align: right, leaves: 2, cell: number(lane => lane.latencyMs) },
    { title: 'p95 ms', align: right, leaves: 7, cell: number(lane => lane.latencyP95Ms) },
    { title: 'tokens left', align: right, leaves: 9, cell: number(lane => lane.remainingTokens) },
    { title: 'kind', leaves: 8, cell: ({ kind }) => kind },
  ]
}

/** State and reason of a breaker that is not closed; else the effect of utilisation on the deployment. */
function stateOf({ instance, lane }: Line, nowMs: number): string {
  if (lane === null || lane.breaker === 'closed') {
    if (lane?.spilling === true) return 'spilling'
    if (instance.credentialRefused) return 'credential refused'
    if (instance.drained !== null) return 'drained'
    return instance.healthy ? 'ok' : 'not healthy'
  }
  const reason = lane.breakerReason === null ? '' : ` (${lane.breakerReason.replaceAll('_', ' ')})`
  if (lane.breaker === 'half-open') return `trying again${reason}`
  const left = lane.retryAtMs === null ? 0 : Math.max(0, lane.retryAtMs - nowMs)
  return `open ${spoken(left)}${reason}`
}

function markOf({ instance, lane }: Line): string {
  if (lane?.breaker === 'open' || !instance.healthy || instance.credentialRefused) return '✗'
  return lane?.breaker === 'half-open' || lane?.spilling === true || instance.drained !== null ? '!' : ''
}

function percent(share: number | null): string {
  return share === null ? '-' : `${Math.round(100 * share)} %`
}

function partOf(part: number, all: number): number | null {
  return all === 0 ? null : part / all
}

function probeLine({ name, lastProbe }: InstanceRow, nowMs: number): string[] {
  if (lastProbe === null || lastProbe.ok) return []
  const ago = spoken(Math.max(0, nowMs - lastProbe.atMs))
  return [`! ${printableLine(`${name}: the last probe, ${ago} ago, failed. ${lastProbe.error ?? ''}`.trimEnd())}`]
}

function drainedLine({ name, drained, inFlight }: InstanceRow, nowMs: number): string[] {
  if (drained === null) return []
  const since = spoken(Math.max(0, nowMs - drained.sinceMs))
  const by = printableLine(drained.by)
  return [`! ${name}: ${by} drained it ${since} ago; ${callsUnderWay(inFlight)}.`]
}

function callsUnderWay(inFlight: number): string {
  return inFlight === 1 ? '1 call is still running there' : `${figure(inFlight)} calls are still running there`
}

function credentialLine({ name, credentialRefused }: InstanceRow): string[] {
  if (!credentialRefused) return []
  return [`! ${name}: it refuses the gateway’s own credential.`]
}

const poolColumns: readonly TableColumn[] = [
  { title: 'pool' },
  { title: 'strategy', leaves: 2 },
  { title: 'priority', align: 'right' },
  { title: 'instance', cutTo: 21 },
  { title: 'weight', align: 'right', leaves: 3 },
  { title: 'spills at', align: 'right', leaves: 1 },
  { title: 'share', align: 'right' },
]

function poolCells(pool: Pool, member: Member): string[] {
  return [
    pool.name,
    pool.strategy,
    String(member.priority),
    member.instance,
    String(member.weight),
    percent(member.spillAtUtilization),
    percent(member.share),
  ]
}

const laneFields = [
  'breaker',
  'breakerReason',
  'retryAtMs',
  'utilization',
  'spilling',
  'remainingTokens',
  'remainingRequests',
  'latencyMs',
  'latencyP95Ms',
  'inFlight',
  'calls',
  'failures',
] as const satisfies readonly (keyof LaneState)[]

function instancesCsv(answer: InstancesAnswer): string {
  const head = csvLine(['instance', 'region', 'healthy', 'deployment', 'model', 'kind', ...laneFields])
  const lines = linesOf(answer).map(({ instance, deployment, model, kind, lane }) => {
    const own = [instance.name, instance.region, instance.healthy, deployment, model, kind]
    return csvLine([...own, ...laneFields.map(field => (lane === null ? null : lane[field]))])
  })
  return head + lines.join('')
}

function probeCommand(context: CliContext): Command {
  return new Command('probe')
    .description('Ask an instance for its models with its credential, which bills nothing (role operator; logged).')
    .addArgument(new Argument('<instance>', 'name of the instance'))
    .option('--as <name>', 'as this account (in the demonstration: carol, unless named)')
    .action(async (name: string, _own: unknown, command: Command) => {
      // The noun also has `--as`, and commander gives it the option that follows the verb.
      const { as } = command.optsWithGlobals<{ readonly as?: string }>()
      await probeInstance(context, name, as)
    })
}

const drainTexts = {
  drain: {
    description:
      'Send no new calls to an instance until it is restored, also over restarts; running calls end (role operator; logged).',
    done: 'gets no new calls',
  },
  restore: { description: 'Send calls to a drained instance again (role operator; logged).', done: 'gets calls again' },
} as const

function drainCommand(context: CliContext, order: keyof typeof drainTexts): Command {
  return new Command(order)
    .description(drainTexts[order].description)
    .addArgument(new Argument('<instance>', 'name of the instance'))
    .option('--as <name>', 'as this account (in the demonstration: carol, unless named)')
    .action(async (name: string, _own: unknown, command: Command) => {
      const { as } = command.optsWithGlobals<{ readonly as?: string }>()
      const path = `/api/v1/instances/${encodeURIComponent(name)}/${order}`
      const answer = await askAdmin<DrainAnswer>(context, { path, method: 'POST', as })
      const note = sharingTexts[answer.sharing]
      context.stdout.write(
        context.json
          ? `${jsonText(answer)}\n`
          : forPeople(`✓ ${name}  ${drainTexts[order].done}; ${callsUnderWay(answer.inFlight)}.${note}\n`, context),
      )
    })
}

const sharingTexts: Readonly<Record<DrainAnswer['sharing'], string>> = {
  ok: ' The other replicas follow within two seconds.',
  alone: '',
  away: ' Redis does not answer: the other replicas follow when it does.',
}

async function probeInstance(context: CliContext, name: string, as: string | undefined): Promise<void> {
  const path = `/api/v1/instances/${encodeURIComponent(name)}/probe`
  const result = await askAdmin<ProbeResult>(context, { path, method: 'POST', as })
  if (!result.ok) throw probeFailed(name, result)
  const { status, durationMs } = result
  context.stdout.write(
    context.json
      ? `${jsonText({ instance: name, ...result })}\n`
      : forPeople(
          `✓ ${name}  answered ${status} in ${Math.round(durationMs)} ms; its credential is accepted.\n`,
          context,
        ),
  )
}

function probeFailed(name: string, { status, durationMs, error }: ProbeResult): CliError {
  const what = status === null ? `could not be probed.` : `answered ${status}, after ${Math.round(durationMs)} ms.`
  return new CliError(
    'probe_failed',
    `Instance ${name} ${what}`,
    error === null ? null : printableLine(error),
    'gatehouse instances, and look at instances.NAME in the configuration'.replace('NAME', name),
  )
}

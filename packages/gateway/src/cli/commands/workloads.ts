import { Command } from 'commander'
import type { ErrorsAnswer } from '../../admin/people-schemas.ts'
import type { WorkloadAnswer, WorkloadDetail, WorkloadsAnswer } from '../../admin/workload-schemas.ts'
import { csvLine } from '../../csv.ts'
import type { CliContext } from '../context.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { asStarted } from '../started.ts'
import { type PeriodOptions, periodFrom } from '../terminal/periods.ts'
import { jsonText, printableLine } from '../terminal/printable.ts'
import { figure, renderTable, type TableColumn } from '../terminal/table.ts'
import { wrapLine } from '../terminal/wrap.ts'
import { addPeriodOptions, addReaderOptions, formatOf, type ReaderOptions, widthOf, withPeriod } from './filters.ts'

type WorkloadsOptions = Pick<ReaderOptions, 'format' | 'as' | keyof PeriodOptions>

const standardFrom = '31d'

/** `gatehouse workloads [NAME]`: who may call, what it may use, how programs reach it, what went wrong. */
export function workloadsCommand(context: CliContext): Command {
  const command = new Command('workloads')
    .summary('workloads: who may call, what they may use, how programs reach them')
    .description('All workloads; with a name one of them, how programs reach it, and what went wrong in the period.')
    .argument('[workload]', 'one workload')
  addReaderOptions(addPeriodOptions(command, standardFrom))
  return command.action(async (name: string | undefined, options: WorkloadsOptions) =>
    name === undefined ? showAll(context, options) : showOne(context, name, options),
  )
}

async function showAll(context: CliContext, options: WorkloadsOptions): Promise<void> {
  const answer = await askAdmin<WorkloadsAnswer>(context, { path: '/api/v1/workloads', as: options.as })
  const format = formatOf(options, context)
  const rows = answer.workloads.map(workload => columns.map(({ cell }) => cell(workload)))
  if (format === 'json') context.stdout.write(`${jsonText(answer, 2)}\n`)
  else if (format === 'csv') {
    context.stdout.write([columns.map(({ title }) => title), ...rows].map(line => csvLine(line)).join(''))
  } else if (rows.length === 0) context.stdout.write('No workload lists you among its callers.\n')
  else context.stdout.write(renderTable(columns, rows, widthOf(context)))
}

interface WorkloadColumn extends TableColumn {
  readonly cell: (workload: WorkloadAnswer) => string
}

const columns: readonly WorkloadColumn[] = [
  { title: 'workload', cutTo: 12, cell: ({ name }) => name },
  { title: 'you', cell: ({ mayCall }) => (mayCall ? 'may call' : '-') },
  { title: 'targets', cutTo: 12, leaves: 1, cell: ({ targets }) => targets.map(({ name }) => name).join(', ') },
  { title: 'deployments', cutTo: 12, leaves: 2, cell: ({ deployments }) => deployments.join(', ') },
  { title: 'callers', cutTo: 12, leaves: 3, cell: ({ callers }) => callers.map(ruleText).join(', ') },
]

function ruleText({ kind, value }: WorkloadAnswer['callers'][number]): string {
  return `${kind} ${value}`
}

async function showOne(context: CliContext, name: string, options: WorkloadsOptions): Promise<void> {
  const { as } = options
  const path = `/api/v1/workloads/${encodeURIComponent(name)}`
  const workload = await askAdmin<WorkloadDetail>(context, { path, as })
  const asked = await withPeriod(context, options, { from: standardFrom })
  const query = { workload: name, ...periodFrom(asked, context.clock) }
  const { errors } = await askAdmin<ErrorsAnswer>(context, { path: '/api/v1/errors', query, as })
  const format = formatOf(options, context)
  if (format === 'json') context.stdout.write(`${jsonText({ ...workload, errors }, 2)}\n`)
  else if (format === 'csv') context.stdout.write(errorsCsv(errors))
  else context.stdout.write(factsText(workload, context) + errorsText(errors, widthOf(context)))
}

function factsText(workload: WorkloadDetail, context: CliContext): string {
  const width = widthOf(context)
  const { gateway, targets, callers, output } = workload
  const answers = [
    output.most === null ? '' : `at most ${figure(output.most)} tokens`,
    output.standard === null ? '' : `${figure(output.standard)} tokens where a call sets none`,
    output.required ? 'calls must set a maximum' : '',
  ].filter(text => text !== '')
  const facts: readonly (readonly [string, readonly string[]])[] = [
    ['callers', callers.map(ruleText)],
    ['reached at', targets.map(({ path }) => `${gateway ?? ''}${path}`)],
    ['deployments', workload.deployments],
    ['operations', workload.operations],
    ['tools', workload.tools],
    ['tiers', workload.serviceTiers],
    ['answers', answers],
    ['keeps', [workload.capture === 'full' ? 'figures and bodies' : 'figures alone']],
  ]
  const lines = facts
    .filter(([, values]) => values.length > 0)
    .map(([title, values]) => `  ${title.padEnd(12)} ${printableLine(values.join(', '))}`)
    .map(line => `${wrapLine(line, width, 15)}\n`)
  const may = workload.mayCall ? 'you may call' : 'no rule lists you'
  return `${printableLine(workload.name)} (${may})\n${lines.join('')}  limits       ${asStarted(`gatehouse limits --workload ${printableLine(workload.name)}`, context.program)}\n\n`
}

type ErrorLine = ErrorsAnswer['errors'][number]

const errorColumns = [
  { title: 'what went wrong' },
  { title: 'status', align: 'right' },
  { title: 'calls', align: 'right' },
] as const satisfies readonly TableColumn[]

function errorsText(errors: readonly ErrorLine[], width: number | null): string {
  if (errors.length === 0) return 'Nothing went wrong in this period.\n'
  const rows = errors.map(({ outcome, code, status, calls }) => [
    code ?? (outcome === 'completed' ? 'answered with an error' : outcome),
    status === null ? '-' : String(status),
    figure(calls),
  ])
  return renderTable(errorColumns, rows, width)
}

const errorFields = [
  'outcome',
  'code',
  'status',
  'calls',
  'lastCallAtMs',
] as const satisfies readonly (keyof ErrorLine)[]

function errorsCsv(errors: readonly ErrorLine[]): string {
  return csvLine(errorFields) + errors.map(line => csvLine(errorFields.map(field => line[field]))).join('')
}

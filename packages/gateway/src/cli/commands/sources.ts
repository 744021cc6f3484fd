import { Command } from 'commander'
import type { SourcesAnswer } from '../../admin/house-schemas.ts'
import { csvLine } from '../../csv.ts'
import type { SourceState } from '../../ledger/collect/index.ts'
import type { CliContext } from '../context.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { spoken } from '../terminal/durations.ts'
import { jsonText, printableLine } from '../terminal/printable.ts'
import { figure, renderTable, type TableColumn } from '../terminal/table.ts'
import { addReaderOptions, formatOf, type ReaderOptions, widthOf } from './filters.ts'

type SourcesOptions = Pick<ReaderOptions, 'format' | 'as'>

/** `gatehouse sources`: what a collector has taken from each source. */
export function sourcesCommand(context: CliContext): Command {
  const command = new Command('sources')
    .summary('sources of a collector: what it has taken from each')
    .description(
      'Sources of a collector (gatehouse collect), and what it has taken from each since it started. ' +
        '✗ marks one that fails, ! one with messages that are no record.',
    )
  addReaderOptions(command)
  return command.action(async (options: SourcesOptions) => showSources(context, options))
}

async function showSources(context: CliContext, options: SourcesOptions): Promise<void> {
  const { sources } = await askAdmin<SourcesAnswer>(context, { path: '/api/v1/sources', as: options.as })
  const format = formatOf(options, context)
  if (format === 'json') context.stdout.write(`${jsonText({ sources }, 2)}\n`)
  else if (format === 'csv') context.stdout.write(sourcesCsv(sources))
  else context.stdout.write(sourcesText(sources, context.clock(), widthOf(context)))
}

function sourcesText(sources: readonly SourceState[], nowMs: number, width: number | null): string {
  if (sources.length === 0) return 'This is no collector: it has no sources. "collect" in the configuration.\n'
  const columns = columnsFor(nowMs)
  const rows = sources.map(source => columns.map(({ cell }) => cell(source)))
  const errors = sources.flatMap(({ name, status, lastError, lastErrorAtMs: at }) => {
    if (status === 'running' || lastError === null || at === null) return []
    return [`✗ ${name}: ${printableLine(lastError)} (${spoken(nowMs - at)} ago)`]
  })
  return renderTable(columns, rows, width) + (errors.length === 0 ? '' : `\n${errors.join('\n')}\n`)
}

interface SourceColumn extends TableColumn {
  readonly cell: (source: SourceState) => string
}

/** `leaves` as in table.ts: columns without it stay longest. */
function columnsFor(nowMs: number): readonly SourceColumn[] {
  const right = 'right' as const
  const ago = (at: number | null): string => (at === null ? '-' : `${spoken(Math.max(0, nowMs - at))} ago`)
  return [
    { title: '', cell: markOf },
    { title: 'source', cutTo: 18, cell: ({ name }) => name },
    { title: 'kind', leaves: 2, cell: ({ kind }) => kind },
    { title: 'state', cell: ({ status }) => status },
    { title: 'taken', align: right, cell: ({ taken }) => figure(taken) },
    { title: 'doubles', align: right, leaves: 1, cell: ({ doubles }) => figure(doubles) },
    { title: 'in parts', align: right, leaves: 0, cell: ({ incomplete }) => figure(incomplete) },
    { title: 'set aside', align: right, cell: ({ setAside }) => figure(setAside) },
    { title: 'newest record', align: right, cell: ({ lastEndedAtMs }) => ago(lastEndedAtMs) },
    { title: 'last taken', align: right, leaves: 3, cell: ({ lastTakenAtMs }) => ago(lastTakenAtMs) },
  ]
}

function markOf({ status, setAside }: SourceState): string {
  if (status === 'failing') return '✗'
  return setAside > 0 ? '!' : ''
}

const csvColumns = [
  ...['name', 'kind', 'status', 'taken', 'doubles', 'incomplete', 'setAside', 'lastEndedAtMs', 'lastTakenAtMs'],
  ...['lastErrorAtMs', 'lastError'],
] as readonly (keyof SourceState)[]

function sourcesCsv(sources: readonly SourceState[]): string {
  return csvLine(csvColumns) + sources.map(source => csvLine(csvColumns.map(column => source[column]))).join('')
}

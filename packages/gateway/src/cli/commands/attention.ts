import { Command } from 'commander'
import type { AttentionAnswer } from '../../admin/routes/attention.ts'
import { csvLine } from '../../csv.ts'
import type { CliContext } from '../context.ts'
import { askAdmin } from '../reach/admin-client.ts'
import { spoken } from '../terminal/durations.ts'
import { forPeople } from '../terminal/people.ts'
import { jsonText, printableLine } from '../terminal/printable.ts'
import { addReaderOptions, formatOf, type ReaderOptions } from './filters.ts'

type Item = AttentionAnswer['items'][number]

/** `gatehouse attention`: what needs somebody, worst first. */
export function attentionCommand(context: CliContext): Command {
  const command = new Command('attention')
    .summary('what needs attention, worst first, and what to do')
    .description(
      'Limits near their end, budgets that will not last, instances that are not used, feeds that are late, ' +
        'models without a price, lost records. ✗ calls fail or records are lost now, ! they may soon, · is wanted so.',
    )
  return addReaderOptions(command).action(async (options: Pick<ReaderOptions, 'format' | 'as'>) => {
    const answer = await askAdmin<AttentionAnswer>(context, { path: '/api/v1/attention', as: options.as })
    const format = formatOf(options, context)
    if (format === 'json') context.stdout.write(`${jsonText(answer, 2)}\n`)
    else if (format === 'csv') context.stdout.write(csvOf(answer))
    else context.stdout.write(forPeople(textOf(answer), context))
  })
}

const marks: Readonly<Record<Item['severity'], string>> = { critical: '✗', warning: '!', note: '·' }

function textOf({ items, atMs }: AttentionAnswer): string {
  if (items.length === 0) return '✓ Nothing needs attention.\n'
  const lines = items.map(({ severity, what, next, sinceMs }) => {
    const since = sinceMs === null ? '' : ` (since ${spoken(Math.max(0, atMs - sinceMs))})`
    return `${marks[severity]} ${printableLine(`${what}${since}`)}\n  → ${printableLine(next)}\n`
  })
  return lines.join('')
}

const columns = ['severity', 'code', 'subject', 'sinceMs', 'what', 'next', 'page'] as const

function csvOf({ items }: AttentionAnswer): string {
  return csvLine(columns) + items.map(item => csvLine(columns.map(column => item[column]))).join('')
}

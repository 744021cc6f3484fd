/** What a report of usage says of itself: its period, lines without a name, prices that are no invoice. */
import type { InstancesAnswer } from '../../admin/house-schemas.ts'
import type { UsageDimension, UsageReport } from '../../ledger/reports.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { type AdminQuery, askAdmin } from '../reach/admin-client.ts'
import type { Period } from '../terminal/periods.ts'
import { printableLine } from '../terminal/printable.ts'
import { wrapLine } from '../terminal/wrap.ts'
import { widthOf } from './filters.ts'
import type { ReportSource } from './report-source.ts'

/** Key of a line whose calls have no value for a dimension. */
export const noName = '(none)'

/** The period in the parameters of a question. */
export function periodIn({ from, to }: AdminQuery): Period {
  return { from: from === undefined ? undefined : String(from), to: to === undefined ? undefined : String(to) }
}

/** The period as a file has it: the start is included, the end is not; `from` is null without a start. */
export function periodFacts(
  filters: AdminQuery,
  { timeZone }: { readonly timeZone: string },
  { clock }: CliContext,
): { readonly from: string | null; readonly to: string; readonly timeZone: string } {
  const { from, to } = periodIn(filters)
  return { from: from ?? null, to: to ?? new Date(clock()).toISOString(), timeZone }
}

const early = 'calls that were refused before it was known'
const unsent = 'calls that were sent to no instance'

/** What has no name, by dimension. */
const meanings: Partial<Record<UsageDimension, string>> = {
  workload: early,
  caller: early,
  deployment: early,
  model: early,
  operation: early,
  instance: unsent,
  copy: 'calls of clients',
  replica: 'calls of older versions, which did not record it',
}

/** Explains lines without a name; empty where there are none. */
export function noNameNotes({ by, lines }: UsageReport): string {
  const notes = by.flatMap((dimension, at) => {
    const meaning = meanings[dimension]
    const isThere = meaning !== undefined && lines.some(({ keys }) => (keys[at] ?? null) === null)
    return isThere ? [`${noName} as ${dimension}: ${meaning}.\n`] : []
  })
  return notes.length === 0 ? '' : `\n${notes.join('')}`
}

/** Says that calls of provisioned deployments have a price that is on no invoice; empty where there are none. */
export async function provisionedNote(
  context: CliContext,
  source: ReportSource,
  filters: AdminQuery,
  { as, timeZone }: { readonly as?: string; readonly timeZone: string },
): Promise<string> {
  const provisioned = await provisionedDeployments(context, as)
  if (provisioned.size === 0) return ''
  const { lines } = await source.usage({ filters, by: ['instance', 'deployment'], timeZone })
  const found = lines.filter(({ keys, costs }) => costs.length > 0 && provisioned.has(keys.join('/')))
  if (found.length === 0) return ''
  const names = found.map(({ keys }) => printableLine(keys.join('/'))).join(', ')
  const note = `Calls of provisioned deployments (${names}) are at the list price of tokens, which is not on the invoice: it has the price of the capacity.`
  return `\n${wrapLine(note, widthOf(context), 0)}\n`
}

/** `INSTANCE/DEPLOYMENT`; none where this account may not read them. */
async function provisionedDeployments(context: CliContext, as: string | undefined): Promise<ReadonlySet<string>> {
  try {
    const { instances } = await askAdmin<InstancesAnswer>(context, { path: '/api/v1/instances', as })
    const names = instances.flatMap(({ name, deployments }) =>
      deployments.flatMap(({ name: deployment, kind }) => (kind === 'provisioned' ? [`${name}/${deployment}`] : [])),
    )
    return new Set(names)
  } catch (error) {
    if (error instanceof CliError && error.code === 'role_missing') return new Set()
    throw error
  }
}

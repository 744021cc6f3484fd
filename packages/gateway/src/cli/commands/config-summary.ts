/** What a configuration comes to, in a few lines: who may call what, within which budget, and what is kept where. */
import type { CallerRule, Config, WorkloadConfig } from '../../config/schema/index.ts'
import { printableLine } from '../terminal/printable.ts'

type Amounts = NonNullable<WorkloadConfig['limits']>

/** A line for each workload, then who may read bodies and where the ledger is. */
export function summaryOf(config: Config): readonly string[] {
  const workloads = Object.entries(config.workloads)
  const width = Math.max(0, ...workloads.map(([name]) => name.length))
  return [
    ...workloads.map(([name, workload]) => `${name.padEnd(width)}  ${workloadText(workload)}`),
    `Prompts and answers can be read by ${readersText(config)}.`,
    `Ledger: ${config.ledger.directory}, figures for ${daysText(config.ledger.retain.records)}, prompts and answers for ${daysText(config.ledger.retain.bodies)}.`,
  ].map(printableLine)
}

function workloadText({ callers, targets, deployments, limits, capture }: WorkloadConfig): string {
  const parts = [
    callersText(callers),
    `${targets.join(', ')}: ${deployments.join(', ')}`,
    budgetText(limits),
    ...(capture === 'metadata' ? ['no prompts and answers kept'] : []),
  ]
  return parts.join('; ')
}

/** Rules of one kind together: `2 groups, app 66666666`. */
function callersText(rules: readonly CallerRule[]): string {
  const byKind = Map.groupBy(
    rules.flatMap(rule => Object.entries(rule)),
    ([kind]) => kind,
  )
  const texts = [...byKind].map(([kind, of]) => {
    const [first] = of
    const noun = nouns[kind] ?? kind
    return of.length > 1 ? `${of.length} ${noun}s` : `${noun} ${shortOf(first?.[1] ?? '')}`
  })
  return texts.join(', ')
}

const nouns: Readonly<Record<string, string>> = {
  user: 'person',
  app: 'application',
  managedIdentity: 'managed identity',
}

/** The first part of a GUID, the last of an ARM id; anything else as it is. */
function shortOf(value: string): string {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)) return `${value.slice(0, 8)}…`
  return value.startsWith('/') ? value.slice(value.lastIndexOf('/') + 1) : value
}

function budgetText(limits: Amounts | undefined): string {
  const { tokensPerYear, tokensPerQuarter, tokensPerMonth, tokensPerDay, tokensPerMinute } = limits ?? {}
  const { costPerYear, costPerQuarter, costPerMonth, costPerDay } = limits ?? {}
  const tokens: readonly (readonly [amount: number | undefined, per: string])[] = [
    [tokensPerYear, 'year'],
    [tokensPerQuarter, 'quarter'],
    [tokensPerMonth, 'month'],
    [tokensPerDay, 'day'],
    [tokensPerMinute, 'minute'],
  ]
  const costs: readonly (readonly [amount: typeof costPerDay, per: string])[] = [
    [costPerYear, 'year'],
    [costPerQuarter, 'quarter'],
    [costPerMonth, 'month'],
    [costPerDay, 'day'],
  ]
  const texts = [
    ...costs.flatMap(([amount, per]) => (amount === undefined ? [] : [`${amountText(amount)} a ${per}`])),
    ...tokens.flatMap(([amount, per]) => (amount === undefined ? [] : [`${figure(amount)} tokens a ${per}`])),
  ]
  return texts.length === 0 ? 'no budget of its own' : texts.join(', ')
}

function amountText({ nano, currency }: { readonly nano: number; readonly currency: string }): string {
  return `${figure(nano / 1e9)} ${currency}`
}

function figure(amount: number): string {
  return amount.toLocaleString('en-GB')
}

/** Auditors read bodies with a reason; a developer, those of the calls that the developer made. */
function readersText({ admin: { roles } }: Config): string {
  const auditors = roles.auditor.length === 0 ? 'no auditor' : `auditors (${callersText(roles.auditor)})`
  return roles.developer.length === 0
    ? auditors
    : `${auditors}, and each developer (${callersText(roles.developer)}) for own calls`
}

function daysText(ms: number): string {
  const days = Math.round((ms / 86_400_000) * 10) / 10
  return days === 1 ? '1 day' : `${days} days`
}

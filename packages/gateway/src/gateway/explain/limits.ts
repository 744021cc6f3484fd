/** The text of a limit in explanations. */
import type { LimitName } from '../../config/schema/index.ts'
import type { RuleFacts } from '../../limits/index.ts'

/** `hr-bot: 60,000 tokens per minute (workload hr-bot)`. */
export function describeLimit({ rule, measure, limit, mode, scope }: RuleFacts, currency: string): string {
  const shadow = mode === 'shadow' ? '; mode shadow: reports, refuses nothing' : ''
  return `${rule}: ${amountOf(measure, limit, currency)} (${scope}${shadow})`
}

function amountOf(measure: LimitName, limit: number, currency: string): string {
  const words = measure.replace(/^requests/, 'calls').replace(/[A-Z]/g, capital => ` ${capital.toLowerCase()}`)
  if (!words.startsWith('cost')) return `${limit.toLocaleString('en-GB')} ${words}`
  const money = (limit / 1e9).toLocaleString('en-GB', { maximumFractionDigits: 6 })
  return `${money} ${currency}${words.slice('cost'.length)}`
}

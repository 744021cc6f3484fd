/** The limits that a call meets, in words: those asked for at once, and those of the instances where it may go. */
import type { Config, LimitName } from '../../config/schema.ts'
import { callerKey } from '../../identity/index.ts'
import type { RuleFacts, Subject } from '../../limits/index.ts'
import { RuleBook } from '../../limits/rules/claims.ts'
import { Estimates } from '../../limits/rules/estimates.ts'
import { factsOf } from '../../limits/rules/report.ts'
import { compileLimits } from '../../limits/rules/rules.ts'

export interface LimitsMet {
  /** Whatever member serves. */
  readonly anywhere: readonly RuleFacts[]
  /** Of the rules of one instance alone. */
  at(instance: string): readonly RuleFacts[]
}

/** The rules as `admit` compiles them; nothing is counted. */
export function limitsMet(config: Config, subject: Subject): LimitsMet {
  const book = new RuleBook(compileLimits(config), {
    counterOf: () => {
      throw new TypeError('rules are explained, not asked')
    },
    estimates: new Estimates(),
    observer: { estimateErrors: () => ({ add() {} }) },
    completionTokensAssumed: config.limits.completionTokensAssumed,
    modelOf: deployment => deployment,
  })
  const entry = book.entry(subject.workload, subject.deployment)
  const facts = (instances: readonly string[]): RuleFacts[] =>
    factsOf(entry, subject, instances, config).map(fact => ({ ...fact, scope: withoutCaller(fact.scope, subject) }))
  const anywhere = facts([])
  return { anywhere, at: instance => facts([instance]).slice(anywhere.length) }
}

/** Who calls stands above already. */
function withoutCaller(scope: string, { caller }: Subject): string {
  return scope.replace(` (${callerKey(caller)})`, '')
}

/** `hr-bot: 60,000 tokens per minute (workload hr-bot)`. */
export function describeLimit({ rule, measure, limit, mode, scope }: RuleFacts, currency: string): string {
  const shadow = mode === 'shadow' ? '; mode shadow: reports, refuses nothing' : ''
  return `${rule}: ${amountOf(measure, limit, currency)} (${scope}${shadow})`
}

function amountOf(measure: LimitName, limit: number, currency: string): string {
  const words = measure.replace(/[A-Z]/g, capital => ` ${capital.toLowerCase()}`)
  if (!words.startsWith('cost')) return `${limit.toLocaleString('en-GB')} ${words}`
  const money = (limit / 1e9).toLocaleString('en-GB', { maximumFractionDigits: 6 })
  return `${money} ${currency}${words.slice('cost'.length)}`
}

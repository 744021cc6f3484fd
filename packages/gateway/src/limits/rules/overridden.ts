/** Amounts of rules that an operator has changed for a time. */
import type { LimitOverride } from '../index.ts'
import type { LimitRule } from './rules.ts'

/** The rules with the amounts that count now. An override of one amount wins over one of its whole rule. */
export function overridden(rules: readonly LimitRule[], overrides: readonly LimitOverride[]): readonly LimitRule[] {
  if (overrides.length === 0) return rules
  return rules.map(rule => {
    const own = overrides.filter(one => one.rule === rule.name)
    if (own.length === 0) return rule
    const limits = rule.limits.map(({ measure, limit }) => {
      const override = own.find(one => one.measure === measure) ?? own.find(one => one.measure === null)
      if (override === undefined) return { measure, limit }
      const { untilMs, by, reason } = override
      return { measure, limit: changed(limit, override), override: { configured: limit, untilMs, by, reason } }
    })
    return { ...rule, limits }
  })
}

/** A limit is a whole number and at least 1: 0 would refuse calls that use nothing. */
function changed(limit: number, { to }: LimitOverride): number {
  if ('amount' in to) return to.amount
  return Math.min(Number.MAX_SAFE_INTEGER, Math.max(1, Math.round(limit * to.times)))
}
